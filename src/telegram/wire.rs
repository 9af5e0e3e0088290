//! The Bot API's JSON, as far as Aegis reads it.
//!
//! Promises: an answer is read piece by piece, so that one update that cannot be read harms no other. Unknown fields
//! and kinds are passed over.

use super::post::Update;
use super::request::RIGHTS;
use super::update::{Incoming, Person, PersonKind, What};
use super::{Admin, CallError, ChatFacts, Myself};
use crate::limits;
use crate::message::{ChatId, MessageId, UpdateId, UserId, floor_char_boundary};
use crate::text::one_line;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use std::ops::Deref;

#[derive(Deserialize)]
struct Envelope<'a> {
    ok: bool,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error_code: u16,
    #[serde(default)]
    description: String,
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

fn open(body: &[u8]) -> Result<&RawValue, CallError> {
    let envelope: Envelope<'_> = serde_json::from_slice(body)
        .map_err(|error| CallError::Lost(format!("not an answer of the Bot API: {error}")))?;
    if envelope.ok {
        return envelope.result.ok_or_else(|| CallError::Lost("an answer without a result".to_owned()));
    }
    Err(CallError::Refused {
        code: envelope.error_code,
        description: start(&envelope.description, limits::DESCRIPTION_BYTES_MAX),
        retry_after_s: envelope.parameters.as_ref().and_then(|parameters| parameters.retry_after),
        moved_to: envelope.parameters.and_then(|parameters| parameters.migrate_to_chat_id).map(ChatId),
    })
}

/// Whether a body is an answer of the Bot API at all.
pub(super) fn is_envelope(body: &[u8]) -> bool {
    serde_json::from_slice::<Envelope<'_>>(body).is_ok()
}

/// The result in an answer, as JSON.
pub(super) fn result(body: &[u8]) -> Result<Vec<u8>, CallError> {
    open(body).map(|raw| raw.get().as_bytes().to_vec())
}

/// How many updates wait, in what is told of a webhook.
pub(super) fn waiting(result: &[u8]) -> Result<u64, CallError> {
    #[derive(Deserialize)]
    struct Info {
        pending_update_count: u64,
    }
    read::<Info>(result).map(|info| info.pending_update_count)
}

/// The updates in an answer.
pub(super) fn updates(body: &[u8]) -> Result<Vec<Incoming>, CallError> {
    let raw = open(body)?;
    let pieces: Vec<&RawValue> =
        serde_json::from_str(raw.get()).map_err(|error| CallError::Lost(format!("not a list of updates: {error}")))?;
    Ok(pieces.into_iter().filter_map(|piece| update(piece.get())).collect())
}

/// One update; `None` if it has not even an id.
pub(super) fn update(json: &str) -> Option<Incoming> {
    #[derive(Deserialize)]
    struct Id {
        update_id: u32,
    }
    match serde_json::from_str::<Update>(json) {
        Ok(update) => Some(Incoming { id: UpdateId(update.update_id), what: update.what() }),
        Err(error) => {
            let id = serde_json::from_str::<Id>(json).ok()?;
            Some(Incoming { id: UpdateId(id.update_id), what: What::Unreadable(error.to_string()) })
        }
    }
}

