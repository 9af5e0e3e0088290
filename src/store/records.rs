//! What is stored: the records, and the bytes they become.
//!
//! Promises: a record starts with one version byte and then postcard; an unknown version or damaged bytes are an
//! error, never a guess. A published struct is never edited: a change of shape is a new version and a schema step.
//!
//! Never: redb. These are values; `tables` and `Store` put them away.

use crate::clock::Wall;
use crate::decide::Disposition;
use crate::limits;
use crate::message::{
    AlbumId, ChatId, ChatKind, Message, MessageId, Revision, Sender, SurfaceKind, TraceId, UserId, floor_char_boundary,
};
use crate::opinions::Key;
use crate::press::Button;
use crate::tenant::TenantName;
use crate::verdict::{ActionKind, Finding, Mode, Outcome, PlannedAction, Verdict};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The version byte every record of this program starts with.
pub const RECORD_VERSION: u8 = 1;

/// Bytes that are not a record of a version this program knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRecord {
    /// What is wrong.
    pub why: String,
}

impl std::fmt::Display for BadRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.why)
    }
}

/// A record as bytes: the version byte, then postcard.
#[must_use]
pub fn encode<T: Serialize>(record: &T) -> Vec<u8> {
    let start = vec![RECORD_VERSION];
    postcard::to_extend(record, start).expect("our records are plain data and memory is bounded by their limits")
}

/// The record in `bytes`.
///
/// # Errors
/// [`BadRecord`] for an unknown version, cut or damaged bytes, or bytes left over.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BadRecord> {
    let Some((version, body)) = bytes.split_first() else {
        return Err(BadRecord { why: "an empty record".to_owned() });
    };
    if *version != RECORD_VERSION {
        return Err(BadRecord { why: format!("record version {version}; this program knows {RECORD_VERSION}") });
    }
    match postcard::take_from_bytes::<T>(body) {
        Ok((record, [])) => Ok(record),
        Ok((_, rest)) => Err(BadRecord { why: format!("{} bytes left over after a record", rest.len()) }),
        Err(error) => Err(BadRecord { why: format!("a damaged record: {error}") }),
    }
}

/// A decision about one message. Kept for verdicts other than allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// When it was made.
    pub at: Wall,
    /// The chat.
    pub chat: ChatId,
    /// The message.
    pub message: MessageId,
    /// Who sent it.
    pub sender: Sender,
    /// Original or edited.
    pub revision: Revision,
    /// The verdict's outcome.
    pub outcome: Outcome,
    /// The verdict's score.
    pub score: u16,
    /// The reason shown to people.
    pub reason: String,
    /// What the rules saw, with spans into the original.
    pub findings: Vec<Finding>,
    /// What the verdict asks to be done.
    pub actions: Vec<PlannedAction>,
    /// The mode in force.
    pub mode: Mode,
    /// What came of it.
    pub disposition: Disposition,
    /// The version of the policy that spoke.
    pub policy: u64,
    /// The trace from update to effect.
    pub trace: TraceId,
    /// The start of the first text of the message.
    pub excerpt: String,
}

/// The part of a text that a decision keeps.
#[must_use]
pub fn excerpt(text: &str) -> String {
    text.get(..floor_char_boundary(text, limits::EXCERPT_BYTES_MAX)).unwrap_or_default().to_owned()
}

/// The name of an action on a message: at most one row of each is ever in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OutboxKey {
    /// The chat.
    pub chat: ChatId,
    /// The message that caused it.
    pub message: MessageId,
    /// What to do.
    pub action: ActionKind,
}

impl OutboxKey {
    /// The key as stored.
    #[must_use]
    pub const fn raw(&self) -> (i64, i32, u8) {
        (self.chat.0, self.message.0, self.action.number())
    }

    /// The key that [`OutboxKey::raw`] gave.
    #[must_use]
    pub fn from_raw(raw: (i64, i32, u8)) -> Option<Self> {
        let action = ActionKind::ALL.into_iter().find(|kind| kind.number() == raw.2)?;
        Some(Self { chat: ChatId(raw.0), message: MessageId(raw.1), action })
    }
}

/// How far an action is. Confirmed and dead ones leave the outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutboxState {
    /// Promised.
    #[default]
    Pending,
    /// About to be sent, or sent without an answer. Stored only for courtesies, which must not be repeated.
    Sent,
}

