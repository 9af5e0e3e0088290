//! The slow lane in the real binary, against a model that does what it is told to: hazards 10 and 27.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)] // Helpers of tests stand outside `#[test]`.

mod board;

use aegis::app::{self, Failure};
use aegis::budget::{Account, Micros, Prices, Spent};
use aegis::clock::{Clock, Wall};
use aegis::config::Config;
use aegis::counters::Counters;
use aegis::demo::script::{Expected, Script, Scripted};
use aegis::demo::scripted_model::{Behaviour, ScriptedModel};
use aegis::demo::standin::StandIn;
use aegis::demo::town::Town;
use aegis::flags::Flag;
use aegis::message::ChatId;
use aegis::opinion::{MODEL_RULE, NO_MODEL_RULE};
use aegis::secret::Secret;
use aegis::store::io::IoCount;
use aegis::store::{Keep, Snapshots, Store};
use aegis::tenant::DegradeMode;
use aegis::tenant::TenantName;
use aegis::verdict::{Mode, Outcome};
use board::{Board, LONG, Signal, TOKEN};
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const PACK: &str = "[pack]\nid = \"unsure\"\nversion = 1\n\n[[rule]]\nid = \"unsure-offer\"\nreason = \"may be advertising\"\n\
                    score = 60\nkeywords = [\"perhaps an offer\"]\nactions = [\"delete\"]\n";

const PRICES: Prices = Prices { input: Micros(150_000), output: Micros(600_000) };

/// Words that no two texts share, so that no two messages are nearly the same.
const SUBJECTS: [&str; 12] = [
    "bicycle", "orchard", "lantern", "harbour", "pottery", "violin", "kitchen", "blanket", "compass", "meadow",
    "saddle", "window",
];

/// An unsure message about the `n`-th subject; a model that is honest blocks it when it is `bad`.
fn unsure(n: i64, bad: bool, expected: Expected) -> Scripted {
    let subject = SUBJECTS[usize::try_from(n).unwrap() % SUBJECTS.len()];
    let text = if bad {
        format!("perhaps an offer: {subject} for gold coins")
    } else {
        format!("perhaps an offer: a {subject}")
    };
    Scripted::text(-1_001_000_000_000 - n % 3, 1_000 + n, 8_000_000 + n, &text, expected)
}

fn script(stream: Vec<Scripted>) -> Script {
    Script { token: TOKEN.to_owned(), ..Script::new(Box::new(stream)) }
}

fn model(behaviour: Behaviour) -> ScriptedModel {
    ScriptedModel::start(behaviour, &["gold coins"], PRICES).unwrap()
}

type Life = (oneshot::Sender<()>, JoinHandle<Result<(), Failure>>);

/// An appliance in this process, so that its counters can be read while it works.
struct Home {
    _dir: TempDir,
    config: Config,
    counters: Arc<Counters>,
    life: Option<Life>,
}

