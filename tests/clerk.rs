//! The clerk: what people type and press in groups is carried out once, for those who may, and told in one sentence.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

mod office;
#[path = "clerk/presses.rs"]
mod presses;
#[path = "clerk/reports.rs"]
mod reports;
#[path = "clerk/stage.rs"]
mod stage;

use aegis::clock::Wall;
use aegis::command::CommandName;
use aegis::decide::Disposition;
use aegis::desk::clerk::RaidSwitch;
use aegis::limits;
use aegis::manners::Manners;
use aegis::message::{ChatId, MessageId, Sender, UserId};
use aegis::store::Tick;
use aegis::store::desk::Label;
use aegis::store::group::{RaidRecord, Replied, SharedBan};
use aegis::store::records::{AlbumRecord, Audit, Detail};
use aegis::tenant::TenantName;
use aegis::verdict::{ActionKind, Mode, Outcome};
use aegis::words::{Language, Phrase};
use office::Case;
use stage::{
    ADMINS, ALEX, GROUP, KIM, OWN, ROBIN, SASHA, Stage, enforcing, manners, of_album, raised, recording, replied,
};
use std::sync::Arc;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn say(phrase: Phrase, with: &[&str]) -> String {
    Language::En.say(phrase, with)
}

/// Every command that changes something, as it is typed in an answer to a message.
const ORDERS: [&str; 11] = [
    "/spam sells coins",
    "/ban 2w sells coins",
    "/mute 1d rude",
    "/kick",
    "/warn rude",
    "/unban",
    "/unmute",
    "/approve",
    "/unapprove",
    "/purge 3",
    "/mode record",
];

#[test]
fn whoever_is_no_administrator_is_left_alone() {
    let dir = folder();
    let stage = enforcing(&dir);
    for name in CommandName::ALL.iter().filter(|name| !name.for_members()) {
        for by in [KIM, Sender::Channel(ChatId(-9)), Sender::Bot(UserId(5)), Sender::LinkedChannel, Sender::Nobody] {
            for words in ["", " nonsense 30"] {
                let text = format!("/{}{words}", name.word());
                assert_eq!(stage.says(by, &text, replied(5, SASHA)), "", "{text} by {by:?}");
                assert_eq!(stage.says(by, &text, None), "", "{text} by {by:?}");
            }
        }
    }
    assert_eq!(stage.says(ROBIN, "/nothing", None), "", "no command of ours");
    assert_eq!(stage.says(ROBIN, "/ban@other_bot", replied(5, KIM)), "");
    assert_eq!((stage.rows(), stage.decisions(), stage.audit()), (vec![], vec![], vec![]));
}

#[test]
fn a_ban_is_ordered_and_told_and_stands_in_the_audit_log() {
    let dir = folder();
    let stage = enforcing(&dir);
    let said = stage.says(ROBIN, "/ban@Aegis_Bot 2w sells coins", replied(5, KIM));
    assert_eq!(said, "Kim is banned for 2 weeks.");
    let bans = stage.of(ActionKind::Ban);
    assert_eq!((bans.len(), bans[0].target, bans[0].seconds), (1, KIM, 14 * 86_400));
    let said_row = &stage.of(ActionKind::Notify)[0];
    assert_eq!((said_row.target, said_row.text.as_str()), (Sender::Nobody, said.as_str()));
    assert_eq!(said_row.detail, Detail::Said { topic: Some(3), expires_s: 20, buttons: vec![] });
    assert!(!said_row.key.message.is_real());
    let clean = &stage.of(ActionKind::Clean)[0];
    assert_eq!((clean.key.message, clean.target), (MessageId(1_000), Sender::Nobody));
    assert_eq!(stage.audit(), [format!("Robin (7) in Telegram: /ban: member 70000, group {}", GROUP.0)]);
    // And by number, by somebody who posts as the group.
    let said = stage.says(Sender::AnonymousAdmin, "/mute 70001 30m", None);
    assert_eq!(said, "70001 is muted for 30 minutes.");
    assert_eq!((stage.of(ActionKind::Mute)[0].target, stage.of(ActionKind::Mute)[0].seconds), (SASHA, 1_800));
    assert!(stage.audit()[0].starts_with("an anonymous administrator in Telegram"), "{:?}", stage.audit());
}

