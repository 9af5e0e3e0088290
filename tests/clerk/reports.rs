//! Reports of members.

use crate::stage::{ADMINS, GROUP, KIM, ROBIN, SASHA, Stage, enforcing, manners, raised, recording, replied};
use crate::{folder, say};
use aegis::clock::Wall;
use aegis::decide::Disposition;
use aegis::limits;
use aegis::manners::Manners;
use aegis::message::{MessageId, Sender, UserId};
use aegis::press::Press;
use aegis::store::group::Verity;
use aegis::verdict::{ActionKind, Mode, Outcome};
use aegis::words::Phrase;

fn member(number: i64) -> Sender {
    Sender::Member(UserId(80_000 + number))
}

fn outcome(stage: &Stage) -> Option<Verity> {
    stage.bench.office.snapshots.report(GROUP, MessageId(5)).unwrap().unwrap().outcome
}

#[test]
fn the_first_report_shows_the_message_to_the_administrators() {
    let dir = folder();
    let stage = recording(&dir);
    assert_eq!(stage.says(KIM, "/report sells coins", replied(5, SASHA)), say(Phrase::ReportThanks, &[]));
    let (_, decision) = stage.decisions().remove(0);
    assert_eq!((decision.outcome, decision.disposition), (Outcome::Review, Disposition::Recorded));
    assert_eq!(decision.findings[0].rule, "aegis-report");
    assert_eq!(
        (decision.reason.as_str(), decision.excerpt.as_str()),
        ("Reported by Robin: sells coins", "a spamword for all")
    );
    let card = &stage.of(ActionKind::Card)[0];
    assert_eq!((card.key.chat, stage.of(ActionKind::Copy).len()), (ADMINS, 1));
    assert!(card.text.contains("Reported by Robin: sells coins") && card.text.contains("Kim (70001)"), "{}", card.text);
    assert_eq!((stage.done(), stage.of(ActionKind::Clean).len()), (vec![], 1));
    // Somebody else's report of the same message makes no second card.
    assert_eq!(stage.says(member(1), "/report", replied(5, SASHA)), say(Phrase::ReportThanks, &[]));
    assert_eq!((stage.decisions().len(), stage.of(ActionKind::Card).len()), (1, 1));
    assert_eq!(stage.bench.office.snapshots.report(GROUP, MessageId(5)).unwrap().unwrap().by.len(), 2);
}

#[test]
fn a_member_reports_a_message_once_and_not_often() {
    let dir = folder();
    let stage = enforcing(&dir);
    stage.says(KIM, "/report", replied(5, SASHA));
    assert_eq!(stage.says(KIM, "/report", replied(6, SASHA)), say(Phrase::ReportTooOften, &[]));
    stage.change(KIM, |record| record.reported_at = Wall(0));
    assert_eq!(stage.says(KIM, "/report", replied(5, SASHA)), say(Phrase::ReportAlready, &[]));
    assert_eq!(stage.decisions().len(), 1);
    assert_eq!(stage.bench.office.snapshots.report(GROUP, MessageId(6)).unwrap(), None);
}

#[test]
fn enough_reports_have_a_message_deleted_and_nobody_punished() {
    for (mode, wanted) in [(Mode::Enforce, vec![ActionKind::Delete]), (Mode::Record, vec![])] {
        let dir = folder();
        let stage = raised(dir.path(), mode, Manners { report_limit: 3, ..manners() }, None);
        // One whose reports were wrong too often is thanked, and counts for nothing.
        stage.change(member(9), |record| record.reports_wrong = limits::REPORTS_WRONG_MAX);
        assert_eq!(stage.says(member(9), "/report", replied(5, SASHA)), say(Phrase::ReportThanks, &[]));
        assert_eq!(stage.decisions(), []);
        for number in 0..3 {
            assert_eq!(stage.done(), [], "{number}");
            stage.says(member(number), "/report", replied(5, SASHA));
        }
        assert_eq!(stage.done(), wanted);
        for number in 20..50 {
            stage.says(member(number), "/report", replied(5, SASHA));
        }
        let by = stage.bench.office.snapshots.report(GROUP, MessageId(5)).unwrap().unwrap().by;
        assert_eq!((by.len(), stage.decisions().len(), stage.done()), (limits::REPORTERS_MAX, 1, wanted));
    }
}

#[test]
fn what_reports_were_worth_is_counted_once() {
    type Button = fn(u64) -> Press;
    const WORTH: [(Button, u16, u16); 4] =
        [(Press::Confirm, 1, 0), (Press::Ban, 1, 0), (Press::NotSpam, 0, 1), (Press::Allow, 0, 1)];
    for (press, right, wrong) in WORTH {
        let dir = folder();
        let stage = enforcing(&dir);
        stage.says(KIM, "/report", replied(5, SASHA));
        stage.says(member(1), "/report", replied(5, SASHA));
        let number = stage.decisions()[0].0;
        assert_eq!(stage.presses(ROBIN, press(number)), say(Phrase::PressDone, &[]));
        stage.presses(ROBIN, press(number));
        stage.presses(ROBIN, Press::NotSpam(number));
        for reporter in [KIM, member(1)] {
            let record = stage.member(reporter);
            assert_eq!((record.reports_right, record.reports_wrong), (right, wrong), "{:?}", press(number));
        }
        assert_eq!(outcome(&stage), Some(if right > 0 { Verity::Right } else { Verity::Wrong }));
    }
}

#[test]
fn a_campaign_gets_a_bounded_number_of_cards() {
    let dir = folder();
    let stage = enforcing(&dir);
    for number in 0..12 {
        let message = 100 + i32::try_from(number).unwrap();
        assert_eq!(stage.says(member(number), "/report", replied(message, SASHA)), say(Phrase::ReportThanks, &[]));
    }
    let most = usize::try_from(limits::CARDS_AT_ONCE).unwrap();
    assert_eq!((stage.decisions().len(), stage.of(ActionKind::Card).len()), (12, most));
}
