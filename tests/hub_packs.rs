//! Packs that a hub offers: taken when all of it is as it must be, refused with one sentence else, and never half in force.

#![allow(clippy::as_conversions, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod signer;

use aegis::app::{Reloader, load_policy, rulebook};
use aegis::clock::{Monotonic, Now, Wall};
use aegis::cloud::{Ask, Client, Enrolment, Failure, Home, KeptPack, Key, Signer as Signed, Told};
use aegis::config::{Config, Surroundings};
use aegis::limits;
use aegis::message::{ChatId, Message, MessageId, Sender, SurfaceKind, UserId};
use aegis::policy::{self, Scratch, Stage};
use aegis::reload::{SharedReloader, hold};
use aegis::shard::InForce;
use aegis::sync::Way;
use aegis::sync::packs::{Packs, go_on_from, kept_counts};
use aegis::verdict::Verdict;
use aegis_contract::{PackMode, PackOffer, routes};
use sha2::{Digest, Sha256};
use signer::{Form, Signer};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::slice::from_ref;
use std::sync::{Arc, Mutex};

/// What a hub answers, by target; and how often it was asked.
#[derive(Default)]
struct Hub {
    answers: BTreeMap<String, Vec<u8>>,
    asked: usize,
}

impl Way for &mut Hub {
    async fn ask(&mut self, ask: Ask) -> Result<Told, Failure> {
        self.asked += 1;
        match self.answers.get(&ask.target) {
            Some(body) if body.len() <= ask.at_most => Ok(Told { status: 200, etag: None, body: body.clone() }),
            Some(_) => Err(Failure::Away(format!("its answer has more than {} bytes", ask.at_most))),
            None => Err(Failure::Away("nobody answers".to_owned())),
        }
    }
}

fn pack(name: &str, version: u64) -> String {
    format!(
        "[pack]\nid = \"{name}\"\nversion = {version}\n[[rule]]\nid = \"{name}-rule\"\nscore = 90\nreason = \"no\"\nkeywords = \
         [\"{name} version {version}\"]\n"
    )
}

fn offer(name: &str, version: u64, mode: PackMode, text: &[u8]) -> PackOffer {
    let sha256 = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    PackOffer { name: name.to_owned(), version, sha256, bytes: text.len() as u64, mode, rollback: false }
}

impl Hub {
    /// Has this pack, signed with this comment.
    fn has(&mut self, offer: &PackOffer, text: &[u8], signature: String) {
        self.answers.insert(routes::pack(&offer.name, offer.version), text.to_vec());
        self.answers.insert(routes::pack_signature(&offer.name, offer.version), signature.into_bytes());
    }

    fn offers(&mut self, name: &str, version: u64, mode: PackMode) -> PackOffer {
        let text = pack(name, version).into_bytes();
        let offer = offer(name, version, mode, &text);
        let comment = format!("aegis-pack name={name} version={version}");
        self.has(&offer, &text, Signer::new(7).sign(&text, &comment, Form::Hashed));
        offer
    }

    fn offers_back(&mut self, name: &str, version: u64, from: u64) -> PackOffer {
        let offer = self.offers(name, version, PackMode::Enforce);
        let text = pack(name, version).into_bytes();
        let comment = format!("aegis-pack name={name} version={version} rollback-from={from}");
        self.has(&offer, &text, Signer::new(7).sign(&text, &comment, Form::Hashed));
        PackOffer { rollback: true, ..offer }
    }
}

/// A board without its flow: packs in force, and what it knows of offers.
struct Life {
    dir: PathBuf,
    reloader: SharedReloader,
    in_force: InForce,
    packs: Packs,
    ms: u64,
}

fn config(dir: &Path, policy: Option<&Path>, side: &str) -> Config {
    written(dir, policy, side, "")
}

fn written(dir: &Path, policy: Option<&Path>, side: &str, more: &str) -> Config {
    let read = |_: &Path| Ok(format!("[cloud]\nurl = \"https://hub.example\"\npacks = \"{side}\"\n{more}"));
    let zone = |_: &str| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
    let around = Surroundings { environment: &[], read: &read, zone: &zone };
    let config = Config::load(Some(Path::new("aegis.toml")), &around).unwrap();
    Config { data_dir: dir.to_owned(), policy_dir: policy.map(Path::to_owned), ..config }
}