#[test]
fn each_measure_has_its_row() {
    let dir = folder();
    let stage = enforcing(&dir);
    for (text, kind, phrase) in [
        ("/kick", ActionKind::Kick, Phrase::SaidKicked),
        ("/unban", ActionKind::Unban, Phrase::SaidUnbanned),
        ("/unmute", ActionKind::Unmute, Phrase::SaidUnmuted),
    ] {
        assert_eq!(stage.says(ALEX, text, replied(5, KIM)), say(phrase, &["Kim"]));
        assert_eq!(stage.of(kind).len(), 1, "{text}");
    }
    let channel = Sender::Channel(ChatId(-77));
    assert_eq!(stage.says(ROBIN, "/ban", replied(6, channel)), "Kim is banned for ever.");
    assert_eq!(stage.of(ActionKind::Ban)[0].target, channel);
    assert_eq!(stage.says(ROBIN, "/mute", replied(6, channel)), say(Phrase::WrongRights, &[]));
    assert_eq!(stage.of(ActionKind::Mute), []);
}

#[test]
fn bad_input_gets_one_sentence_and_nothing_is_done() {
    let dir = folder();
    let stage = enforcing(&dir);
    for (text, reply, wanted) in [
        ("/ban", None, "Answer to a message with /ban"),
        ("/mute 30", replied(5, KIM), "30 is no length of time"),
        ("/ban @kim", None, "Telegram tells bots no id number"),
        ("/warn 12", None, "12 is not"),
        ("/spam", None, "Answer to the message with /spam"),
        ("/ham", None, "Answer to the message with /ham"),
        ("/why", None, "Answer to the message with /why"),
        ("/report", None, "Answer to the message with /report"),
        ("/purge", None, "Answer to the message with /purge"),
        ("/purge many", replied(5, KIM), "many is not a number"),
        ("/purge 101", None, "At most 100"),
        ("/purge", replied(5, KIM), "At most 100"),
        ("/mode off", None, "Write /mode record"),
        ("/raid maybe", None, "Write /raid on"),
        ("/raid on", None, "Nothing is known"),
    ] {
        let said = stage.says(ROBIN, text, reply);
        assert!(said.starts_with(wanted) && !said.contains('\n'), "{text}: {said}");
    }
    assert_eq!((stage.done(), stage.decisions(), stage.audit()), (vec![], vec![], vec![]));
    assert_eq!(stage.of(ActionKind::Clean).len(), 15, "what was typed is tidied away");
}

#[test]
fn those_who_are_never_acted_on_are_not() {
    let dir = folder();
    let stage = enforcing(&dir);
    let own = Sender::Bot(OWN);
    for text in ["/spam", "/ban", "/mute", "/kick", "/warn", "/report"] {
        let admin = say(Phrase::WrongAdmin, &["Kim"]);
        for target in [ALEX, Sender::AnonymousAdmin, Sender::LinkedChannel, Sender::Channel(ChatId(-500))] {
            stage.change(ROBIN, |record| record.reported_at = Wall(0));
            assert_eq!(stage.says(ROBIN, text, replied(5, target)), admin, "{text} {target:?}");
        }
        assert_eq!(stage.says(ROBIN, text, replied(5, own)), say(Phrase::WrongBot, &[]), "{text}");
        assert_eq!(stage.says(ROBIN, text, replied(5, ROBIN)), say(Phrase::WrongSelf, &[]), "{text}");
    }
    assert_eq!((stage.done(), stage.decisions(), stage.audit()), (vec![], vec![], vec![]));
}

#[test]
fn where_decisions_are_only_recorded_no_measure_is_carried_out() {
    let dir = folder();
    let stage = recording(&dir);
    for (text, would) in [
        ("/spam", "message deleted, sender banned for ever"),
        ("/ban 2w", "sender banned for 2 weeks"),
        ("/mute", "sender muted for ever"),
        ("/kick", "sender removed"),
        ("/warn", "sender warned"),
        ("/purge 3", "Messages deleted: 3"),
    ] {
        assert_eq!(stage.says(ROBIN, text, replied(5, KIM)), say(Phrase::SaidRecorded, &[would]), "{text}");
    }
    assert_eq!(stage.done(), []);
    assert_eq!(stage.of(ActionKind::Clean).len(), 6, "only the commands go");
    assert_eq!(stage.member(KIM).warns, []);
    let decisions = stage.decisions();
    assert_eq!((decisions.len(), decisions[0].1.disposition), (1, Disposition::Recorded));
    assert_eq!(stage.bench.office.snapshots.mark(decisions[0].0).unwrap().unwrap().label, Some(Label::Spam));
    assert_eq!(stage.audit().len(), 7, "{:?}", stage.audit());
    // Whoever is to be freed is.
    stage.says(ROBIN, "/unban", replied(5, KIM));
    assert_eq!(stage.done(), [ActionKind::Unban]);
}

