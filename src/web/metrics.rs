//! The counters as Prometheus reads them.

use super::views::BudgetView;
use crate::counters::{Counters, MetricKind, Spread};
use std::fmt::Write;

/// The format's own content type.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Every counter, gauge and spread. Names and sentences are ours, so that nothing needs escaping.
pub(super) fn text(counters: &Counters, tenants: &[BudgetView]) -> String {
    let mut out = String::with_capacity(16 * 1024);
    counters.each(|name, help, kind, value| {
        let kind = match kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
        };
        // Writing into a String does not fail.
        let _infallible = write!(out, "# HELP aegis_{name} {help}\n# TYPE aegis_{name} {kind}\naegis_{name} {value}\n");
    });
    counters.each_spread(|name, help, spread| {
        let _infallible = spread_text(&mut out, name, help, spread);
    });
    let _infallible = tenants_text(&mut out, tenants);
    out
}

/// Gauges with a label: the names of tenants, of which settings bound the number and the letters.
fn tenants_text(out: &mut String, tenants: &[BudgetView]) -> std::fmt::Result {
    type Value = fn(&BudgetView) -> u64;
    let gauges: [(&str, &str, Value); 5] = [
        ("budget_spent_micros", "Money spent on the model this month, millionths", |tenant| tenant.money_micros),
        ("budget_cap_micros", "Money that may be spent on the model in a month, millionths", |tenant| {
            tenant.money_cap_micros
        }),
        ("budget_calls", "Calls to the model this month", |tenant| tenant.calls),
        ("budget_calls_cap", "Calls to the model that may be made in a month", |tenant| tenant.calls_cap),
        ("degraded", "1 while no model can be asked", |tenant| u64::from(tenant.degraded.is_some())),
    ];
    for (name, help, value) in gauges.iter().filter(|_| !tenants.is_empty()) {
        write!(out, "# HELP aegis_tenant_{name} {help}\n# TYPE aegis_tenant_{name} gauge\n")?;
        for tenant in tenants {
            writeln!(out, "aegis_tenant_{name}{{tenant=\"{}\"}} {}", tenant.tenant, value(tenant))?;
        }
    }
    Ok(())
}

fn spread_text(out: &mut String, name: &str, help: &str, spread: &Spread) -> std::fmt::Result {
    let name = format!("aegis_{name}_seconds");
    write!(out, "# HELP {name} {help}\n# TYPE {name} histogram\n")?;
    let count = spread.told(|bound_us, up_to| {
        // Writing into a String does not fail.
        let _infallible = writeln!(out, "{name}_bucket{{le=\"{}\"}} {up_to}", bound(bound_us));
    });
    writeln!(out, "{name}_bucket{{le=\"+Inf\"}} {count}")?;
    writeln!(out, "{name}_sum {}", seconds(spread.sum_us()))?;
    writeln!(out, "{name}_count {count}")
}

/// Microseconds as seconds, exactly.
fn seconds(us: u64) -> String {
    format!("{}.{:06}", us / 1_000_000, us % 1_000_000)
}

/// The bound of a bucket as Prometheus itself would write it: some of its versions compare bounds as texts.
fn bound(us: u64) -> String {
    seconds(us).trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_is_told_once_with_its_sentence_and_kind() {
        let counters = Counters::default();
        counters.messages.add(7);
        counters.commit.record_us(1_500);
        let told = text(&counters, &[]);
        assert!(told.contains("# TYPE aegis_messages counter\naegis_messages 7\n"));
        assert!(
            told.contains("aegis_commit_seconds_count 1\n") && told.contains("aegis_commit_seconds_sum 0.001500\n")
        );
        let mut names: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn the_runbook_tells_every_metric_and_no_other_word_for_word() {
        let garden = BudgetView { tenant: "garden".to_owned(), ..BudgetView::default() };
        let told = text(&Counters::default(), &[garden]);
        let helps = told.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split_once(' '));
        let mut of_the_program: Vec<(&str, &str)> = helps.collect();
        let runbook = include_str!("../../board/runbooks/telemetry.md");
        let rows = runbook.lines().filter_map(|line| line.strip_prefix("| `aegis_")?.split_once("` | "));
        let name = |row: &str| format!("aegis_{row}");
        let of_the_runbook: Vec<(String, &str)> =
            rows.map(|(row, rest)| (name(row), rest.split(" |").next().unwrap_or_default())).collect();
        let mut of_the_runbook: Vec<(&str, &str)> =
            of_the_runbook.iter().map(|(name, help)| (name.as_str(), *help)).collect();
        of_the_program.sort_unstable();
        of_the_runbook.sort_unstable();
        assert_eq!(of_the_runbook, of_the_program, "board/runbooks/telemetry.md");
    }

    #[test]
    fn a_tenant_is_a_label_and_without_a_model_there_is_none() {
        let garden = BudgetView { tenant: "garden".to_owned(), money_micros: 1_500, ..BudgetView::default() };
        let told = text(&Counters::default(), &[garden]);
        assert!(told.contains("aegis_tenant_budget_spent_micros{tenant=\"garden\"} 1500\n"));
        assert!(!text(&Counters::default(), &[]).contains("tenant="));
    }

    #[test]
    fn the_objective_has_a_bucket_of_its_own_under_the_name_that_rules_ask_for() {
        let counters = Counters::default();
        for us in [1_400_000, 1_500_000, 1_510_000] {
            counters.time_to_action.record_us(us);
        }
        let told = text(&counters, &[]);
        assert!(told.contains("aegis_time_to_action_seconds_bucket{le=\"1.5\"} 2\n"), "{told}");
        assert!(told.contains("aegis_time_to_action_seconds_bucket{le=\"1.048576\"} 0\n"), "{told}");
        assert!(told.contains("aegis_time_to_action_seconds_bucket{le=\"2.097152\"} 3\n"), "{told}");
    }

    #[test]
    fn the_buckets_of_a_spread_never_fall() {
        let counters = Counters::default();
        for us in [1, 10, 1_000, 1_000_000] {
            counters.call.record_us(us);
        }
        let told = text(&counters, &[]);
        let counts: Vec<u64> = told
            .lines()
            .filter(|line| line.starts_with("aegis_call_seconds_bucket"))
            .filter_map(|line| line.rsplit(' ').next()?.parse().ok())
            .collect();
        assert!(counts.windows(2).all(|pair| pair[0] <= pair[1]) && counts.last() == Some(&4), "{counts:?}");
    }
}
