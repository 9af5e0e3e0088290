//! What moderates: the poller, the shards, the dispatcher and the reviewer, begun once there is a token.
//!
//! Promises: everything they need is open before the first of them starts; the first run waits here, with all of it ready,
//! until somebody brings the token.

use super::Failure;
use crate::clock::Clock;
use crate::command::CommandName;
use crate::config::Config;
use crate::counters::Counters;
use crate::desk::clerk::{Clerk, RaidSwitch};
use crate::desk::{Office, setup};
use crate::dispatch::outbox::{Outbox, Pace};
use crate::dispatch::task::{self, Dispatcher, SharedBook, Word, lock};
use crate::ingest::Ingest;
use crate::ingest::errands::OwnName;
use crate::ingest::poll::{self, Begins, Poller, Trouble};
use crate::ingest::standby::Times;
use crate::ingest::sweep::{SharedLists, Sweeper};
use crate::ingest::switch::Switch;
use crate::journal::Journal;
use crate::journal::history::Notes;
use crate::limits;
use crate::lists;
use crate::otel::{self, Exporter};
use crate::review::task::Reviewer;
use crate::review::{self, SharedLane};
use crate::settle::SharedSettler;
use crate::shard::{InForce, Shards};
use crate::store::{Snapshots, Tick};
use crate::telegram::request::Audience;
use crate::telegram::{Reply, Request, Telegram};
use crate::telemetry::pseudonym;
use crate::tracer::Tracer;
use crate::words::Language;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// What is said when headers leave this machine unprotected.
const HEADERS_IN_CLEAR: &str = "the OpenTelemetry receiver's address begins with http://, so the headers for it can be read on \
                                the way; write https:// if the receiver can, or leave the headers out";

/// Everything that moderating takes but the way to Telegram.
#[derive(Debug)]
pub(super) struct Ready {
    pub config: Config,
    pub clock: Clock,
    pub counters: Arc<Counters>,
    pub snapshots: Snapshots,
    pub journal: Journal,
    pub book: SharedBook,
    pub lane: SharedLane,
    /// Calls to a model that an earlier life left open: to be made durable as paid in full.
    pub settled: Tick,
    pub settler: SharedSettler,
    pub in_force: InForce,
    pub notes: Option<Notes>,
    pub words: mpsc::Sender<Word>,
    pub heard: mpsc::Receiver<Word>,
    pub trouble: Trouble,
    pub bot: setup::Bot,
    /// How long nothing had been written when it started, milliseconds; 0 for a new file.
    pub idle_ms: u64,
    pub stopped: watch::Receiver<bool>,
}

/// What moderates.
#[derive(Debug)]
pub(super) struct Flow {
    pub poller: JoinHandle<poll::Ended>,
    pub dispatcher: JoinHandle<task::Ended>,
    pub reviewer: JoinHandle<review::task::Ended>,
    pub clerk: std::thread::JoinHandle<()>,
    pub exporter: Exporter,
}

impl Ready {
    /// Begins to moderate.
    ///
    /// # Errors
    /// When the durable file cannot be read.
    pub fn begin(self, telegram: Telegram, office: Arc<Office>) -> Result<Flow, Failure> {
        let own_name = OwnName::default();
        let remembered = usize::try_from(self.config.board.capacity.updates_remembered).unwrap_or(usize::MAX);
        let (lists, folder) = (SharedLists::default(), lists::folder(&self.config.data_dir));
        lists.read(&folder, self.clock.now().wall);
        let ingest = Ingest::new(self.snapshots.clone(), telegram.own_id(), remembered, Arc::clone(&self.counters))?
            .with_name(Arc::clone(&own_name))
            .with_lane(self.lane.clone())
            .with_settler(self.settler.clone());
        let door = ingest.door();
        door.lock().ask_lists(lists.asked(self.clock.clone()));
        let (tracer, exporter) = self.tracer(&telegram)?;
        let dispatcher = self.dispatcher(&telegram, &tracer)?;
        let reviewer = Reviewer {
            lane: self.lane.clone(),
            settler: ingest.settler(),
            snapshots: self.snapshots.clone(),
            journal: self.journal.clone(),
            dispatch: self.words.clone(),
            book: Arc::clone(&self.book),
            in_force: self.in_force.clone(),
            clock: self.clock.clone(),
            notes: self.notes.clone(),
            tracer: tracer.clone(),
        };
        tokio::spawn(greet(telegram.clone(), self.bot, Arc::clone(&own_name), self.words.clone()));
        let (errands, inbox) = mpsc::channel(limits::ERRANDS_MAX);
        let raids = Switch {
            door: door.clone(),
            in_force: self.in_force.clone(),
            book: Arc::clone(&self.book),
            clock: self.clock.clone(),
        };
        let raids: Arc<dyn RaidSwitch> = Arc::new(raids);
        let clerk = Clerk::new(office, telegram.signer(), telegram.own_id(), Arc::clone(&own_name), Some(raids));
        let clerk = std::thread::Builder::new()
            .name("clerk".to_owned())
            .stack_size(limits::STACK_BYTES)
            .spawn(move || clerk.run(inbox))
            .map_err(|error| Failure::storage(format!("the clerk's thread cannot be started: {error}")))?;
        let sweeper = Sweeper {
            door: door.clone(),
            lists,
            folder,
            settler: self.settler.clone(),
            in_force: self.in_force.clone(),
            book: Arc::clone(&self.book),
            journal: self.journal.clone(),
            dispatch: self.words.clone(),
            clock: self.clock.clone(),
        };
        tokio::spawn(sweeper.run(self.stopped.clone()));
        let times = Times::of(self.config.standby.silence_s);
        let begins = if self.config.standby.begins {
            Begins::StandingBy
        } else if self.idle_ms > times.lapse_ms() && !self.snapshots.outbox()?.is_empty() {
            Begins::Carefully
        } else {
            Begins::Polling
        };
        if begins != Begins::Polling {
            // Before the dispatcher begins.
            self.counters.standing_by.set(1);
        }
        let poller = Poller {
            clerk: errands,
            telegram,
            ingest,
            shards: Shards::start(self.config.shards, self.in_force.clone(), Arc::clone(&self.counters)),
            journal: self.journal,
            dispatch: self.words,
            book: self.book,
            clock: self.clock,
            counters: self.counters,
            limit: self.config.telegram.poll_limit,
            timeout: Duration::from_secs(self.config.telegram.poll_timeout_s),
            outbox_rows_max: self.config.board.capacity.outbox_rows,
            trouble: self.trouble,
            notes: self.notes,
            tracer,
            begins,
            times,
        };
        Ok(Flow {
            clerk,
            exporter,
            reviewer: tokio::spawn(reviewer.run(self.settled, self.stopped.clone())),
            poller: tokio::spawn(poller.run(self.stopped.clone())),
            dispatcher: tokio::spawn(dispatcher.run(self.heard, self.stopped)),
        })
    }

