//! What building packs takes, beside those in force, stays below its line of the memory sum.
//!
//! One test in a file of its own: for its length the allocator gives no more than the line says, so that one byte over ends the run.

#![allow(clippy::as_conversions, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

use aegis::app::load_policy;
use aegis::config::{Config, Surroundings};
use aegis::policy;
use cap::Cap;
use std::alloc::System;
use std::path::Path;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// The smallest board's settings, with its packs in this folder.
fn settings(packs: &Path) -> Config {
    let text = format!("board = \"zero-w\"\npolicy_dir = \"{}\"\n", packs.display());
    let read = move |_: &Path| Ok(text.clone());
    let zone = |_: &str| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
    let around = Surroundings { environment: &[], read: &read, zone: &zone };
    Config::load(Some(Path::new("aegis.toml")), &around).unwrap()
}

/// So many keywords that are like no others, from 2 letters to 19.
fn keywords(count: usize) -> impl Iterator<Item = String> {
    let mut seed = 7_u64;
    (0..count).map(move |number| {
        let letters = (0..1 + number % 14).map(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b'a' + (seed >> 40) as u8 % 26)
        });
        letters.collect::<String>() + &number.to_string()
    })
}

/// A pack of them, in itself or in a list of its own.
fn write(folder: &Path, count: usize, is_list: bool) {
    let head = "[pack]\nid = \"more\"\nversion = 1\n\n[[rule]]\nid = \"more-1\"\nreason = \"more\"\nscore = 50\n";
    let (pack, list) = if is_list {
        let list: String = keywords(count).map(|word| word + "\n").collect();
        (format!("{head}keywords_file = \"more.txt\"\n"), list)
    } else {
        let words: String = keywords(count).map(|word| format!("  \"{word}\",\n")).collect();
        (format!("{head}keywords = [\n{words}]\n"), String::new())
    };
    std::fs::write(folder.join("more.toml"), pack).unwrap();
    std::fs::write(folder.join("more.txt"), list).unwrap();
}

#[test]
fn building_packs_takes_no_more_memory_than_its_line_says() {
    let folder = tempfile::tempdir().unwrap();
    for source in policy::shipped() {
        std::fs::write(folder.path().join(source.file), source.text).unwrap();
    }
    let config = settings(folder.path());
    let room = config.board.capacity.keyword_bytes as usize;
    let line = room * 7 / 2;
    // Those that come with the program; with as many more as there is room for; and with more, which are refused early or late.
    for (more, is_list, fits) in [
        (1, false, true),
        (3_300, false, true),
        (3_300, true, true),
        (4_800, false, false),
        (15_000, false, false),
        (40_000, false, false),
        (15_000, true, false),
        (40_000, true, false),
        (100_000, true, false),
    ] {
        write(folder.path(), more, is_list);
        // The allocator remembers the most of all times: filled up to it, the most of now is what it rises by.
        let ballast: Vec<u8> = Vec::with_capacity(ALLOCATOR.max_allocated() - ALLOCATOR.allocated());
        let before = ALLOCATOR.allocated();
        ALLOCATOR.set_limit(before + line).expect("the limit is above what is held");
        let built = load_policy(&config);
        ALLOCATOR.set_limit(usize::MAX).expect("no limit");
        let most = ALLOCATOR.max_allocated() - before;
        let bytes = built.as_ref().map_or(0, |set| set.bytes());
        println!(
            "with {more} more keywords{}: {bytes} bytes of {room}, built with {most} of {line} at most",
            if is_list { " in a list" } else { "" }
        );
        assert_eq!(built.is_ok(), fits, "{built:?}");
        if let Err(mistakes) = &built {
            let (told, cure) =
                (mistakes.to_string(), if more == 40_000 && !is_list { "keywords_file" } else { "fewer keywords" });
            assert!(told.contains(cure), "{told}");
        }
        assert!(more == 1 || !fits || bytes > room * 19 / 20, "the room is full");
        drop(ballast);
    }
}
