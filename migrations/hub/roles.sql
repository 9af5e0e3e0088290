-- The two roles of the hub's database; run once by an administrator of the server, in any database of it.
-- aegis_hub_owner owns the tables and runs the steps. aegis_hub is the program: it owns nothing, and row-level security
-- holds for it. Give both a password or another way to log in as your server has it.
CREATE ROLE aegis_hub_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
CREATE ROLE aegis_hub LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
