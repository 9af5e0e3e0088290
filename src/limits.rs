//! Every bound of the appliance, by name, with its reason.
//!
//! Promises: nothing in Aegis that holds data is larger than a constant of this file says, and the constants that
//! depend on each other are checked against each other when the program is compiled.
//!
//! Never: a value read from a file or the machine. What a board may choose is in [`Capacity`]; this file bounds it.

mod cache;
mod card;
mod cloud;
mod flow;
mod group;
mod hooks;
mod judging;
mod keep;
mod listed;
mod machine;
mod model;
mod otel;
mod outward;
mod overlay;
mod people;
mod review;
mod settings;
mod updates;
mod usage;
mod wal;
mod web;
mod words;

pub use cache::*;
pub use card::*;
pub use cloud::*;
pub use flow::*;
pub use group::*;
pub use hooks::*;
pub use judging::*;
pub use keep::*;
pub use listed::*;
pub use machine::*;
pub use model::*;
pub use otel::*;
pub use outward::*;
pub use overlay::*;
pub use people::*;
pub use review::*;
pub use settings::*;
pub use updates::*;
pub use usage::*;
pub use wal::*;
pub use web::*;
pub use words::*;

/// Bot API: `getUpdates` returns at most this many updates.
pub const BATCH_UPDATES_MAX: usize = 100;

/// The most shards an owner may ask for. More than cores is useful only for isolation; 64 keeps a shard number small.
pub const SHARDS_MAX: usize = 64;

/// Ids one shard's queue holds: a whole batch may be one chat's. When full, ingest waits; Telegram keeps the rest.
pub const SHARD_QUEUE_IDS: usize = 128;

/// Text of one message over all its surfaces, UTF-8 bytes. A text of 4,096 units is at most 12,288 bytes; the rest
/// is room for buttons, polls and links. What is over is cut, and the cut is a finding.
pub const MESSAGE_TEXT_BYTES_MAX: usize = 16 * 1024;

/// Texts one message may have: 4,096 characters, 100 entities, 12 poll options, 100 buttons twice. Cut when full.
pub const SURFACES_MAX: usize = 128;

/// Findings a verdict keeps; the heaviest stay.
pub const FINDINGS_MAX: usize = 16;

/// Places one finding points at; the first stay.
pub const SPANS_MAX: usize = 8;

/// The highest score a message can have.
pub const SCORE_MAX: u16 = 1_000;

/// Mistakes one refusal lists; the rest are counted.
pub const MISTAKES_MAX: usize = 50;

/// The part of a message's text that a decision keeps, UTF-8 bytes. What is longer is cut.
pub const EXCERPT_BYTES_MAX: usize = 512;

/// The text of a notice, UTF-8 bytes. What is longer is cut.
pub const NOTICE_BYTES_MAX: usize = 1_024;

/// Administrators kept of a chat; Telegram allows 50 and the bots among them. The rest are not kept: an action
/// against one is then refused by Telegram itself.
pub const ADMINS_MAX: usize = 100;

/// Messages of one album; Telegram sends at most 10. Parts past that are judged alone.
pub const ALBUM_PARTS_MAX: usize = 10;

/// Actions refused for lack of rights in a row after which a chat is only watched.
pub const REFUSALS_UNTIL_WATCH_ONLY: u16 = 3;

/// How long past its own waiting time a poll may take. A poll without an answer by then is lost.
pub const POLL_GRACE: std::time::Duration = std::time::Duration::from_secs(10);

/// The answer to any call but a poll, bytes: 50 administrators take about 30 KB. What is over is an answer lost.
pub const CALL_BODY_BYTES_MAX: usize = 128 * 1024;

/// Telegram's words about a refusal that are kept, bytes; the rest is cut.
pub const DESCRIPTION_BYTES_MAX: usize = 256;

/// Our own code for an answer that passed its bound (HTTP: payload too large).
pub const CODE_ANSWER_TOO_LARGE: u16 = 413;

/// Our own code for an answer of an unexpected shape (HTTP: unprocessable).
pub const CODE_ANSWER_UNREADABLE: u16 = 422;

/// The first pause after a failed call, milliseconds, and the longest.
pub const BACKOFF_BASE_MS: u64 = 250;
/// See [`BACKOFF_BASE_MS`]. A minute: longer would leave spam standing after a short outage.
pub const BACKOFF_MAX_MS: u64 = 60_000;