impl Home {
    /// A home that asks this model; not started yet.
    fn new(standin: &StandIn, model: &ScriptedModel) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let packs = dir.path().join("packs");
        std::fs::create_dir(&packs).unwrap();
        std::fs::write(packs.join("unsure.toml"), PACK).unwrap();
        let words = "[pack]\nid = \"promo\"\nversion = 1\n\n[[rule]]\nid = \"promo\"\nreason = \"advertising\"\n\
                     keywords_file = \"phrases.txt\"\nscore = 100\nactions = [\"delete\", \"ban\"]\n";
        std::fs::write(packs.join("promo.toml"), words).unwrap();
        std::fs::write(packs.join("phrases.txt"), board::PHRASES.join("\n")).unwrap();
        let mut config = Config {
            mode: Mode::Enforce,
            data_dir: dir.path().join("data"),
            policy_dir: Some(packs),
            ..Config::default()
        };
        config.telegram.token = Some(Secret::new(TOKEN.to_owned()));
        config.telegram.api_url = standin.api_url();
        config.telegram.requests_per_second = 0;
        config.telegram.group_messages_per_minute = 0;
        config.web.listen = None;
        config.ai.base_url = model.base_url();
        config.ai.model = "scripted".to_owned();
        config.ai.price_input = Some(PRICES.input);
        config.ai.price_output = Some(PRICES.output);
        config.ai.calls_per_minute = 6_000;
        config.ai.burst = 100;
        config.ai.queue = 512;
        config.budget.money = Some(Micros(5_000_000));
        config.budget.calls = Some(10_000);
        config.budget.user_percent = 100;
        Self { _dir: dir, config, counters: Arc::default(), life: None }
    }

    fn start(&mut self) {
        self.counters = Arc::default();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = app::start(self.config.clone(), None, Clock::start(), Arc::clone(&self.counters), || 0).unwrap();
        self.life = Some((stop, tokio::spawn(running.until(async move { drop(stopped.await) }))));
    }

    /// Waits until this is so.
    #[track_caller]
    fn until(&self, what: &'static str, reached: impl Fn(&Counters) -> bool) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let begun = Instant::now();
            while !reached(&self.counters) {
                assert!(begun.elapsed() < LONG, "{place}: {what}: {:?}", self.counters);
                tokio::task::yield_now().await;
            }
        }
    }

    /// Ends it, and opens what it left.
    async fn end(&mut self) -> Snapshots {
        let (stop, life) = self.life.take().unwrap();
        drop(stop);
        life.await.unwrap().unwrap();
        self.stored()
    }

    fn stored(&self) -> Snapshots {
        stored(&self.config.data_dir)
    }
}

/// The durable file, once the appliance has ended.
fn stored(data: &std::path::Path) -> Snapshots {
    let keep =
        Keep { decisions: 10_000, done: 20_000, dedupe_batches: 4_096, dead_letters: 100, albums: 256, audit: 1_000 };
    let (store, _) = Store::open(data, 1 << 20, keep, &Arc::new(IoCount::default()), Wall(0)).unwrap();
    store.snapshots()
}

fn reasons(snapshots: &Snapshots, rule: &str) -> Vec<String> {
    let decisions = snapshots.decisions(10_000).unwrap();
    let all = decisions.into_iter().flat_map(|(_, decision)| decision.findings);
    all.filter(|finding| finding.rule == rule).map(|finding| finding.reason).collect()
}

fn spent(snapshots: &Snapshots) -> Spent {
    let rows = snapshots.spending().unwrap();
    let total = rows.iter().find(|row| row.account == Account::Total && row.tenant == TenantName::default());
    let spent = total.map(|row| row.spent).unwrap_or_default();
    if snapshots.holds().unwrap().is_empty() {
        let days = snapshots.usage(&TenantName::default()).unwrap();
        let (calls, money) =
            days.iter().fold((0, 0), |(calls, money), (_, day)| (calls + day.calls, money + day.money_micros));
        assert_eq!((calls, money), (spent.calls, spent.money.0), "the days add up to what was spent");
    }
    spent
}

fn reviewed(counters: &Counters) -> u64 {
    counters.review_answered.get() + counters.review_unanswered.get()
}

#[tokio::test]
async fn a_model_decides_what_the_rules_are_unsure_of_and_nothing_else() {
    let mut stream: Vec<Scripted> = (0..20).map(board::message).collect();
    stream.extend((0..6).map(|n| unsure(n, true, Expected::Remove)));
    stream.extend((6..12).map(|n| unsure(n, false, Expected::Stay)));
    let standin = board::play(script(stream));
    let model = model(Behaviour::Honest);
    let mut home = Home::new(&standin, &model);
    home.start();
    home.until("all are decided", |counters| reviewed(counters) == 12).await;
    assert!(standin.wait_until(LONG, |town| town.is_drained() && town.ledger().missed() == 0).await);
    let snapshots = home.end().await;
    let ledger = standin.ledger();
    assert_eq!((ledger.missed(), ledger.wrong()), (0, 0));
    assert_eq!(reasons(&snapshots, MODEL_RULE).len(), 12, "every opinion is a part of its decision");
    let decisions = snapshots.decisions(1_000).unwrap();
    assert!(decisions.iter().all(|(_, decision)| decision.outcome != Outcome::Review));
    assert_eq!(spent(&snapshots), Spent { money: model.seen().cost, calls: 12 }, "as an honest provider counts");
    assert_eq!((snapshots.holds().unwrap(), snapshots.reviews(|row| row.message).unwrap()), (vec![], vec![]));
    assert!(model.seen().bodies.iter().all(|body| !body.contains("80000")), "no id is told");
}

