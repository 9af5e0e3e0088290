//! Imports that merge many times, against a set that does not.

use super::import::import_sorting;
use super::*;
use crate::lists::Report;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn lines(ids: &[u64]) -> String {
    ids.iter().map(|id| format!("{id}\n")).collect()
}

fn import_few(text: &str, path: &Path) -> Result<Report, Refused> {
    import_sorting(text.as_bytes(), path, Wall(5), 16)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn what_is_merged_in_parts_is_what_was_read(ids in prop::collection::vec(prop_oneof![1..90_u64, 1..8_500_000_000_u64], 1..400)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ids");
        let report = import_few(&lines(&ids), &path).unwrap();
        let listed: BTreeSet<u64> = ids.iter().copied().collect();
        prop_assert_eq!(report.count, listed.len() as u64);
        let list = IdList::open(&path).unwrap();
        prop_assert_eq!(list.head().count, report.count);
        prop_assert_eq!(list.file_bytes(), std::fs::metadata(&path).unwrap().len());
        for id in ids.iter().flat_map(|id| [id - 1, *id, id + 1]) {
            prop_assert_eq!(list.has(UserId(id as i64)), Ok(listed.contains(&id)));
        }
        prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_refusal_in_the_middle_of_merges_leaves_the_old_list_and_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ids");
    import_few("7\n", &path).unwrap();
    let many: Vec<u64> = (1..2_000).map(|step| step * 1_700).collect();
    for end in ["x\n".repeat(500), "[".repeat(20_000 * 40)] {
        import_few(&(lines(&many) + &end), &path).unwrap_err();
        assert_eq!(IdList::open(&path).unwrap().has(UserId(7)), Ok(true));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
    import_few("1,a\n2,b", Path::new("/nowhere/a.ids")).unwrap_err();
}

#[test]
fn ids_spread_wider_than_any_user_s_are_refused_when_the_index_is_full() {
    // Every second id is far from the one before, so that a block holds few of them.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ids");
    let beside = crate::lists::files::Beside::of(&path).unwrap();
    let refused = import::fill_for_tests(&beside, 3, (1..200).map(|step: u64| step << 40)).unwrap_err();
    assert!(refused.0.contains("spread wider"), "{refused}");
    let refused = import::fill_for_tests(&beside, 300_000, 1..=limits::LISTED_IDS_MAX + 1).unwrap_err();
    assert!(refused.0.contains("more than 8000000 ids"), "{refused}");
}

#[test]
fn a_stale_list_is_one_of_more_than_seven_days_and_no_clock_makes_it_so_by_going_back() {
    let head = Head { count: 1, source: [0; 16], made: Wall(1_000_000_000), blocks: 1 };
    let after = |seconds: u64| head.age(head.made.plus_ms(seconds * 1_000));
    assert_eq!([after(0), after(604_800), after(604_801)], [Age::Fresh, Age::Fresh, Age::Stale]);
    assert_eq!(head.age(Wall(0)), Age::Fresh);
}