/// Calls that fail in a row before no more are made for a while.
pub const BREAKER_FAILURES: u32 = 5;

/// Messages one `deleteMessages` call may name (Bot API).
pub const DELETE_BATCH_MAX: usize = 100;

/// How old an action may become before it is given up, milliseconds: 47 hours. Telegram itself deletes nothing older
/// than 48.
pub const ACTION_AGE_MAX_MS: u64 = 47 * 3_600_000;

/// The longest pause of Telegram's that is believed, milliseconds: a day. A longer one is cut, and asked again then.
pub const PAUSE_MAX_MS: u64 = 24 * 3_600_000;

/// A call that takes longer than this, milliseconds, no longer holds others back; it still counts as under way.
pub const STUCK_MS: u64 = 1_000;

/// Bot API: no more than one message a second to one chat; milliseconds, with a margin for the way.
pub const WORD_GAP_MS: u64 = 1_050;

/// Actions of one chat that wait from which on those of other chats go before them.
pub const LOUD_ROWS: usize = 20;

/// Calls a second that are worth having several under way for, when the pace has no limit.
pub const UNPACED_CALLS_PER_S: u64 = 2_000;

/// How long after a pause was asked for calls go one at a time, milliseconds.
pub const SERIAL_AFTER_PAUSE_MS: u64 = 300_000;

/// How often a chat's administrators are asked for before its actions go on without them.
pub const FACTS_TRIES_MAX: u32 = 5;

/// How old the list of a chat's administrators may become before it is asked for again, milliseconds.
pub const FACTS_AGE_MAX_MS: u64 = 6 * 3_600_000;

/// How often the dispatcher looks for such lists, seconds.
pub const FACTS_LOOK_S: u64 = 60;

/// Chats the appliance knows. When full, the chat that was silent longest and waits for nothing is forgotten; its
/// rights are asked for again when it speaks.
pub const CHATS_MAX: usize = 1_024;

/// At most one notice about a member in this time, milliseconds.
pub const NOTICE_WINDOW_MS: u64 = 600_000;

/// Albums under judgement. When full, the oldest is forgotten; its later parts are judged alone.
pub const ALBUMS_MAX: usize = 256;

/// Added to every pause Telegram asks for, milliseconds.
pub const PAUSE_MARGIN_MS: u64 = 50;

/// The shortest and the longest time a mute or ban can have, seconds: outside of them Telegram takes it as for ever.
pub const UNTIL_MIN_S: u32 = 35;
/// See [`UNTIL_MIN_S`].
pub const UNTIL_MAX_S: u32 = 366 * 86_400 - 60;

/// Ticks that wait for the journal at once. When full, whoever brings the next one waits; ingest then polls later.
pub const JOURNAL_JOBS_MAX: usize = 64;

/// How long what does not matter may ride before it gets a commit of its own, milliseconds.
pub const RIDE_MS: u64 = 10_000;

/// The same for confirmations: losing one repeats an action that changes nothing, so they wait for company, but not
/// long, since they are what the next start would repeat.
pub const RIDE_SETTLED_MS: u64 = 250;

/// Confirmations that ride before they get a commit of their own.
pub const RIDERS_MAX: usize = 4_096;

/// Stack of a thread of ours, bytes.
pub const STACK_BYTES: usize = 512 * 1024;

/// The counters that outlive the process.
pub const TOTALS_KEPT: [&str; 12] = [
    "updates",
    "updates_repeated",
    "updates_unreadable",
    "messages",
    "verdicts_allow",
    "verdicts_review",
    "verdicts_block",
    "exempt",
    "quarantined",
    "actions_planned",
    "actions_confirmed",
    "actions_dead",
];

const _: () = assert!(DELETE_BATCH_MAX >= ALBUM_PARTS_MAX, "an album is removed by one call");

/// Early calls, and notices, that a stand-in's ledger keeps one by one. Past it they are only in the call counts.
pub const DEMO_LEDGER_ROWS_MAX: usize = 100_000;

/// The bot's own latest messages that a stand-in's ledger keeps with their text and buttons. The oldest is forgotten.
pub const DEMO_SPOKEN_MAX: usize = 2_000;

/// What a button brings back, bytes: Telegram's own bound. A longer one is refused in Telegram's words.
pub const DEMO_CALLBACK_DATA_BYTES_MAX: usize = 64;

