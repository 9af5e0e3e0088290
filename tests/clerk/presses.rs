//! Buttons under cards, and under the question whether somebody is human.

use crate::stage::{ADMINS, GROUP, KIM, ROBIN, SASHA, Stage, enforcing, recording, signer};
use crate::{folder, office, say};
use aegis::clock::Wall;
use aegis::decide::Disposition;
use aegis::message::{ChatId, MessageId, Sender, TraceId, UserId};
use aegis::press::{Press, Signer};
use aegis::store::Tick;
use aegis::store::desk::{Label, Mark};
use aegis::store::records::{Detail, OutboxKey, OutboxRow};
use aegis::verdict::{ActionKind, PlannedAction};
use aegis::words::Phrase;
use office::{Case, owner};

/// Whom the decisions here are about.
const SENDER: Sender = Sender::Member(UserId(70));

fn mark(stage: &Stage, number: u64) -> Mark {
    stage.bench.office.snapshots.mark(number).unwrap().unwrap_or_default()
}

fn unsure(stage: &Stage) -> u64 {
    stage.bench.decide(&[Case { disposition: Disposition::Recorded, ..Case::spam(GROUP, 5, 70) }])
}

/// The text of the last edit of the card, and the buttons it leaves.
fn edited(stage: &Stage) -> (String, Vec<Press>) {
    let edits = stage.of(ActionKind::Edit);
    let last = edits.iter().max_by_key(|row| row.decision.max(row.received.0)).unwrap();
    let Detail::Edited { card, buttons } = &last.detail else { panic!("{last:?}") };
    assert_eq!((last.key.chat, *card), (ADMINS, MessageId(55)));
    (last.text.clone(), buttons.iter().map(|button| button.press).collect())
}

const EVERY: [fn(u64) -> Press; 5] = [Press::Undo, Press::Confirm, Press::Ban, Press::Allow, Press::NotSpam];

#[test]
fn only_administrators_of_the_group_press() {
    let dir = folder();
    let stage = enforcing(&dir);
    let number = stage.bench.decide(&[Case::spam(GROUP, 5, 70)]);
    let rows = stage.rows();
    for press in EVERY {
        for by in [KIM, Sender::AnonymousAdmin, Sender::Channel(ADMINS), Sender::Bot(UserId(7))] {
            assert_eq!(stage.presses(by, press(number)), say(Phrase::PressNotAdmin, &[]), "{by:?}");
        }
        let old = say(Phrase::PressOld, &[]);
        assert_eq!(stage.presses(ROBIN, press(999)), old, "no such decision");
        assert_eq!(stage.presses_words(ROBIN, ChatId(-5), signer().words(ADMINS, press(number))), old);
        let forged = Signer::of_token("2:other").words(ADMINS, press(number));
        assert_eq!(stage.presses_words(ROBIN, ADMINS, forged), old);
        assert_eq!(stage.presses_words(ROBIN, ADMINS, "u1:\u{0}\n".repeat(30)), old);
    }
    assert_eq!((stage.rows(), stage.audit(), mark(&stage, number)), (rows, vec![], Mark::default()));
}

#[test]
fn undo_takes_back_and_the_card_says_who() {
    let dir = folder();
    let stage = enforcing(&dir);
    let number = stage.bench.decide(&[Case::spam(GROUP, 5, 70)]);
    stage.has_card(number);
    assert_eq!(stage.presses(ROBIN, Press::Undo(number)), say(Phrase::PressDone, &[]));
    assert_eq!(stage.done(), [ActionKind::Unban]);
    assert_eq!(stage.of(ActionKind::Edit).len(), 1, "one edit, though the card is known to the desk as well");
    let (text, buttons) = edited(&stage);
    assert!(text.contains("Undone by Robin (7) in Telegram") && text.contains("Group: Garden chat"), "{text}");
    assert_eq!(buttons, []);
    let again = stage.presses(ROBIN, Press::Undo(number));
    assert_eq!(again, "Already done: Undone by Robin (7) in Telegram");
    assert_eq!((stage.done(), stage.of(ActionKind::Edit).len()), (vec![ActionKind::Unban], 1));
}

#[test]
fn what_is_undone_on_the_page_is_told_on_its_card() {
    let dir = folder();
    let stage = enforcing(&dir);
    let number = stage.bench.decide(&[Case::spam(GROUP, 5, 70)]);
    let without = stage.bench.decide(&[Case::spam(GROUP, 6, 71)]);
    stage.has_card(number);
    stage.bench.office.undo(&owner(), without).unwrap();
    assert_eq!(stage.of(ActionKind::Edit), []);
    stage.bench.office.undo(&owner(), number).unwrap();
    let (text, buttons) = edited(&stage);
    assert!(text.contains("Undone by kim (page)") && text.ends_with(&format!("Decision {number}")), "{text}");
    assert_eq!(buttons, []);
}

