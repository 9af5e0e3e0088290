//! What is told to receivers of webhooks: kinds of events, what each says, and how it is written.
//!
//! Promises: an event as JSON is at most `limits::HOOK_BODY_BYTES_MAX` bytes, in one object with `id`, `event` and `at_s`; the same
//! event is the same bytes each time it is told. A text of a stranger is in it only where [`Decided::excerpt`] has one.
//!
//! Never: a receiver, a secret, a clock.

use crate::clock::Wall;
use crate::limits;
use crate::message::floor_char_boundary;
use crate::tenant::TenantName;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message was decided about.
    Decision,
    /// An action was given up.
    DeadLetter,
    /// A budget is nearly or wholly spent.
    Budget,
    /// Something is wrong with the appliance, or well again.
    Incident,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Decision, Self::DeadLetter, Self::Budget, Self::Incident];

    /// The kind in settings, and in the header `Aegis-Event`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::DeadLetter => "dead_letter",
            Self::Budget => "budget",
            Self::Incident => "incident",
        }
    }

    /// The kind that [`Kind::word`] names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    const fn bit(self) -> u8 {
        1 << match self {
            Self::Decision => 0,
            Self::DeadLetter => 1,
            Self::Budget => 2,
            Self::Incident => 3,
        }
    }
}

/// Some kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    /// All of them.
    pub const ALL: Self = Self(0b1111);
    /// None.
    pub const NONE: Self = Self(0);

    /// The same and this one.
    #[must_use]
    pub const fn and(self, kind: Kind) -> Self {
        Self(self.0 | kind.bit())
    }

    /// Whether this one is among them.
    #[must_use]
    pub const fn has(self, kind: Kind) -> bool {
        self.0 & kind.bit() != 0
    }
}

/// A message that was decided about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// The decision's number, as on the page and in the API.
    pub number: u64,
    /// The group.
    pub group: i64,
    /// The message.
    pub message: i32,
    /// Who sent it; 0 for who has no number of their own.
    pub sender: i64,
    /// `allow`, `review` or `block`.
    pub outcome: String,
    /// The score.
    pub score: u16,
    /// The reason shown to people; none where the excerpt is left out, since rules may quote.
    pub reason: String,
    /// The rules that spoke.
    pub rules: Vec<String>,
    /// What is to be done.
    pub actions: Vec<String>,
    /// `record` or `enforce`.
    pub mode: String,
    /// What came of it, in a word.
    pub disposition: String,
    /// The trace, 16 hex digits.
    pub trace: String,
    /// The start of the message, where the owner wants that told.
    pub excerpt: Option<String>,
}

/// An action that was given up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenUp {
    /// Its number among the dead letters.
    pub number: u64,
    /// The group.
    pub group: i64,
    /// The message that caused it.
    pub message: i32,
    /// What was to be done.
    pub action: String,
    /// How often it was tried.
    pub attempts: u16,
    /// Why it was given up.
    pub why: String,
    /// The trace, 16 hex digits.
    pub trace: String,
}

/// Something that is wrong, or well again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// What it is about, such as "Storage".
    pub about: String,
    /// Whether it is well again.
    pub is_over: bool,
    /// In a sentence, with the cure.
    pub words: String,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// See [`Kind::Decision`].
    Decision(Decided),
    /// See [`Kind::DeadLetter`].
    DeadLetter(GivenUp),
    /// See [`Kind::Budget`]: a sentence.
    Budget(String),
    /// See [`Kind::Incident`].
    Incident(Incident),
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Whose it is; `None` for the appliance's own.
    pub tenant: Option<TenantName>,
    /// What it says.
    pub what: What,
}

/// The first `most` bytes of a text.
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    text.get(..floor_char_boundary(text, most)).unwrap_or_default().to_owned()
}

impl Event {
    /// Something of the appliance itself that is wrong or well again.
    #[must_use]
    pub fn incident(about: &str, is_over: bool, words: &str) -> Self {
        let incident = Incident { about: cut(about, 64), is_over, words: cut(words, limits::NOTICE_BYTES_MAX) };
        Self { tenant: None, what: What::Incident(incident) }
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self.what {
            What::Decision(_) => Kind::Decision,
            What::DeadLetter(_) => Kind::DeadLetter,
            What::Budget(_) => Kind::Budget,
            What::Incident(_) => Kind::Incident,
        }
    }