/// The id of the first update in the start of an answer that was cut.
pub(super) fn first_update_id(start: &[u8]) -> Option<UpdateId> {
    let key = b"\"update_id\"";
    let at = start.windows(key.len()).position(|window| window == key)?;
    let digits: String = start
        .iter()
        .skip(at.saturating_add(key.len()))
        .map(|byte| char::from(*byte))
        .skip_while(|c| matches!(c, ':' | ' '))
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok().map(UpdateId)
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, CallError> {
    serde_json::from_slice(body).map_err(|error| CallError::Refused {
        code: limits::CODE_ANSWER_UNREADABLE,
        description: format!("an answer that says something else than was asked: {error}"),
        retry_after_s: None,
        moved_to: None,
    })
}

/// Who administers a chat.
pub(super) fn administrators(body: &[u8]) -> Result<Vec<Admin>, CallError> {
    let members: Vec<ChatMember> = read(body)?;
    Ok(members
        .into_iter()
        .take(limits::ADMINS_MAX)
        .map(|member| {
            let owner = member.status == "creator";
            Admin {
                user: UserId(member.user.id),
                name: if member.user.is_bot { String::new() } else { member.user.name() },
                may_delete: owner || member.can_delete_messages,
                may_restrict: owner || member.can_restrict_members,
            }
        })
        .collect())
}

/// What a chat says of itself.
pub(super) fn chat_facts(body: &[u8]) -> Result<ChatFacts, CallError> {
    #[derive(Deserialize)]
    struct Full {
        linked_chat_id: Option<i64>,
        title: Option<String>,
        permissions: Option<serde_json::Map<String, Value>>,
    }
    read::<Full>(body).map(|full| ChatFacts {
        linked: full.linked_chat_id.map(ChatId),
        title: full.title.as_deref().map(title),
        rights: full.permissions.as_ref().map(rights),
    })
}

/// Rights as bits. A right that is not named is not given, except that topics go by pinned messages then, as the Bot API
/// says.
fn rights(permissions: &serde_json::Map<String, Value>) -> u16 {
    let given = |name: &str| permissions.get(name).and_then(Value::as_bool);
    let is_given = |name: &str| match name {
        "can_manage_topics" => given(name).or_else(|| given("can_pin_messages")).unwrap_or(false),
        _ => given(name).unwrap_or(false),
    };
    RIGHTS.iter().rev().fold(0, |bits, name| bits << 1 | u16::from(is_given(name)))
}

/// The number of a message that was said or copied. `None` when the answer does not name it: said it is all the same.
pub(super) fn sent(body: &[u8]) -> Option<MessageId> {
    #[derive(Deserialize)]
    struct Sent {
        message_id: i32,
    }
    serde_json::from_slice::<Sent>(body).ok().map(|sent| MessageId(sent.message_id))
}

/// As much of a title as is kept.
pub(super) fn title(title: &str) -> String {
    start(title, limits::TITLE_BYTES_MAX)
}

/// The first characters of a text that fit into `bytes_max`.
pub(super) fn start(text: &str, bytes_max: usize) -> String {
    text.get(..floor_char_boundary(text, bytes_max)).unwrap_or_default().to_owned()
}

/// What this bot is.
pub(super) fn myself(body: &[u8]) -> Result<Myself, CallError> {
    #[derive(Deserialize)]
    struct Me {
        id: i64,
        #[serde(default)]
        username: String,
        #[serde(default)]
        first_name: String,
        can_read_all_group_messages: Option<bool>,
        can_join_groups: Option<bool>,
    }
    read::<Me>(body).map(|me| Myself {
        id: me.id,
        username: title(&me.username),
        first_name: title(&me.first_name),
        reads_all: me.can_read_all_group_messages,
        can_join_groups: me.can_join_groups,
    })
}

/// What may be missing or null and is empty then.
#[derive(Default)]
pub(super) struct OrEmpty<T>(T);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for OrEmpty<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<T>::deserialize(deserializer).map(|value| Self(value.unwrap_or_default()))
    }
}

impl<T> Deref for OrEmpty<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

#[derive(Deserialize)]
pub(super) struct User {
    pub id: i64,
    #[serde(default)]
    pub is_bot: bool,
    #[serde(default)]
    pub first_name: OrEmpty<String>,
    #[serde(default)]
    pub last_name: OrEmpty<String>,
    #[serde(default)]
    pub username: OrEmpty<String>,
}

impl User {
    /// First and last name in one line.
    pub fn name(&self) -> String {
        one_line(&format!("{} {}", *self.first_name, *self.last_name), limits::NAME_BYTES_MAX)
    }

    /// Them, as an update shows them.
    pub fn person(&self) -> Person {
        Person {
            user: UserId(self.id),
            name: self.name(),
            username: one_line(&self.username, limits::NAME_BYTES_MAX),
            kind: if self.is_bot { PersonKind::Bot } else { PersonKind::Human },
        }
    }
}

#[derive(Deserialize)]
pub(super) struct ChatMember {
    #[serde(default)]
    pub status: String,
    pub user: User,
    /// Whether a restricted member is in the chat.
    #[serde(default)]
    pub is_member: bool,
    #[serde(default)]
    pub can_delete_messages: bool,
    #[serde(default)]
    pub can_restrict_members: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_update_that_cannot_be_read_harms_no_other_and_keeps_its_id() {
        let body = br#"{"ok":true,"result":[{"update_id":1,"message":{"message_id":"no"}},{"update_id":2,"message":{"message_id":5,"chat":{"id":-1,"type":"group"},"from":{"id":7},"text":"x"}},{"nothing":1},{"update_id":3,"a_kind_of_the_future":{}}]}"#;
        let found = updates(body).expect("the answer is whole");
        let ids: Vec<u32> = found.iter().map(|incoming| incoming.id.0).collect();
        assert_eq!(ids, [1, 2, 3]);
        assert!(matches!(found[0].what, What::Unreadable(_)));
        assert!(matches!(found[1].what, What::Message(_)));
        assert_eq!(found[2].what, What::Nothing);
    }

