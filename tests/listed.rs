//! Lists of known spammers' ids: files that are whole or refused, answers that are right or errors, and the commands.

#![allow(clippy::as_conversions, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod board;

use aegis::clock::Wall;
use aegis::limits;
use aegis::lists::ids::{Age, IdList, IdLists, Listed, import};
use aegis::message::UserId;
use board::{Board, TOKEN};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// A second past the age at which a list is stale.
const LATE: Wall = Wall((limits::LISTED_IDS_STALE_S + 2) * 1_000);

fn put(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(format!("{name}.ids"));
    import(text.as_bytes(), &path, Wall(1_000)).unwrap();
    path
}

/// The files of a folder, by name.
fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn an_import_replaces_the_old_list_and_a_refused_one_leaves_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "a", "5\n77\n5\n");
    let list = IdList::open(&path).unwrap();
    assert_eq!((list.head().count, list.head().made), (2, Wall(1_000)));
    let report = import("[6,{\"user_id\":78}]".as_bytes(), &path, Wall(2_000)).unwrap();
    assert_eq!((report.count, report.lines, report.bad), (2, 2, 0));
    for (text, why) in [
        ("7\nnot a list\n", "line 2: \"not a list\""),
        ("", "the list has no id"),
        ("number,name\n1,a\n", "line 1: the first line names no column"),
        ("[1,2", "the array has no end"),
    ] {
        let refused = import(text.as_bytes(), &path, Wall(3_000)).unwrap_err();
        assert!(refused.0.contains(why), "{text:?}: {refused}");
    }
    let list = IdList::open(&path).unwrap();
    assert_eq!([5, 6, 7, 78].map(|id| list.has(UserId(id)).unwrap()), [false, true, false, true]);
    assert_eq!([0, -6, i64::MIN, i64::MAX].map(|id| list.has(UserId(id)).unwrap()), [false; 4]);
    assert_eq!(files(folder.path()), ["a.ids"], "nothing is left beside it");
}

#[test]
fn a_file_damaged_in_any_byte_is_refused_and_so_is_a_part_of_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "a", "5\n77\n9007199254740992\n");
    let whole = std::fs::read(&path).unwrap();
    // In place, since writing a file anew is what takes the time here.
    let card = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    for at in 0..whole.len() {
        for bit in [0, 7] {
            card.write_all_at(&[whole[at] ^ (1 << bit)], at as u64).unwrap();
            let refused = IdList::open(&path).unwrap_err();
            assert!(refused.0.contains("import it again with `aegis lists import-ids`"), "{at}: {refused}");
        }
        card.write_all_at(&whole[at..=at], at as u64).unwrap();
    }
    for length in (0..whole.len()).rev() {
        card.set_len(length as u64).unwrap();
        IdList::open(&path).unwrap_err();
    }
    std::fs::write(&path, [whole.as_slice(), &[0]].concat()).unwrap();
    IdList::open(&path).unwrap_err();
    std::fs::write(&path, &whole).unwrap();
    assert_eq!(IdList::open(&path).unwrap().has(UserId(77)), Ok(true));
}

#[test]
fn a_card_that_fails_under_an_open_list_gives_errors_and_never_a_wrong_answer() {
    let folder = tempfile::tempdir().unwrap();
    let ids: String = (1..600_u64).map(|step| format!("{}\n", step * 1_700)).collect();
    let path = put(folder.path(), "a", &ids);
    let whole = std::fs::read(&path).unwrap();
    let list = IdList::open(&path).unwrap();
    let card = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    let asked = || [1_700, 1_701, 200_000, 510_000, 1_018_300, 1_018_301].map(|id| (id, list.has(UserId(id))));
    let right = |id: i64| id % 1_700 == 0 && id / 1_700 < 600;
    let mut errors = 0;
    for at in 0..whole.len() {
        card.write_all_at(&[whole[at] ^ 0x10], at as u64).unwrap();
        for (id, told) in asked() {
            assert!(told.as_ref().map_or(true, |told| *told == right(id)), "byte {at}, id {id}: {told:?}");
            errors += usize::from(told.is_err());
        }
        card.write_all_at(&whole[at..=at], at as u64).unwrap();
    }
    assert!(errors > 1_000, "{errors}");
    assert!(asked().iter().all(|(id, told)| *told == Ok(right(*id))));
    card.set_len(300).unwrap();
    assert!(list.has(UserId(1_018_300)).unwrap_err().contains("cannot be read"));
}