fn enrol(dir: &Path) {
    let enrolment = Enrolment { pack_key: Signer::new(7).public(), ..Enrolment::default() };
    Home::of(dir).keep(&[1; 32], &enrolment).unwrap();
}

impl Life {
    /// As after a start without a hub.
    fn begin(dir: &Path, policy: Option<&Path>) -> Self {
        let config = config(dir, policy, "hub");
        let in_force = InForce::new(Arc::new(rulebook(&config, load_policy(&config).unwrap())));
        let reloader = Reloader::new(&config, None, in_force.clone(), Arc::default(), Wall(0));
        let reloader = Arc::new(Mutex::new(reloader));
        Self { dir: dir.to_owned(), reloader, in_force, packs: Packs::default(), ms: 1_000_000 }
    }

    /// One turn, a moment later.
    fn turn(&mut self, hub: &mut Hub, offers: &[PackOffer]) {
        self.ms += 1;
        let now = Now { mono: Monotonic(self.ms), wall: Wall(1_800_000_000_000 + self.ms) };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let place = (&self.reloader, &self.in_force, Signer::new(7).public());
        let mut way = hub;
        runtime.block_on(self.packs.turn(&mut way, offers, (place.0, place.1, &place.2), now, 0));
    }

    /// Name, version, and how each pack of the hub judges.
    fn has(&self) -> Vec<(String, u64, Option<Stage>)> {
        let book = self.in_force.now();
        book.policy.hub_packs().iter().map(|one| (one.name.clone(), one.version, one.stage)).collect()
    }

    fn troubles(&self) -> String {
        self.packs.troubles(self.in_force.now().policy.hub_packs()).join("\n")
    }

    fn judge(&self, text: &str) -> Verdict {
        let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
        message.push(SurfaceKind::Text, text);
        let book = self.in_force.now();
        let verdict = policy::judge_on(&book.terms(message.chat), &message, &mut Scratch::default());
        book.policy.note(&verdict, book.packs_off_in(message.chat));
        verdict
    }

    fn score(&self, text: &str) -> u16 {
        self.judge(text).score
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.join(format!("hub-packs/{name}.pack"))
    }
}

fn scam(version: u64, stage: Stage) -> Vec<(String, u64, Option<Stage>)> {
    vec![("scam".to_owned(), version, Some(stage))]
}

#[test]
fn a_pack_records_then_acts_without_a_fetch_and_is_in_force_at_the_next_start_without_the_hub() {
    let dir = tempfile::tempdir().unwrap();
    enrol(dir.path());
    let (mut life, mut hub) = (Life::begin(dir.path(), None), Hub::default());
    let recorded = hub.offers("scam", 5, PackMode::Record);
    life.turn(&mut hub, from_ref(&recorded));
    assert_eq!((life.has(), hub.asked), (scam(5, Stage::Record), 2));
    let verdict = life.judge("scam version 5");
    assert_eq!((verdict.score, verdict.findings.len()), (0, 1), "it is recorded, and changes nothing");
    life.turn(&mut hub, from_ref(&recorded));
    assert_eq!(hub.asked, 2, "what is here is not fetched again");
    let acting = PackOffer { mode: PackMode::Enforce, ..recorded };
    life.turn(&mut hub, from_ref(&acting));
    assert_eq!((life.has(), hub.asked), (scam(5, Stage::Enforce), 2), "another mode takes no fetch");
    assert_eq!(life.score("scam version 5"), 90);
    let health = Packs::health(life.in_force.now().policy.hub_packs());
    assert_eq!((health[0].version, health[0].mode, health[0].seen, health[0].matched), (5, PackMode::Enforce, 2, 2));
    // What was counted goes on after a start.
    let counts = kept_counts(life.in_force.now().policy.hub_packs());
    let life = Life::begin(dir.path(), None);
    assert_eq!((life.has(), life.score("scam version 5")), (scam(5, Stage::Enforce), 90));
    go_on_from(&counts, life.in_force.now().policy.hub_packs());
    let (lines, _) = life.packs.told(life.in_force.now().policy.hub_packs());
    assert_eq!(lines, ["Pack scam 5: enforce, 3 seen, 3 matched, 0 undone"]);
    // A newer one begins to count anew, and what the hub does not offer any more judges no more, but is remembered.
    let mut life = life;
    let newer = hub.offers("scam", 6, PackMode::Enforce);
    life.turn(&mut hub, from_ref(&newer));
    assert_eq!((life.score("scam version 5"), life.score("scam version 6")), (0, 90));
    let (lines, _) = life.packs.told(life.in_force.now().policy.hub_packs());
    assert_eq!(lines, ["Pack scam 6: enforce, 2 seen, 1 matched, 0 undone"]);
    life.turn(&mut hub, &[]);
    assert_eq!((life.has(), life.score("scam version 6")), (vec![("scam".to_owned(), 6, None)], 0));
    life.turn(&mut hub, &[acting]);
    assert!(life.troubles().contains("version 6 is here"), "{}", life.troubles());
    life.packs.wished_anew();
    life.turn(&mut hub, &[newer]);
    assert_eq!(life.score("scam version 6"), 90);
}

