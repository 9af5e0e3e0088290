-- What boards tell: usage by hour, day and month, decisions, and their own budgets.

-- A row is a state: the same place is the same row. Parted by month of UTC; the program asks for the parts ahead, and
-- what has none lies in usage_rest, so that a board with a wrong clock is not refused for ever.
CREATE TABLE usage (
    board uuid NOT NULL,
    tenant text NOT NULL,
    chat bigint NOT NULL,
    span smallint NOT NULL CHECK (span IN (0, 1, 2)),
    begins bigint NOT NULL,
    messages bigint NOT NULL,
    blocked bigint NOT NULL,
    unsure bigint NOT NULL,
    actions bigint NOT NULL,
    calls bigint NOT NULL,
    tokens_in bigint NOT NULL,
    tokens_out bigint NOT NULL,
    money_micros bigint NOT NULL,
    cache_hits bigint NOT NULL,
    at_least boolean NOT NULL,
    PRIMARY KEY (board, tenant, chat, span, begins)
) PARTITION BY RANGE (begins);
CREATE INDEX usage_tenant ON usage (tenant, begins);
CREATE TABLE usage_rest PARTITION OF usage DEFAULT;

-- Makes the part of a month, and says whether it did. The program may not make tables itself.
CREATE FUNCTION make_usage_part(begins bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first timestamp := date_trunc('month', to_timestamp(begins) AT TIME ZONE 'UTC');
    low bigint := extract(epoch FROM first AT TIME ZONE 'UTC');
    high bigint := extract(epoch FROM (first + interval '1 month') AT TIME ZONE 'UTC');
    part text := 'usage_' || to_char(first, 'YYYYMM');
BEGIN
    IF to_regclass(part) IS NOT NULL THEN
        RETURN false;
    END IF;
    -- Rows of this month that came before the part was there would be in its way: the rest keeps such a month. (The
    -- policy of the rest does not hold for its owner, as whom this runs.)
    IF EXISTS (SELECT FROM usage_rest u WHERE u.begins >= low AND u.begins < high) THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I PARTITION OF usage FOR VALUES FROM (%s) TO (%s)', part, low, high);
    -- Nobody reads a part but through the whole, where the policy stands; this holds for who comes after as well.
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION make_usage_part(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_usage_part(bigint) TO aegis_hub;

CREATE TABLE decisions (
    board uuid NOT NULL,
    number bigint NOT NULL,
    tenant text NOT NULL,
    chat bigint NOT NULL,
    message bigint NOT NULL,
    at_s bigint NOT NULL,
    verdict text NOT NULL,
    reason text NOT NULL,
    rules text[] NOT NULL,
    actions text[] NOT NULL,
    score smallint NOT NULL,
    text text,
    PRIMARY KEY (board, number)
);
CREATE INDEX decisions_tenant ON decisions (tenant, at_s DESC, board, number);
CREATE INDEX decisions_age ON decisions (at_s);
CREATE INDEX decisions_text ON decisions (tenant) WHERE text IS NOT NULL;

-- The budgets as boards have them, with the edition that comes back to them as `confirmed`.
CREATE TABLE board_budgets (
    board uuid NOT NULL REFERENCES boards,
    tenant text NOT NULL,
    money_micros bigint,
    calls bigint,
    degrade text,
    edition bigint NOT NULL,
    PRIMARY KEY (board, tenant)
);

ALTER TABLE usage ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage FORCE ROW LEVEL SECURITY;
CREATE POLICY by_tenant ON usage
    USING ((SELECT sees_all()) OR tenant = ANY ((SELECT seen_tenants())::text[]));
ALTER TABLE usage_rest ENABLE ROW LEVEL SECURITY;

ALTER TABLE decisions ENABLE ROW LEVEL SECURITY;
ALTER TABLE decisions FORCE ROW LEVEL SECURITY;
CREATE POLICY by_tenant ON decisions
    USING ((SELECT sees_all()) OR tenant = ANY ((SELECT seen_tenants())::text[]));

ALTER TABLE board_budgets ENABLE ROW LEVEL SECURITY;
ALTER TABLE board_budgets FORCE ROW LEVEL SECURITY;
CREATE POLICY by_tenant ON board_budgets
    USING ((SELECT sees_all()) OR tenant = ANY ((SELECT seen_tenants())::text[]));

GRANT SELECT, INSERT, UPDATE, DELETE ON usage, decisions, board_budgets TO aegis_hub;
