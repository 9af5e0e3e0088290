//! The door of a group, driven through the real flow: who comes in, what stands against them, captchas, raids, shared bans,
//! trust; and power cuts between.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on stops.
#![allow(clippy::as_conversions)] // Tests count small things.

mod world;

use aegis::cards::InRaid;
use aegis::clock::Now;
use aegis::decide::{ChatRules, Disposition};
use aegis::manners::{JoinPolicy, Manners, Measure, RaidPolicy, Switch};
use aegis::message::{ChatId, Message, MessageId, Sender, SurfaceKind, Trust, UpdateId, UserId};
use aegis::policy::{PackSource, compile};
use aegis::shard::Rulebook;
use aegis::store::Tick;
use aegis::store::records::{Decision, Detail, OutboxKey, OutboxRow};
use aegis::telegram::request::RIGHTS;
use aegis::telegram::update::{Person, PersonKind, Told};
use aegis::telegram::{Admin, Incoming, What};
use aegis::tenant::{Tenant, Tenants};
use aegis::verdict::{ActionKind, Mode, Outcome, Thresholds};
use std::sync::Arc;
use world::disk::Disk;
use world::{Board, OWN, UNPACED, at};

const CHAT: ChatId = ChatId(-1_001);
const OTHER: ChatId = ChatId(-1_002);
const ADMINS: ChatId = ChatId(-1_009);
const ADMIN: UserId = UserId(5);

fn quiet() -> Manners {
    Manners { listed: Measure::Off, impersonators: Measure::Off, names: Measure::Off, ..Manners::default() }
}

fn book_of(mode: Mode, manners: Manners) -> Arc<Rulebook> {
    let text = "[pack]\nid = \"p\"\nversion = 1\n\n[[rule]]\nid = \"spam\"\nreason = \"spam\"\nscore = 100\n\
                keywords = [\"spamword\"]\nactions = [\"delete\", \"ban\"]\n\n[[rule]]\nid = \"odd\"\nreason = \"odd\"\n\
                score = 60\nkeywords = [\"oddword\"]\nactions = [\"delete\"]\n";
    let source = PackSource { file: "p.toml".into(), text: text.into(), lists: Vec::new() };
    let rules = ChatRules { mode, thresholds: Thresholds::default(), ..ChatRules::default() };
    let tenant = Tenant { rules, manners, admin_chat: Some(ADMINS), ..Tenant::default() };
    Arc::new(Rulebook::new(compile(&[source]).unwrap(), Tenants::one(tenant)))
}

struct Life {
    disk: Disk,
    rulebook: Arc<Rulebook>,
    board: Board,
    update: u32,
    ms: u64,
}

impl Life {
    fn new(mode: Mode, manners: Manners) -> Self {
        let (disk, rulebook) = (Disk::default(), book_of(mode, manners));
        let board = Board::start(disk.clone(), &rulebook, UNPACED, at(1_000)).unwrap();
        let mut life = Self { disk, rulebook, board, update: 0, ms: 1_000 };
        life.know_admins();
        life
    }

    fn enforce(manners: Manners) -> Self {
        Self::new(Mode::Enforce, manners)
    }

    fn know_admins(&mut self) {
        let now = self.now().wall;
        let own = Admin { user: OWN, may_delete: true, may_restrict: true, ..Admin::default() };
        let admins = [own, Admin { user: ADMIN, ..Admin::default() }];
        for chat in [CHAT, OTHER] {
            self.board.book().administrators(chat, &admins, OWN, now);
        }
    }

    fn now(&self) -> Now {
        at(self.ms)
    }

    /// The process dies and starts again on what is on the disk.
    fn restart(self) -> Self {
        let Self { disk, rulebook, board, update, ms } = self;
        drop(board);
        let board = Board::start(disk.clone(), &rulebook, UNPACED, at(ms)).unwrap();
        let mut life = Self { disk, rulebook, board, update, ms };
        life.know_admins();
        life
    }

    fn take(&mut self, whats: Vec<What>) {
        let mut batch = Vec::new();
        for what in whats {
            self.update += 1;
            batch.push(Incoming { id: UpdateId(self.update), what });
        }
        self.ms += 10;
        self.board.take(batch, at(self.ms)).unwrap();
    }

    fn joins(&mut self, chat: ChatId, user: i64, name: &str) {
        self.take(vec![What::Joined { chat, who: person(user, name) }]);
    }

