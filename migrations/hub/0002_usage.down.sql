DROP FUNCTION make_usage_part(bigint);
DROP TABLE board_budgets, decisions, usage;
