//! What the bot says, copies and tidies away, call by call: copies before deletions, cards that answer to them, buttons that
//! carry signed words, answers that expire, and chats of which none drowns the others.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.

use aegis::chats::ChatBook;
use aegis::clock::{Monotonic, Now, Wall};
use aegis::counters::Counters;
use aegis::dispatch::outbox::{Next, Outbox, Pace, Ticket};
use aegis::limits;
use aegis::message::{ChatId, MessageId, Sender, TraceId, UserId};
use aegis::press::{Button, Press, Signer};
use aegis::store::Tick;
use aegis::store::group::CardRecord;
use aegis::store::records::{Detail, NUMBER_MARK, OutboxKey, OutboxRow, OutboxState};
use aegis::telegram::{Admin, CallError, Reply, Request};
use aegis::verdict::ActionKind;
use std::sync::Arc;

const GROUP: ChatId = ChatId(-1_001);
const OTHER: ChatId = ChatId(-1_002);
const ADMINS: ChatId = ChatId(-1_009);
const OWN: UserId = UserId(4242);
const UNPACED: Pace = Pace { requests_per_second: 0, group_messages_per_minute: 0, calls_in_flight: 8 };
const REAL: Pace = Pace { requests_per_second: 30, group_messages_per_minute: 20, calls_in_flight: 8 };

fn at(ms: u64) -> Now {
    Now { mono: Monotonic(ms), wall: Wall(1_760_000_000_000 + ms) }
}

fn signer() -> Signer {
    Signer::of_token("4242:secret")
}

fn row(chat: ChatId, message: i32, action: ActionKind, target: Sender) -> OutboxRow {
    let key = OutboxKey { chat, message: MessageId(message), action };
    OutboxRow { decision: 42, ..OutboxRow::new(key, target, at(0).wall, TraceId(1)) }
}

fn against(message: i32, action: ActionKind) -> OutboxRow {
    row(GROUP, message, action, Sender::Member(UserId(70)))
}

fn copy() -> OutboxRow {
    let detail = Detail::Copied { from: GROUP, message: MessageId(5) };
    OutboxRow { detail, ..row(ADMINS, -7, ActionKind::Copy, Sender::Nobody) }
}

fn card() -> OutboxRow {
    let buttons = vec![
        Button { label: "Undo".to_owned(), press: Press::Undo(0) },
        Button { label: "Ban".to_owned(), press: Press::Ban(0) },
        Button { label: "Allow".to_owned(), press: Press::Allow(0) },
    ];
    let detail = Detail::Card { buttons, copy: MessageId(0) };
    OutboxRow { detail, text: format!("Decision {NUMBER_MARK}"), ..row(ADMINS, -7, ActionKind::Card, Sender::Nobody) }
}

struct World {
    outbox: Outbox,
    book: ChatBook,
    now: u64,
    /// Every tick that a commit or an answer brought.
    durable: Vec<Tick>,
}

impl World {
    fn new(pace: Pace) -> Self {
        let mut book = ChatBook::default();
        let own = Admin { user: OWN, may_delete: true, may_restrict: true, ..Admin::default() };
        for chat in [GROUP, OTHER, ADMINS] {
            book.administrators(chat, std::slice::from_ref(&own), OWN, at(1).wall);
            book.learn_title(chat, Some("Neighbours".to_owned()));
        }
        let outbox = Outbox::new(pace, OWN, Arc::new(Counters::default())).with_signer(signer());
        Self { outbox, book, now: 10, durable: Vec::new() }
    }

    fn push(&mut self, rows: &[OutboxRow]) {
        self.outbox.push(rows.to_vec(), &self.book, at(self.now));
    }

    /// The next call now; commits are made durable on the way.
    fn call(&mut self) -> Option<(Ticket, Request)> {
        loop {
            match self.outbox.next(at(self.now), &mut self.book) {
                Next::Call(ticket, request) => return Some((ticket, request)),
                Next::Wait(_) => return None,
                Next::Commit(tick) => {
                    self.outbox.marked(&tick);
                    self.durable.push(*tick);
                }
            }
        }
    }