#[test]
fn the_first_list_is_named_with_its_age_and_one_that_fails_stops_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "a", "5\n6\n");
    put(folder.path(), "b", "6\n7\n");
    std::fs::write(folder.path().join("c.ids"), "no list").unwrap();
    std::fs::write(folder.path().join("d.ids.new"), "left by a kill").unwrap();
    let loaded = IdLists::load(folder.path(), Wall(2_000));
    assert_eq!(loaded.told.len(), 1, "{:?}", loaded.told);
    assert!(
        loaded.told[0].contains("`c` is left out") && loaded.told[0].contains("import it again"),
        "{:?}",
        loaded.told
    );
    let lists = loaded.lists.clone();
    assert!(lists.bytes() <= limits::LISTED_INDEX_BYTES && lists.iter().count() == 2);
    let on = |list: &str, age| Ok(Some(Listed { list: list.into(), age }));
    assert_eq!(lists.listed(UserId(6), Wall(2_000)), on("a", Age::Fresh));
    assert_eq!(lists.listed(UserId(7), LATE), on("b", Age::Stale));
    assert_eq!(lists.listed(UserId(8), LATE), Ok(None));
    assert_eq!(
        IdLists::load(folder.path(), LATE).told.iter().filter(|line| line.contains("older than 7 days")).count(),
        2
    );
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().write_all_at(b"x", 300).unwrap();
    assert_eq!(lists.listed(UserId(6), Wall(2_000)), on("b", Age::Fresh));
    let unanswered = lists.listed(UserId(5), Wall(2_000)).unwrap_err();
    assert!(unanswered.to_string().contains("`a`") && unanswered.to_string().contains("damaged"), "{unanswered}");
}

#[test]
fn a_change_on_disk_is_seen_and_old_lists_answer_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("lists");
    let none = IdLists::load(&inner, Wall(0)).lists;
    assert!(none.same_as_on_disk() && none.listed(UserId(5), Wall(0)) == Ok(None));
    std::fs::create_dir(&inner).unwrap();
    assert!(none.same_as_on_disk());
    let path = put(&inner, "a", "5\n");
    assert!(!none.same_as_on_disk());
    let first = IdLists::load(&inner, Wall(0)).lists;
    std::fs::write(inner.join("a.domains"), "of another kind").unwrap();
    assert!(first.same_as_on_disk());
    put(&inner, "a", "6\n");
    assert!(!first.same_as_on_disk());
    assert!(first.listed(UserId(5), Wall(0)).unwrap().is_some() && first.listed(UserId(6), Wall(0)).unwrap().is_none());
    let second = IdLists::load(&inner, Wall(0)).lists;
    assert!(second.same_as_on_disk() && second.clone().listed(UserId(6), Wall(0)).unwrap().is_some());
    std::fs::remove_file(&path).unwrap();
    assert!(!second.same_as_on_disk() && second.listed(UserId(6), Wall(0)).unwrap().is_some());
}

#[test]
fn a_fifth_list_is_refused_and_one_that_was_put_there_is_left_out_and_told() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b", "c", "d"] {
        put(folder.path(), name, "5\n");
    }
    let refused = import("5\n".as_bytes(), &folder.path().join("e.ids"), Wall(1)).unwrap_err();
    assert!(refused.0.contains("there are 4 lists of ids already"), "{refused}");
    import("6\n".as_bytes(), &folder.path().join("d.ids"), Wall(1)).unwrap();
    std::fs::copy(folder.path().join("a.ids"), folder.path().join("e.ids")).unwrap();
    let loaded = IdLists::load(folder.path(), Wall(1));
    assert_eq!((loaded.lists.iter().count(), loaded.told.len()), (4, 1), "{:?}", loaded.told);
    assert!(loaded.told[0].contains("`e` is left out"), "{:?}", loaded.told);
}