#[tokio::test]
async fn however_a_model_fails_the_fallback_decides_and_sure_messages_go_their_way() {
    let ways = [
        Behaviour::Hangs,
        Behaviour::Down,
        Behaviour::Status(500),
        Behaviour::Status(401),
        Behaviour::RetryAfter(600),
        Behaviour::Huge,
        Behaviour::BrokenJson,
        Behaviour::NotJson,
        Behaviour::CutOff,
        Behaviour::WrongSchema,
        Behaviour::Echoes,
        Behaviour::DripsForever,
        Behaviour::Slow(60_000),
    ];
    for way in ways {
        let mut stream: Vec<Scripted> = (0..12).map(|n| unsure(n, true, Expected::Stay)).collect();
        stream.extend((0..40).map(board::message));
        let standin = board::play(script(stream));
        let model = model(way.clone());
        let mut home = Home::new(&standin, &model);
        home.config.ai.timeout_ms = 200;
        home.config.ai.deadline_s = 1;
        home.start();
        assert!(standin.wait_until(LONG, |town| town.is_drained() && town.ledger().missed() == 0).await, "{way:?}");
        home.until("all are decided", |counters| {
            reviewed(counters) + counters.review_refused.get() == 12 && counters.review_rows.get() == 0
        })
        .await;
        let snapshots = home.end().await;
        assert_eq!((standin.ledger().missed(), standin.ledger().wrong()), (0, 0), "{way:?}");
        assert_eq!(reasons(&snapshots, NO_MODEL_RULE).len(), 12, "{way:?}: every decision says why");
        assert_eq!(snapshots.reviews(|row| row.message).unwrap(), [], "{way:?}: nobody waits");
        assert!(spent(&snapshots).money >= model.seen().cost, "{way:?}: something was paid and forgotten");
    }
}

fn texts(n: std::ops::Range<i64>, bad: bool, expected: Expected) -> Vec<Scripted> {
    n.map(|n| unsure(n, bad, expected)).collect()
}

#[tokio::test]
async fn who_waits_when_the_appliance_ends_goes_on_waiting_when_it_is_back() {
    let standin = board::play(script(texts(0..6, true, Expected::Remove)));
    let model = model(Behaviour::Hangs);
    let mut home = Home::new(&standin, &model);
    home.config.ai.deadline_s = 3_600;
    home.start();
    assert!(model.wait_until(LONG, |seen| seen.in_flight == 2).await);
    home.until("all wait", |counters| counters.review_rows.get() == 6).await;
    let held = home.end().await;
    assert_eq!((held.reviews(|row| row.message).unwrap().len(), held.holds().unwrap().len()), (6, 2));
    drop(held);
    model.set(Behaviour::Honest);
    home.start();
    assert!(standin.wait_until(LONG, |town| town.ledger().missed() == 0).await);
    home.until("all are decided", |counters| reviewed(counters) == 6).await;
    let snapshots = home.end().await;
    assert_eq!((standin.ledger().missed(), standin.ledger().wrong()), (0, 0));
    assert_eq!(snapshots.holds().unwrap(), [], "calls that were cut off are paid in full");
    assert_eq!(spent(&snapshots).calls, 8);
    assert!(spent(&snapshots).money > model.seen().cost);
}

