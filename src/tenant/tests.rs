//! Zones and owners.

use super::{Tenant, TenantName, Tenants, Zone};
use crate::decide::ChatRules;
use crate::message::ChatId;
use crate::verdict::{Mode, Thresholds};
use jiff::tz::TimeZone;

/// A zone by its rule in a line, so that no file is needed.
fn zone(rule: &str) -> Zone {
    Zone(TimeZone::posix(rule).expect("the rule is whole"))
}

#[test]
fn a_month_begins_at_midnight_of_its_zone_also_when_clocks_change() {
    let utc = Zone::default();
    // Kiritimati is fourteen hours ahead; St. John's three and a half behind, less one in summer; Berlin one ahead.
    let kiritimati = zone("<+14>-14");
    let st_johns = zone("NST3:30NDT,M3.2.0,M11.1.0");
    let berlin = zone("CET-1CEST,M3.5.0,M10.5.0/3");
    // The last second before, and the first of, a month there.
    for (name, zone, first, month) in [
        ("2026-12-01 UTC", &utc, 1_796_083_200, 202_612),
        ("2027-01-01 UTC", &utc, 1_798_761_600, 202_701),
        ("2026-12-01 +14", &kiritimati, 1_796_083_200 - 14 * 3_600, 202_612),
        ("2026-11-01 -2:30, hours before the clocks go back", &st_johns, 1_793_491_200 + 9_000, 202_611),
        ("2026-12-01 -3:30", &st_johns, 1_796_083_200 + 12_600, 202_612),
        ("2026-03-01 +1", &berlin, 1_772_323_200 - 3_600, 202_603),
        ("2026-04-01 +2, after the clocks went on", &berlin, 1_775_001_600 - 7_200, 202_604),
        ("2026-11-01 +1, after the clocks went back", &berlin, 1_793_491_200 - 3_600, 202_611),
    ] {
        let before = if month % 100 == 1 { month - 89 } else { month - 1 };
        assert_eq!((zone.month(first - 1), zone.month(first)), (before, month), "{name}");
        assert_eq!(zone.day(first), month * 100 + 1, "{name}");
    }
    assert_eq!(berlin.day(1_793_491_200), 20_261_101);
}

#[test]
fn any_moment_has_a_month() {
    for moment in [i64::MIN, -1, 0, 1, i64::MAX] {
        for zone in [Zone::default(), zone("NST3:30NDT,M3.2.0,M11.1.0"), zone("<+14>-14")] {
            let month = zone.month(moment);
            assert!((196_912..=999_912).contains(&month) && (1..=12).contains(&(month % 100)), "{month}");
        }
    }
}

#[test]
fn a_chat_has_one_owner_and_a_strict_score_is_never_above_the_chats_own() {
    let mut tenants = Tenants::with_rules(ChatRules { mode: Mode::Enforce, ..ChatRules::default() });
    let named = |name: &str| Tenant { name: TenantName::new(name).expect("a name"), ..Tenant::default() };
    tenants.add(named("one"), [ChatId(-1), ChatId(-2)]);
    tenants.add(named("two"), [ChatId(-2), ChatId(-3)]);
    let owner = |chat| (tenants.of(ChatId(chat)).name.as_str(), tenants.place_of(ChatId(chat)));
    assert_eq!([-1, -2, -3, -4].map(owner), [("one", 1), ("one", 1), ("two", 2), ("default", 0)]);
    assert_eq!(tenants.of(ChatId(-4)).rules.mode, Mode::Enforce);
    assert_eq!(tenants.iter().nth(2).map(|tenant| tenant.name.as_str()), Some("two"));
    let tenant = Tenant { strict: Thresholds { review: 30, block: 60 }, ..Tenant::default() };
    let own = ChatRules { thresholds: Thresholds { review: 40, block: 50 }, ..ChatRules::default() };
    assert_eq!(tenant.strict_for(&own), Thresholds { review: 30, block: 50 });
}
