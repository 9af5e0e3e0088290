-- The fleet: tenants, boards, how a board is enrolled, who may ask, and what was changed.
-- Runs as aegis_hub_owner. The program is aegis_hub, which owns nothing, may not pass row-level security, and sees what
-- the settings of its transaction name: aegis.tenants (names, with commas between; `*`: all) and aegis.board (one board).
-- Times are microseconds since 1970 unless they are called seconds.

CREATE FUNCTION now_us() RETURNS bigint LANGUAGE sql STABLE
    AS $$ SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint $$;

CREATE FUNCTION sees_all() RETURNS boolean LANGUAGE sql STABLE
    AS $$ SELECT coalesce(current_setting('aegis.tenants', true), '') = '*' $$;

CREATE FUNCTION seen_tenants() RETURNS text[] LANGUAGE sql STABLE
    AS $$ SELECT string_to_array(coalesce(current_setting('aegis.tenants', true), ''), ',') $$;

CREATE FUNCTION seen_board() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT nullif(current_setting('aegis.board', true), '')::uuid $$;

CREATE TABLE tenants (
    tenant text PRIMARY KEY CHECK (tenant ~ '^[a-z0-9_-]{1,32}$'),
    made_us bigint NOT NULL DEFAULT now_us(),
    -- Rises with every change of what a board of this tenant is wished: part of the wishes' ETag.
    edition bigint NOT NULL DEFAULT 0,
    -- Whether decisions of this tenant carry the text.
    text_on boolean NOT NULL DEFAULT false
);

CREATE TABLE boards (
    board uuid PRIMARY KEY,
    name text NOT NULL,
    key bytea NOT NULL UNIQUE CHECK (octet_length(key) = 32),
    version text NOT NULL,
    profile text NOT NULL,
    enrolled_us bigint NOT NULL DEFAULT now_us(),
    revoked_us bigint,
    -- The replay guard: the time of the last signed request that was taken.
    last_time_us bigint NOT NULL DEFAULT 0,
    sequence bigint NOT NULL DEFAULT 0,
    chain bytea NOT NULL CHECK (octet_length(chain) = 32),
    edition bigint NOT NULL DEFAULT 0,
    seen_us bigint NOT NULL DEFAULT 0,
    health jsonb,
    -- Whose word counts: what is missing is the board's.
    sources jsonb NOT NULL DEFAULT '{"budgets":"hub","flags":"hub","packs":"hub","usage":"board","decisions":"board"}'
) WITH (fillfactor = 50);

CREATE TABLE board_tenants (
    board uuid NOT NULL REFERENCES boards,
    tenant text NOT NULL REFERENCES tenants,
    PRIMARY KEY (board, tenant)
);
CREATE INDEX board_tenants_tenant ON board_tenants (tenant, board);

-- One-time codes. Only their SHA-256 is kept.
CREATE TABLE codes (
    sha256 bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
    tenants text[] NOT NULL,
    made_us bigint NOT NULL DEFAULT now_us(),
    until_us bigint NOT NULL,
    made_by text NOT NULL,
    board uuid REFERENCES boards
);
CREATE INDEX codes_open ON codes (until_us) WHERE board IS NULL;

-- Who may ask: bearers of tokens. Only their SHA-256 is kept.
CREATE TABLE tokens (
    token bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sha256 bytea NOT NULL UNIQUE CHECK (octet_length(sha256) = 32),
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('owner', 'auditor', 'admin', 'viewer')),
    tenants text[] NOT NULL DEFAULT '{}',
    made_us bigint NOT NULL DEFAULT now_us(),
    until_us bigint,
    revoked_us bigint,
    CHECK ((role IN ('owner', 'auditor')) = (tenants = '{}'))
);

-- What was changed, by whom. Written in the transaction of the change, and never changed after.
CREATE TABLE audit (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_us bigint NOT NULL DEFAULT now_us(),
    who text NOT NULL,
    what text NOT NULL,
    tenant text,
    subject text NOT NULL DEFAULT '',
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_tenant ON audit (tenant, number);

-- Rises with every change that may concern all boards (packs, flags without a tenant): part of the wishes' ETag.
CREATE TABLE fleet (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    edition bigint NOT NULL DEFAULT 0
);
INSERT INTO fleet DEFAULT VALUES;

ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY by_tenant ON tenants
    USING ((SELECT sees_all()) OR tenant = ANY ((SELECT seen_tenants())::text[])
        OR tenant IN (SELECT b.tenant FROM board_tenants b WHERE b.board = (SELECT seen_board())));

ALTER TABLE board_tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE board_tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY by_tenant ON board_tenants
    USING ((SELECT sees_all()) OR tenant = ANY ((SELECT seen_tenants())::text[]) OR board = (SELECT seen_board()))
    WITH CHECK ((SELECT sees_all()) OR board = (SELECT seen_board()));

-- A board is seen by itself, by who sees all, and by who sees one of its tenants.
ALTER TABLE boards ENABLE ROW LEVEL SECURITY;
ALTER TABLE boards FORCE ROW LEVEL SECURITY;
CREATE POLICY by_tenant ON boards
    USING ((SELECT sees_all()) OR board = (SELECT seen_board())
        OR EXISTS (SELECT FROM board_tenants b WHERE b.board = boards.board
            AND b.tenant = ANY ((SELECT seen_tenants())::text[])))
    WITH CHECK ((SELECT sees_all()) OR board = (SELECT seen_board()));

ALTER TABLE audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit FORCE ROW LEVEL SECURITY;
CREATE POLICY seen ON audit FOR SELECT
    USING ((SELECT sees_all()) OR tenant = ANY ((SELECT seen_tenants())::text[]));
CREATE POLICY written ON audit FOR INSERT WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE ON tenants, boards TO aegis_hub;
GRANT SELECT, INSERT, DELETE ON board_tenants TO aegis_hub;
GRANT SELECT, INSERT, UPDATE, DELETE ON codes TO aegis_hub;
GRANT SELECT, INSERT, UPDATE ON tokens TO aegis_hub;
GRANT SELECT, INSERT ON audit TO aegis_hub;
GRANT SELECT, UPDATE ON fleet TO aegis_hub;