    /// The event as a receiver gets it.
    #[must_use]
    pub fn body(&self, id: &str, at: Wall) -> String {
        let mut body = Map::new();
        let mut put = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
        put("id", id.into());
        put("event", self.kind().word().into());
        put("at_s", at.seconds().into());
        put("tenant", self.tenant.as_ref().map(TenantName::as_str).into());
        match &self.what {
            What::Decision(about) => {
                let mut told = json!({
                    "number": about.number, "group": about.group, "message": about.message, "sender": about.sender,
                    "outcome": about.outcome, "score": about.score, "reason": about.reason, "rules": about.rules,
                    "actions": about.actions, "mode": about.mode, "disposition": about.disposition, "trace": about.trace,
                });
                if let (Some(excerpt), Some(told)) = (&about.excerpt, told.as_object_mut()) {
                    told.insert("excerpt".to_owned(), excerpt.as_str().into());
                }
                put("decision", told);
            }
            What::DeadLetter(about) => put(
                "dead_letter",
                json!({
                    "number": about.number, "group": about.group, "message": about.message, "action": about.action,
                    "attempts": about.attempts, "why": about.why, "trace": about.trace,
                }),
            ),
            What::Budget(words) => put("budget", json!({"words": words})),
            What::Incident(about) => {
                let state = if about.is_over { "good" } else { "bad" };
                put("incident", json!({"about": about.about, "state": state, "words": about.words}));
            }
        }
        Value::Object(body).to_string()
    }
}

/// The id of an event: when it was made durable, milliseconds, and its number there.
#[must_use]
pub fn id(at: Wall, number: u64) -> String {
    format!("{:x}-{number:x}", at.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_event_is_within_its_bound() {
        // What JSON writes longest: six bytes for one.
        let long = |bytes: usize| cut(&"\u{1}".repeat(bytes), bytes);
        let decided = Decided {
            number: u64::MAX,
            group: i64::MIN,
            message: i32::MIN,
            sender: i64::MIN,
            outcome: "review".to_owned(),
            score: u16::MAX,
            reason: long(limits::REASON_BYTES_MAX),
            rules: vec![cut(&"r".repeat(80), 64); limits::HOOK_RULES_MAX],
            actions: vec!["restrict for 100 days".to_owned(); 8],
            mode: "enforce".to_owned(),
            disposition: "quarantined".to_owned(),
            trace: "f".repeat(16),
            excerpt: Some(long(limits::EXCERPT_BYTES_MAX)),
        };
        let tenant = TenantName::new(&"t".repeat(limits::TENANT_NAME_BYTES_MAX));
        let most =
            |what: What| Event { tenant: tenant.clone(), what }.body(&id(Wall(u64::MAX), u64::MAX), Wall(u64::MAX));
        let given_up = GivenUp { why: long(limits::NOTICE_BYTES_MAX), ..GivenUp::default() };
        for body in [
            most(What::Decision(decided)),
            most(What::DeadLetter(given_up)),
            most(What::Budget(long(limits::NOTICE_BYTES_MAX))),
            Event::incident(&long(100), false, &long(4_000)).body("x", Wall(0)),
        ] {
            assert!(body.len() <= limits::HOOK_BODY_BYTES_MAX, "{} bytes", body.len());
        }
    }

    #[test]
    fn a_decision_says_no_word_of_the_message_unless_it_has_an_excerpt() {
        let mut decided = Decided { number: 7, outcome: "block".to_owned(), ..Decided::default() };
        let body =
            |decided: &Decided| Event { tenant: None, what: What::Decision(decided.clone()) }.body("a-1", Wall(5_000));
        let plain: Value = serde_json::from_str(&body(&decided)).expect("JSON");
        assert_eq!(
            (plain["id"].as_str(), plain["event"].as_str(), plain["at_s"].as_u64()),
            (Some("a-1"), Some("decision"), Some(5))
        );
        assert!(plain["decision"].get("excerpt").is_none() && plain["tenant"].is_null());
        decided.excerpt = Some("hello".to_owned());
        assert!(body(&decided).contains("hello"));
        assert_eq!(body(&decided), body(&decided));
    }

    #[test]
    fn kinds_are_found_by_their_words() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_word(kind.word()), Some(kind));
            assert!(Kinds::ALL.has(kind) && !Kinds::NONE.has(kind));
            assert!(Kinds::NONE.and(kind).has(kind));
        }
    }
}