#[test]
fn what_can_not_be_undone_says_why() {
    let dir = folder();
    let stage = enforcing(&dir);
    let number = stage.bench.decide(&[Case { actions: vec![ActionKind::Delete], ..Case::spam(GROUP, 5, 70) }]);
    let key = OutboxKey { chat: GROUP, message: MessageId(5), action: ActionKind::Delete };
    stage.bench.commit(Tick { confirmed: vec![key], orders: vec![], audit: vec![], ..Tick::default() });
    stage.has_card(number);
    let said = stage.presses(ROBIN, Press::Undo(number));
    assert!(said.contains("Telegram brings none back"), "{said}");
    assert_eq!((stage.rows(), mark(&stage, number)), (vec![], Mark::default()));
    // But a ban that was pressed beside it is.
    stage.presses(ROBIN, Press::Ban(number));
    assert_eq!(stage.done(), [ActionKind::Ban]);
    assert_eq!(stage.presses(ROBIN, Press::Undo(number)), say(Phrase::PressDone, &[]));
    assert_eq!(stage.done(), [ActionKind::Unban]);
}

#[test]
fn a_confirmed_decision_is_learned_and_what_was_unsure_is_done() {
    let dir = folder();
    let stage = enforcing(&dir);
    let number = unsure(&stage);
    assert_eq!(stage.presses(ROBIN, Press::Confirm(number)), say(Phrase::PressDone, &[]));
    assert_eq!(stage.done(), [ActionKind::Delete, ActionKind::Ban]);
    assert_eq!(mark(&stage, number).label, Some(Label::Spam));
    assert_eq!(stage.bench.office.snapshots.lessons().unwrap().len(), 1);
    let (text, buttons) = edited(&stage);
    assert!(text.contains("Confirmed by Robin"), "{text}");
    assert!(!buttons.contains(&Press::Confirm(number)), "{buttons:?}");
    assert_eq!(stage.presses(ROBIN, Press::Confirm(number)), "Already done: Confirm");
    assert_eq!(stage.done(), [ActionKind::Delete, ActionKind::Ban]);
    // Who changes their mind frees the sender.
    assert_eq!(stage.presses(ROBIN, Press::Allow(number)), say(Phrase::PressDone, &[]));
    assert_eq!(stage.done(), [ActionKind::Delete, ActionKind::Unban]);
}

#[test]
fn in_a_group_that_only_records_a_press_does_nothing_there() {
    let dir = folder();
    let stage = recording(&dir);
    let number = unsure(&stage);
    assert_eq!(stage.presses(ROBIN, Press::Confirm(number)), say(Phrase::PressDone, &[]));
    let said = stage.presses(ROBIN, Press::Ban(number));
    assert_eq!(said, say(Phrase::SaidRecorded, &["sender banned for ever"]));
    assert_eq!((stage.done(), mark(&stage, number).label), (vec![], Some(Label::Spam)));
    assert!(stage.audit().iter().any(|line| line.contains("pressed under decision")), "{:?}", stage.audit());
}

#[test]
fn the_sender_is_banned_once() {
    let dir = folder();
    let stage = enforcing(&dir);
    let number = unsure(&stage);
    assert_eq!(stage.presses(ROBIN, Press::Ban(number)), say(Phrase::PressDone, &[]));
    assert_eq!((stage.done(), stage.of(ActionKind::Ban)[0].target), (vec![ActionKind::Ban], SENDER));
    let (text, buttons) = edited(&stage);
    assert!(text.contains("Sender banned by Robin") && !buttons.contains(&Press::Ban(number)), "{text} {buttons:?}");
    assert_eq!(stage.presses(ROBIN, Press::Ban(number)), "Already done: sender banned for ever");
    assert_eq!(stage.done(), [ActionKind::Ban]);
    // An administrator is not.
    let admin = stage.bench.decide(&[Case { disposition: Disposition::Recorded, ..Case::spam(GROUP, 6, 8) }]);
    assert_eq!(stage.presses(ROBIN, Press::Ban(admin)), say(Phrase::WrongAdmin, &["8"]));
    stage.presses(ROBIN, Press::Confirm(admin));
    assert_eq!(stage.done(), [ActionKind::Ban]);
}