    fn writes(&mut self, chat: ChatId, user: i64, name: &str, text: &str) {
        let number = self.update as i32 + 1;
        self.take(vec![message(chat, number, user, name, text)]);
    }

    fn rows(&self) -> Vec<OutboxRow> {
        self.board.snapshots().outbox().unwrap()
    }

    fn kinds(&self, chat: ChatId) -> Vec<ActionKind> {
        let mut kinds: Vec<_> =
            self.rows().iter().filter(|row| row.key.chat == chat).map(|row| row.key.action).collect();
        kinds.sort_unstable();
        kinds
    }

    fn count(&self, chat: ChatId, kind: ActionKind) -> usize {
        self.kinds(chat).into_iter().filter(|known| *known == kind).count()
    }

    fn decisions(&self) -> Vec<Decision> {
        let mut all = Vec::new();
        let snapshots = self.board.snapshots();
        for number in 0..200 {
            all.extend(snapshots.decision(number).unwrap());
        }
        all
    }

    /// The decisions that name this rule.
    fn of_rule(&self, rule: &str) -> Vec<Decision> {
        let named = |decision: &Decision| decision.findings.iter().any(|finding| finding.rule == rule);
        self.decisions().into_iter().filter(named).collect()
    }

    /// What the outbox does by itself until it waits; returns the calls, in words.
    fn calls(&mut self) -> Vec<String> {
        let mut calls = Vec::new();
        for _ in 0..100 {
            let next = self.board.turn(self.now()).unwrap();
            let Some((ticket, request)) = world::call_of(next) else { break };
            calls.push(format!("{request:?}"));
            let answer = match request {
                aegis::telegram::Request::Administrators { .. } => {
                    let own = Admin { user: OWN, may_delete: true, may_restrict: true, ..Admin::default() };
                    aegis::telegram::Reply::Administrators(vec![own, Admin { user: ADMIN, ..Admin::default() }])
                }
                aegis::telegram::Request::Linked { .. } => aegis::telegram::Reply::Chat(Default::default()),
                aegis::telegram::Request::Say { .. } => aegis::telegram::Reply::Sent(MessageId(9_000)),
                _ => aegis::telegram::Reply::Done,
            };
            self.ms += 1;
            self.board.answered(ticket, Ok(answer), self.now(), 0).unwrap();
        }
        calls
    }
}

fn person(user: i64, name: &str) -> Person {
    Person { user: UserId(user), name: name.to_owned(), username: String::new(), kind: PersonKind::Human }
}

fn message(chat: ChatId, number: i32, user: i64, name: &str, text: &str) -> What {
    let mut message = Message::empty(chat, MessageId(number), Sender::Member(UserId(user)));
    message.sender_name = name.to_owned();
    message.push(SurfaceKind::Text, text);
    What::Message(Box::new(message))
}

fn captcha() -> Manners {
    Manners { captcha: Switch::On, ..quiet() }
}

impl Life {
    /// The clerk lets somebody in who pressed in time (`tests/clerk` has who may press, and when): the removal is taken back, in
    /// the way of all that the desk orders.
    fn lets_in(&mut self, kick: &OutboxRow) {
        let key = OutboxKey { action: ActionKind::Unmute, ..kick.key };
        let unmute = OutboxRow::new(key, kick.target, self.now().wall, kick.trace);
        let mut tick = Tick { dropped: vec![kick.key], orders: vec![unmute], ..Tick::default() };
        self.board.settler().lock().ordered(&mut tick);
        assert_eq!(self.board.door().lock().cancel_for(kick.key.chat, UserId(70)), None, "nobody waits any more");
        self.board.keep(tick, self.now()).unwrap();
    }
}

/// What waits for somebody: the number of the removal.
fn removal(life: &Life) -> OutboxRow {
    life.rows().into_iter().find(|row| row.detail == Detail::Captcha).unwrap()
}

#[test]
fn whoever_presses_the_button_in_time_may_write_and_is_not_removed() {
    let mut life = Life::enforce(captcha());
    life.joins(CHAT, 70, "Kim");
    assert_eq!(life.kinds(CHAT), [ActionKind::Mute, ActionKind::Kick, ActionKind::Notify]);
    let kick = removal(&life);
    assert_eq!(kick.not_before.0, life.now().wall.0 + 120_000);
    let asked = life.rows().into_iter().find(|row| row.key.action == ActionKind::Notify).unwrap();
    assert!(asked.text.contains("Kim") && matches!(&asked.detail, Detail::Said { buttons, .. } if buttons.len() == 1));
    life.lets_in(&kick);
    assert_eq!(life.kinds(CHAT), [ActionKind::Mute, ActionKind::Notify, ActionKind::Unmute]);
}