/// An answer to a press, UTF-16 units: Telegram's own bound. A longer one is refused in Telegram's words.
pub const DEMO_ANSWER_UTF16_MAX: usize = 200;

/// Messages one demonstration plays when nobody says how many.
pub const DEMO_MESSAGES: usize = 1_000;

/// How long ago the messages of the demonstration were sent, seconds.
pub const DEMO_AGE_S: u64 = 3_600;

/// Messages one demonstration plays at most; a longer file, or a larger number, is refused.
pub const DEMO_MESSAGES_MAX: usize = 200_000;

/// A file to play, bytes: it is held in memory. A larger one is refused.
pub const DEMO_FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One line of a file to play, bytes. A longer one is a mistake.
pub const DEMO_LINE_BYTES_MAX: usize = 256 * 1024;

/// A text that is played, UTF-16 units: what Telegram lets one message have. The rest is cut, as no client could send it.
pub const DEMO_TEXT_UTF16_MAX: usize = 4_096;

/// Head of a call to the stand-in, bytes. A longer one closes its connection.
pub const DEMO_HEAD_BYTES_MAX: usize = 16 * 1024;

/// Body of a call to the stand-in, bytes. A longer one closes its connection.
pub const DEMO_BODY_BYTES_MAX: usize = 64 * 1024;

const _: () = assert!(SHARD_QUEUE_IDS > BATCH_UPDATES_MAX, "one chat may fill a batch");

/// Folded text of one message, bytes: twice the original, because compatibility forms grow (one code point can become
/// eighteen). What is over is cut, and the cut is a finding.
pub const CANONICAL_BYTES_MAX: usize = 2 * MESSAGE_TEXT_BYTES_MAX;

/// Heap bytes of the judge's buffers kept from one message to the next: enough for any ordinary message, so that judging
/// one allocates nothing. What a hostile message made them grow to is given back before the next.
pub const SCRATCH_KEEP_BYTES: usize = 128 * 1024;

/// One line given to `aegis judge`, bytes: far more than a message's text with every character escaped. A longer one is
/// answered with an error.
pub const JUDGE_LINE_BYTES_MAX: usize = 1024 * 1024;

/// Packs in one policy folder. More are refused.
pub const PACKS_MAX: usize = 128;

/// One pack's document, bytes. A longer one is refused.
pub const PACK_BYTES_MAX: usize = 1024 * 1024;

/// One keyword list, bytes: 100,000 phrases of 40 bytes. A longer one is refused.
pub const LIST_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Rules over all packs: each costs a row of the judge's tables. More are refused.
pub const RULES_MAX: usize = 4_096;

/// Keywords over all packs and lists. More are refused.
pub const KEYWORDS_MAX: usize = 120_000;

/// One keyword as written, bytes. A longer one is refused.
pub const KEYWORD_BYTES_MAX: usize = 512;

/// Keywords as written over all packs, bytes: the automaton's size follows from it. More are refused.
pub const KEYWORDS_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A pack's or rule's id, bytes. A longer one is refused.
pub const POLICY_ID_BYTES_MAX: usize = 64;

/// A rule's reason, bytes: it goes into notices and records. A longer one is refused.
pub const REASON_BYTES_MAX: usize = 200;

/// Bot API: a ban or mute shorter than this is taken as for ever.
pub const ACTION_SECONDS_MIN: u32 = 30;

/// Bot API: a ban or mute longer than 366 days is taken as for ever.
pub const ACTION_SECONDS_MAX: u32 = 366 * 24 * 60 * 60;

const _: () = assert!(CANONICAL_BYTES_MAX <= 65_535, "the span map keeps offsets in 16 bits");

/// Pressed buttons that wait for an answer. When full, the oldest gets none; it stops spinning by itself.
pub const CALLBACKS_MAX: usize = 64;

/// Words to the dispatcher that wait. When full, ingest waits.
pub const DISPATCH_WORDS_MAX: usize = 64;

/// How long the dispatcher waits for answers when the appliance closes, milliseconds. With the last commit this stays
/// under the five seconds that closing may take.
pub const DRAIN_MS: u64 = 3_000;

/// The longest pause after a poll that failed, milliseconds: a message should not wait long for us to come back.
pub const POLL_PAUSE_MAX_MS: u64 = 15_000;

/// Refusals of the token in a row, after it was once accepted, that end the program.
pub const TOKEN_REFUSALS_MAX: u32 = 3;