/// Makes a tick one that is committed at once.
fn audit_line() -> Audit {
    Audit { at: Wall(1), who: "test".to_owned(), what: "all is done".to_owned() }
}

#[test]
fn spam_is_decided_about_and_learned() {
    let dir = folder();
    let stage =
        raised(dir.path(), Mode::Enforce, Manners { share_bans: aegis::manners::Switch::On, ..manners() }, None);
    let album = AlbumRecord { parts: vec![MessageId(4), MessageId(5), MessageId(6)], ..AlbumRecord::default() };
    stage.bench.commit(Tick { albums: vec![(GROUP, aegis::message::AlbumId(3), album)], ..Tick::default() });
    assert_eq!(stage.says(ROBIN, "/spam sells coins", of_album(5, KIM, 3)), say(Phrase::SaidSpam, &[]));
    let (number, decision) = stage.decisions().remove(0);
    assert_eq!((decision.outcome, decision.disposition), (Outcome::Block, Disposition::Promised));
    assert_eq!((decision.findings[0].rule.as_str(), decision.reason.as_str()), ("aegis-admin", "sells coins"));
    let mut gone: Vec<i32> = stage.of(ActionKind::Delete).iter().map(|row| row.key.message.0).collect();
    gone.sort_unstable();
    assert_eq!((gone, stage.of(ActionKind::Ban).len()), (vec![4, 5, 6], 1));
    assert_eq!(stage.bench.office.snapshots.mark(number).unwrap().unwrap().label, Some(Label::Spam));
    assert_eq!(stage.bench.office.snapshots.lessons().unwrap().len(), 1);
    let shared = stage.bench.office.snapshots.shared_ban(&TenantName::default(), UserId(70_000)).unwrap();
    assert_eq!(shared.map(|ban| ban.reason).as_deref(), Some("sells coins"));
    // And undone, as any other; the ban is not shared any more.
    let said = stage.says(ROBIN, "/ham", replied(5, KIM));
    assert_eq!(said, say(Phrase::SaidHamUndone, &["sender banned for ever"]));
    assert_eq!(stage.done(), [ActionKind::Unban]);
    let mark = stage.bench.office.snapshots.mark(number).unwrap().unwrap();
    assert_eq!((mark.label, mark.undone.unwrap().1.as_str()), (Some(Label::Fine), "Robin (7) in Telegram"));
    assert_eq!(stage.bench.office.snapshots.shared_bans().unwrap(), []);
    // What was undone can be ordered again, and undone again, whatever of it was done meanwhile.
    let all_done = || {
        let confirmed = stage.rows().iter().map(|row| row.key).collect();
        stage.bench.commit(Tick { confirmed, audit: vec![audit_line()], ..Tick::default() });
    };
    all_done();
    assert_eq!(stage.says(ROBIN, "/spam", replied(5, KIM)), say(Phrase::SaidSpam, &[]));
    assert_eq!(stage.done(), [ActionKind::Ban]);
    all_done();
    stage.says(ROBIN, "/ham", replied(5, KIM));
    assert_eq!(stage.done(), [ActionKind::Unban]);
}

#[test]
fn what_was_fine_is_learned_without_a_decision_of_the_rules() {
    let dir = folder();
    let stage = enforcing(&dir);
    assert_eq!(stage.says(ROBIN, "/ham", replied(5, KIM)), say(Phrase::SaidHam, &[]));
    let (number, decision) = stage.decisions().remove(0);
    assert_eq!((decision.outcome, stage.done()), (Outcome::Allow, vec![]));
    assert_eq!(stage.bench.office.snapshots.mark(number).unwrap().unwrap().label, Some(Label::Fine));
}