#[test]
fn whoever_presses_nothing_is_removed_also_when_the_power_fails_meanwhile() {
    let mut life = Life::enforce(captcha());
    life.joins(CHAT, 70, "Kim");
    let mut life = life.restart();
    life.calls();
    assert_eq!(life.count(CHAT, ActionKind::Kick), 1, "not before their time is over: {:?}", life.rows());
    life.ms += 120_001;
    let calls = life.calls();
    assert!(calls.iter().any(|call| call.starts_with("Kick") && call.contains("UserId(70)")), "{calls:?}");
}

#[test]
fn after_a_restart_the_button_still_lets_them_in() {
    let mut life = Life::enforce(captcha());
    life.joins(CHAT, 70, "Kim");
    let mut life = life.restart();
    let kick = removal(&life);
    life.lets_in(&kick);
    assert_eq!(life.count(CHAT, ActionKind::Kick), 0);
}

#[test]
fn whoever_leaves_is_forgotten_and_asked_anew_when_they_come_back() {
    let mut life = Life::enforce(captcha());
    life.joins(CHAT, 70, "Kim");
    let first = removal(&life).key;
    life.take(vec![What::Left { chat: CHAT, user: UserId(70) }]);
    life.board.flush(life.now()).unwrap();
    assert_eq!(life.count(CHAT, ActionKind::Kick), 0);
    life.joins(CHAT, 70, "Kim");
    assert_ne!(removal(&life).key, first);
    // Who comes and goes in one batch is asked nothing.
    let gone = What::Left { chat: CHAT, user: UserId(71) };
    life.take(vec![What::Joined { chat: CHAT, who: person(71, "Lee") }, gone]);
    assert_eq!(life.count(CHAT, ActionKind::Kick), 1);
}

#[test]
fn whoever_is_banned_meanwhile_is_not_removed_later_which_would_let_them_come_back() {
    let mut life = Life::enforce(captcha());
    life.joins(CHAT, 70, "Kim");
    life.writes(CHAT, 70, "Kim", "buy this spamword now");
    assert_eq!((life.count(CHAT, ActionKind::Ban), life.count(CHAT, ActionKind::Kick)), (1, 0));
    life.ms += 200_000;
    let calls = life.calls();
    assert!(!calls.iter().any(|call| call.starts_with("Kick")), "{calls:?}");
    let mut life = life.restart();
    life.ms += 200_000;
    assert!(!life.calls().iter().any(|call| call.starts_with("Kick")));
}

#[test]
fn administrators_bots_and_those_who_are_known_are_asked_nothing() {
    let mut life = Life::enforce(Manners { trust_messages: 1, trust_letters: 3, ..captcha() });
    life.joins(CHAT, ADMIN.0, "Ada");
    life.take(vec![What::Joined { chat: CHAT, who: Person { kind: PersonKind::Bot, ..person(80, "Robot") } }]);
    life.take(vec![What::Joined { chat: CHAT, who: person(OWN.0, "Aegis") }]);
    life.writes(CHAT, 70, "Kim", "a friendly message");
    life.joins(CHAT, 70, "Kim");
    assert!(life.rows().is_empty(), "{:?}", life.rows());
}

