#!/bin/bash
# Runs once, when the database's volume is new: the two roles get their passwords, and the database its owner.
set -euo pipefail
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" \
    -v program="$AEGIS_HUB_PASSWORD" -v owner="$AEGIS_HUB_OWNER_PASSWORD" <<'SQL'
ALTER ROLE aegis_hub PASSWORD :'program';
ALTER ROLE aegis_hub_owner PASSWORD :'owner';
CREATE DATABASE aegis_hub OWNER aegis_hub_owner;
SQL