#[test]
fn an_errand_that_is_carried_out_again_changes_nothing_more() {
    let dir = folder();
    let stage = enforcing(&dir);
    for text in ORDERS.into_iter().chain(["/ham", "/report", "/unwarn", "/rules", "/status", "/why"]) {
        let message = if text.starts_with("/ham") { 6 } else { 5 };
        let (number, errand) = stage.typed(ROBIN, text, replied(message, KIM));
        let said = stage.carried(number, errand.clone());
        assert!(!said.is_empty(), "{text}");
        let (rows, decisions, member) = (stage.rows(), stage.decisions(), stage.member(KIM));
        stage.carried(number, errand);
        assert_eq!(stage.rows(), rows, "{text}");
        assert_eq!(stage.decisions(), decisions, "{text}");
        assert_eq!(stage.member(KIM).warns, member.warns, "{text}");
    }
}

#[test]
fn after_a_crash_the_decision_that_was_made_is_found() {
    let dir = folder();
    let stage = enforcing(&dir);
    let (number, errand) = stage.typed(ROBIN, "/spam", replied(5, KIM));
    stage.carried(number, errand.clone());
    let (rows, decisions) = (stage.rows(), stage.decisions());
    stage.kill();
    let stage = enforcing(&dir);
    let (number, errand) = stage.store(errand);
    assert_eq!(stage.carried(number, errand), say(Phrase::SaidSpam, &[]));
    assert_eq!((stage.rows(), stage.decisions()), (rows, decisions));
}

#[test]
fn what_was_stored_before_a_crash_is_carried_out_after_it() {
    let dir = folder();
    let stage = enforcing(&dir);
    stage.typed(ROBIN, "/ban", replied(5, KIM));
    stage.typed(ROBIN, "/mute", replied(6, SASHA));
    stage.kill();
    let Stage { bench, clerk, .. } = enforcing(&dir);
    let stored = bench.office.snapshots.errands().unwrap();
    let (send, inbox) = tokio::sync::mpsc::channel(limits::ERRANDS_MAX);
    // They come in as well: they are not done twice.
    stored.iter().for_each(|one| send.try_send(one.clone()).unwrap());
    drop(send);
    std::thread::spawn(|| clerk.run(inbox)).join().unwrap();
    assert_eq!(bench.office.snapshots.errands().unwrap(), []);
    let kinds: Vec<ActionKind> = bench.office.snapshots.outbox().unwrap().iter().map(|row| row.key.action).collect();
    let count = |kind| kinds.iter().filter(|known| **known == kind).count();
    assert_eq!((stored.len(), count(ActionKind::Ban), count(ActionKind::Mute)), (2, 1, 1));
    assert_eq!(bench.office.snapshots.audit(9).unwrap().len(), 2);
}

#[test]
fn warnings_are_told_and_bite() {
    let dir = folder();
    let stage = enforcing(&dir);
    assert_eq!(stage.says(ROBIN, "/warns", replied(5, KIM)), "Kim has no warnings.");
    assert_eq!(stage.says(ROBIN, "/unwarn", replied(5, KIM)), "Kim has no warnings.");
    assert_eq!(stage.says(ROBIN, "/warn is rude", replied(5, KIM)), "Kim: warning 1 of 3. is rude");
    assert_eq!(stage.says(ROBIN, "/warn", replied(5, KIM)), "Kim: warning 2 of 3.");
    let list = stage.says(ROBIN, "/warns 70000", None);
    assert!(list.starts_with("70000 has 2 of 3 warnings.\n") && list.ends_with(": is rude"), "{list}");
    assert_eq!(stage.says(ROBIN, "/unwarn", replied(5, KIM)), "One warning of Kim was taken back.");
    assert_eq!(stage.says(ROBIN, "/warn", replied(5, KIM)), "Kim: warning 2 of 3.");
    assert_eq!(stage.says(ROBIN, "/warn", replied(5, KIM)), "Kim: 3 warnings, muted for 1 day.");
    assert_eq!((stage.done(), stage.of(ActionKind::Mute)[0].seconds), (vec![ActionKind::Mute], 86_400));
    for _ in 0..2 {
        stage.says(ROBIN, "/warn", replied(5, KIM));
    }
    assert_eq!(stage.says(ROBIN, "/warn", replied(5, KIM)), "Kim: 3 warnings, banned for ever.");
    assert_eq!(stage.done(), [ActionKind::Mute, ActionKind::Ban]);
    assert_eq!(stage.member(KIM).warns, []);
}