#[tokio::test]
async fn a_call_that_a_crash_cut_off_is_not_forgotten_and_not_made_twice() {
    let standin = board::play(script(texts(0..3, true, Expected::Stay)));
    let model = model(Behaviour::Hangs);
    let mut home = Home::new(&standin, &model);
    home.config.budget.calls = Some(1);
    home.config.ai.deadline_s = 3_600;
    home.start();
    assert!(model.wait_until(LONG, |seen| seen.in_flight == 1).await);
    home.until("all wait", |counters| counters.review_rows.get() == 3).await;
    drop(home.end().await);
    model.set(Behaviour::BlocksAll);
    home.start();
    // The one call of the month is gone with the crash.
    home.until("the fallback decides", |counters| counters.review_unanswered.get() == 3).await;
    let snapshots = home.end().await;
    assert_eq!(model.seen().calls, 1);
    assert_eq!(spent(&snapshots).calls, 1);
    assert!(reasons(&snapshots, NO_MODEL_RULE).iter().all(|why| why.contains("used up")));
    assert_eq!((standin.ledger().missed(), standin.ledger().wrong()), (0, 0));
}

#[tokio::test]
async fn a_burst_of_one_message_costs_one_call_and_every_hit_is_named() {
    let stream: Vec<Scripted> = (0..200)
        .map(|n| {
            let text = format!("Perhaps an offer for you, friend! Get your gold coins from our market today, code {n}");
            Scripted::text(-1_001_000_000_000 - n % 5, 1_000 + n, 8_000_000 + n, &text, Expected::Remove)
        })
        .collect();
    let standin = board::play(script(stream));
    let model = model(Behaviour::Honest);
    let mut home = Home::new(&standin, &model);
    home.start();
    assert!(standin.wait_until(LONG, |town| town.is_drained() && town.ledger().missed() == 0).await);
    let counters = Arc::clone(&home.counters);
    let snapshots = home.end().await;
    let reasons = reasons(&snapshots, MODEL_RULE);
    assert_eq!(reasons.len(), 200);
    let remembered = reasons.iter().filter(|reason| reason.contains("remembered from nearly the same message")).count();
    let calls = model.seen().calls;
    println!("200 messages of one burst: {calls} calls, {remembered} answered by nearly the same message");
    assert!(calls <= 10, "{calls} calls");
    assert_eq!(u64::try_from(remembered).unwrap(), 200 - calls);
    assert_eq!(counters.opinions_nearly.get(), 200 - calls);
}

/// Somebody joins the first chat.
fn joins(user: i64) -> Scripted {
    let user = json!({"id": user, "is_bot": false, "first_name": "Kim"});
    let update = json!({"chat_member": {
        "chat": {"id": CHAT, "type": "supergroup", "title": "Neighbours"}, "from": user, "date": 1_760_000_000_u32,
        "old_chat_member": {"status": "left", "user": user}, "new_chat_member": {"status": "member", "user": user},
    }});
    Scripted::from_update(&update, Expected::Unknown).unwrap()
}

const CHAT: i64 = -1_001_000_000_000;

/// Where administrators are told.
const ADMINS: i64 = -1_009_999_999_999;