/// After this long without an update polls go without an offset: Telegram may by then draw new ids below the old.
pub const QUIET_MS: u64 = 6 * 24 * 3_600_000;

/// The shortest pause after a poll that failed, milliseconds.
pub const POLL_PAUSE_MIN_MS: u64 = 50;

/// A settings file, a pack or a keyword list, bytes; what is larger is refused.
pub const SETTINGS_BYTES_MAX: usize = 1024 * 1024;

/// How often the policy folder is looked at, seconds. A change is read when it has stood still from one look to the next.
pub const POLICY_LOOK_S: u64 = 2;

/// Files of the policy folder that a look takes in: packs with a list and cases each, and room. A change of a further
/// one is not noticed by itself; SIGHUP reads the folder at any time.
pub const POLICY_ENTRIES_MAX: usize = 4 * PACKS_MAX;

/// A file that is brought over by `aegis policy import` or `aegis import`, bytes: what a pack may hold, and its markup. A larger one
/// is refused.
pub const IMPORT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Changed messages that `aegis policy diff` lists at most; the rest are in its counts.
pub const DIFF_LISTED_MAX: usize = 10_000;

/// Stored messages over all chats, bytes: 10,000 of ordinary length take a third of it. The oldest are forgotten.
pub const HISTORY_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The texts of one stored message, bytes: more than nearly all messages have. The rest is cut, and said.
pub const HISTORY_TEXT_BYTES_MAX: usize = 4 * 1024;

/// Messages that wait to be stored, bytes: about 750 ordinary ones, or most of a minute of a busy town. When full, the
/// oldest is dropped and counted: a history is a courtesy.
pub const HISTORY_QUEUE_BYTES_MAX: usize = 192 * 1024;

/// The shortest time between two commits of stored messages, seconds.
pub const HISTORY_RIDE_S: u64 = 60;

/// The page cache of the stored messages, bytes: they are written in order and read once.
pub const HISTORY_CACHE_BYTES: usize = 256 * 1024;

/// Stored messages read at once, for the terminal.
pub const HISTORY_PIECE: usize = 16;

/// How long the terminal may take to read the stored messages, milliseconds: it judges each twice meanwhile.
pub const HISTORY_WAIT_MS: u64 = 120_000;

/// The most messages an owner may have stored: what the bound in bytes holds of the shortest.
pub const HISTORY_MESSAGES_MAX: u64 = 200_000;

/// How much of everything a board holds. Numbers are counts unless the name says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Page cache of the durable file.
    pub store_cache_bytes: u64,
    /// Promised actions in memory.
    pub outbox_rows: u64,
    /// Ids of updates already dealt with.
    pub updates_remembered: u64,
    /// Decisions on storage.
    pub decisions_kept: u64,
    /// Automaton and tables of all packs.
    pub keyword_bytes: u64,
    /// Updates asked for at once.
    pub poll_limit: u64,
    /// Shards.
    pub shards: u64,
    /// Messages stored for trying other policies on; 0 stores none.
    pub history_messages: u64,
    /// Calls to a model at one time.
    pub model_calls: u64,
    /// Remembered opinions, bytes.
    pub opinion_bytes: u64,
    /// For an OpenTelemetry receiver: [`OTEL_BYTES`] where the settings name one, else 0.
    pub otel_bytes: u64,
    /// Bytes for what is told to a hub and taken from it; 0 where there is none.
    pub cloud_bytes: u64,
}

/// One line of the memory sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Who holds it.
    pub name: &'static str,
    /// How much at most, bytes.
    pub bytes: u64,
    /// What happens when it is full.
    pub when_full: &'static str,
}

const fn holder(name: &'static str, bytes: u64, when_full: &'static str) -> Holder {
    Holder { name, bytes, when_full }
}

const fn larger(one: u64, other: u64) -> u64 {
    if one > other { one } else { other }
}

const fn wide(value: usize) -> u64 {
    // `usize` is at most 64 bits wide on every machine Aegis is built for.
    let bytes = value.to_le_bytes();
    let mut wide = 0_u64;
    let mut index = bytes.len();
    while index > 0 {
        index -= 1;
        #[expect(clippy::indexing_slicing, reason = "the index is below the length")]
        let byte = bytes[index];
        #[expect(clippy::as_conversions, reason = "a byte fits; `From` is not const")]
        let byte = byte as u64;
        wide = wide * 256 + byte;
    }
    wide
}