#[test]
fn whoever_is_vouched_for_is_let_back_everywhere() {
    let dir = folder();
    let stage = enforcing(&dir);
    let mut tick = Tick::default();
    let ban = SharedBan { chat: ChatId(-3), at: Wall(1), reason: String::new() };
    tick.group.bans.push((TenantName::default(), UserId(70_000), Some(ban)));
    stage.bench.commit(tick);
    assert_eq!(stage.says(ROBIN, "/approve", replied(5, KIM)), say(Phrase::SaidApproved, &["Kim"]));
    assert!(stage.member(KIM).approved_at.0 > 0);
    assert_eq!(stage.bench.office.snapshots.shared_bans().unwrap(), []);
    assert_eq!(stage.says(ROBIN, "/unapprove", replied(5, KIM)), say(Phrase::SaidUnapproved, &["Kim"]));
    assert_eq!(stage.member(KIM).approved_at, Wall(0));
}

#[test]
fn many_messages_go_at_once() {
    let dir = folder();
    let stage = enforcing(&dir);
    assert_eq!(stage.says(ROBIN, "/purge", replied(990, KIM)), "Messages deleted: 10");
    let gone = |stage: &Stage| stage.of(ActionKind::Clean).iter().map(|row| row.key.message.0).collect::<Vec<_>>();
    assert_eq!(gone(&stage), (990..=1_000).collect::<Vec<_>>());
    assert_eq!(stage.says(ROBIN, "/purge 2", replied(500, KIM)), "Messages deleted: 2");
    assert!(gone(&stage).starts_with(&[500, 501, 990]));
    assert_eq!(stage.says(ROBIN, "/purge 3", None), "Messages deleted: 3");
    assert_eq!(stage.says(ROBIN, "/purge", replied(902, KIM)), say(Phrase::WrongTooMany, &["100"]));
}

/// A raid that is on or off.
#[derive(Debug, Default)]
struct Raids(std::sync::Mutex<Option<(u32, String)>>);

impl RaidSwitch for Raids {
    fn begin(&self, chat: ChatId, seconds: u32, by: &str) -> Tick {
        *self.0.lock().unwrap() = Some((seconds, by.to_owned()));
        let raid = RaidRecord { since: Wall(1), until: Wall(2), by: by.to_owned(), restore: None };
        let mut tick = Tick::default();
        tick.group.raids.push((chat, Some(raid)));
        tick
    }

    fn end(&self, chat: ChatId) -> Tick {
        *self.0.lock().unwrap() = None;
        let mut tick = Tick::default();
        tick.group.raids.push((chat, None));
        tick
    }

    fn is_on(&self, _chat: ChatId) -> Option<Wall> {
        self.0.lock().unwrap().as_ref().map(|_| Wall(1_760_000_000_000))
    }
}

#[test]
fn raid_mode_is_switched_and_asked_for() {
    let dir = folder();
    let raids = Arc::new(Raids::default());
    let stage = raised(dir.path(), Mode::Enforce, manners(), Some(raids.clone()));
    assert_eq!(stage.says(ROBIN, "/raid", None), say(Phrase::RaidIsOff, &[]));
    assert_eq!(stage.says(ROBIN, "/raid on 2h", None), "Raid mode was switched on for 2 hours.");
    assert_eq!(*raids.0.lock().unwrap(), Some((7_200, "Robin (7) in Telegram".to_owned())));
    assert_eq!(stage.bench.office.snapshots.raids().unwrap().len(), 1);
    assert!(stage.says(ROBIN, "/raid", None).starts_with("Raid mode is on until 2025-10-09"));
    assert_eq!(stage.says(ROBIN, "/raid off", None), say(Phrase::RaidOff, &[]));
    assert_eq!(stage.bench.office.snapshots.raids().unwrap(), []);
    for (text, seconds) in [("/raid on", 900), ("/raid on forever", 86_400), ("/raid on 3d", 86_400)] {
        stage.says(ROBIN, text, None);
        assert_eq!(raids.0.lock().unwrap().as_ref().unwrap().0, seconds, "{text}");
    }
}

