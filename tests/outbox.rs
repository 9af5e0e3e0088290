//! The dispatcher's mind, call by call: what is taken back, in which order measures go, when a chat is asked its name.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

use aegis::chats::ChatBook;
use aegis::clock::{Monotonic, Now, Wall};
use aegis::counters::Counters;
use aegis::dispatch::outbox::{Next, Outbox, Pace, Ticket};
use aegis::message::{ChatId, MessageId, Sender, TraceId, UserId};
use aegis::store::Tick;
use aegis::store::records::{Detail, OutboxKey, OutboxRow, OutboxState};
use aegis::telegram::{Admin, CallError, ChatFacts, Reply, Request};
use aegis::verdict::ActionKind;
use std::sync::Arc;

const CHAT: ChatId = ChatId(-1_001);
const OWN: UserId = UserId(4242);

fn at(ms: u64) -> Now {
    Now { mono: Monotonic(ms), wall: Wall(1_760_000_000_000 + ms) }
}

fn row(message: i32, action: ActionKind, user: i64) -> OutboxRow {
    OutboxRow {
        key: OutboxKey { chat: CHAT, message: MessageId(message), action },
        decision: 1,
        target: Sender::Member(UserId(user)),
        seconds: 0,
        state: OutboxState::Pending,
        attempts: 0,
        not_before: Wall(0),
        received: at(0).wall,
        trace: TraceId(1),
        text: "removed".to_owned(),
        detail: Detail::None,
    }
}

struct World {
    outbox: Outbox,
    book: ChatBook,
    now: u64,
}

impl World {
    /// With a chat whose administrators are known and that was asked its name.
    fn new() -> Self {
        let pace = Pace { requests_per_second: 0, group_messages_per_minute: 0, calls_in_flight: 8 };
        let mut book = ChatBook::default();
        let own = Admin { user: OWN, may_delete: true, may_restrict: true, ..Admin::default() };
        book.administrators(CHAT, &[own], OWN, at(1).wall);
        book.learn_title(CHAT, Some("Neighbours".to_owned()));
        Self { outbox: Outbox::new(pace, OWN, Arc::new(Counters::default())), book, now: 10 }
    }

    fn push(&mut self, rows: &[OutboxRow]) {
        self.outbox.push(rows.to_vec(), &self.book, at(self.now));
    }

    fn call(&mut self) -> Option<(Ticket, Request)> {
        // Past the time after which a call under way no longer holds others back.
        self.now += 2_000;
        match self.outbox.next(at(self.now), &mut self.book) {
            Next::Call(ticket, request) => Some((ticket, request)),
            Next::Wait(_) => None,
            Next::Commit(tick) => panic!("{tick:?}"),
        }
    }

    fn answer(&mut self, ticket: Ticket, answer: Result<Reply, CallError>) -> Tick {
        self.outbox.answered(ticket, answer, at(self.now), 0, &mut self.book)
    }
}

#[test]
fn what_is_taken_back_before_it_began_is_never_begun() {
    let mut world = World::new();
    let (ban, delete) = (row(5, ActionKind::Ban, 70), row(5, ActionKind::Delete, 70));
    world.push(&[ban.clone(), delete.clone(), row(6, ActionKind::Delete, 71)]);
    world.outbox.cancel(&[ban.key, delete.key]);
    let (ticket, request) = world.call().unwrap();
    assert_eq!(request, Request::Delete { chat: CHAT, messages: vec![MessageId(6)] });
    world.answer(ticket, Ok(Reply::Done));
    assert_eq!((world.call(), world.outbox.rows()), (None, 0));
}

#[test]
fn what_is_taken_back_before_it_arrives_is_never_begun() {
    let mut world = World::new();
    let ban = row(5, ActionKind::Ban, 70);
    world.outbox.cancel(&[ban.key]);
    world.push(&[ban, row(5, ActionKind::Unban, 70)]);
    assert_eq!(world.call().unwrap().1, Request::Unban { chat: CHAT, user: UserId(70) });
    assert_eq!(world.outbox.rows(), 1);
}