/// An action that was promised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxRow {
    /// What, about which message.
    pub key: OutboxKey,
    /// The decision it follows from; of what people ordered, the number of the next one. Rows of a chat are carried out in
    /// this order.
    pub decision: u64,
    /// Against whom.
    pub target: Sender,
    /// For how long, for mutes and bans; 0 means for ever.
    pub seconds: u32,
    /// How far it is.
    pub state: OutboxState,
    /// How often it was tried without success.
    pub attempts: u16,
    /// Not to be tried before this time.
    pub not_before: Wall,
    /// When the update arrived.
    pub received: Wall,
    /// The trace from update to effect.
    pub trace: TraceId,
    /// What a courtesy says; empty for duties. At most `limits::NOTICE_BYTES_MAX`.
    pub text: String,
    /// What else it takes.
    pub detail: Detail,
}

/// Stands in the text of a card for the number of its decision, which is known only once the decision is durable. No text
/// that is shown has such a character of its own.
pub const NUMBER_MARK: char = '\u{1}';

/// What an action takes besides whom, for how long, and what is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Detail {
    /// Nothing.
    #[default]
    None,
    /// Of what is said: where, and what becomes of it.
    Said {
        /// The topic of a forum it belongs in.
        topic: Option<i32>,
        /// After how many seconds it is tidied away; 0 for never.
        expires_s: u32,
        /// Buttons, a row each; at most `limits::BUTTONS_MAX`.
        buttons: Vec<Button>,
    },
    /// Of a card: its buttons, in rows of two, and the copy that it answers to.
    Card {
        /// Buttons; at most `limits::BUTTONS_MAX`.
        buttons: Vec<Button>,
        /// The copy of the message, once it is made; 0 for none.
        copy: MessageId,
    },
    /// Of a copy: what is copied.
    Copied {
        /// The chat.
        from: ChatId,
        /// The message.
        message: MessageId,
    },
    /// Of an edit: which message, and its buttons from now on.
    Edited {
        /// The message.
        card: MessageId,
        /// Buttons; at most `limits::BUTTONS_MAX`.
        buttons: Vec<Button>,
    },
    /// Of a removal that waits for somebody to show that they are human.
    Captcha,
    /// What everybody may do from now on, a bit a right as the Bot API lists them.
    Rights(u16),
}

impl OutboxRow {
    /// A new row that nothing is known of yet but this.
    #[must_use]
    pub const fn new(key: OutboxKey, target: Sender, received: Wall, trace: TraceId) -> Self {
        Self {
            key,
            decision: 0,
            target,
            seconds: 0,
            state: OutboxState::Pending,
            attempts: 0,
            not_before: Wall(0),
            received,
            trace,
            text: String::new(),
            detail: Detail::None,
        }
    }

    /// Whether it waits for its time, and not for another try.
    #[must_use]
    pub const fn is_scheduled(&self, now: Wall) -> bool {
        self.attempts == 0 && self.not_before.0 > now.0
    }
}

/// An action that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The action.
    pub row: OutboxRow,
    /// Why it was given up.
    pub why: String,
    /// When.
    pub at: Wall,
}

/// A message that is not decided and waits for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undecided {
    /// The chat.
    pub chat: ChatId,
    /// The message.
    pub message: MessageId,
    /// Since when.
    pub at: Wall,
    /// Why nobody has decided.
    pub why: String,
    /// The trace.
    pub trace: TraceId,
    /// The start of its text.
    pub excerpt: String,
}

/// Which of the rights Aegis needs it has in a chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Right {
    /// Nobody has asked yet.
    #[default]
    Unknown,
    /// It has it.
    Held,
    /// It lacks it.
    Missing,
}

/// What is known about a chat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatRecord {
    /// The right to remove messages.
    pub delete: Right,
    /// The right to restrict and ban.
    pub restrict: Right,
    /// Its administrators; at most `limits::ADMINS_MAX`.
    pub admins: Vec<UserId>,
    /// The channel it is linked with.
    pub linked: Option<ChatId>,
    /// When the above was asked for; zero when never.
    pub facts_at: Wall,
    /// Refusals for lack of rights in a row.
    pub refusals: u16,
    /// The chat's new id, once it became a supergroup.
    pub moved_to: Option<ChatId>,
}

impl ChatRecord {
    /// Whether so many actions were refused in a row that none is promised until the rights change.
    #[must_use]
    pub const fn is_watch_only(&self) -> bool {
        self.refusals >= limits::REFUSALS_UNTIL_WATCH_ONLY
    }
}