#[test]
fn what_is_not_as_it_must_be_is_refused_in_a_sentence_and_the_old_one_stays() {
    let dir = tempfile::tempdir().unwrap();
    enrol(dir.path());
    let (mut life, mut hub) = (Life::begin(dir.path(), None), Hub::default());
    let first = hub.offers("scam", 5, PackMode::Enforce);
    life.turn(&mut hub, &[first]);
    let (file, version) = (std::fs::read(life.file("scam")).unwrap(), life.in_force.now().policy.version);
    let good = pack("scam", 6).into_bytes();
    let signed = |text: &[u8], comment: &str| Signer::new(7).sign(text, comment, Form::Hashed);
    let fits = "aegis-pack name=scam version=6";
    let other = pack("other", 6).into_bytes();
    let broken = pack("scam", 6).replace("score = 90", "score = \"many\"").into_bytes();
    let dense = [&good[..], b"#", &[b','; limits::CLOUD_PACK_VALUES_MAX + 1]].concat();
    let mut one_off = good.clone();
    one_off[30] ^= 1;
    let strange = Signer { id: [7; 8], ..Signer::new(9) };
    let offer_of = |text: &[u8]| offer("scam", 6, PackMode::Enforce, text);
    for (what, offer, text, signature, says) in [
        ("sum", offer_of(&good), one_off.clone(), signed(&good, fits), "SHA-256"),
        ("changed", offer_of(&one_off), one_off.clone(), signed(&good, fits), "not one of this file"),
        ("key", offer_of(&good), good.clone(), Signer::new(9).sign(&good, fits, Form::Hashed), "another key"),
        ("key of the same id", offer_of(&good), good.clone(), strange.sign(&good, fits, Form::Hashed), "another key"),
        ("none", offer_of(&good), good.clone(), "no signature".to_owned(), "cannot be read"),
        ("name", offer_of(&good), good.clone(), signed(&good, "aegis-pack name=spam version=6"), "pack spam"),
        ("version", offer_of(&good), good.clone(), signed(&good, "aegis-pack name=scam version=7"), "version=7"),
        ("comment", offer_of(&good), good.clone(), signed(&good, "version=6"), "not that of a pack"),
        ("id", offer_of(&other), other.clone(), signed(&other, fits), "`id`"),
        ("size", offer_of(&good), good[1..].to_vec(), signed(&good, fits), "the hub said"),
        ("longer", offer_of(&good), [&good[..], b"\n"].concat(), signed(&good, fits), "more than"),
        ("dense", offer_of(&dense), dense.clone(), signed(&dense, fits), "the 16384 that a board reads"),
        ("text", offer_of(b"\xff"), b"\xff".to_vec(), signed(b"\xff", fits), "UTF-8"),
        ("mistake", offer_of(&broken), broken.clone(), signed(&broken, fits), "the pack scam of the hub:6: "),
        (
            "step",
            PackOffer { rollback: true, ..offer_of(&good) },
            good.clone(),
            signed(&good, fits),
            "not what the hub",
        ),
        (
            "unasked step",
            offer_of(&good),
            good.clone(),
            signed(&good, "aegis-pack name=scam version=6 rollback-from=9"),
            "not what the hub",
        ),
    ] {
        hub.has(&offer, &text, signature);
        life.packs.wished_anew();
        life.turn(&mut hub, from_ref(&offer));
        assert!(
            life.troubles().starts_with("Pack scam: ") && life.troubles().contains(says),
            "{what}: {}",
            life.troubles()
        );
        assert!(life.troubles().len() <= aegis_contract::limits::REMARK_BYTES_MAX, "{what}");
        assert_eq!(life.in_force.now().policy.version, version, "{what}");
        assert_eq!(std::fs::read(life.file("scam")).unwrap(), file, "{what}");
        // Said once: what is refused is not asked for again, until the hub wishes something else.
        let asked = hub.asked;
        life.turn(&mut hub, &[offer]);
        assert_eq!(hub.asked, asked, "{what}");
    }
    // Too large, or not newer: not even asked for.
    let asked = hub.asked;
    let large = PackOffer { bytes: limits::CLOUD_PACK_BYTES_MAX + 1, ..offer_of(&good) };
    let older = hub.offers("scam", 4, PackMode::Enforce);
    for (offer, says) in [(large, "takes at most 262144"), (older, "rollback-from=5")] {
        life.packs.wished_anew();
        life.turn(&mut hub, &[offer]);
        assert!(life.troubles().contains(says), "{}", life.troubles());
    }
    assert_eq!((hub.asked, life.has()), (asked, scam(5, Stage::Enforce)));
    // What is well after all is taken, and nothing is said any more.
    let well = offer_of(&good);
    hub.has(&well, &good, Signer::new(7).sign(&good, fits, Form::Whole));
    life.packs.wished_anew();
    life.turn(&mut hub, &[well]);
    assert_eq!((life.has(), life.troubles().as_str()), (scam(6, Stage::Enforce), ""));
}