#[test]
fn many_joins_in_a_minute_are_a_raid_that_takes_the_right_to_write_and_gives_it_back() {
    let usual = 0b00_1011_1111_1111_u16;
    let manners = Manners { raid_joins: 3, raid_lock: Switch::On, raid: RaidPolicy::Kick, ..quiet() };
    let mut life = Life::enforce(manners);
    let mut known = Tick::default();
    known.group.rights.push((CHAT, usual));
    life.board.keep(known, life.now()).unwrap();
    life.board.flush(life.now()).unwrap();
    (70..72).for_each(|user| life.joins(CHAT, user, "Kim"));
    assert_eq!(life.board.door().lock().in_raid(CHAT), InRaid::No);
    life.joins(CHAT, 72, "Kim");
    assert_eq!(life.board.door().lock().in_raid(CHAT), InRaid::Yes);
    assert_eq!(life.count(CHAT, ActionKind::Kick), 1, "the one that made it a raid");
    let permits: Vec<_> = life.rows().into_iter().filter(|row| row.key.action == ActionKind::Permit).collect();
    let now: Vec<_> = permits.iter().filter(|row| row.not_before.0 == 0).map(|row| row.detail.clone()).collect();
    assert_eq!(now, [Detail::Rights(usual & !0x3ff)]);
    let later: Vec<_> = permits.iter().filter(|row| row.not_before.0 > 0).collect();
    assert_eq!((later.len(), later[0].detail.clone()), (1, Detail::Rights(usual)));
    assert_eq!(later[0].not_before.0, life.now().wall.0 + 900_000);
    let told = life.rows().into_iter().find(|row| row.key.chat == ADMINS && row.text.contains("Raid")).unwrap();
    assert!(told.text.contains('3'), "{}", told.text);
    // The power fails; the raid goes on, and what it took still comes back.
    let mut life = life.restart();
    assert_eq!(life.board.door().lock().in_raid(CHAT), InRaid::Yes);
    life.joins(CHAT, 73, "Kim");
    assert_eq!(life.count(CHAT, ActionKind::Kick), 2);
    life.ms += 900_001;
    life.board.pulse(life.now()).unwrap();
    assert_eq!(life.board.door().lock().in_raid(CHAT), InRaid::No);
    assert!(life.board.snapshots().raids().unwrap().is_empty());
    let given: Vec<_> = life.rows().into_iter().filter(|row| row.detail == Detail::Rights(usual)).collect();
    assert_eq!((given.len(), given[0].not_before.0), (1, 0), "once, and at once");
    assert!(life.rows().iter().any(|row| row.key.chat == ADMINS && row.text.contains("over")));
}

#[test]
fn a_raid_that_goes_on_is_prolonged_once_a_minute_under_a_new_row() {
    let manners = Manners { raid_joins: 2, raid_lock: Switch::On, ..quiet() };
    let mut life = Life::enforce(manners);
    let mut known = Tick::default();
    known.group.rights.push((CHAT, 0x3ff));
    life.board.keep(known, life.now()).unwrap();
    life.board.flush(life.now()).unwrap();
    let restores = |life: &Life| {
        let later = |row: &OutboxRow| row.key.action == ActionKind::Permit && row.not_before.0 > 0;
        life.rows().into_iter().filter(later).map(|row| (row.key, row.not_before)).collect::<Vec<_>>()
    };
    (70..73).for_each(|user| life.joins(CHAT, user, "Kim"));
    let first = restores(&life);
    assert_eq!(first.len(), 1);
    life.ms += 61_000;
    (80..90).for_each(|user| life.joins(CHAT, user, "Kim"));
    let second = restores(&life);
    assert!(second.len() == 1 && second[0].0 != first[0].0 && second[0].1 > first[0].1, "{first:?} {second:?}");
    let by_hand = {
        let house_now = life.now();
        let house = aegis::settle::House::of(&life.rulebook, CHAT, "");
        life.board.door().lock().end_raid(CHAT, &house, house_now)
    };
    life.board.keep(by_hand, life.now()).unwrap();
    assert!(restores(&life).is_empty(), "nothing is given back later: it is at once");
}

#[test]
fn the_rights_a_raid_takes_are_those_to_send_something() {
    let taken: Vec<_> = RIGHTS.iter().enumerate().filter(|(bit, _)| 0x3ff_u16 & (1 << bit) > 0).collect();
    assert!(taken.iter().all(|(_, name)| name.contains("send") || name.contains("web_page")), "{taken:?}");
    assert_eq!(taken.len(), RIGHTS.iter().filter(|name| name.contains("send") || name.contains("web_page")).count());
}

#[test]
fn without_knowing_what_members_may_do_nothing_is_taken_from_them() {
    let mut life = Life::enforce(Manners { raid_joins: 2, raid_lock: Switch::On, ..quiet() });
    (70..73).for_each(|user| life.joins(CHAT, user, "Kim"));
    assert_eq!((life.board.door().lock().in_raid(CHAT), life.count(CHAT, ActionKind::Permit)), (InRaid::Yes, 0));
}

