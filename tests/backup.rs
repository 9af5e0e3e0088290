//! A backup is one sealed file with all that a new board needs; what is changed, cut off, newer or not meant for the key is
//! refused in one sentence, and nothing is half done.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)] // A test that cannot go on stops.

mod board;
mod office;

use aegis::clock::Wall;
use aegis::config::Config;
use aegis::jobs::backup::{self, RECIPIENT_FILE, Sources};
use aegis::jobs::restore::{Order, Restored, restore};
use aegis::store::schema;
use aegis::vault::{Identity, Opener, Recipient, Sealer, identities};
use board::{Board, LONG, Signal};
use office::{Bench, Case, GARDEN, open, owner, quiet};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const IN_TIME: Duration = Duration::from_secs(10);

fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|n| ((n * 31 + 7) % 251) as u8).collect()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vault").join(name)
}

fn fixture_key() -> Vec<Identity> {
    identities(&std::fs::read_to_string(fixture("key.txt")).unwrap()).unwrap()
}

/// Whether a program of that name can be run here.
fn is_here(tool: &str) -> bool {
    let found = Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        println!("{tool} is not here: its part of this test is left out");
    }
    found
}

#[test]
fn files_of_the_real_tool_are_opened() {
    for (name, bytes) in [("empty.age", 0), ("small.age", 1_000), ("exact.age", 65_536), ("over.age", 65_537)] {
        let mut plain = Vec::new();
        let file = std::fs::File::open(fixture(name)).unwrap();
        Opener::new(file, &fixture_key()).unwrap().read_to_end(&mut plain).unwrap();
        assert_eq!(plain, pattern(bytes), "{name}");
    }
}

#[test]
fn the_real_tool_opens_our_files_and_takes_our_keys() {
    if !is_here("age") || !is_here("age-keygen") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (key, sealed) = (dir.path().join("key"), dir.path().join("sealed"));
    let identity = Identity::make().unwrap();
    std::fs::write(&key, identity.written().expose()).unwrap();
    let told = Command::new("age-keygen").arg("-y").arg(&key).output().unwrap();
    assert_eq!(String::from_utf8(told.stdout).unwrap().trim(), identity.recipient().to_string());
    let other = Identity::make().unwrap();
    for bytes in [0, 1, 65_535, 65_536, 65_537, 200_000] {
        let recipients = [other.recipient(), identity.recipient()];
        let mut sealer = Sealer::new(std::fs::File::create(&sealed).unwrap(), &recipients).unwrap();
        sealer.write_all(&pattern(bytes)).unwrap();
        sealer.finish().unwrap();
        let opened = Command::new("age").args(["-d", "-i"]).arg(&key).arg(&sealed).output().unwrap();
        assert!(opened.status.success(), "{opened:?}");
        assert_eq!(opened.stdout, pattern(bytes), "{bytes} bytes");
        // And the other way round, with a fresh file of its own.
        let mut child = Command::new("age")
            .args(["-r", &identity.recipient().to_string(), "-o"])
            .arg(&sealed)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&pattern(bytes)).unwrap();
        assert!(child.wait().unwrap().success());
        let mut plain = Vec::new();
        let file = std::fs::File::open(&sealed).unwrap();
        Opener::new(file, std::slice::from_ref(&identity)).unwrap().read_to_end(&mut plain).unwrap();
        assert_eq!(plain, pattern(bytes), "{bytes} bytes");
    }
}

/// A board's life in a backup, and what was in it.
struct Kept {
    dir: tempfile::TempDir,
    identity: Identity,
    file: PathBuf,
}

/// A desk with one decision whose two measures nobody carried out, files beside it, and a backup of it all.
fn kept() -> Kept {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let identity = Identity::make().unwrap();
    std::fs::write(data.join(RECIPIENT_FILE), identity.recipient().to_string()).unwrap();
    std::fs::create_dir(data.join("learned")).unwrap();
    std::fs::write(data.join("learned/a.model"), "weights").unwrap();
    std::fs::write(data.join("telegram.token"), "1:secret").unwrap();
    std::fs::write(data.join("cache.redb"), "history").unwrap();
    let lists = data.join("lists");
    std::fs::create_dir(&lists).unwrap();
    let large = std::fs::File::create(lists.join("large.ids")).unwrap();
    large.set_len(aegis::limits::BACKUP_PART_BYTES_MAX + 1).unwrap();
    let bench: Bench = open(&data, None, LONG);
    bench.decide(&[Case::spam(GARDEN, 5, 70)]);
    let made = bench.office.make_backup(&owner()).unwrap();
    let file = dir.path().join(&made.name);
    std::fs::copy(bench.office.backup_path(&made.name).unwrap(), &file).unwrap();
    assert_eq!(made.bytes, std::fs::metadata(&file).unwrap().len());
    bench.kill();
    Kept { dir, identity, file }
}