/// Everything Aegis holds at once, at most: a line a holder.
#[must_use]
pub const fn memory_lines(capacity: &Capacity) -> [Holder; 21] {
    const KIB: u64 = 1024;
    [
        holder("program: code and tables that are touched", 5 * KIB * KIB, "constant"),
        // Journal, history, clerk, page and its library, signal and blocking threads, two workers: touched pages, not the
        // reserved size.
        holder("stacks of 17 threads", 17 * 64 * KIB, "constant"),
        holder(
            "one batch of updates: body, parts, messages",
            batch_bytes_max(capacity.poll_limit),
            "a larger answer is refused and asked for again in smaller parts",
        ),
        // View, span map (24 bytes a character at worst), hits.
        holder(
            "shards: queue and scratch",
            capacity.shards * (wide(CANONICAL_BYTES_MAX) * 8 + 2 * wide(SHARD_QUEUE_IDS)),
            "ingest waits; Telegram keeps what was not acknowledged",
        ),
        holder(
            "automaton and tables of the packs, and their lists of domains",
            capacity.keyword_bytes,
            "a larger list is refused; the old one stays",
        ),
        // Building takes at most 3.5 times the final size, next to the one in use (`tests/pack_memory.rs`). A password is hashed, and the
        // learner is taught, and learned models are read anew, in the same place: whoever does one of these holds the reloader.
        holder(
            "building new packs or reading models beside the old, teaching the learner, or hashing a password",
            larger(
                larger(capacity.keyword_bytes * 7 / 2, 2 * wide(LEARN_WEIGHTS) * wide(LEARN_LAYERS_MAX)),
                larger(wide(TEACH_BYTES_MAX), wide(PASSWORD_HASH_BYTES)),
            ),
            "a larger list is refused, and the old one stays; one waits for the other",
        ),
        holder("learned models", 2 * wide(LEARN_WEIGHTS) * wide(LEARN_LAYERS_MAX), "a further source is refused"),
        holder(
            "what was seen of late, in numbers",
            // An album has its parts and the reason it was blocked for.
            80 * wide(REPEATS_KEPT)
                + 96 * wide(NEWCOMERS_KEPT)
                + 192 * wide(MEMBERS_IN_MEMORY)
                + 512 * wide(ALBUMS_MAX),
            "the oldest is forgotten",
        ),
        door_line(),
        asked_line(),
        holder("page cache of the durable file", capacity.store_cache_bytes, "pages are read again from storage"),
        commit_line(capacity.poll_limit),
        // With the names of those that were taken back.
        holder(
            "outbox rows",
            256 * capacity.outbox_rows + 64 * wide(CANCELLED_KEPT),
            "polling waits until rows are done",
        ),
        holder("ids of updates dealt with", 40 * capacity.updates_remembered, "the oldest are forgotten"),
        // A record, its administrators, its title.
        holder(
            "book of chats",
            wide(CHATS_MAX) * (256 + 8 * wide(ADMINS_MAX) + wide(TITLE_BYTES_MAX)),
            "the quietest chat is forgotten",
        ),
        // As read, and as the rulebook has them; what was changed on the page, in force and as it is to be.
        holder(
            "settings: tenants, chats with their own, what was changed",
            wide(TENANTS_MAX + 1) * wide(TENANT_BYTES_MAX) + 384 * wide(CHATS_MAX) + 2 * wide(OVERLAY_BYTES_MAX),
            "a further tenant, chat or change is refused; the old settings stay",
        ),
        connections_line(capacity.otel_bytes, capacity.cloud_bytes),
        holder(
            "slow lane: who waits, budgets, remembered opinions",
            // Of an opinion that waits to be stored: its key and its reason.
            wide(WAITING_ROWS_MAX) * wide(REVIEW_ROW_BYTES)
                + wide(BUDGET_ACCOUNTS_MAX) * wide(BUDGET_ACCOUNT_BYTES)
                + capacity.opinion_bytes
                + wide(OPINIONS_WAITING_MAX) * 512,
            "the fallback decides; senders share an account; the opinion used longest ago is forgotten",
        ),
        // The client of its own, and calls under way.
        holder(
            "calls to a model",
            wide(MODEL_CLIENT_BYTES) + capacity.model_calls * wide(MODEL_CALL_BYTES),
            "messages wait for their turn",
        ),
        // And the log lines on their way out.
        holder(
            "local page: connections, live streams, sessions; a backup that is sealed",
            WEB_BYTES + 64 * KIB + wide(BACKUP_BYTES),
            "who dawdles makes room; a further stream is asked to come back",
        ),
        history_line(capacity.history_messages),
    ]
}