#[tokio::test]
async fn while_no_model_can_be_asked_links_of_new_members_are_blocked_where_that_is_wanted() {
    let standin = board::play(script(texts(0..1, false, Expected::Stay)));
    let model = model(Behaviour::Status(401));
    let mut home = Home::new(&standin, &model);
    home.config.degrade.mode = DegradeMode::LinkBlocks;
    home.config.degrade.admin_chat = Some(ChatId(ADMINS));
    // What is said there is counted: cards would be, too.
    home.config.manners.cards = Some(aegis::manners::Switch::Off);
    home.start();
    home.until("the model is away", |counters| counters.degraded_tenants.get() == 1).await;
    let (new, old) = (9_000_001, 9_000_002);
    let link = "the bus leaves here: https://timetable.example.org/today";
    standin.offer(joins(new));
    standin.offer(Scripted::text(CHAT, 5_000, new, link, Expected::Remove));
    standin.offer(Scripted::text(CHAT, 5_001, new, "thank you @neighbour, see you", Expected::Stay));
    standin.offer(Scripted::text(CHAT, 5_002, old, link, Expected::Stay));
    assert!(standin.wait_until(LONG, |town| town.is_drained() && town.ledger().missed() == 0).await);
    home.until("all are judged", |counters| counters.messages.get() == 4).await;
    // Until one of them finds the model well again.
    model.set(Behaviour::Honest);
    let mut offered = 0;
    while home.counters.degraded_tenants.get() == 1 {
        offered += 1;
        standin.offer(unsure(offered, false, Expected::Stay));
        home.until("it is judged", |counters| counters.messages.get() == 4 + u64::try_from(offered).unwrap()).await;
        home.until("nobody waits", |counters| counters.review_rows.get() == 0).await;
    }
    standin.offer(joins(9_000_003));
    standin.offer(Scripted::text(CHAT, 6_000, 9_000_003, link, Expected::Stay));
    assert!(standin.wait_until(LONG, Town::is_drained).await);
    let told = |town: &Town| town.ledger().notices.iter().filter(|notice| notice.chat == ADMINS).count() == 2;
    assert!(standin.wait_until(LONG, told).await, "{:?}", standin.ledger().notices);
    let counters = Arc::clone(&home.counters);
    let snapshots = home.end().await;
    assert_eq!((standin.ledger().missed(), standin.ledger().wrong()), (0, 0));
    assert_eq!((counters.links_blocked.get(), counters.degradations.get()), (1, 2));
    let told: Vec<String> = snapshots.audit(100).unwrap().into_iter().map(|(_, entry)| entry.what).collect();
    assert!(told.iter().any(|what| what.contains("until one can, links of new members are blocked")), "{told:?}");
    assert!(told.iter().any(|what| what.contains("a model can be asked again")), "{told:?}");
}

#[tokio::test]
async fn while_no_model_can_be_asked_rules_are_strict_where_that_is_wanted() {
    let standin = board::play(script(texts(0..1, false, Expected::Stay)));
    let model = model(Behaviour::Status(401));
    let mut home = Home::new(&standin, &model);
    home.config.degrade.mode = DegradeMode::StrictRules;
    home.start();
    home.until("the model is away", |counters| counters.degraded_tenants.get() == 1).await;
    standin.offer(unsure(1, true, Expected::Remove));
    assert!(standin.wait_until(LONG, |town| town.is_drained() && town.ledger().missed() == 0).await);
    home.end().await;
    assert_eq!((standin.ledger().missed(), standin.ledger().wrong()), (0, 0));
}

#[tokio::test]
async fn one_member_cannot_spend_the_budget_of_all() {
    let flood = (0..30).map(|n| {
        let text = format!("perhaps an offer: {} {}", SUBJECTS[n % 12], SUBJECTS[(n / 12 + n) % 12].repeat(2));
        Scripted::text(CHAT, 100 + i64::try_from(n).unwrap(), 7_777, &text, Expected::Stay)
    });
    let standin = board::play(script(flood.collect()));
    let model = model(Behaviour::Honest);
    let mut home = Home::new(&standin, &model);
    home.config.budget.calls = Some(50);
    home.config.budget.user_percent = 20;
    home.start();
    home.until("all are decided", |counters| reviewed(counters) == 30).await;
    assert_eq!(model.seen().calls, 10);
    standin.offer(unsure(3, true, Expected::Remove));
    assert!(standin.wait_until(LONG, |town| town.ledger().missed() == 0).await, "others may still ask");
    let snapshots = home.end().await;
    assert_eq!(standin.ledger().wrong(), 0);
    let without = reasons(&snapshots, NO_MODEL_RULE);
    assert!(without.len() == 20 && without.iter().all(|why| why.contains("this sender")), "{without:?}");
}

/// The real binary that asks this model.
fn board(standin: &StandIn, model: &ScriptedModel) -> (Board, String) {
    let board = Board::new(standin);
    board.write("packs/unsure.toml", PACK);
    let settings = settings(&board, &model.base_url());
    (board, settings)
}