#[test]
fn what_waited_through_an_outage_and_comes_at_once_is_no_raid() {
    let mut life = Life::enforce(Manners { raid_senders: 2, ..quiet() });
    let sent_s = life.now().wall.seconds() - 3_600;
    let old = |number: i32| {
        let mut message = Message::empty(CHAT, MessageId(number), Sender::Member(UserId(i64::from(number))));
        message.sent_s = sent_s + u64::from(number.unsigned_abs()) * 60;
        message.push(SurfaceKind::Text, "spamword");
        What::Message(Box::new(message))
    };
    life.take((1..30).map(old).collect());
    assert_eq!(life.board.door().lock().in_raid(CHAT), InRaid::No);
}

#[test]
fn in_a_raid_what_is_unsure_of_newcomers_counts_as_sure() {
    let mut life = Life::enforce(Manners { raid_senders: 2, trust_messages: 1, trust_letters: 3, ..quiet() });
    life.writes(CHAT, 60, "Lee", "a message of somebody who is known from now on");
    life.writes(CHAT, 70, "Kim", "an oddword");
    assert_eq!(life.count(CHAT, ActionKind::Delete), 0);
    life.writes(CHAT, 71, "Kim", "spamword");
    life.writes(CHAT, 72, "Kim", "spamword");
    life.writes(CHAT, 73, "Kim", "an oddword");
    assert_eq!(life.count(CHAT, ActionKind::Delete), 3);
    life.writes(CHAT, 60, "Lee", "an oddword");
    assert_eq!(life.count(CHAT, ActionKind::Delete), 3, "who is known is no newcomer");
}

#[test]
fn a_ban_is_met_in_another_group_of_the_owner_and_not_in_the_one_it_came_from() {
    let mut life = Life::enforce(Manners { share_bans: Switch::On, ..quiet() });
    life.writes(CHAT, 70, "Kim", "spamword");
    let mut life = life.restart();
    life.joins(CHAT, 70, "Kim");
    assert!(life.of_rule("aegis-shared-ban").is_empty());
    life.joins(OTHER, 70, "Kim");
    assert_eq!(life.kinds(OTHER), [ActionKind::Ban]);
    let found = life.of_rule("aegis-shared-ban");
    assert_eq!((found.len(), found[0].disposition, found[0].message.is_real()), (1, Disposition::Promised, false));
    assert!(found[0].reason.contains("spam"), "{}", found[0].reason);
    // Taken back, it is shared no longer, also after a restart.
    let (mut tick, now) = (Tick::default(), life.now());
    life.board.settler().lock().freed(CHAT, Sender::Member(UserId(70)), &Tenant::default().name, &mut tick);
    life.board.keep(tick, now).unwrap();
    assert!(life.board.snapshots().shared_bans().unwrap().is_empty());
    let mut life = life.restart();
    life.writes(OTHER, 70, "Kim", "hello there");
    assert_eq!(life.of_rule("aegis-shared-ban").len(), 1);
}

#[test]
fn a_message_of_somebody_whom_another_group_banned_goes_with_its_sender() {
    let mut life = Life::enforce(Manners { share_bans: Switch::On, ..quiet() });
    life.writes(CHAT, 70, "Kim", "spamword");
    life.writes(OTHER, 70, "Kim", "hello there");
    assert_eq!(life.kinds(OTHER), [ActionKind::Delete, ActionKind::Ban]);
}

#[test]
fn bans_are_not_shared_unless_that_is_wanted() {
    let mut life = Life::enforce(quiet());
    life.writes(CHAT, 70, "Kim", "spamword");
    life.joins(OTHER, 70, "Kim");
    assert!(life.kinds(OTHER).is_empty() && life.board.snapshots().shared_bans().unwrap().is_empty());
}

#[test]
fn whoever_may_pass_for_an_administrator_is_dealt_with_by_name() {
    let mut life = Life::enforce(Manners { impersonators: Measure::Ban, ..quiet() });
    life.writes(CHAT, ADMIN.0, "Anna Petrova | admin", "good morning");
    life.joins(CHAT, 70, "Ann\u{430} Petr0va");
    life.joins(CHAT, 71, "Anna Ivanova");
    assert_eq!(life.count(CHAT, ActionKind::Ban), 1);
    life.writes(CHAT, 72, "ANNA PETROVA", "write to me about your prize");
    assert_eq!((life.count(CHAT, ActionKind::Ban), life.count(CHAT, ActionKind::Delete)), (2, 1));
    let found = life.of_rule("aegis-impersonator");
    assert!(found.iter().all(|decision| decision.reason.contains("Anna Petrova")), "{found:?}");
}