#[test]
fn the_mode_is_changed_as_on_the_page() {
    let dir = folder();
    let stage = enforcing(&dir);
    assert_eq!(stage.says(ROBIN, "/mode", None), "Mode: enforce (decisions are carried out).");
    let said = stage.says(ROBIN, "/mode record", None);
    assert_eq!(said, "The mode is now: record (decisions are only recorded).");
    assert_eq!(stage.bench.office.in_force.now().rules(GROUP).mode, Mode::Record);
    let (_, version) = stage.bench.office.snapshots.policy().unwrap().unwrap();
    assert_eq!((version.who.as_str(), version.note.as_str()), ("Robin (7) in Telegram", "/mode in the group"));
    assert_eq!(stage.says(ROBIN, "/mode record", None), "Mode: record (decisions are only recorded).");
    assert_eq!(stage.bench.office.snapshots.policies().unwrap().len(), 1);
}

#[test]
fn numbers_rules_and_reasons_are_told() {
    let dir = folder();
    let stage = enforcing(&dir);
    let status = stage.says(ROBIN, "/status", None);
    assert!(status.starts_with("Today: messages 0, blocked 0, unsure 0. Waiting: 0. Mode: enforce"), "{status}");
    assert_eq!(stage.says(KIM, "/rules", None), "Be kind.\nNo coins.");
    stage.says(SASHA, "/rules", None);
    let told = stage.of(ActionKind::Notify).iter().filter(|row| row.text.starts_with("Be kind")).count();
    assert!(told <= 2, "the rules are told once in a while, not to each who asks: {told}");
    assert_eq!(stage.says(ROBIN, "/why", replied(5, KIM)), say(Phrase::WhyNone, &[]));
    let number = stage.bench.decide(&[Case::spam(GROUP, 5, 70)]);
    let why = format!("Decision {number}: advertising. Rules: spam");
    assert_eq!(stage.says(ROBIN, "/why", replied(5, KIM)), why);
    // In the chat of administrators, in an answer to the card; a number in what else the bot says there counts for nothing.
    let card = |excerpt: &str, message| Replied {
        message: MessageId(message),
        sender: Sender::Bot(OWN),
        name: String::new(),
        album: None,
        excerpt: excerpt.to_owned(),
    };
    let asked = |by, replied| {
        let what = aegis::store::group::Asked::Command {
            message: MessageId(3),
            topic: None,
            text: "/why".to_owned(),
            replied: Some(replied),
        };
        let (number, errand) = stage.asked(by, "Robin", ADMINS, what);
        stage.carried(number, errand)
    };
    assert_eq!(asked(ROBIN, card(&format!("Done\nDecision {number}"), 50)), why);
    assert_eq!(asked(KIM, card(&format!("Done\nDecision {number}"), 50)), "", "no administrator of the group");
    assert_eq!(asked(Sender::AnonymousAdmin, card(&format!("Done\nDecision {number}"), 50)), "");
    assert_eq!(asked(ROBIN, card(&format!("Messages deleted: {number}"), 50)), "", "nobody's card: not for them");
    stage.has_card(number);
    assert_eq!(asked(ROBIN, card("cut off before its end", 55)), why);
}

#[test]
fn what_strangers_are_called_and_what_is_typed_stays_one_bounded_line() {
    let dir = folder();
    let stage = enforcing(&dir);
    let hostile = "Kim\u{202e}\n{0} Decision 7\u{0}\t<b>\u{1}".repeat(40);
    let reason = "x\ny\u{7}\u{202e}".repeat(200);
    for text in ["/warn", "/ban", "/spam", "/report", "/warns", "/approve"] {
        let reply = Replied { name: hostile.clone(), excerpt: hostile.clone(), ..replied(5, KIM).unwrap() };
        let what = aegis::store::group::Asked::Command {
            message: MessageId(40),
            topic: None,
            text: format!("{text} {reason}"),
            replied: Some(reply),
        };
        let (number, errand) = stage.asked(ROBIN, &hostile, GROUP, what);
        let said = stage.carried(number, errand);
        assert!(!said.is_empty(), "{text}");
    }
    for row in stage.rows() {
        assert!(row.text.len() <= limits::NOTICE_BYTES_MAX, "{} bytes", row.text.len());
        assert!(!row.text.contains(['\u{202e}', '\u{0}', '\u{7}', '\t']), "{:?}", row.text);
    }
    for line in stage.audit() {
        assert!(line.len() < 400 && !line.contains(['\n', '\u{202e}', '\u{0}']), "{line:?}");
    }
    let (_, decision) = stage.decisions().remove(0);
    assert!(decision.reason.len() <= limits::REASON_BYTES_MAX && !decision.reason.contains('\n'));
}
