//! Setting up: the bot's token, and how far the first run is.
//!
//! Promises: a token is asked about at Telegram before it is kept; it is kept in a file of its own that nobody else may read,
//! whole or not at all; from then on the appliance moderates, without a restart.
//!
//! Never: a token shown, logged, or taken in the place of one that works.

use super::Office;
use crate::access::{Caller, Role};
use crate::secret::Secret;
use crate::store::desk::DeskTick;
use crate::telegram::{CallError, Myself, Reply, Request, Telegram};
use crate::verdict::Mode;
use crate::web::desk::{Refused, Told};
use crate::web::views::{BotView, Setup};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// The file in the data folder that holds a token given on the page.
pub const TOKEN_FILE: &str = "telegram.token";

/// The bot, and the way to begin with it.
#[derive(Clone, Debug, Default)]
pub struct Bot(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    view: Option<BotView>,
    is_at_work: bool,
    /// Takes the way to Telegram when the token comes.
    begin: Option<oneshot::Sender<Telegram>>,
}

impl Bot {
    /// A bot that is at work from the start.
    #[must_use]
    pub fn at_work() -> Self {
        Self(Arc::new(Mutex::new(Known { is_at_work: true, ..Known::default() })))
    }

    /// None yet: the way to Telegram goes to `begin` when its token comes.
    #[must_use]
    pub fn awaited(begin: oneshot::Sender<Telegram>) -> Self {
        Self(Arc::new(Mutex::new(Known { begin: Some(begin), ..Known::default() })))
    }

    /// Telegram said who it is.
    pub fn is(&self, view: BotView) {
        self.lock().view = Some(view);
    }

    /// Who it is, when Telegram said so.
    #[must_use]
    pub fn view(&self) -> Option<BotView> {
        self.lock().view.clone()
    }

    /// Whether it moderates.
    #[must_use]
    pub fn is_at_work(&self) -> bool {
        self.lock().is_at_work
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        // Nothing panics while holding it; a poisoned one still holds whole values.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bot as the page shows it.
#[must_use]
pub fn view(myself: Myself) -> BotView {
    let Myself { id, username, first_name, reads_all, can_join_groups } = myself;
    BotView { id, username, name: first_name, reads_all, joins_groups: can_join_groups }
}

/// Where a token given on the page lies.
#[must_use]
pub fn token_path(data_dir: &Path) -> PathBuf {
    data_dir.join(TOKEN_FILE)
}

/// The token that was given on the page, if one was and can be read.
#[must_use]
pub fn kept_token(data_dir: &Path) -> Option<Secret> {
    let text = std::fs::read_to_string(token_path(data_dir)).ok()?;
    let token = text.trim();
    is_token(token).then(|| Secret::new(token.to_owned()))
}

/// Sets a token aside that Telegram does not accept any more, so that the next start asks for another.
pub fn refuse_kept_token(data_dir: &Path) {
    let path = token_path(data_dir);
    if let Err(error) = std::fs::rename(&path, path.with_extension("token.refused"))
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "the token that Telegram refused cannot be set aside");
    }
}

fn is_token(token: &str) -> bool {
    token.len() <= 128
        && token.split_once(':').is_some_and(|(id, rest)| {
            (1..=20).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_digit())
                && !rest.is_empty()
                && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        })
}

fn keep(data_dir: &Path, token: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let (path, aside) = (token_path(data_dir), data_dir.join("telegram.token.new"));
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    file.write_all(token.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(&aside, &path)?;
    std::fs::File::open(data_dir)?.sync_all()
}

impl Office {
    /// As [`crate::web::desk::Desk::give_token`].
    pub(super) fn give_token(&self, caller: &Caller, token: &str) -> Told<BotView> {
        caller.may(Role::Owner, None)?;
        if self.bot.is_at_work() {
            let words = "there is a bot already; to change it, set AEGIS_TELEGRAM_TOKEN or remove the file telegram.token \
                         from the data folder, and start Aegis again";
            return Err(Refused::Conflict(words.to_owned()));
        }
        let shape = "a token looks like 123456:letters-and-digits, as @BotFather gives it";
        if !is_token(token) {
            return Err(Refused::field("token", shape));
        }
        let settings = &self.config.telegram;
        let timeout = Duration::from_millis(settings.call_timeout_ms);
        let telegram = Telegram::new(token, &settings.api_url, timeout, settings.calls_in_flight)
            .map_err(|error| Refused::Unable(error.to_string()))?;
        let view = match self.runtime.block_on(telegram.call(&Request::Me)) {
            Ok(Reply::Me(myself)) => view(myself),
            Err(CallError::Refused { code: 401 | 404, .. }) => {
                return Err(Refused::field(
                    "token",
                    "Telegram does not know this token; copy it from @BotFather again",
                ));
            }
            Ok(_) => return Err(Refused::Unable("Telegram's answer makes no sense; try again".to_owned())),
            Err(error) => return Err(Refused::Unable(format!("Telegram cannot be asked now: {error}"))),
        };
        keep(&self.config.data_dir, token)
            .map_err(|error| Refused::Unable(format!("the token cannot be kept in the data folder: {error}")))?;
        let line = self.audit_line(caller, None, "bot", "none", format!("@{}", view.username));
        self.commit_desk(DeskTick { audit: vec![line], ..DeskTick::default() })?;
        let begin = {
            let mut known = self.bot.lock();
            known.view = Some(view.clone());
            known.is_at_work = true;
            known.begin.take()
        };
        if begin.is_none_or(|begin| begin.send(telegram).is_err()) {
            return Err(Refused::Unable(
                "the appliance is closing; it begins with the bot at its next start".to_owned(),
            ));
        }
        Ok(view)
    }

    /// As [`crate::web::desk::Desk::setup`]. Whether there is an owner is the page's to know.
    pub(super) fn setup(&self) -> Setup {
        let is_member = {
            let book = crate::dispatch::task::lock(&self.book);
            book.iter().next().is_some()
        };
        let rulebook = self.in_force.now();
        let enforces = rulebook.tenants.iter().any(|tenant| tenant.rules.mode == Mode::Enforce)
            || rulebook.chats.values().any(|rules| rules.mode == Mode::Enforce);
        let steps = [("token", self.bot.is_at_work()), ("group", is_member), ("rehearsal", enforces)];
        let next = steps.iter().find(|(_, is_done)| !is_done).map_or("done", |(step, _)| step);
        let done = std::iter::once("owner").chain(steps.iter().filter(|(_, is_done)| *is_done).map(|(step, _)| *step));
        Setup {
            step: next.to_owned(),
            done: done.map(str::to_owned).collect(),
            bot: self.bot.view(),
            checks: self.checks_of_setup(),
        }
    }
}