/// The queue, the same again encoded, as dirty pages and on its way to the terminal, the page cache, the stack.
const fn history_line(messages: u64) -> Holder {
    let bytes =
        if messages == 0 { 0 } else { 4 * wide(HISTORY_QUEUE_BYTES_MAX) + wide(HISTORY_CACHE_BYTES) + 128 * 1024 };
    holder("history: messages that wait to be stored", bytes, "the oldest is dropped and counted")
}

/// An index once more while a list is read anew; a command with the message it answers to.
const fn asked_line() -> Holder {
    holder(
        "lists of known spammers: their indexes; commands and presses that wait",
        2 * wide(LISTED_INDEX_BYTES)
            + wide(ERRANDS_MAX) * wide(COMMAND_BYTES_MAX + EXCERPT_BYTES_MAX + 2 * NAME_BYTES_MAX + 256),
        "a further list is refused; a further press is answered with nothing",
    )
}

/// A captcha, a name, a chat under a raid; a sign and its places in the counts; the sums of shared bans; who was banned or recorded
/// of late.
const fn door_line() -> Holder {
    holder(
        "the door: captchas, names of administrators, raids, shared bans",
        96 * wide(CAPTCHAS_MAX)
            + (2 * wide(NAME_BYTES_MAX) + 128) * wide(ADMIN_NAMES_MAX)
            + 160 * wide(RAID_CHATS_MAX)
            + 160 * wide(RAID_SIGNS_MAX)
            + 2 * 8 * SHARED_BANS_KEPT
            + 40 * wide(BANNED_OF_LATE_MAX + NOTED_OF_LATE_MAX),
        "the oldest is forgotten; a further newcomer is not asked",
    )
}

/// Everything Aegis holds at once, bytes: the sum of [`memory_lines`], and a tenth for what the allocator rounds up.
#[must_use]
pub const fn memory_bytes_max(capacity: &Capacity) -> u64 {
    let lines = memory_lines(capacity);
    let mut sum = 0_u64;
    let mut index = 0;
    while index < lines.len() {
        #[expect(clippy::indexing_slicing, reason = "the index is below the length")]
        let bytes = lines[index].bytes;
        sum += bytes;
        index += 1;
    }
    sum + sum / 10
}

/// Dead letters kept. When full, the oldest is forgotten; the metric `actions_dead` has counted it.
pub const DEAD_LETTERS_MAX: usize = 10_000;

/// Finished actions remembered, so that a message delivered again does not repeat them; the oldest are forgotten.
pub const DONE_KEPT: u64 = 20_000;

/// Changes by hand that are remembered; the oldest are forgotten.
pub const AUDIT_KEPT: u64 = 10_000;

/// Versions of what was changed on the page; the oldest are forgotten, and can no longer be brought back.
pub const POLICY_VERSIONS_KEPT: u64 = 50;

/// Answers "this was fine" and "this was spam" that the learner is taught with, in numbers; the oldest are forgotten.
pub const LESSONS_KEPT: u64 = 500;

/// Batches whose update ids are kept on storage. A batch may be as small as one update.
pub const DEDUPE_BATCHES_KEPT: u64 = 4_096;

/// The page cache when a profile names none that fits this machine's address space, bytes.
pub const STORE_CACHE_BYTES_MIN: usize = 1024 * 1024;

/// How long past its waiting time a poll may be silent before readiness says so, milliseconds.
pub const POLL_STALE_MS: u64 = 30_000;

/// How long the first poll may take before readiness says so, milliseconds.
pub const POLL_FIRST_MS: u64 = 5_000;

/// How long the dispatcher may be silent before readiness says so, milliseconds. It takes a turn every second.
pub const DISPATCH_STALE_MS: u64 = 10_000;

/// Threads of the runtime: the work between syncs and answers is small, and two cores are what small boards have.
pub const WORKER_THREADS: usize = 2;

/// Threads for blocking calls: closing the journal, and looking up names.
pub const BLOCKING_THREADS_MAX: usize = 4;