fn settings(board: &Board, base_url: &str) -> String {
    let text = format!(
        "[ai]\nbase_url = \"{base_url}\"\nmodel = \"scripted\"\nprice_input = \"0.15\"\nprice_output = \"0.60\"\n\
         deadline_s = 3600\ntimeout_ms = 120000\n\n[budget]\nmoney = \"5.00\"\ncalls = 100\n\n[review]\n\
         fallback = \"delete\"\n"
    );
    board.write("aegis.toml", &text)
}

#[tokio::test]
async fn after_a_kill_in_the_middle_of_calls_everything_is_decided_and_paid_for() {
    let standin = board::play(script(texts(0..5, true, Expected::Remove)));
    let model = model(Behaviour::Hangs);
    let (board, settings) = board(&standin, &model);
    let life = board.run(&["--config", &settings]);
    assert!(model.wait_until(LONG, |seen| seen.in_flight == 2).await, "{}", board.log());
    life.kill();
    model.set(Behaviour::Honest);
    let life = board.run(&["--config", &settings]);
    assert!(standin.wait_until(LONG, |town| town.is_drained() && town.ledger().missed() == 0).await, "{}", board.log());
    assert!(model.wait_until(LONG, |seen| seen.calls == 7 && seen.in_flight == 0).await, "{:?}", model.seen());
    board.ask(&["budget", "--config", &settings, "show"]).says(&["tenant default: month 2025-10", "calls  7 of 100"]);
    assert_eq!(life.ended(LONG, Signal::Term).unwrap().code(), Some(0), "{}", board.log());
    assert_eq!((standin.ledger().missed(), standin.ledger().wrong()), (0, 0));
    let spent = spent(&stored(&board.path("data")));
    assert!(spent.calls == 7 && spent.money > model.seen().cost, "{spent:?}");
}

#[tokio::test]
async fn settings_without_a_model_end_the_wait_of_all_while_it_runs() {
    let standin = board::play(script(texts(0..5, true, Expected::Remove)));
    let model = model(Behaviour::Hangs);
    let (board, path) = board(&standin, &model);
    let life = board.run(&["--config", &path]);
    assert!(model.wait_until(LONG, |seen| seen.in_flight == 2).await, "{}", board.log());
    settings(&board, "");
    life.hang_up();
    assert!(standin.wait_until(LONG, |town| town.ledger().missed() == 0).await, "{}", board.log());
    assert_eq!(life.ended(LONG, Signal::Term).unwrap().code(), Some(0), "{}", board.log());
    assert_eq!((standin.ledger().missed(), standin.ledger().wrong()), (0, 0));
}

#[tokio::test]
async fn caps_are_shown_and_set_with_the_appliance_running_and_without() {
    let standin = board::play(script(Vec::new()));
    let model = model(Behaviour::Honest);
    let (board, settings) = board(&standin, &model);
    let ask = |board: &Board, words: &[&str]| board.ask(&[&["budget", "--config", &settings], words].concat());
    ask(&board, &["show"]).refused(64, &["there is no database here"]);
    let life = board.run(&["--config", &settings]);
    board.hear("moderating", 1);
    ask(&board, &["show"]).says(&[
        "tenant default: no unsure message yet",
        "money  0.00 of 5.00 USD",
        "from the settings",
    ]);
    ask(&board, &["show", "--tenant", "nobody"]).refused(64, &["there is no tenant \"nobody\"", "default"]);
    ask(&board, &["set"]).refused(64, &["say --money, --calls, or --as-settings"]);
    ask(&board, &["set", "--money", "unlimited"]).refused(64, &["an amount such as"]);
    ask(&board, &["set", "--money", "0.50", "--calls", "7"])
        .says(&["money 0.50, calls 7; before: money 5.00, calls 100"]);
    ask(&board, &["show"]).says(&["money  0.00 of 0.50 USD", "calls  0 of 7", "set by hand"]);
    assert_eq!(life.ended(LONG, Signal::Term).unwrap().code(), Some(0), "{}", board.log());
    ask(&board, &["show"]).says(&["of 0.50 USD", "set by hand"]);
    ask(&board, &["set", "--as-settings", "--calls", "3"]).refused(64, &["either new caps or --as-settings"]);
    ask(&board, &["set", "--as-settings"]).says(&["go by the settings again"]);
    ask(&board, &["show"]).says(&["of 5.00 USD", "from the settings"]);
    let audit = stored(&board.path("data")).audit(100).unwrap();
    assert_eq!(audit.len(), 2);
}