    /// Who is told of stages, and the task that tells them on: nobody, unless the settings name a receiver.
    fn tracer(&self, telegram: &Telegram) -> Result<(Tracer, Exporter), Failure> {
        let salt = telegram.signer().salt();
        let settings = self.config.otel.as_ref().map(|otel| {
            if otel.shows_its_headers() {
                tracing::warn!("{HEADERS_IN_CLEAR}");
            }
            otel::Settings {
                endpoint: otel.endpoint.clone(),
                headers: otel.headers.clone(),
                service_name: otel.service_name.clone(),
                instance: pseudonym(salt, telegram.own_id().0),
                metrics_s: otel.metrics_s,
            }
        });
        let (traces, exporter) = otel::start(settings, &self.counters).map_err(Failure::usage)?;
        Ok((Tracer::new(traces, salt), exporter))
    }

    fn dispatcher(&self, telegram: &Telegram, tracer: &Tracer) -> Result<Dispatcher, Failure> {
        let settings = &self.config.telegram;
        let pace = Pace {
            requests_per_second: settings.requests_per_second,
            group_messages_per_minute: settings.group_messages_per_minute,
            calls_in_flight: settings.calls_in_flight,
        };
        let mut outbox =
            Outbox::new(pace, telegram.own_id(), Arc::clone(&self.counters)).with_signer(telegram.signer());
        let now = self.clock.now();
        {
            let book = lock(&self.book);
            outbox.resume_pauses(&self.snapshots.pauses()?, &book, now);
            let dropped = outbox.push(self.snapshots.outbox()?, &book, now);
            if !dropped.is_empty() {
                // Notices that may have been sent before the restart: forgotten with the next commit.
                let journal = self.journal.clone();
                tokio::spawn(async move { journal.ride(dropped).await });
            }
            let chats: Vec<_> = book.iter().map(|(chat, _)| chat).collect();
            for chat in chats {
                outbox.want_facts(chat, &book);
            }
        }
        Ok(Dispatcher {
            outbox,
            telegram: telegram.clone(),
            journal: self.journal.clone(),
            book: Arc::clone(&self.book),
            clock: self.clock.clone(),
            counters: Arc::clone(&self.counters),
            // Pseudonyms are the same after every start, as long as the token is.
            salt: telegram.signer().salt(),
            tracer: tracer.clone(),
        })
    }
}

/// A way to Telegram for a token.
///
/// # Errors
/// When the address is none, or the TLS parts cannot be set up.
pub(super) fn reach_out(config: &Config, token: &str) -> Result<Telegram, Failure> {
    let timeout = Duration::from_millis(config.telegram.call_timeout_ms);
    let telegram = Telegram::new(token, &config.telegram.api_url, timeout, config.telegram.calls_in_flight);
    telegram.map_err(|error| Failure::usage(error.to_string()))
}

/// Asks who the bot is, tells the desk, and says what its set-up lacks.
async fn greet(telegram: Telegram, bot: setup::Bot, own_name: OwnName, words: mpsc::Sender<Word>) {
    for request in commands() {
        // A dispatcher that is gone has already said why.
        let _heard = words.send(Word::Once(Box::new(request))).await;
    }
    let Ok(Reply::Me(myself)) = telegram.call(&Request::Me).await else { return };
    let lacks = myself.reads_all == Some(false);
    // Only we set it.
    let _known = own_name.set(myself.username.clone());
    bot.is(setup::view(myself));
    if lacks {
        tracing::warn!(
            "privacy mode is on: in groups where it is no administrator the bot sees only messages meant for it. \
             Make it an administrator, or turn privacy mode off at @BotFather (/setprivacy) and add it again"
        );
    }
}

/// Which commands there are, for members and for administrators, in every language; and in English for all other languages.
fn commands() -> Vec<Request> {
    let mut requests = Vec::new();
    for audience in [Audience::Members, Audience::Administrators] {
        let named = |language: Language| {
            let names =
                CommandName::ALL.iter().filter(|name| audience == Audience::Administrators || name.for_members());
            names.map(|name| (name.word(), language.text(name.description()))).collect::<Vec<_>>()
        };
        requests.push(Request::Commands { audience, language: "", commands: named(Language::default()) });
        for language in Language::ALL {
            requests.push(Request::Commands { audience, language: language.word(), commands: named(language) });
        }
    }
    requests
}