#[test]
fn a_step_back_takes_a_signature_for_the_step_from_what_is_here() {
    let dir = tempfile::tempdir().unwrap();
    enrol(dir.path());
    let (mut life, mut hub) = (Life::begin(dir.path(), None), Hub::default());
    let fifth = hub.offers("scam", 5, PackMode::Enforce);
    life.turn(&mut hub, &[fifth]);
    let from_another = hub.offers_back("scam", 4, 6);
    life.turn(&mut hub, &[from_another]);
    assert!(life.troubles().contains("rollback-from=5"), "{}", life.troubles());
    let back = hub.offers_back("scam", 4, 5);
    life.packs.wished_anew();
    life.turn(&mut hub, from_ref(&back));
    assert_eq!((life.has(), life.score("scam version 4")), (scam(4, Stage::Enforce), 90));
    // The same file once more is no step, and the next version may come.
    let asked = hub.asked;
    life.turn(&mut hub, &[back]);
    assert_eq!(hub.asked, asked);
    let sixth = hub.offers("scam", 6, PackMode::Enforce);
    life.turn(&mut hub, &[sixth]);
    assert_eq!(life.has(), scam(6, Stage::Enforce));
    assert_eq!(Life::begin(dir.path(), None).has(), scam(6, Stage::Enforce));
}