#[test]
fn what_is_only_recorded_about_somebody_is_recorded_once_and_they_come_to_be_known() {
    let manners = Manners { impersonators: Measure::Record, trust_messages: 2, trust_letters: 3, ..quiet() };
    let mut life = Life::enforce(manners);
    life.writes(CHAT, ADMIN.0, "Anna Petrova", "good morning");
    for text in ["one message", "another message", "a third message"] {
        life.writes(CHAT, 72, "Anna Petrova", text);
    }
    let found = life.of_rule("aegis-impersonator");
    assert_eq!((found.len(), found[0].outcome, found[0].disposition), (1, Outcome::Review, Disposition::Recorded));
    assert!(life.kinds(CHAT).is_empty());
    let trust = life.board.settler().lock().members.trust(CHAT, UserId(72), &manners).unwrap();
    assert_eq!(trust, Trust::Known);
}

#[test]
fn whoever_is_on_a_list_is_banned_when_they_join_and_when_they_write() {
    let mut life = Life::enforce(Manners { listed: Measure::Ban, ..quiet() });
    let listed = |user: UserId| (user.0 >= 70).then(|| "known spammers".to_owned());
    life.board.door().lock().ask_lists(Arc::new(listed));
    life.joins(CHAT, 70, "Kim");
    life.writes(CHAT, 71, "Lee", "hello there");
    life.joins(CHAT, 60, "Ada");
    assert_eq!(life.kinds(CHAT), [ActionKind::Delete, ActionKind::Ban, ActionKind::Ban]);
    assert!(life.decisions().iter().all(|decision| decision.reason.contains("known spammers")));
}

#[test]
fn a_name_that_the_rules_block_is_dealt_with_as_is_set_for_names() {
    let mut life = Life::enforce(Manners { names: Measure::Kick, ..quiet() });
    life.joins(CHAT, 70, "best SPAMword");
    life.joins(CHAT, 71, "an oddword");
    assert_eq!(life.kinds(CHAT), [ActionKind::Kick], "unsure is not enough");
    assert_eq!(life.of_rule("aegis-name").len(), 1);
    let mut record = Life::enforce(Manners { names: Measure::Record, ..captcha() });
    record.joins(CHAT, 70, "best SPAMword");
    assert_eq!(record.of_rule("aegis-name").len(), 1);
    assert_eq!(record.count(CHAT, ActionKind::Kick), 1, "what is only recorded spares nobody the captcha");
}

#[test]
fn a_wish_to_join_is_declined_for_what_speaks_against_it_and_else_as_is_set() {
    for (policy, let_in) in [(JoinPolicy::Leave, 0), (JoinPolicy::Screen, 0), (JoinPolicy::Approve, 1)] {
        let manners = Manners { join_requests: policy, names: Measure::Record, listed: Measure::Ban, ..quiet() };
        let mut life = Life::enforce(manners);
        life.board.door().lock().ask_lists(Arc::new(|user| (user.0 == 72).then(|| "spammers".to_owned())));
        let wish = |user, bio: &str| What::JoinRequest { chat: CHAT, who: person(user, "Kim"), bio: bio.to_owned() };
        life.take(vec![wish(70, "I like gardens"), wish(71, "buy my spamword"), wish(72, "")]);
        let declined = if policy == JoinPolicy::Leave { 0 } else { 2 };
        assert_eq!(life.count(CHAT, ActionKind::Admit), let_in, "{policy:?}");
        assert_eq!(life.count(CHAT, ActionKind::Decline), declined, "{policy:?}");
        assert_eq!((life.decisions().len(), life.kinds(CHAT).len()), (declined, declined + let_in));
    }
}