impl Kept {
    fn order<'a>(&'a self, file: &'a Path, data_dir: &'a Path, identities: &'a [Identity]) -> Order<'a> {
        let keep = aegis::app::keep(&Config::default());
        Order { file, identities, data_dir, replace: false, keep, now: Wall(1_795_700_000_000) }
    }

    /// Restores `file` into `data_dir`.
    fn restore(&self, file: &Path, data_dir: &Path) -> Result<Restored, String> {
        restore(&self.order(file, data_dir, std::slice::from_ref(&self.identity)))
    }
}

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}

#[test]
fn a_backup_holds_everything_but_what_can_be_had_again_and_says_what_it_leaves_out() {
    let kept = kept();
    let fresh = kept.dir.path().join("fresh");
    let restored = kept.restore(&kept.file, &fresh).unwrap();
    assert_eq!(names(&fresh), [RECIPIENT_FILE, "journal.redb", "journal.redb-wal", "learned", "telegram.token"]);
    assert_eq!(std::fs::read_to_string(fresh.join("learned/a.model")).unwrap(), "weights");
    assert_eq!(std::fs::read_to_string(fresh.join("telegram.token")).unwrap(), "1:secret");
    let left = &restored.manifest.left_out;
    assert!(left.len() == 1 && left[0].starts_with("data/lists/large.ids: "), "{left:?}");
    assert_eq!((restored.manifest.schema, restored.manifest.version.as_str()), (schema::known(), "0.1.0"));
    assert_eq!(restored.manifest.target, aegis::jobs::TARGET);
    let bench = open(&fresh, None, LONG);
    assert_eq!(bench.office.snapshots.decisions(9).unwrap().len(), 1);
    bench.kill();
}

#[test]
fn what_was_promised_before_the_backup_is_shown_and_not_done_once_more() {
    let kept = kept();
    let fresh = kept.dir.path().join("fresh");
    let restored = kept.restore(&kept.file, &fresh).unwrap();
    assert_eq!(restored.given_up, 2, "a deletion and a ban");
    let bench = open(&fresh, None, LONG);
    let read = &bench.office.snapshots;
    assert_eq!((read.outbox().unwrap().len(), read.dead_letter_count().unwrap()), (0, 2));
    let letters = read.dead_letters(9).unwrap();
    assert!(letters.iter().all(|(_, letter)| letter.why.contains("may have been done since")), "{letters:?}");
    bench.kill();
}

#[test]
fn whatever_is_wrong_is_refused_in_a_sentence_and_nothing_is_left() {
    let kept = kept();
    let whole = std::fs::read(&kept.file).unwrap();
    let fresh = kept.dir.path().join("fresh");
    let bad = kept.dir.path().join("bad.age");
    let before = [names(kept.dir.path()), vec!["bad.age".to_owned()]].concat();
    let mut all = before.clone();
    all.sort();
    let refused = |why: Result<Restored, String>, says: &str| {
        let why = why.unwrap_err();
        assert!(why.contains(says) && why.lines().count() == 1, "{says:?} is not in {why:?}");
        assert_eq!(names(kept.dir.path()), all, "{why}");
    };
    for at in [0, 1, 30, 200, whole.len() / 3, whole.len() / 2, whole.len() - 70_000, whole.len() - 1] {
        std::fs::write(&bad, &whole[..at]).unwrap();
        refused(kept.restore(&bad, &fresh), "bad.age cannot be restored");
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        std::fs::write(&bad, changed).unwrap();
        refused(kept.restore(&bad, &fresh), "bad.age cannot be restored");
    }
    std::fs::write(&bad, [&whole[..], b"more"].concat()).unwrap();
    refused(kept.restore(&bad, &fresh), "cut off or changed");
    let strange = [Identity::make().unwrap()];
    refused(restore(&kept.order(&kept.file, &fresh, &strange)), "not for this key");
    refused(kept.restore(&kept.dir.path().join("nothing.age"), &fresh), "nothing.age cannot be restored");
    // Sealed properly, for the right key, and still no backup.
    let sealed = |content: &[u8]| {
        let file = std::fs::File::create(&bad).unwrap();
        let mut sealer = Sealer::new(file, &[kept.identity.recipient()]).unwrap();
        sealer.write_all(content).unwrap();
        sealer.finish().unwrap();
    };
    sealed(b"hello");
    refused(kept.restore(&bad, &fresh), "the archive is cut off");
    sealed(&[0; 1_024]);
    refused(kept.restore(&bad, &fresh), "has no manifest");
    let mut tar = Vec::new();
    let opener = Opener::new(whole.as_slice(), std::slice::from_ref(&kept.identity));
    opener.unwrap().read_to_end(&mut tar).unwrap();
    let at = tar.windows(7).position(|part| part == b"weights").unwrap();
    tar[at] = b'W';
    sealed(&tar);
    refused(kept.restore(&bad, &fresh), "\"data/learned/a.model\" is not what its manifest says");
}

