//! One body a decoder: it is given any bytes, and stops the run when a promise is broken.
//!
//! The stable test `decoders` gives them mutated seeds; the targets in `tests/fuzz` give them what a fuzzer thinks of.

#![allow(dead_code)] // A target uses one body of all.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)] // Stopping is the report.

#[path = "../bombs/check.rs"]
pub mod check;

use aegis::budget::{Caps, Hold, Spent};
use aegis::document::{self, Mistakes};
use aegis::limits;
use aegis::message::{ChatId, Message, MessageId, Sender, SurfaceKind, UserId};
use aegis::policy::{self, PackSource, PolicySet, Scratch};
use aegis::store::ReviewRow;
use aegis::store::desk::{AuditDetail, Banner, Lesson, Mark, PolicyVersion, TokenRecord, UserRecord};
use aegis::store::history::KeptOpinion;
use aegis::store::hooks::{HookKey, HookRow};
use aegis::store::records::{
    self, AlbumRecord, Audit, ChatRecord, DeadLetter, Decision, MemberRecord, OutboxRow, Pause, Undecided,
};
use aegis::store::usage::{DayRecord, HourRecord};
use aegis::telegram::{What, update};
use aegis::text;
use aegis::verdict::Thresholds;
use aegis::web::front::{Front, Link, Patience};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::OnceLock;

fn shipped() -> &'static PolicySet {
    static SET: OnceLock<PolicySet> = OnceLock::new();
    SET.get_or_init(|| policy::compile(&policy::shipped()).map_err(|mistakes| mistakes.to_string()).unwrap())
}

/// Parts of the bytes as texts, cut where a byte is zero.
pub fn texts(bytes: &[u8]) -> Vec<String> {
    bytes.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned()).collect()
}

/// A message with a text in each of several places.
pub fn spread(texts: &[String]) -> Message {
    let kinds = [SurfaceKind::Text, SurfaceKind::ButtonLabel, SurfaceKind::TextLink, SurfaceKind::PollOption];
    let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
    for (text, kind) in texts.iter().zip(kinds.into_iter().cycle()) {
        message.push(kind, text);
    }
    message
}

/// A text is folded once and for all, and judged within bounds.
pub fn text(bytes: &[u8]) {
    let texts = texts(bytes);
    let message = spread(&texts);
    let mut scratch = Scratch::default();
    let verdict = policy::judge(shipped(), Thresholds::default(), &message, &mut scratch);
    check::check(&message, &verdict, &scratch).unwrap_or_else(|what| panic!("{what} in {texts:?}"));
    let mut folds = text::Scratch::default();
    for text in texts.iter().filter(|text| !check::is_known(text)) {
        check::check_folds_once(text, &mut folds).unwrap_or_else(|what| panic!("{what} in {}", text.escape_unicode()));
    }
}

/// A pack, and lists after it, each after a zero byte: compiled, or refused with its mistakes.
pub fn packs(bytes: &[u8]) {
    let mut parts = texts(bytes).into_iter();
    let text = parts.next().unwrap_or_default();
    let names = policy::keyword_files(&text);
    let lists = names.into_iter().zip(parts).collect();
    let source = PackSource { file: "fuzz.toml".to_owned(), text, lists };
    match policy::compile(std::slice::from_ref(&source)) {
        Ok(set) => {
            let mut scratch = Scratch::default();
            let message = check::message(&[&source.text.chars().take(500).collect::<String>()]);
            let verdict = policy::judge(&set, Thresholds::default(), &message, &mut scratch);
            check::check(&message, &verdict, &scratch).unwrap_or_else(|what| panic!("{what} with {}", source.text));
        }
        Err(mistakes) => {
            assert!(!mistakes.list().is_empty() && mistakes.list().len() <= limits::MISTAKES_MAX);
            assert!(!mistakes.to_string().is_empty());
        }
    }
    let mut mistakes = Mistakes::default();
    let _ = document::read("fuzz.toml", &source.text, &mut mistakes);
}

