DROP TABLE fleet, audit, tokens, codes, board_tenants, boards, tenants;
DROP FUNCTION seen_board(), seen_tenants(), sees_all(), now_us();