#[test]
fn a_backup_of_a_newer_program_is_refused() {
    let kept = kept();
    let (config, newer) = (Config::default(), kept.dir.path().join("newer.age"));
    let database = kept.dir.path().join("data/journal.redb");
    let sources = Sources { config: &config, database: &database, schema: schema::known() + 1, at: Wall(1) };
    backup::make(&sources, &[kept.identity.recipient()], &newer, &|| true).unwrap();
    let why = kept.restore(&newer, &kept.dir.path().join("fresh")).unwrap_err();
    assert!(why.contains("this program knows up to") && why.lines().count() == 1, "{why}");
    assert!(!kept.dir.path().join("fresh").exists());
}

#[test]
fn a_folder_with_something_in_it_is_only_replaced_when_asked_and_then_kept() {
    let kept = kept();
    let there = kept.dir.path().join("there");
    std::fs::create_dir(&there).unwrap();
    assert!(kept.restore(&kept.file, &there).unwrap().set_aside.is_none(), "an empty folder gives way");
    std::fs::write(there.join("mine"), "mine").unwrap();
    let why = kept.restore(&kept.file, &there).unwrap_err();
    assert!(why.contains("--force") && why.lines().count() == 1, "{why}");
    assert!(there.join("mine").exists());
    let identities = [kept.identity.clone()];
    let order = Order { replace: true, ..kept.order(&kept.file, &there, &identities) };
    let aside = restore(&order).unwrap().set_aside.unwrap();
    assert_eq!(std::fs::read_to_string(aside.join("mine")).unwrap(), "mine");
    assert!(there.join("journal.redb").exists() && !there.join("mine").exists());
    // A refused one leaves the folder where it was.
    let bad = Order { file: &fixture("small.age"), ..order };
    restore(&bad).unwrap_err();
    assert!(there.join("journal.redb").exists());
}

#[test]
fn the_night_makes_one_sealed_file_and_keeps_few() {
    let dir = tempfile::tempdir().unwrap();
    let bench = quiet(&dir);
    let check = || {
        let checks = bench.office.checks();
        let found = checks.into_iter().find(|check| check.name == "Backups").unwrap();
        (found.state, found.words)
    };
    assert!(check().0 == "warn" && check().1.contains("aegis backup key"), "{:?}", check());
    assert!(!bench.office.is_backup_due(), "for nobody");
    let identity = Identity::make().unwrap();
    std::fs::write(dir.path().join(RECIPIENT_FILE), identity.recipient().to_string()).unwrap();
    assert_eq!(check().0, "good");
    let folder = dir.path().join("backups");
    std::fs::create_dir(&folder).unwrap();
    for day in 10..18 {
        std::fs::write(folder.join(format!("aegis-202001{day}-000000.age")), "x").unwrap();
        std::fs::write(folder.join(format!("journal-202001{day}-000000.redb")), "x").unwrap();
    }
    aegis::desk::Office::nightly(&Arc::downgrade(&bench.office));
    let left = names(&folder);
    let sealed: Vec<&String> = left.iter().filter(|name| name.starts_with("aegis-")).collect();
    assert_eq!((sealed.len(), left.len()), (aegis::limits::BACKUPS_KEPT, 2 * aegis::limits::BACKUPS_KEPT), "{left:?}");
    let newest = folder.join(sealed.last().unwrap());
    let mut opener = Opener::new(std::fs::File::open(newest).unwrap(), &[identity]).unwrap();
    assert!(std::io::copy(&mut opener, &mut std::io::sink()).unwrap() > 10_000);
    assert_eq!((bench.office.counters.backups.get(), bench.office.counters.backup_failures.get()), (1, 0));
    assert!(check().1.contains(sealed.last().unwrap().as_str()), "{:?}", check());
    assert!(!left.iter().any(|name| name.ends_with(".copy") || name.ends_with(".new")), "{left:?}");
    // What went wrong is said, and the next one may go well.
    std::fs::write(dir.path().join(RECIPIENT_FILE), "age1what").unwrap();
    aegis::desk::Office::nightly(&Arc::downgrade(&bench.office));
    assert!(check().0 == "bad" && check().1.contains("backup.recipient"), "{:?}", check());
    bench.kill();
}