#[test]
fn the_commands_take_a_list_in_show_it_and_say_who_is_on_it() {
    let board = Board::at("http://127.0.0.1:9".to_owned(), TOKEN);
    let csv = board.write("export.csv", "user_id,reason\n5,a\n77,b\n");
    assert_eq!(board.ask(&["lists", "import-ids", "cas", &csv]).out, "cas: 2 ids from 3 lines or elements, 0 bad\n");
    let told = board.ask_with(&["lists", "import-ids", "lols", "-"], "[{\"id\":9}]").out;
    assert_eq!(told, "lols: 1 ids from 1 lines or elements, 0 bad\n");
    let told = board.ask(&["lists", "show"]).out;
    assert!(told.contains("cas: 2 ids, 552 bytes, of them 8 in memory, imported at 2"), "{told}");
    assert!(told.contains("lols: 1 ids") && !told.contains("stale"), "{told}");
    assert_eq!(board.ask(&["lists", "has", "cas", "77"]).out, "yes: 77 is in cas\n");
    assert_eq!(board.ask(&["lists", "has", "cas", "-77"]).out, "no: -77 is not in cas\n");
    board.ask(&["lists", "has", "cas", "x"]).refused(64, &["x"]);
    board.ask(&["lists", "has", "none", "5"]).refused(64, &["there is no list of ids \"none\""]);
    board.ask(&["lists", "import-ids", "../cas", &csv]).refused(64, &["is no name of a list"]);
    board.ask(&["lists", "import-ids", "cas", "absent.csv"]).refused(64, &["absent.csv cannot be read"]);
    let bad = board.write("bad.csv", "5\nx\n");
    board.ask(&["lists", "import-ids", "cas", &bad]).refused(65, &["bad.csv: 1 of 2 lines are bad", "line 2: \"x\""]);
    import("5".as_bytes(), &board.path("data/lists/cas.ids"), Wall(0)).unwrap();
    let told = board.ask(&["lists", "show"]).out;
    assert!(told.contains("1970-01-01 00:00:00 UTC") && told.contains("stale: older than 7 days"), "{told}");
}

#[test]
fn a_kill_in_the_middle_of_an_import_leaves_the_old_list_and_the_next_import_works() {
    let board = Board::at("http://127.0.0.1:9".to_owned(), TOKEN);
    let small = board.write("small.txt", "5\n");
    assert!(board.ask(&["lists", "import-ids", "cas", &small]).out.contains("1 ids"));
    let folder = board.path("data/lists");
    let words = ["lists", "import-ids", "cas", "-"];
    let mut import = board.command(&words).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    // More than is sorted at one time, and than a pipe holds: when all of it is written, a part is on disk.
    let many = limits::LISTED_SORT_IDS as u64 + 200_000;
    let text: String = (1..many).map(|step| format!("{}\n", step * 7_919 % 8_500_000_000)).collect();
    import.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    assert_eq!(files(&folder), ["cas.ids", "cas.ids.new"]);
    board.ask(&["lists", "import-ids", "cas", &small]).refused(65, &["another import", "is under way"]);
    import.kill().unwrap();
    import.wait().unwrap();
    assert_eq!(files(&folder), ["cas.ids", "cas.ids.new"], "a kill cleans nothing up");
    let loaded = IdLists::load(&folder, Wall(0));
    assert!(loaded.told.is_empty() && loaded.lists.listed(UserId(5), Wall(0)).unwrap().is_some(), "{:?}", loaded.told);
    assert_eq!(board.ask(&["lists", "has", "cas", "7919"]).out, "no: 7919 is not in cas\n");
    assert!(board.ask_with(&words, "6\n").out.contains("1 ids"));
    assert_eq!(files(&folder), ["cas.ids"]);
    assert_eq!(board.ask(&["lists", "has", "cas", "6"]).out, "yes: 6 is in cas\n");
}

#[test]
fn a_file_that_a_kill_left_at_any_length_is_no_list() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "a", "5\n");
    let next = std::fs::read(put(folder.path(), "b", "6\n")).unwrap();
    std::fs::remove_file(folder.path().join("b.ids")).unwrap();
    for length in 0..=next.len() {
        std::fs::write(folder.path().join("a.ids.new"), &next[..length]).unwrap();
        let loaded = IdLists::load(folder.path(), Wall(0));
        assert!(loaded.told.is_empty() && loaded.lists.listed(UserId(5), Wall(0)).unwrap().is_some());
        assert!(loaded.lists.listed(UserId(6), Wall(0)).unwrap().is_none());
    }
    // The one step that changes anything.
    std::fs::rename(folder.path().join("a.ids.new"), &path).unwrap();
    assert!(IdLists::load(folder.path(), Wall(0)).lists.listed(UserId(6), Wall(0)).unwrap().is_some());
}