#[tokio::test]
async fn a_model_that_says_yes_or_no_to_everything_moves_nothing_the_rules_are_sure_of() {
    for (says, expected) in [(Behaviour::ApprovesAll, Expected::Stay), (Behaviour::BlocksAll, Expected::Remove)] {
        let mut stream: Vec<Scripted> = (0..40).map(board::message).collect();
        stream.extend(texts(0..4, true, expected));
        let standin = board::play(script(stream));
        let model = model(says.clone());
        let mut home = Home::new(&standin, &model);
        home.start();
        home.until("all are decided", |counters| reviewed(counters) == 4).await;
        assert!(standin.wait_until(LONG, |town| town.is_drained() && town.ledger().missed() == 0).await, "{says:?}");
        home.end().await;
        assert_eq!((standin.ledger().missed(), standin.ledger().wrong()), (0, 0), "{says:?}");
        assert_eq!(model.seen().calls, 4, "what the rules are sure of is not asked about");
    }
}

#[test]
fn the_demonstration_plays_a_model_that_is_honest_or_hangs_or_outlives_a_kill() {
    let board = Board::at(String::new(), "");
    let demo = |words: &[&str]| board.ask(&[&["demo", "--once", "--messages", "600", "--model"], words].concat());
    demo(&["scripted"]).says(&["wrong             0", "% fewer than messages", "0 left to the fallback"]);
    demo(&["scripted:500"]).says(&["wrong             0", "0.00 charged"]);
    demo(&["scripted", "--fault", "kill"]).says(&["missed            0 of", "wrong             0"]);
    demo(&["oracle"]).refused(64, &["known: scripted, or scripted: and one of honest"]);
}

#[tokio::test]
async fn what_was_asked_once_is_remembered_over_a_restart() {
    let standin = board::play(script(texts(0..1, true, Expected::Remove)));
    let model = model(Behaviour::Honest);
    let mut home = Home::new(&standin, &model);
    home.start();
    home.until("it is decided", |counters| reviewed(counters) == 1).await;
    drop(home.end().await);
    home.start();
    home.until("it is remembered", |counters| counters.opinions_entries.get() == 1).await;
    let again = Scripted { message: 2_000, ..unsure(0, true, Expected::Remove) };
    let fields = again.fields.replace("\"message_id\":1000", "\"message_id\":2000");
    standin.offer(Scripted { fields, ..again });
    assert!(standin.wait_until(LONG, |town| town.is_drained() && town.ledger().missed() == 0).await);
    assert_eq!((home.counters.opinions_same.get(), model.seen().calls), (1, 1));
    let snapshots = home.end().await;
    let told = reasons(&snapshots, MODEL_RULE);
    assert!(told.iter().any(|reason| reason.contains("remembered from the same message")), "{told:?}");
    drop(snapshots);
    // With the flag off each copy is asked about.
    home.config.flags.file.set(Flag::RememberedOpinions, false);
    home.start();
    let again = Scripted { message: 3_000, ..unsure(0, true, Expected::Remove) };
    let fields = again.fields.replace("\"message_id\":1000", "\"message_id\":3000");
    standin.offer(Scripted { fields, ..again });
    assert!(standin.wait_until(LONG, |town| town.is_drained() && town.ledger().missed() == 0).await);
    assert_eq!((home.counters.opinions_same.get(), model.seen().calls), (0, 2));
    home.end().await;
}