fn key_file(board: &Board) -> String {
    let made = board.ask(&["backup", "key"]);
    made.says(&["# public key: age1", "AGE-SECRET-KEY-1"]);
    assert!(made.err.contains("shown once"), "{made:?}");
    board.write("key.txt", &made.out)
}

#[tokio::test]
async fn a_board_is_backed_up_while_it_works_and_another_one_goes_on_from_it() {
    let standin = board::play(board::script(40));
    let mut first = Board::new(&standin);
    let settings = first.write("aegis.toml", "mode = \"enforce\"\nmanners = { language = \"de\" }\n");
    first.ask(&["backup"]).refused(64, &["run `aegis backup key` first"]);
    let key = key_file(&first);
    first.ask(&["backup", "key"]).refused(64, &["says already for whom"]);
    let life = first.run(&["--config", &settings]);
    board::settled(&first, &standin).await;
    let out = first.path("board.age");
    first.ask(&["backup", "--out", &out.display().to_string()]).says(&["board.age"]);
    // A second one, of the appliance that is gone, made by the terminal.
    life.kill();
    let offline = first.ask(&["backup", "--config", &settings]);
    offline.says(&["backups/aegis-"]);
    if is_here("age") && is_here("tar") {
        let opened = Command::new("age").args(["-d", "-i", &key]).arg(&out).output().unwrap();
        let tar = first.path("board.tar");
        std::fs::write(&tar, opened.stdout).unwrap();
        let listed = Command::new("tar").arg("tf").arg(&tar).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        for part in ["journal.redb", "settings.toml", "policy/promo.toml", "policy/phrases.txt", "manifest.json"] {
            assert!(listed.lines().any(|line| line == part), "{part} is not in {listed}");
        }
    }
    let file = out.display().to_string();
    let elsewhere = first.path("elsewhere").display().to_string();
    let refused = first.ask(&["restore", &file, "--identity", &key]);
    refused.refused(65, &["has something in it"]);
    let done = first.ask(&["restore", &file, "--identity", &key, "--data-dir", &elsewhere]);
    done.says(&["AEGIS_DATA_DIR=", "AEGIS_POLICY_DIR=", "aegis run --config"]);
    first.set("AEGIS_DATA_DIR", elsewhere.clone());
    first.set("AEGIS_POLICY_DIR", format!("{elsewhere}/policy"));
    for n in 40..80 {
        standin.offer(board::message(n));
    }
    let life = first.run(&["--config", &format!("{elsewhere}/settings.toml")]);
    board::settled(&first, &standin).await;
    assert_eq!(life.ended(IN_TIME, Signal::Term).unwrap().code(), Some(0), "{}", first.log());
    let ledger = standin.ledger();
    assert_eq!((ledger.messages.len(), ledger.missed(), ledger.wrong(), ledger.two_ways()), (80, 0, 0, 0));
    let whose = Recipient::read(
        std::fs::read_to_string(format!("{elsewhere}/{RECIPIENT_FILE}")).unwrap().lines().last().unwrap(),
    );
    assert_eq!(whose.unwrap(), identities(&std::fs::read_to_string(&key).unwrap()).unwrap()[0].recipient());
}
