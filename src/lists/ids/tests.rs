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

/// A source that fails after its text.
struct Failing<'t>(&'t [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        if self.0.is_empty() { Err(std::io::ErrorKind::ConnectionReset.into()) } else { self.0.read(bytes) }
    }
}

#[test]
fn a_refusal_in_the_middle_of_merges_leaves_the_old_list_and_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ids");
    import_few("7\n", &path).unwrap();
    let many = lines(&(1..2_000).map(|step| step * 1_700).collect::<Vec<u64>>());
    let refused = import_few(&(many.clone() + &"x\n".repeat(500)), &path).unwrap_err();
    assert!(refused.0.contains("500 of 2499 lines are bad") && refused.0.contains("line 2000: \"x\""), "{refused}");
    let refused = import_sorting(Failing(many.as_bytes()), &path, Wall(6), 16).unwrap_err();
    assert!(refused.0.contains("line 1999: cannot be read any further"), "{refused}");
    let refused = import_few(&format!("[{}", many.replace('\n', ",")), &path).unwrap_err();
    assert!(refused.0.contains("element 1999: the array has no end"), "{refused}");
    assert_eq!(IdList::open(&path).unwrap().has(UserId(7)), Ok(true));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_stale_list_is_one_of_more_than_seven_days_and_no_clock_makes_it_so_by_going_back() {
    let head = Head { count: 1, source: [0; 16], made: Wall(1_000_000_000), blocks: 1 };
    let after = |seconds: u64| head.age(head.made.plus_ms(seconds * 1_000));
    assert_eq!([after(0), after(604_800), after(604_801)], [Age::Fresh, Age::Fresh, Age::Stale]);
    assert_eq!(head.age(Wall(0)), Age::Fresh);
}