/// What is known about a member of a chat. At most `limits::MEMBERS_KEPT` are; those longest unheard of are forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRecord {
    /// Warnings that were not taken back; the last `limits::WARNS_KEPT`.
    pub warns: Vec<Warned>,
    /// How often warnings have led to a mute, since a ban or a pardon.
    pub mutes: u8,
    /// When the last courtesy about this member was promised.
    pub notice_at: Wall,
    /// Different, long enough messages seen, up to as many as make a member known.
    pub messages: u16,
    /// Hashes of the last of them, so that one is not counted twice.
    pub last: [u32; 3],
    /// Somebody vouches for them since then; zero for nobody.
    pub approved_at: Wall,
    /// Reports of theirs that turned out right, and wrong.
    pub reports_right: u16,
    /// See [`MemberRecord::reports_right`].
    pub reports_wrong: u16,
    /// When they reported last.
    pub reported_at: Wall,
    /// When something was heard of them last, days since 1970.
    pub heard_day: u32,
}

/// A warning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warned {
    /// When.
    pub at: Wall,
    /// The trace of what led to it, by which it can be taken back.
    pub trace: TraceId,
    /// Why; at most `limits::WARN_REASON_BYTES_MAX`.
    pub reason: String,
}

/// A pause that Telegram asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Until when.
    pub until: Wall,
    /// How long it was when asked for, milliseconds: the longest it can still be, whatever the clock says.
    pub asked_ms: u64,
}

/// What somebody changed by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// When.
    pub at: Wall,
    /// Who: a role and a way in, such as "terminal".
    pub who: String,
    /// What.
    pub what: String,
}

/// An album under judgement: its parts, and what was decided about one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlbumRecord {
    /// The messages seen so far; at most `limits::ALBUM_PARTS_MAX`.
    pub parts: Vec<MessageId>,
    /// The reason it was blocked for, once a part was.
    pub blocked_for: Option<String>,
    /// The score of that part, for the parts that come later.
    pub score: u16,
}

/// A message that waits for an opinion. A later revision of it takes its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewRow {
    /// The chat.
    pub chat: ChatId,
    /// The message.
    pub message: MessageId,
    /// When its update arrived, by our clock.
    pub at: Wall,
    /// Telegram's date of this revision, seconds since 1970.
    pub dated_s: u64,
    /// Who sent it.
    pub sender: Sender,
    /// Original or edited.
    pub revision: Revision,
    /// Its album.
    pub album: Option<AlbumId>,
    /// Its trace.
    pub trace: TraceId,
    /// Who owns the chat.
    pub tenant: TenantName,
    /// The kind of chat.
    pub chat_kind: ChatKind,
    /// How long the sender had been a member, seconds, when known.
    pub member_age_s: Option<u64>,
    /// How many messages of the sender had been seen before, when known.
    pub message_count: Option<u64>,
    /// Its texts, as much as a model may be shown.
    pub surfaces: Vec<(SurfaceKind, String)>,
    /// Where its links lead.
    pub links: Vec<String>,
    /// What its opinion is remembered under.
    pub key: Key,
    /// What the rules said.
    pub verdict: Verdict,
}

impl ReviewRow {
    /// The start of its first text.
    #[must_use]
    pub fn excerpt(&self) -> String {
        self.surfaces.first().map(|(_, text)| excerpt(text)).unwrap_or_default()
    }

    /// The texts of a message, as much of them as a model may be shown.
    #[must_use]
    pub fn texts(message: &Message) -> Vec<(SurfaceKind, String)> {
        let mut room = limits::MODEL_TEXT_BYTES_MAX;
        let mut texts = Vec::new();
        for surface in message.surfaces.iter().take(limits::MODEL_SURFACES_MAX) {
            let kept = surface.text.get(..floor_char_boundary(&surface.text, room)).unwrap_or_default();
            room = room.saturating_sub(kept.len());
            if !kept.is_empty() {
                texts.push((surface.kind, kept.to_owned()));
            }
        }
        texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_refused_when_its_version_is_unknown_or_bytes_are_left_or_missing() {
        let record = Audit { at: Wall(7), who: "terminal".into(), what: "x".into() };
        let bytes = encode(&record);
        assert_eq!(decode::<Audit>(&bytes), Ok(record));
        for cut in 0..bytes.len() {
            assert!(decode::<Audit>(&bytes[..cut]).is_err(), "{cut} bytes were accepted");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(decode::<Audit>(&longer).is_err());
        let mut newer = bytes;
        newer[0] = 2;
        assert!(decode::<Audit>(&newer).unwrap_err().why.contains("version 2"));
    }

    #[test]
    fn an_outbox_key_survives_storage() {
        for action in ActionKind::ALL {
            let key = OutboxKey { chat: ChatId(-1_001_234_567_890_123), message: MessageId(i32::MAX), action };
            assert_eq!(OutboxKey::from_raw(key.raw()), Some(key));
        }
        assert_eq!(OutboxKey::from_raw((1, 1, 0)), None);
    }
}