    /// Waits, in time of its own, until there is a call.
    fn next_call(&mut self) -> (Ticket, Request) {
        for _ in 0..10_000 {
            if let Some(call) = self.call() {
                return call;
            }
            self.now += 10;
        }
        panic!("no call in 100 s");
    }

    fn answer(&mut self, ticket: Ticket, answer: Result<Reply, CallError>) -> Tick {
        self.outbox.answered(ticket, answer, at(self.now), 0, &mut self.book)
    }
}

fn refused(description: &str) -> CallError {
    CallError::Refused { code: 400, description: description.to_owned(), retry_after_s: None, moved_to: None }
}

#[test]
fn a_message_is_copied_before_it_is_deleted_and_its_card_answers_to_the_copy() {
    let mut world = World::new(UNPACED);
    world.push(&[against(5, ActionKind::Delete), against(5, ActionKind::Ban), copy(), card()]);
    let (ticket, request) = world.call().unwrap();
    assert_eq!(request, Request::Copy { chat: ADMINS, from: GROUP, message: MessageId(5) });
    assert_eq!(world.call(), None, "nothing else happens until it is made");
    let tick = world.answer(ticket, Ok(Reply::Sent(MessageId(900))));
    assert_eq!(tick.confirmed, [copy().key]);
    let Detail::Card { copy: answered, .. } = tick.changed[0].detail else { panic!("{tick:?}") };
    assert_eq!(answered, MessageId(900), "durable, so that a restart knows it too");
    let (ticket, request) = world.call().unwrap();
    assert_eq!(request, Request::Delete { chat: GROUP, messages: vec![MessageId(5)] });
    world.answer(ticket, Ok(Reply::Done));
    let mut said = None;
    while let Some((ticket, request)) = world.call() {
        match request {
            Request::Ban { .. } => drop(world.answer(ticket, Ok(Reply::Done))),
            Request::Say { .. } => said = Some((ticket, request)),
            other => panic!("{other:?}"),
        }
    }
    let (ticket, Request::Say { chat: ADMINS, text, manner }) = said.unwrap() else { panic!("no card") };
    assert_eq!((text.as_str(), manner.answers), ("Decision 42", Some(MessageId(900))));
    assert_eq!(manner.buttons.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    let pressed = |row: usize, place: usize| signer().read(ADMINS, &manner.buttons[row][place].words);
    assert_eq!((pressed(0, 0), pressed(1, 0)), (Some(Press::Undo(42)), Some(Press::Allow(42))));
    let tick = world.answer(ticket, Ok(Reply::Sent(MessageId(901))));
    assert_eq!(tick.group.cards, [(42, CardRecord { chat: ADMINS, message: MessageId(901) })]);
}

#[test]
fn a_deletion_waits_for_its_copy_for_a_bounded_time() {
    let mut world = World::new(UNPACED);
    world.push(&[against(5, ActionKind::Delete), against(6, ActionKind::Delete), copy()]);
    // The copy hangs; the other message need not wait for it.
    let mut deleted = None;
    for _ in 0..2 {
        match world.next_call() {
            (ticket, Request::Delete { messages, .. }) => {
                deleted = Some(messages);
                world.answer(ticket, Ok(Reply::Done));
            }
            (_, request) => assert!(matches!(request, Request::Copy { .. }), "{request:?}"),
        }
    }
    assert_eq!(deleted, Some(vec![MessageId(6)]));
    assert_eq!(world.call(), None);
    world.now = 10 + limits::COPY_WAIT_MS;
    assert_eq!(world.call().unwrap().1, Request::Delete { chat: GROUP, messages: vec![MessageId(5)] });
}

#[test]
fn where_there_is_no_copy_to_be_had_the_card_comes_without_and_nobody_counts_it_against_the_group() {
    let mut world = World::new(UNPACED);
    world.push(&[copy(), card(), against(5, ActionKind::Delete)]);
    let (ticket, _) = world.call().unwrap();
    let tick = world.answer(ticket, Err(refused("Bad Request: message to copy not found")));
    assert!(tick.dead.is_empty(), "a copy is a courtesy: {tick:?}");
    let mut requests = Vec::new();
    while let Some((ticket, request)) = world.call() {
        world.answer(ticket, Ok(Reply::Sent(MessageId(9))));
        requests.push(request);
    }
    assert!(requests.iter().any(|request| matches!(request, Request::Delete { .. })));
    assert!(requests.iter().any(|request| matches!(request, Request::Say { manner, .. } if manner.answers.is_none())));
    assert!(!world.book.get(ADMINS).unwrap().is_watch_only());
}

#[test]
fn a_card_that_may_have_been_sent_is_not_sent_again() {
    let mut world = World::new(UNPACED);
    world.push(&[card()]);
    let (ticket, _) = world.call().unwrap();
    let marked = world.durable[0].changed[0].clone();
    assert_eq!((marked.key, marked.state), (card().key, OutboxState::Sent), "marked before it is sent");
    let tick = world.answer(ticket, Err(CallError::Lost("hung".to_owned())));
    assert_eq!(tick.dropped, [card().key]);
    let mut restarted = World::new(UNPACED);
    let dropped = restarted.outbox.push(vec![marked], &restarted.book, at(10));
    assert_eq!((dropped.dropped, restarted.call()), (vec![card().key], None));
}

#[test]
fn an_answer_is_tidied_away_when_its_time_is_over() {
    let mut world = World::new(UNPACED);
    let detail = Detail::Said { topic: Some(3), expires_s: 20, buttons: Vec::new() };
    let answer = OutboxRow { detail, text: "done".to_owned(), ..row(GROUP, -8, ActionKind::Notify, Sender::Nobody) };
    world.push(&[answer]);
    let (ticket, request) = world.call().unwrap();
    assert!(matches!(&request, Request::Say { manner, .. } if manner.topic == Some(3)), "{request:?}");
    let tick = world.answer(ticket, Ok(Reply::Sent(MessageId(77))));
    let removal = tick.orders[0].clone();
    let key = OutboxKey { chat: GROUP, message: MessageId(77), action: ActionKind::Clean };
    assert_eq!((removal.key, removal.not_before), (key, at(world.now + 20_000).wall));
    world.push(&[removal]);
    assert_eq!((world.call(), world.outbox.oldest()), (None, None), "nothing is late");
    world.now += 20_000;
    assert_eq!(world.call().unwrap().1, Request::Delete { chat: GROUP, messages: vec![MessageId(77)] });
}

#[test]
fn what_waits_for_its_time_holds_back_nothing_about_the_same_person() {
    let mut world = World::new(UNPACED);
    let not_before = at(120_000).wall;
    let kick = OutboxRow { not_before, detail: Detail::Captcha, ..against(-9, ActionKind::Kick) };
    world.push(&[kick, against(6, ActionKind::Ban)]);
    assert!(matches!(world.call().unwrap().1, Request::Ban { user: UserId(70), .. }));
}

#[test]
fn a_command_of_an_administrator_is_tidied_away_though_nobody_may_delete_what_they_write() {
    let mut world = World::new(UNPACED);
    world.book.administrators(GROUP, &[Admin { user: UserId(70), ..Admin::default() }], OWN, at(1).wall);
    world.push(&[against(5, ActionKind::Delete), row(GROUP, 6, ActionKind::Clean, Sender::Nobody)]);
    let mut deleted = Vec::new();
    while let Some((ticket, request)) = world.call() {
        let Request::Delete { messages, .. } = request else { panic!("{request:?}") };
        deleted.extend(messages);
        world.answer(ticket, Ok(Reply::Done));
    }
    assert_eq!(deleted, [MessageId(6)]);
    assert_eq!(world.durable.iter().flat_map(|tick| &tick.dropped).count(), 1);
}

#[test]
fn one_chat_is_spoken_to_once_a_second() {
    let mut world = World::new(REAL);
    let notices: Vec<OutboxRow> = (1..=4)
        .map(|n| OutboxRow { text: format!("{n}"), ..row(ADMINS, -n, ActionKind::Notify, Sender::Nobody) })
        .collect();
    world.push(&notices);
    let mut times = Vec::new();
    for _ in 0..4 {
        let (ticket, _) = world.next_call();
        times.push(world.now);
        world.answer(ticket, Ok(Reply::Sent(MessageId(1))));
    }
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 1_000), "{times:?}");
}