/// An update of Telegram's: read within the bounds of a message, which is then judged.
pub fn updates(bytes: &[u8]) {
    let json = String::from_utf8_lossy(bytes);
    let Some(incoming) = update::read(&json) else { return };
    let message = match incoming.what {
        What::Message(message) => message,
        What::Command(message, line) => {
            let excerpt = line.replied.map_or(0, |replied| replied.excerpt.len());
            assert!(line.text.len() <= limits::COMMAND_BYTES_MAX && excerpt <= limits::EXCERPT_BYTES_MAX, "{json}");
            message
        }
        _ => return,
    };
    let size: usize = message.surfaces.iter().map(|surface| surface.text.len()).sum();
    assert!(size <= limits::MESSAGE_TEXT_BYTES_MAX && message.surfaces.len() <= limits::SURFACES_MAX, "{json}");
    let mut scratch = Scratch::default();
    let verdict = policy::judge(shipped(), Thresholds::default(), &message, &mut scratch);
    check::check(&message, &verdict, &scratch).unwrap_or_else(|what| panic!("{what} from {json}"));
}

/// A stored record of any kind: refused, or read and written without a change.
pub fn records(bytes: &[u8]) {
    fn one<T: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) {
        match records::decode::<T>(bytes) {
            Ok(record) => {
                let again = records::encode(&record);
                assert_eq!(records::decode::<T>(&again).as_ref(), Ok(&record));
            }
            Err(bad) => assert!(!bad.to_string().is_empty()),
        }
    }
    one::<Decision>(bytes);
    one::<OutboxRow>(bytes);
    one::<DeadLetter>(bytes);
    one::<Undecided>(bytes);
    one::<ChatRecord>(bytes);
    one::<MemberRecord>(bytes);
    one::<Pause>(bytes);
    one::<Audit>(bytes);
    one::<AlbumRecord>(bytes);
    one::<ReviewRow>(bytes);
    one::<Hold>(bytes);
    one::<Spent>(bytes);
    one::<Caps>(bytes);
    one::<KeptOpinion>(bytes);
    one::<UserRecord>(bytes);
    one::<TokenRecord>(bytes);
    one::<AuditDetail>(bytes);
    one::<PolicyVersion>(bytes);
    one::<Mark>(bytes);
    one::<Lesson>(bytes);
    one::<HookRow>(bytes);
    one::<Vec<HookKey>>(bytes);
    one::<Banner>(bytes);
    one::<DayRecord>(bytes);
    one::<HourRecord>(bytes);
}

/// The head of a request for the page: refused, incomplete, or written anew as one that means one thing.
pub fn heads(bytes: &[u8]) {
    static FRONT: OnceLock<Front> = OnceLock::new();
    let front = FRONT.get_or_init(|| {
        let addr = SocketAddr::from(([127, 0, 0, 1], 8787));
        Front::new(addr, Vec::new(), "none".into(), Patience::default(), std::sync::Arc::default())
    });
    let link = Link { client: [10, 0, 0, 9].into(), reached: SocketAddr::from(([127, 0, 0, 1], 8787)) };
    let answer = front.check(bytes, &link);
    if let Ok(Some(clean)) = &answer {
        assert!(clean.read <= bytes.len() && clean.body <= limits::WEB_BODY_BYTES_MAX);
        let lines: Vec<&str> = clean.head.split("\r\n").collect();
        assert!(lines.len() >= 9 && lines.len() <= 9 + 8, "{}", clean.head);
        assert!(["GET /", "HEAD /", "POST /", "PUT /", "DELETE /"].iter().any(|start| lines[0].starts_with(start)));
        assert!(lines[0].ends_with(" HTTP/1.1") && lines[0].matches(' ').count() == 2, "{}", clean.head);
        assert_eq!((lines[1], lines[3]), ("Host: aegis", "Connection: close"));
        assert_eq!((lines[4], lines[5]), ("X-Aegis-Client: 10.0.0.9", "X-Aegis-Secure: no"));
        assert!(lines[6].starts_with("X-Aegis-From: "), "{}", clean.head);
        assert!(lines[7..].iter().all(|line| !line.to_ascii_lowercase().starts_with("x-aegis-")), "{}", clean.head);
        assert_eq!(clean.head.matches("\r\n\r\n").count(), 1, "{}", clean.head);
        assert!(clean.head.ends_with("\r\n\r\n") && clean.head.is_ascii(), "{}", clean.head);
        // What follows the head changes nothing, and a part of the head is not a head.
        assert_eq!(front.check(&bytes[..clean.read], &link), answer);
        assert!(!matches!(front.check(&bytes[..clean.read - 1], &link), Ok(Some(_))), "{}", clean.head);
    }
}