#[test]
fn whoever_is_allowed_is_free_and_no_longer_judged() {
    let dir = folder();
    let stage = enforcing(&dir);
    let number = stage.bench.decide(&[Case::spam(GROUP, 5, 70)]);
    assert_eq!(stage.presses(ROBIN, Press::Allow(number)), say(Phrase::PressDone, &[]));
    assert_eq!(stage.done(), [ActionKind::Unban]);
    assert!(stage.member(SENDER).approved_at.0 > 0 && mark(&stage, number).undone.is_some());
    assert_eq!(stage.presses(ROBIN, Press::Allow(number)), "Already done: Allow sender");
}

#[test]
fn what_was_no_spam_is_undone_and_learned() {
    let dir = folder();
    let stage = enforcing(&dir);
    let number = stage.bench.decide(&[Case::spam(GROUP, 5, 70)]);
    assert_eq!(stage.presses(ROBIN, Press::NotSpam(number)), say(Phrase::PressDone, &[]));
    let mark = mark(&stage, number);
    assert_eq!((mark.label, mark.undone.is_some(), stage.done()), (Some(Label::Fine), true, vec![ActionKind::Unban]));
    assert_eq!(stage.presses(ROBIN, Press::NotSpam(number)), "Already done: Not spam");
    let edits = stage.of(ActionKind::Edit).len();
    assert_eq!(edits, 1);
}

#[test]
fn a_press_that_is_carried_out_again_changes_nothing_more() {
    for press in EVERY {
        let dir = folder();
        let stage = enforcing(&dir);
        let number = stage.bench.decide(&[Case::spam(GROUP, 5, 70)]);
        let words = signer().words(ADMINS, press(number));
        let what = aegis::store::group::Asked::Press { id: "p".to_owned(), message: MessageId(55), words };
        let (errand_number, errand) = stage.asked(ROBIN, "Robin", ADMINS, what);
        stage.carried(errand_number, errand.clone());
        let (rows, mark_before) = (stage.rows(), mark(&stage, number));
        stage.kill();
        let stage = enforcing(&dir);
        let (errand_number, errand) = stage.store(errand);
        let said = stage.carried(errand_number, errand);
        assert!(said.starts_with("Already done"), "{:?}: {said}", press(number));
        assert_eq!((stage.rows(), mark(&stage, number)), (rows, mark_before), "{:?}", press(number));
    }
}

#[test]
fn whoever_is_human_stays() {
    let dir = folder();
    let stage = enforcing(&dir);
    let kick = OutboxKey { chat: GROUP, message: MessageId(-44), action: ActionKind::Kick };
    let row = OutboxRow::new(kick, KIM, Wall(1), TraceId(44));
    let row = OutboxRow { not_before: Wall(u64::MAX >> 2), detail: Detail::Captcha, ..row };
    stage.bench.commit(Tick { orders: vec![row], ..Tick::default() });
    let words = |kick| signer().words(GROUP, Press::Human { user: UserId(70_000), kick: MessageId(kick) });
    assert_eq!(stage.presses_words(SASHA, GROUP, words(-44)), say(Phrase::PressNotYours, &[]));
    assert_eq!(stage.presses_words(ROBIN, GROUP, words(-44)), say(Phrase::PressNotYours, &[]));
    assert_eq!(stage.presses_words(KIM, GROUP, words(-45)), say(Phrase::PressLate, &[]));
    assert_eq!(stage.done(), [ActionKind::Kick]);
    assert_eq!(stage.presses_words(KIM, GROUP, words(-44)), say(Phrase::PressHuman, &[]));
    assert_eq!(stage.done(), [ActionKind::Unmute]);
    let clean = &stage.of(ActionKind::Clean)[0];
    assert_eq!((clean.key.message, stage.of(ActionKind::Unmute)[0].target), (MessageId(55), KIM));
    assert_eq!(stage.presses_words(KIM, GROUP, words(-44)), say(Phrase::PressHuman, &[]), "pressed twice");
    assert_eq!(stage.rows().len(), 2);
}

#[test]
fn what_a_card_asks_for_is_done_as_it_is_written() {
    let dir = folder();
    let stage = enforcing(&dir);
    let mute = Case { actions: vec![ActionKind::Mute], disposition: Disposition::Recorded, ..Case::spam(GROUP, 5, 70) };
    let number = stage.bench.decide(&[mute]);
    let asked = stage.decisions()[0].1.actions.clone();
    assert_eq!(asked, [PlannedAction { kind: ActionKind::Mute, seconds: 0 }]);
    stage.presses(ROBIN, Press::Confirm(number));
    assert_eq!(stage.done(), [ActionKind::Delete, ActionKind::Mute]);
}