#[test]
fn somebody_is_known_after_enough_messages_and_no_longer_after_an_unwanted_one() {
    let manners = Manners { trust_messages: 2, trust_letters: 5, ..quiet() };
    let mut life = Life::enforce(manners);
    let trust = |life: &Life| life.board.settler().lock().members.trust(CHAT, UserId(70), &manners).unwrap();
    life.writes(CHAT, 70, "Kim", "first message");
    life.writes(CHAT, 70, "Kim", "first message");
    life.writes(CHAT, 70, "Kim", "ok");
    assert_eq!(trust(&life), Trust::Stranger, "the same again and short ones do not count");
    life.writes(CHAT, 70, "Kim", "second message");
    assert_eq!(trust(&life), Trust::Known);
    life.board.flush(life.now()).unwrap();
    let mut life = life.restart();
    assert_eq!(trust(&life), Trust::Known);
    life.writes(CHAT, 70, "Kim", "spamword");
    assert_eq!(trust(&life), Trust::Stranger);
    let mut life = life.restart();
    assert_eq!(trust(&life), Trust::Stranger);
    let now = life.now().wall;
    let mut approved = Tick::default();
    let vouch = |record: &mut aegis::store::records::MemberRecord| record.approved_at = now;
    approved.members.push(life.board.settler().lock().members.change(CHAT, UserId(70), now, vouch).unwrap());
    life.board.keep(approved, life.now()).unwrap();
    life.writes(CHAT, 70, "Kim", "spamword");
    assert_eq!(trust(&life), Trust::Approved, "who is approved stays so");
}

#[test]
fn a_sender_of_four_unwanted_messages_is_banned_once_and_again_after_an_undo_or_a_return() {
    let mut life = Life::enforce(quiet());
    (0..4).for_each(|_| life.writes(CHAT, 70, "Kim", "spamword"));
    assert_eq!((life.count(CHAT, ActionKind::Delete), life.count(CHAT, ActionKind::Ban)), (4, 1));
    let mut tick = Tick::default();
    life.board.settler().lock().freed(CHAT, Sender::Member(UserId(70)), &Tenant::default().name, &mut tick);
    life.writes(CHAT, 70, "Kim", "spamword");
    assert_eq!(life.count(CHAT, ActionKind::Ban), 2);
    life.joins(CHAT, 70, "Kim");
    life.writes(CHAT, 70, "Kim", "spamword");
    assert_eq!(life.count(CHAT, ActionKind::Ban), 3);
}

#[test]
fn messages_about_coming_and_going_are_tidied_away_where_that_is_wanted() {
    let told = |number, what| What::Service { chat: CHAT, message: MessageId(number), what };
    let mut life = Life::enforce(Manners { clean_joins: Switch::On, ..quiet() });
    life.take(vec![told(7, Told::Joined), told(8, Told::Left)]);
    let rows = life.rows();
    assert_eq!((life.kinds(CHAT), rows[0].key.message), (vec![ActionKind::Clean], MessageId(7)));
}

#[test]
fn in_record_mode_nothing_at_all_is_done_in_the_group() {
    let manners = Manners {
        captcha: Switch::On,
        join_requests: JoinPolicy::Approve,
        clean_joins: Switch::On,
        clean_leaves: Switch::On,
        names: Measure::Ban,
        impersonators: Measure::Ban,
        listed: Measure::Ban,
        share_bans: Switch::On,
        raid_joins: 3,
        raid_senders: 3,
        raid: RaidPolicy::Ban,
        raid_lock: Switch::On,
        ..Manners::default()
    };
    let mut life = Life::new(Mode::Record, manners);
    life.board.door().lock().ask_lists(Arc::new(|user| (user.0 == 70).then(|| "spammers".to_owned())));
    let mut known = Tick::default();
    known.group.rights.push((CHAT, 0x3ff));
    life.board.keep(known, life.now()).unwrap();
    life.board.flush(life.now()).unwrap();
    life.writes(CHAT, ADMIN.0, "Anna Petrova", "good morning");
    for user in 70..80 {
        life.joins(CHAT, user, "best spamword");
        life.writes(CHAT, user, "Anna Petrova", "spamword");
    }
    life.take(vec![What::JoinRequest { chat: CHAT, who: person(90, "Kim"), bio: "spamword".to_owned() }]);
    life.take(vec![What::JoinRequest { chat: CHAT, who: person(91, "Kim"), bio: String::new() }]);
    life.take(vec![What::Service { chat: CHAT, message: MessageId(900), what: Told::Joined }]);
    assert!(life.kinds(CHAT).is_empty(), "{:?}", life.rows());
    assert!(life.decisions().len() > 20 && life.board.snapshots().shared_bans().unwrap().is_empty());
    assert!(life.decisions().iter().all(|decision| decision.disposition != Disposition::Promised));
    assert_eq!(life.board.door().lock().in_raid(CHAT), InRaid::Yes, "it is told, and that is all");
}