#[test]
fn a_call_that_was_taken_back_under_way_is_not_tried_again_and_holds_back_what_undoes_it() {
    for is_done in [false, true] {
        let mut world = World::new();
        let ban = row(5, ActionKind::Ban, 70);
        world.push(std::slice::from_ref(&ban));
        let (ticket, request) = world.call().unwrap();
        assert!(matches!(request, Request::Ban { .. }));
        world.outbox.cancel(&[ban.key]);
        world.push(&[row(5, ActionKind::Unban, 70)]);
        assert_eq!(world.call(), None, "an unban beside the ban could be overtaken by it");
        let answer = if is_done { Ok(Reply::Done) } else { Err(CallError::Lost("hung".to_owned())) };
        let tick = world.answer(ticket, answer);
        assert!(tick.confirmed.is_empty() && tick.dead.is_empty() && tick.changed.is_empty(), "{tick:?}");
        let (ticket, request) = world.call().unwrap();
        assert_eq!(request, Request::Unban { chat: CHAT, user: UserId(70) });
        assert_eq!(world.answer(ticket, Ok(Reply::Done)).confirmed.len(), 1);
        assert_eq!((world.call(), world.outbox.rows()), (None, 0));
    }
}

#[test]
fn measures_about_one_sender_keep_their_order_and_others_go_on() {
    let mut world = World::new();
    world.push(&[row(5, ActionKind::Mute, 70), row(5, ActionKind::Ban, 70), row(6, ActionKind::Ban, 71)]);
    let (mute, request) = world.call().unwrap();
    assert!(matches!(request, Request::Mute { user: UserId(70), .. }));
    let (other, request) = world.call().unwrap();
    assert!(matches!(request, Request::Ban { user: UserId(71), .. }), "{request:?}");
    assert_eq!(world.call(), None);
    world.answer(other, Ok(Reply::Done));
    // The mute waits for its next try: the ban behind it does not overtake it.
    world.answer(mute, Err(CallError::Unreached("gone".to_owned())));
    let (_, request) = world.call().unwrap();
    assert!(matches!(request, Request::Mute { user: UserId(70), .. }), "{request:?}");
}

#[test]
fn a_chat_is_asked_its_name_when_nothing_else_is_to_be_done() {
    let mut world = World::new();
    world.outbox.want_facts(CHAT, &world.book);
    world.push(&[row(5, ActionKind::Ban, 70), row(5, ActionKind::Notify, 70)]);
    let mut asked = Vec::new();
    loop {
        world.now += 2_000;
        match world.outbox.next(at(world.now), &mut world.book) {
            Next::Call(ticket, request) => {
                let reply = match &request {
                    Request::Administrators { .. } => Reply::Administrators(vec![Admin {
                        user: OWN,
                        may_delete: true,
                        may_restrict: true,
                        ..Admin::default()
                    }]),
                    Request::Linked { .. } => {
                        let title = Some("The Neighbours".to_owned());
                        Reply::Chat(ChatFacts { linked: None, title, rights: None })
                    }
                    _ => Reply::Done,
                };
                let tick = world.answer(ticket, Ok(reply));
                if let Request::Linked { .. } = request {
                    assert_eq!(tick.desk.titles, [(CHAT, "The Neighbours".to_owned())]);
                    assert!(tick.chats.is_empty(), "nothing else is news");
                }
                asked.push(request);
            }
            Next::Commit(tick) => world.outbox.marked(&tick),
            Next::Wait(_) => break,
        }
    }
    assert!(matches!(asked[0], Request::Administrators { .. }), "{asked:?}");
    assert!(matches!(asked.last(), Some(Request::Linked { .. })), "{asked:?}");
    assert_eq!((asked.len(), world.book.title(CHAT)), (4, "The Neighbours"));
    // Another action in the same chat does not ask again.
    world.push(&[row(9, ActionKind::Ban, 72)]);
    let (ticket, _) = world.call().unwrap();
    world.answer(ticket, Ok(Reply::Done));
    assert_eq!(world.call(), None);
}

#[test]
fn what_was_promised_for_a_time_of_its_own_rests_while_another_board_may_be_at_work() {
    let mut world = World::new();
    let later = |row: OutboxRow| OutboxRow { not_before: at(100).wall, ..row };
    let (kick, ban) = (later(row(5, ActionKind::Kick, 70)), row(6, ActionKind::Ban, 71));
    let unmute = later(row(7, ActionKind::Unmute, 72));
    world.push(&[kick, ban, unmute]);
    let mut asked = Vec::new();
    for _ in 0..6 {
        world.outbox.rest(Monotonic(world.now + 3_000));
        asked.extend(world.call().map(|(_, request)| request));
    }
    let is = |wanted: fn(&Request) -> bool| asked.iter().any(wanted);
    assert!(is(|request| matches!(request, Request::Ban { .. })), "decided before: {asked:?}");
    assert!(is(|request| matches!(request, Request::Unmute { .. })), "gives back: {asked:?}");
    assert_eq!(asked.len(), 2, "{asked:?}");
    world.now += 3_000;
    assert!(matches!(world.call(), Some((_, Request::Kick { .. }))), "it is alone again");
}
