//! How everything stands, and how far setting up is.
//!
//! As [`super`] promises.

use super::BudgetView;
use serde::Serialize;

/// How the whole appliance stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// The program's version.
    pub version: String,
    /// The board's profile.
    pub board: String,
    /// The mode of chats without their own: `record` or `enforce`.
    pub mode: String,
    /// The rung of the ladder in force: `full`, `no_ai`, `rules_only`, `hindered`, `standby`, `hold` or `setup`.
    pub rung: String,
    /// Its cause, a sentence.
    pub cause: String,
    /// Seconds since the start.
    pub uptime_s: u64,
    /// What the owner wants everybody to see first; empty for nothing.
    pub banner: String,
    /// Whose banner, and since when.
    pub banner_by: String,
    /// As [`Overview::banner_by`].
    pub banner_at_s: u64,
    /// What does not work, a sentence each.
    pub failing: Vec<String>,
    /// What is bad about the machine, a sentence each, with its cure: as the checks on the page System say it.
    pub alarms: Vec<String>,
    /// Numbers of the whole appliance.
    pub numbers: Numbers,
    /// The groups the caller looks after, the busiest first.
    pub groups: Vec<GroupView>,
    /// How each of the caller's tenants stands with the model; empty when none is set up.
    pub tenants: Vec<BudgetView>,
    /// The policy in force: its version, sixteen hexadecimal digits, and how its last reload ended.
    pub policy: String,
}

/// Numbers of the whole appliance, since the start unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Numbers {
    /// Messages judged, ever.
    pub messages: u64,
    /// Of them blocked, ever.
    pub blocked: u64,
    /// Of them unsure, ever.
    pub unsure: u64,
    /// Actions Telegram confirmed, ever.
    pub actions_confirmed: u64,
    /// Half of the actions were confirmed within so many milliseconds of the message's arrival; `None` before the first.
    pub time_to_action_p50_ms: Option<u64>,
    /// The same for 99 in a hundred.
    pub time_to_action_p99_ms: Option<u64>,
    /// Actions promised and not yet confirmed.
    pub outbox: u64,
    /// The age of the oldest of them, milliseconds.
    pub outbox_oldest_ms: u64,
    /// Messages that wait for a model's opinion.
    pub waiting_for_model: u64,
    /// Milliseconds for which Telegram asked all calls to wait.
    pub paused_ms: u64,
    /// Dead letters.
    pub dead_letters: u64,
    /// Messages nobody has decided.
    pub undecided: u64,
    /// Resident memory, bytes.
    pub memory_bytes: u64,
    /// The most it was.
    pub memory_bytes_peak: u64,
    /// The promise it stays under.
    pub memory_bytes_max: u64,
    /// The private memory that the system gives at most, bytes, stacks that are only reserved among it; 0 for no bound.
    pub data_bytes_max: u64,
    /// Bytes the journal writes to storage in a day, at the pace since the start.
    pub flash_bytes_per_day: u64,
    /// Years until a card that takes 3,000 rewrites of 8 GB is worn at this pace; `None` when it is more than a hundred.
    pub card_life_years: Option<u64>,
    /// Live pages open now.
    pub live_pages: u64,
}

/// How a group stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupState {
    /// All is well.
    #[default]
    Connected,
    /// Telegram asked for a pause.
    RateLimited,
    /// Its unsure messages cannot be shown to a model.
    Degraded,
    /// Actions wait for long, or many of them.
    BacklogHigh,
    /// Rights are missing: it is only watched.
    WatchOnly,
    /// Storage cannot be written: nothing is acknowledged.
    Holding,
    /// Its rights are not known yet.
    Unknown,
}

impl GroupState {
    /// The state as people read it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Connected => "Connected",
            Self::RateLimited => "Rate-limited",
            Self::Degraded => "Degraded (AI off)",
            Self::BacklogHigh => "Backlog high",
            Self::WatchOnly => "Watch-only (missing rights)",
            Self::Holding => "Holding",
            Self::Unknown => "Getting to know",
        }
    }
}

/// A group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GroupView {
    /// Its number at Telegram.
    pub id: i64,
    /// Its title, as Telegram told it; empty when not known yet.
    pub title: String,
    /// Its tenant.
    pub tenant: String,
    /// How it stands.
    pub state: GroupState,
    /// Why, a sentence; empty when all is well.
    pub why: String,
    /// Its mode.
    pub mode: String,
    /// The scores that matter there.
    pub review: u16,
    /// As [`GroupView::review`].
    pub block: u16,
    /// Messages judged since the start.
    pub messages: u64,
    /// Of them blocked.
    pub blocked: u64,
    /// Of them unsure.
    pub unsure: u64,
    /// Actions that wait.
    pub outbox: u64,
    /// The age of the oldest of them, milliseconds.
    pub outbox_oldest_ms: u64,
    /// Rights: which it has, and which it lacks.
    pub rights: Vec<RightView>,
    /// When its last message came; 0 for none since the start.
    pub last_message_s: u64,
}

/// A right the appliance needs in a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RightView {
    /// What for, such as "delete messages".
    pub name: String,
    /// `held`, `missing` or `unknown`.
    pub state: String,
}

/// How far setting up is. Told to everybody, so it holds nothing but what the next step is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Setup {
    /// The next step: `owner`, `token`, `group`, `rehearsal` or `done`.
    pub step: String,
    /// The steps that are done.
    pub done: Vec<String>,
    /// The bot, once its token was accepted.
    pub bot: Option<BotView>,
    /// Whether something cannot be mended here, a sentence each: clock, storage, privacy mode.
    pub checks: Vec<Check>,
}

/// The bot behind the token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BotView {
    /// Its number.
    pub id: i64,
    /// Its user name, without the `@`.
    pub username: String,
    /// Its name.
    pub name: String,
    /// Whether it may read every message of a group without being its administrator.
    pub reads_all: Option<bool>,
    /// Whether it may be added to groups.
    pub joins_groups: Option<bool>,
}

/// Something that is looked at while setting up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What, such as "Clock".
    pub name: String,
    /// `good`, `warn` or `bad`.
    pub state: String,
    /// What was found, and how to mend it.
    pub words: String,
}