#[test]
fn where_much_waits_removals_and_bans_take_turns() {
    let mut world = World::new(UNPACED);
    let mut kinds = String::new();
    for n in 1..=60 {
        let sender = Sender::Member(UserId(1_000 + i64::from(n)));
        world.push(&[row(GROUP, n, ActionKind::Delete, sender), row(GROUP, n, ActionKind::Ban, sender)]);
    }
    for n in 61..=80 {
        let (ticket, request) = world.call().unwrap();
        kinds.push(if matches!(request, Request::Delete { .. }) { 'd' } else { 'b' });
        world.answer(ticket, Ok(Reply::Done));
        // Something to delete is always there.
        world.push(&[row(GROUP, n, ActionKind::Delete, Sender::Member(UserId(1_000)))]);
    }
    assert_eq!(kinds, "db".repeat(10));
}

#[test]
fn copies_are_made_before_cards_are_sent() {
    let mut world = World::new(REAL);
    let second = |row: OutboxRow, detail| {
        let key = OutboxKey { message: MessageId(-8), ..row.key };
        OutboxRow { key, detail, ..row }
    };
    let other = Detail::Copied { from: GROUP, message: MessageId(6) };
    world.push(&[copy(), card(), second(copy(), other), second(card(), card().detail)]);
    let mut order = String::new();
    for _ in 0..4 {
        let (ticket, request) = world.next_call();
        order.push(if matches!(request, Request::Copy { .. }) { 'p' } else { 'c' });
        world.answer(ticket, Ok(Reply::Sent(MessageId(900))));
    }
    assert_eq!(order, "ppcc");
}

