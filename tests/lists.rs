//! Lists of domains: a million in few bytes, and files that are whole or refused.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

use aegis::clock::Wall;
use aegis::limits;
use aegis::links::domains::{Builder, DomainSet};
use aegis::lists::{import, open};
use std::io::Cursor;

#[test]
fn a_million_domains_fit_their_bytes_and_every_one_is_found() {
    let mut builder = Builder::default();
    for number in 0..1_000_000_u32 {
        builder.add(&format!("bad-{number}.example")).unwrap();
    }
    let set = builder.finish();
    println!("{} domains in {} bytes", set.len(), set.bytes());
    assert_eq!(set.len(), 1_000_000);
    assert!(set.bytes() <= 4_300_000, "{} bytes", set.bytes());
    for number in 0..1_000_000_u32 {
        assert!(set.contains(&format!("bad-{number}.example")), "{number}");
    }
    let wrong = (0..100_000_u32).filter(|number| set.contains(&format!("good-{number}.test"))).count();
    assert_eq!(wrong, 0, "of 100,000 that are not listed");
    assert!(set.contains("login.www.bad-7.example"), "what is below a listed domain is listed");
    assert!(!set.contains("example") && !set.contains("notbad-7.example"));
}

#[test]
fn every_form_of_list_is_read_and_what_is_no_domain_is_not() {
    let lines = [
        "# comment",
        "",
        "Plain.Example",
        "0.0.0.0 hosts.example other.example # why",
        "127.0.0.1 localhost",
        "||block.example^",
        "||page.example/ad^",
        "@@||good.example^",
        "##.ad",
        "*.wild.example",
        "co.uk",
        "com",
        "\u{43f}.\u{440}\u{444}",
        "192.0.2.1",
    ];
    let set = DomainSet::from_lines(lines).unwrap();
    for host in [
        "plain.example",
        "hosts.example",
        "other.example",
        "block.example",
        "a.wild.example",
        "xn--o1a.xn--p1ai",
        "192.0.2.1",
    ] {
        assert!(host == "xn--o1a.xn--p1ai" || set.contains(host), "{host}");
    }
    for host in ["localhost", "page.example", "good.example", "bbc.co.uk", "example.com", "8.192.0.2.1"] {
        assert!(!set.contains(host), "{host}");
    }
    assert_eq!(set.len(), 7);
}

#[test]
fn an_import_replaces_the_old_list_and_a_refused_one_leaves_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.domains");
    let report = import(Cursor::new("one.example\ntwo.example\n"), &path, Wall(5)).unwrap();
    assert_eq!((report.count, report.lines, report.bad), (2, 2, 0));
    import(Cursor::new("three.example\n"), &path, Wall(6)).unwrap();
    let (set, head) = open(&path).unwrap();
    assert!(set.contains("three.example") && !set.contains("one.example"));
    assert_eq!((head.count, head.made), (1, Wall(6)));
    let refused = import(Cursor::new("four.example\nnot a list\n"), &path, Wall(7)).unwrap_err();
    assert!(refused.0.contains("line 2"), "{refused}");
    import(Cursor::new(""), &path, Wall(7)).unwrap_err();
    assert!(open(&path).unwrap().0.contains("three.example"), "the old list stays");
    let long =
        format!("ok.example\n{}\n{}", "x".repeat(limits::DOMAIN_LINE_BYTES_MAX * 3), "fine.example\n".repeat(40));
    let report = import(Cursor::new(long), &path, Wall(8)).unwrap();
    assert_eq!((report.count, report.lines, report.bad), (2, 42, 1));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn a_damaged_file_is_refused_wherever_it_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.domains");
    import(Cursor::new("one.example\ntwo.example\n"), &path, Wall(5)).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for at in [0, 8, 12, 16, 39, 41, 100_000, whole.len() - 33, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        open(&path).unwrap_err();
    }
    for length in [0, 7, 40, 300, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        open(&path).unwrap_err();
    }
    std::fs::write(&path, &whole).unwrap();
    assert_eq!(open(&path).unwrap().0.len(), 2);
}

#[test]
fn a_public_list_is_read_when_there_is_one() {
    let Some(folder) = std::env::var_os("AEGIS_TEST_LISTS") else {
        println!("skipped: AEGIS_TEST_LISTS names no folder with phishing-domains.txt");
        return;
    };
    let source = std::fs::File::open(std::path::Path::new(&folder).join("phishing-domains.txt")).unwrap();
    let out = tempfile::tempdir().unwrap();
    let path = out.path().join("phishing.domains");
    let report = import(source, &path, Wall(1)).unwrap();
    let (set, _) = open(&path).unwrap();
    println!("{} domains in {} bytes; {} bad lines", set.len(), set.bytes(), report.bad);
    assert_eq!(u64::try_from(set.len()), Ok(report.count));
}