    #[test]
    fn an_answer_that_was_cut_is_lost_and_not_believed() {
        let body = br#"{"ok":true,"result":true}"#;
        for cut in 0..body.len() {
            assert!(matches!(result(&body[..cut]), Err(CallError::Lost(_))), "{cut}");
        }
    }

    #[test]
    fn a_refusal_tells_its_pause_and_its_new_id() {
        let body = br#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 5","parameters":{"retry_after":5}}"#;
        let Err(CallError::Refused { code: 429, retry_after_s: Some(5), .. }) = result(body) else {
            panic!("no pause")
        };
        let body = br#"{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1001}}"#;
        let Err(CallError::Refused { moved_to: Some(ChatId(-1001)), .. }) = result(body) else { panic!("no new id") };
    }

    #[test]
    fn the_id_of_an_update_too_large_to_read_is_found_in_its_start() {
        assert_eq!(first_update_id(br#"{"ok":true,"result":[{"update_id": 815,"message":{"te"#), Some(UpdateId(815)));
        assert_eq!(first_update_id(b"{}"), None);
    }

    #[test]
    fn a_chat_tells_its_title_and_a_long_one_is_cut_between_characters() {
        let long = "\u{43f}".repeat(limits::TITLE_BYTES_MAX);
        let body = format!("{{\"id\":-1,\"type\":\"supergroup\",\"title\":\"x{long}\",\"linked_chat_id\":-1009}}");
        let facts = chat_facts(body.as_bytes()).expect("the answer is whole");
        assert_eq!(facts.linked, Some(ChatId(-1_009)));
        assert_eq!(facts.title.map(|title| title.len()), Some(limits::TITLE_BYTES_MAX - 1));
        assert_eq!(chat_facts(b"{\"id\":1,\"type\":\"private\"}").expect("whole").title, None);
    }

    #[test]
    fn administrators_have_names_and_bots_have_none() {
        let body = br#"[{"status":"creator","user":{"id":7,"is_bot":false,"first_name":"Ann","last_name":"Lee"}},
            {"status":"administrator","user":{"id":9,"is_bot":true,"first_name":"Bot"},"can_delete_messages":true}]"#;
        let found = administrators(body).expect("the answer is whole");
        let named: Vec<(i64, &str)> = found.iter().map(|admin| (admin.user.0, admin.name.as_str())).collect();
        assert_eq!(named, [(7, "Ann Lee"), (9, "")]);
    }

    #[test]
    fn rights_that_are_not_named_are_not_given_and_topics_go_by_pinned_messages() {
        let rights = |permissions: &str| {
            let body = format!("{{\"id\":-1,\"permissions\":{permissions}}}");
            chat_facts(body.as_bytes()).expect("the answer is whole").rights
        };
        assert_eq!(rights("{}"), Some(0));
        assert_eq!(rights("null"), None);
        assert_eq!(rights(r#"{"can_send_messages":true,"can_send_polls":true}"#), Some(0b1000_0001));
        assert_eq!(rights(r#"{"can_pin_messages":true}"#), Some(0b11_0000_0000_0000));
        assert_eq!(rights(r#"{"can_pin_messages":true,"can_manage_topics":false}"#), Some(0b01_0000_0000_0000));
        assert_eq!(rights(r#"{"can_send_messages":"yes","a_right_of_the_future":true}"#), Some(0));
        assert_eq!(chat_facts(b"{\"id\":-1}").expect("whole").rights, None);
        assert!(chat_facts(b"{\"id\":-1,\"permissions\":5}").is_err());
    }

    #[test]
    fn a_message_and_its_bare_number_name_what_was_sent() {
        assert_eq!(sent(br#"{"message_id":9,"chat":{"id":-1},"text":"x"}"#), Some(MessageId(9)));
        assert_eq!(sent(br#"{"message_id":9}"#), Some(MessageId(9)));
        for other in ["true", "{}", r#"{"message_id":null}"#, r#"{"message_id":"9"}"#, "[]"] {
            assert_eq!(sent(other.as_bytes()), None, "{other}");
        }
    }
}