#[test]
fn what_waits_for_its_time_makes_no_chat_a_loud_one() {
    let mut world = World::new(REAL);
    let later: Vec<OutboxRow> = (1..=100)
        .map(|n| {
            let not_before = at(3_600_000).wall;
            let target = Sender::Member(UserId(1_000 + i64::from(n)));
            OutboxRow { not_before, detail: Detail::Captcha, ..row(GROUP, -n, ActionKind::Kick, target) }
        })
        .collect();
    world.push(&later);
    world.push(&[against(5, ActionKind::Ban), against(6, ActionKind::Delete)]);
    let (ticket, _) = world.call().unwrap();
    world.answer(ticket, Ok(Reply::Done));
    assert!(world.call().is_some(), "the burst is there for it, as for every quiet chat");
}

#[test]
fn a_quiet_chat_goes_before_a_loud_one_without_costing_it_anything() {
    // How long actions of a quiet chat wait for their call, with and without a loud chat beside it; calls take 40 ms.
    let waits = |loud: bool| {
        let mut world = World::new(REAL);
        if loud {
            let bans: Vec<OutboxRow> = (1..=2_000)
                .map(|n| row(OTHER, n, ActionKind::Ban, Sender::Member(UserId(10_000 + i64::from(n)))))
                .collect();
            world.push(&bans);
        }
        let (mut waits, mut loud_calls, mut under_way) = (Vec::new(), 0_u32, Vec::<(u64, Ticket)>::new());
        let mut asked = None;
        for ms in 10..60_010 {
            world.now = ms;
            while let Some(place) = under_way.iter().position(|(until, _)| *until <= ms) {
                let (_, ticket) = under_way.remove(place);
                world.answer(ticket, Ok(Reply::Done));
            }
            if ms % 500 == 0 {
                let n = i32::try_from(ms / 500).unwrap();
                world.push(&[row(GROUP, n, ActionKind::Ban, Sender::Member(UserId(n.into())))]);
                asked = Some(ms);
            }
            while let Some((ticket, request)) = world.call() {
                under_way.push((ms + 40, ticket));
                if request.chat() == Some(GROUP) {
                    waits.push(ms - asked.take().unwrap());
                } else {
                    loud_calls += 1;
                }
            }
        }
        waits.sort_unstable();
        (waits[waits.len() * 99 / 100], loud_calls)
    };
    let ((alone, _), (beside, loud_calls)) = (waits(false), waits(true));
    assert!(alone <= 1 && beside <= 2, "p99 {alone} ms alone, {beside} ms beside a loud chat");
    assert!(loud_calls >= 1_300, "the loud chat is not starved: {loud_calls} calls in a minute");
}
