//! The schema: steps up and down, and row-level security, asked as the database role itself.

use super::world::*;
use aegis_contract::Span;
use aegis_hub::db::migrate;
use sqlx::{Connection, Executor, PgConnection, Row};

fn run<Value>(future: impl Future<Output = Value>) -> Value {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Everything the schema is, but for the table of steps.
async fn shape(database: &str) -> Vec<String> {
    let mut admin = PgConnection::connect(&url("admin", database)).await.unwrap();
    let query =
        "SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || coalesce(column_default, '')
            FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'steps'
        UNION ALL SELECT 'policy ' || tablename || ' ' || policyname || coalesce(qual, '') || coalesce(with_check, '')
            FROM pg_policies
        UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'steps'
        UNION ALL SELECT 'function ' || p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
        UNION ALL SELECT 'right ' || table_name || ' ' || grantee || ' ' || privilege_type
            FROM information_schema.role_table_grants WHERE table_schema = 'public' AND table_name <> 'steps'
        ORDER BY 1";
    admin.fetch_all(query).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[test]
fn the_schema_goes_up_and_down_and_up_again_and_is_the_same() {
    run(async {
        let database = database().await;
        let owner = url("aegis_hub_owner", &database);
        let mut shapes = vec![shape(&database).await];
        for number in 1..=migrate::newest() {
            migrate::to(&owner, number).await.unwrap();
            shapes.push(shape(&database).await);
        }
        assert!(shapes[0].is_empty() && shapes.windows(2).all(|pair| pair[0] != pair[1]));
        for number in (0..migrate::newest()).rev() {
            migrate::to(&owner, number).await.unwrap();
            assert_eq!(shape(&database).await, shapes[number as usize], "down to {number}");
        }
        assert_eq!(migrate::to(&owner, migrate::newest()).await.unwrap().len(), 3);
        assert_eq!(&shape(&database).await, shapes.last().unwrap());
        assert!(migrate::to(&owner, migrate::newest()).await.unwrap().is_empty());
        assert!(migrate::to(&owner, 99).await.unwrap_err().contains("no step 99"));
        let mut admin = PgConnection::connect(&url("admin", &database)).await.unwrap();
        admin.execute("INSERT INTO steps VALUES (99, 'of a newer program')").await.unwrap();
        assert!(migrate::to(&owner, 0).await.unwrap_err().contains("newer program"));
    });
}

#[test]
fn a_step_that_fails_leaves_nothing() {
    run(async {
        let database = database().await;
        let owner = url("aegis_hub_owner", &database);
        migrate::to(&owner, 1).await.unwrap();
        let mut admin = PgConnection::connect(&url("admin", &database)).await.unwrap();
        admin.execute("CREATE TABLE board_budgets (in_the_way int)").await.unwrap();
        let before = shape(&database).await;
        migrate::to(&owner, 2).await.unwrap_err();
        assert_eq!(shape(&database).await, before);
        admin.execute("DROP TABLE board_budgets").await.unwrap();
        migrate::to(&owner, migrate::newest()).await.unwrap();
    });
}

#[test]
fn a_program_says_when_the_schema_is_not_its_own() {
    let database = run(database());
    let started = || {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_aegis-hub"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env("AEGIS_HUB_DATABASE_URL", url("aegis_hub", &database))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(started().contains("no schema yet; run aegis-hub migrate"), "{}", started());
    run(migrate::to(&url("aegis_hub_owner", &database), 2)).unwrap();
    assert!(started().contains("at step 2 and this program needs 3"), "{}", started());
}

#[test]
fn every_table_with_a_tenant_has_a_policy_that_holds_for_its_owner_too() {
    let world = World::new();
    let without = "SELECT count(*) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant'
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
        AND NOT (c.relrowsecurity AND (c.relforcerowsecurity OR c.relispartition))";
    assert_eq!(world.count(without), 0);
    let with = "SELECT count(*) FROM pg_class WHERE relforcerowsecurity";
    assert!(world.count(with) >= 9, "{}", world.count(with));
    let roles = "SELECT count(*) FROM pg_roles WHERE rolname IN ('aegis_hub', 'aegis_hub_owner')
        AND NOT rolbypassrls AND NOT rolsuper";
    assert_eq!(world.count(roles), 2);
}

#[test]
fn the_database_itself_keeps_tenants_apart() {
    let world = World::new();
    let (mut red, mut blue) = (world.board(&["red"]), world.board(&["blue"]));
    for (board, tenant) in [(&mut red, "red"), (&mut blue, "blue")] {
        let mut push = board.next(vec![row(tenant, 5, Span::Hour, MOMENT, 10)]);
        push.budgets = vec![aegis_contract::BudgetRow { tenant: tenant.into(), edition: 1, ..Default::default() }];
        push.decisions = vec![aegis_contract::DecisionRow {
            number: 1,
            tenant: tenant.into(),
            chat: 5,
            message: 5,
            at: now_s(),
            verdict: "block".into(),
            reason: String::new(),
            rules: Vec::new(),
            actions: Vec::new(),
            score: 1,
            text: None,
        }];
        board.pushed(&push);
        world.own("PUT", &format!("/v1/tenants/{tenant}/budgets"), &serde_json::json!({ "version": 0 })).is(200);
        world.own("PUT", &format!("/v1/tenants/{tenant}/flags/f"), &serde_json::json!({ "on": true })).is(204);
    }
    let tables = ["tenants", "boards", "board_tenants", "usage", "decisions", "board_budgets", "budgets", "flags"];
    run(async {
        let mut role = PgConnection::connect(&url("aegis_hub", &world.database)).await.unwrap();
        for table in tables {
            let mut seen = async |tenants: &str| -> i64 {
                let mut tx = role.begin().await.unwrap();
                tx.execute(format!("SET LOCAL aegis.tenants = '{tenants}'").as_str()).await.unwrap();
                let seen = sqlx::query_scalar(&format!("SELECT count(*) FROM {table}")).fetch_one(&mut *tx).await;
                tx.rollback().await.unwrap();
                seen.unwrap()
            };
            let counts =
                [seen("").await, seen("red").await, seen("green").await, seen("red,blue").await, seen("*").await];
            assert_eq!(counts, [0, 1, 0, 2, 2], "{table}");
        }
        // In red's name nothing of blue's is changed, and nothing is written for blue.
        let id = blue.id;
        let red_id = red.id;
        for order in [
            format!("UPDATE boards SET name = 'x' WHERE board = '{id}'"),
            "UPDATE tenants SET text_on = true WHERE tenant = 'blue'".to_owned(),
            "UPDATE usage SET messages = 0 WHERE tenant = 'blue'".to_owned(),
            "DELETE FROM decisions WHERE tenant = 'blue'".to_owned(),
            "DELETE FROM flags WHERE tenant IN ('blue', '')".to_owned(),
            format!("DELETE FROM board_tenants WHERE board = '{id}'"),
        ] {
            let mut tx = role.begin().await.unwrap();
            tx.execute("SET LOCAL aegis.tenants = 'red'").await.unwrap();
            assert_eq!(tx.execute(order.as_str()).await.unwrap().rows_affected(), 0, "{order}");
        }
        for order in [
            format!("INSERT INTO decisions VALUES ('{red_id}', 9, 'blue', 1, 1, 1, 'v', '', '{{}}', '{{}}', 1, NULL)"),
            format!("INSERT INTO usage VALUES ('{red_id}', 'blue', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, false)"),
            "INSERT INTO budgets VALUES ('blue', 9, 1, 1, NULL, 1, 'x')".to_owned(),
            "INSERT INTO flags VALUES ('f', '', true)".to_owned(),
            format!("INSERT INTO board_tenants VALUES ('{red_id}', 'blue')"),
            "UPDATE usage SET tenant = 'blue'".to_owned(),
        ] {
            let mut tx = role.begin().await.unwrap();
            tx.execute("SET LOCAL aegis.tenants = 'red'").await.unwrap();
            let error = tx.execute(order.as_str()).await.unwrap_err();
            assert_eq!(
                error.as_database_error().and_then(|e| e.code().map(|c| c.into_owned())).as_deref(),
                Some("42501"),
                "{order}"
            );
        }
        // What was done stays: the audit cannot be changed, tables cannot be made or turned off, parts cannot be read past the policy.
        for order in [
            "DELETE FROM audit",
            "UPDATE audit SET who = 'x'",
            "CREATE TABLE x (y int)",
            "DELETE FROM boards",
            "ALTER TABLE usage DISABLE ROW LEVEL SECURITY",
            "DELETE FROM tokens",
            "TRUNCATE usage",
            "SELECT * FROM usage_rest",
            "SET ROLE aegis_hub_owner",
            "UPDATE policies SET body = ''",
            "DELETE FROM steps",
        ] {
            assert!(role.execute(order).await.is_err(), "{order}");
        }
    });
}