#[test]
fn a_cut_of_power_at_any_step_leaves_the_old_pack_or_the_new_one() {
    let (dir, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for place in [dir.path(), after.path()] {
        enrol(place);
    }
    let mut hub = Hub::default();
    let (old, new) = (hub.offers("scam", 5, PackMode::Enforce), hub.offers("scam", 6, PackMode::Enforce));
    let mut life = Life::begin(dir.path(), None);
    let mut other = Life::begin(after.path(), None);
    other.turn(&mut hub, from_ref(&new));
    let whole = std::fs::read(other.file("scam")).unwrap();
    // The first pack there is: the folder may be there without it.
    let folder = dir.path().join("hub-packs");
    std::fs::create_dir(&folder).unwrap();
    assert_eq!(Life::begin(dir.path(), None).has(), []);
    life.turn(&mut hub, &[old]);
    // Beside it the new one in all its lengths, and one of an earlier cut: it is passed over.
    let staging = folder.join("scam.pack.new");
    for cut in (0..=whole.len()).step_by(37).chain([whole.len()]) {
        std::fs::write(&staging, &whole[..cut]).unwrap();
        let life = Life::begin(dir.path(), None);
        assert_eq!((life.has(), life.score("scam version 5")), (scam(5, Stage::Enforce), 90), "{cut}");
    }
    // It is taken over what was left there; and the name is the last step.
    life.turn(&mut hub, from_ref(&new));
    assert_eq!((life.has(), staging.exists()), (scam(6, Stage::Enforce), false));
    let since = |file: &[u8]| file.iter().position(|byte| *byte == b'\n').unwrap();
    let kept = std::fs::read(life.file("scam")).unwrap();
    assert_eq!(kept[since(&kept)..], whole[since(&whole)..]);
    assert_eq!(Life::begin(dir.path(), None).has(), scam(6, Stage::Enforce));
    // A medium that lost a part of it: it does not judge, that is said, and the hub's next word mends it.
    for cut in [0, 3, 40, whole.len() / 2, whole.len() - 1] {
        std::fs::write(life.file("scam"), &kept[..cut]).unwrap();
        let mut life = Life::begin(dir.path(), None);
        assert_eq!((life.score("scam version 6"), life.has()[0].1), (0, 0), "{cut}");
        assert!(life.troubles().starts_with("Pack scam: "), "{}", life.troubles());
        assert_eq!(Packs::health(life.in_force.now().policy.hub_packs()), []);
        life.turn(&mut hub, from_ref(&new));
        assert_eq!((life.score("scam version 6"), life.troubles().as_str()), (90, ""), "{cut}");
    }
}

#[test]
fn a_damaged_pack_lets_no_older_one_in_and_the_same_or_a_newer_one_mends_it() {
    let dir = tempfile::tempdir().unwrap();
    enrol(dir.path());
    let (mut life, mut hub) = (Life::begin(dir.path(), None), Hub::default());
    let other = hub.offers("other", 3, PackMode::Record);
    let of = |hub: &mut Hub, version| [other.clone(), hub.offers("scam", version, PackMode::Enforce)];
    let (fourth, fifth, sixth) = (of(&mut hub, 4), of(&mut hub, 5), of(&mut hub, 6));
    (0..2).for_each(|_| life.turn(&mut hub, &fifth));
    let (file, versions) = (life.file("scam"), dir.path().join("hub-packs/versions"));
    let (whole, known) = (std::fs::read(&file).unwrap(), std::fs::read(&versions).unwrap());
    // A byte that turned, a file that was cut, one of zeros, and one that is another's.
    let mut turned = whole.clone();
    turned[whole.len() - 3] ^= 1;
    let strange = std::fs::read(life.file("other")).unwrap();
    for bytes in [&turned[..], &whole[..40], &[0; 900], &strange, b"gone"] {
        for (offers, is_taken) in [(&fourth, false), (&fifth, true), (&sixth, true)] {
            std::fs::write(&file, bytes).unwrap();
            std::fs::write(&versions, &known).unwrap();
            if bytes == b"gone" {
                std::fs::remove_file(&file).unwrap();
            }
            let mut life = Life::begin(dir.path(), None);
            let asked = hub.asked;
            life.turn(&mut hub, offers);
            let version = offers[1].version;
            assert_eq!(life.score(&format!("scam version {version}")), if is_taken { 90 } else { 0 }, "{version}");
            let says = "Pack scam: version 5 was believed here, and its file is damaged; a lower one takes";
            assert_eq!(life.troubles().starts_with(says), !is_taken, "{version}: {}", life.troubles());
            assert_eq!(hub.asked - asked, if is_taken { 2 } else { 0 });
        }
    }
    // The lines beside it damaged: the pack speaks for itself, and the next one that is kept mends them.
    let text = String::from_utf8(known.clone()).unwrap();
    for damaged in
        [text.replace("scam 5", "scam 7"), text.replace("scam 5", "scan 5"), String::new(), "\u{0}".repeat(70)]
    {
        std::fs::write(&file, &whole).unwrap();
        std::fs::write(&versions, &damaged).unwrap();
        let mut life = Life::begin(dir.path(), None);
        life.turn(&mut hub, &fourth);
        assert_eq!((life.score("scam version 5"), life.score("scam version 4")), (90, 0));
        assert!(life.troubles().contains("version 5 is here"), "{}", life.troubles());
        let off = PackOffer { mode: PackMode::Record, ..fifth[1].clone() };
        life.packs.wished_anew();
        life.turn(&mut hub, &[other.clone(), off]);
        assert_eq!(std::fs::read(&versions).unwrap(), known);
    }
    // A signed step back from what was believed last goes, and from then on that one counts.
    std::fs::write(&file, &turned).unwrap();
    let mut life = Life::begin(dir.path(), None);
    let back = hub.offers_back("scam", 4, 5);
    life.turn(&mut hub, &[other.clone(), back]);
    assert_eq!(life.score("scam version 4"), 90);
    assert!(std::fs::read_to_string(&versions).unwrap().contains("scam 4 "));
    life.turn(&mut hub, &fifth);
    assert_eq!(life.score("scam version 5"), 90);
}

#[test]
fn the_hub_stands_in_for_a_shipped_pack_and_the_owners_files_are_stronger_than_both() {
    let (dir, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    enrol(dir.path());
    let (mut life, mut hub) = (Life::begin(dir.path(), None), Hub::default());
    let shipped = life.in_force.now().policy.packs().len();
    let flood = hub.offers("flood", 900, PackMode::Enforce);
    life.turn(&mut hub, from_ref(&flood));
    let book = life.in_force.now();
    assert_eq!(book.policy.packs().len(), shipped, "it stands in for the shipped one");
    assert!(book.policy.rules().all(|rule| rule.pack != "flood" || rule.id == "flood-rule"));
    // Settings may go on naming it; what comes and goes at the hub they may not.
    let named = |id: &str| {
        let tenant = format!("[tenants.garden]\nchats = [\"-7\"]\npacks = [\"{id}\"]\n");
        let config = written(dir.path(), None, "hub", &tenant);
        aegis::app::check_packs(&config, "aegis.toml", &book.policy).is_ok()
    };
    assert!(named("flood") && !named("scam"));
    // The owner's own folder: its pack of that id judges, and it is said.
    std::fs::write(files.path().join("mine.toml"), pack("flood", 1)).unwrap();
    let mut life = Life::begin(dir.path(), Some(files.path()));
    assert_eq!((life.score("flood version 1"), life.score("flood version 900")), (90, 0));
    assert!(life.troubles().contains("this board's owner has its id"), "{}", life.troubles());
    // One that does not go together with the owner's files is refused.
    let clash = pack("scam", 1).replace("scam-rule", "flood-rule").into_bytes();
    let offer = offer("scam", 1, PackMode::Enforce, &clash);
    hub.has(&offer, &clash, Signer::new(7).sign(&clash, "aegis-pack name=scam version=1", Form::Hashed));
    life.turn(&mut hub, &[flood.clone(), offer]);
    assert!(life.troubles().contains("`flood-rule` is already used at"), "{}", life.troubles());
    // What goes together is taken; and when the owner writes what it does not go with, the owner's is in force, whole.
    let well = hub.offers("scam", 2, PackMode::Enforce);
    life.packs.wished_anew();
    life.turn(&mut hub, &[flood.clone(), well]);
    assert_eq!(life.score("scam version 2"), 90);
    std::fs::write(files.path().join("more.toml"), pack("more", 1).replace("more-rule", "scam-rule")).unwrap();
    hold(&life.reloader).reload(Wall(1));
    assert_eq!((life.score("scam version 2"), life.score("more version 1")), (0, 90));
    assert!(life.troubles().contains("Pack scam: "), "{}", life.troubles());
    std::fs::remove_file(files.path().join("more.toml")).unwrap();
    hold(&life.reloader).reload(Wall(2));
    assert_eq!(life.score("scam version 2"), 90);
    // The owner's own mistakes are told as without a hub, and nothing changes.
    std::fs::write(files.path().join("more.toml"), "[pack").unwrap();
    let aegis::app::Reloaded::Refused(mistakes) = hold(&life.reloader).reload(Wall(3)) else { panic!("not refused") };
    assert!(mistakes.to_string().contains("more.toml:1"), "{mistakes}");
    assert_eq!(life.score("scam version 2"), 90);
    // Nor is a pack taken meanwhile; later it is.
    let third = hub.offers("scam", 3, PackMode::Enforce);
    life.turn(&mut hub, &[flood.clone(), third.clone()]);
    assert!(life.troubles().contains("more.toml:1"), "{}", life.troubles());
    std::fs::remove_file(files.path().join("more.toml")).unwrap();
    life.ms += limits::CLOUD_PAUSE_MS;
    life.turn(&mut hub, &[flood, third]);
    assert_eq!(life.score("scam version 3"), 90);
}

/// Answers each question with these bytes, and goes on writing while anybody reads.
fn endless(head: &'static [u8]) -> String {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut asked = [0; 4_096];
            let _read = stream.read(&mut asked);
            let mut is_heard = stream.write_all(head).is_ok();
            while is_heard {
                is_heard = stream.write_all(&[b' '; 8_192]).is_ok();
            }
        }
    });
    url
}

