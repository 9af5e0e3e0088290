-- What the hub wishes: budgets (each change a version), flags, packs with their signatures, and how far each pack is out.

CREATE TABLE budgets (
    tenant text NOT NULL REFERENCES tenants,
    version bigint NOT NULL,
    money_micros bigint CHECK (money_micros >= 0),
    calls bigint CHECK (calls >= 0),
    degrade text,
    made_us bigint NOT NULL DEFAULT now_us(),
    made_by text NOT NULL,
    PRIMARY KEY (tenant, version)
);

CREATE TABLE flags (
    name text NOT NULL,
    -- Empty: for whole boards.
    tenant text NOT NULL DEFAULT '',
    is_on boolean NOT NULL,
    PRIMARY KEY (name, tenant)
);

CREATE TABLE policies (
    name text NOT NULL,
    version bigint NOT NULL,
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    body bytea NOT NULL,
    signature text NOT NULL,
    made_us bigint NOT NULL DEFAULT now_us(),
    made_by text NOT NULL,
    PRIMARY KEY (name, version)
);

-- A signature that allows the step back from one version to another.
CREATE TABLE rollbacks (
    name text NOT NULL,
    version bigint NOT NULL,
    rollback_from bigint NOT NULL,
    signature text NOT NULL,
    made_us bigint NOT NULL DEFAULT now_us(),
    made_by text NOT NULL,
    PRIMARY KEY (name, version, rollback_from),
    FOREIGN KEY (name, version) REFERENCES policies (name, version)
);

-- How far a pack is out: the version that everybody has, and the one that is on its way.
CREATE TABLE stages (
    name text PRIMARY KEY,
    current bigint,
    staged bigint,
    stage text NOT NULL DEFAULT 'none' CHECK (stage IN ('none', 'record', 'share', 'stopped')),
    -- The one board of stage `record`.
    board uuid REFERENCES boards,
    -- The share of stage `share`, in percent; kept when it stops.
    percent smallint NOT NULL DEFAULT 0 CHECK (percent BETWEEN 0 AND 100),
    reason text NOT NULL DEFAULT '',
    changed_us bigint NOT NULL DEFAULT now_us(),
    FOREIGN KEY (name, current) REFERENCES policies (name, version),
    FOREIGN KEY (name, staged) REFERENCES policies (name, version)
);

ALTER TABLE budgets ENABLE ROW LEVEL SECURITY;
ALTER TABLE budgets FORCE ROW LEVEL SECURITY;
CREATE POLICY by_tenant ON budgets
    USING ((SELECT sees_all()) OR tenant = ANY ((SELECT seen_tenants())::text[]));

ALTER TABLE flags ENABLE ROW LEVEL SECURITY;
ALTER TABLE flags FORCE ROW LEVEL SECURITY;
CREATE POLICY seen ON flags FOR SELECT
    USING ((SELECT sees_all()) OR tenant = '' OR tenant = ANY ((SELECT seen_tenants())::text[]));
CREATE POLICY changed ON flags
    USING ((SELECT sees_all()) OR tenant = ANY ((SELECT seen_tenants())::text[]));

GRANT SELECT, INSERT ON budgets, policies, rollbacks TO aegis_hub;
GRANT SELECT, INSERT, UPDATE, DELETE ON flags TO aegis_hub;
GRANT SELECT, INSERT, UPDATE ON stages TO aegis_hub;