/// The way over a network.
struct Net {
    client: Client,
    key: Key,
    last_us: u64,
}

impl Way for Net {
    async fn ask(&mut self, ask: Ask) -> Result<Told, Failure> {
        let mut signer = Signed { board: "b", key: &self.key, last_us: &mut self.last_us };
        self.client.ask(&mut signer, 1, ask).await
    }
}

#[test]
fn a_hub_that_never_ends_or_tells_nonsense_changes_nothing_and_no_more_is_read_than_was_offered() {
    let dir = tempfile::tempdir().unwrap();
    enrol(dir.path());
    let mut life = Life::begin(dir.path(), None);
    let version = life.in_force.now().policy.version;
    let offer = offer("scam", 1, PackMode::Enforce, b"x");
    for (head, says) in [
        (&b"HTTP/1.1 200 OK\r\n\r\n"[..], "more than 2048 bytes"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", "has 2 bytes"),
        (b"HTTP/1.1 404 No\r\ncontent-length: 2\r\n\r\n{}", "is this a hub?"),
        (b"nonsense\r\n\r\n", "cannot be reached"),
    ] {
        let client = Client::new(&endless(head), None).unwrap();
        let mut line = Net { client, key: Key::of_seed(&[1; 32]).unwrap(), last_us: 0 };
        let now = Now { mono: Monotonic(life.ms), wall: Wall(1) };
        life.packs.wished_anew();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let pinned = Signer::new(7).public();
        let place = (&life.reloader, &life.in_force, pinned.as_str());
        let offer = PackOffer { bytes: if says.contains("has 2") { 3 } else { offer.bytes }, ..offer.clone() };
        runtime.block_on(life.packs.turn(&mut line, from_ref(&offer), place, now, 0));
        assert!(life.troubles().contains(says), "{says}: {}", life.troubles());
        assert_eq!((life.has().len(), life.in_force.now().policy.version), (0, version));
        assert!(!dir.path().join("hub-packs").exists());
    }
}

#[test]
fn a_hub_that_is_away_is_asked_again_later_and_packs_have_their_bounds() {
    let dir = tempfile::tempdir().unwrap();
    enrol(dir.path());
    let (mut life, mut hub) = (Life::begin(dir.path(), None), Hub::default());
    let text = pack("scam", 1).into_bytes();
    let missing = offer("scam", 1, PackMode::Enforce, &text);
    life.turn(&mut hub, from_ref(&missing));
    assert!(life.troubles().contains("cannot be reached"), "{}", life.troubles());
    life.turn(&mut hub, from_ref(&missing));
    assert_eq!(hub.asked, 1, "not before a pause");
    // Others do not wait behind it.
    let well = hub.offers("well", 1, PackMode::Record);
    life.ms += limits::CLOUD_PAUSE_MS;
    life.turn(&mut hub, &[missing, well]);
    assert_eq!(life.has().len(), 1);
    let offered = hub.offers("scam", 1, PackMode::Enforce);
    life.turn(&mut hub, from_ref(&offered));
    life.turn(&mut hub, from_ref(&offered));
    let off = ("well".to_owned(), 1, None);
    assert_eq!((life.has(), life.troubles().as_str()), ([scam(1, Stage::Enforce), vec![off]].concat(), ""));
    let many: Vec<_> =
        (0..limits::CLOUD_PACKS_MAX).map(|n| hub.offers(&format!("p{n}"), 1, PackMode::Record)).collect();
    let all: Vec<_> = [hub.offers("scam", 1, PackMode::Enforce)].into_iter().chain(many).collect();
    for _ in 0..12 {
        life.turn(&mut hub, &all);
    }
    assert_eq!(life.has().len(), limits::CLOUD_PACKS_MAX);
    assert!(life.troubles().contains("has 8 packs of the hub already"), "{}", life.troubles());
    // Who leaves, or takes the switch back, has none.
    let config = config(dir.path(), None, "board");
    assert!(load_policy(&config).unwrap().hub_packs().is_empty());
    Home::of(dir.path()).leave().unwrap();
    assert!(!dir.path().join("hub-packs").exists());
    hold(&life.reloader).take_of_hub(None).unwrap();
    assert_eq!((life.has().len(), life.score("scam version 1")), (0, 0));
    // And nothing is taken from then on.
    let kept = KeptPack { name: "scam".to_owned(), ..KeptPack::default() };
    assert!(hold(&life.reloader).take_of_hub(Some(kept)).is_err());
}
