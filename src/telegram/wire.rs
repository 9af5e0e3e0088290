//! The Bot API's JSON, as far as Aegis reads it, and the few payloads the library does not offer in a usable form.
//!
//! Promises: an answer is read piece by piece, so that one update that cannot be read harms no other. Unknown fields
//! and kinds are passed over.

use super::post::Update;
use super::update::{Incoming, What};
use super::{Admin, CallError, ChatFacts, Myself};
use crate::limits;
use crate::message::{ChatId, UpdateId, UserId, floor_char_boundary};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use teloxide::requests::Payload;

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
    let cut = floor_char_boundary(&envelope.description, limits::DESCRIPTION_BYTES_MAX);
    Err(CallError::Refused {
        code: envelope.error_code,
        description: envelope.description.get(..cut).unwrap_or_default().to_owned(),
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
                name: String::new(),
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
    }
    read::<Full>(body).map(|full| ChatFacts {
        linked: full.linked_chat_id.map(ChatId),
        title: full.title.as_deref().map(title),
        rights: None,
    })
}

/// As much of a title as is kept.
pub(super) fn title(title: &str) -> String {
    title.get(..floor_char_boundary(title, limits::TITLE_BYTES_MAX)).unwrap_or_default().to_owned()
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

macro_rules! payload {
    ($kind:ident $(<$life:lifetime>)?, $name:literal) => {
        impl $(<$life>)? Payload for $kind $(<$life>)? {
            type Output = ();
            const NAME: &'static str = $name;
        }
    };
}

/// Says a plain sentence: no markup, so that nothing in it can be more than text.
#[derive(Serialize)]
pub(super) struct Say<'a> {
    pub chat_id: i64,
    pub text: &'a str,
    pub disable_notification: bool,
}
payload!(Say<'a>, "SendMessage");

/// Answers a pressed button with nothing.
#[derive(Serialize)]
pub(super) struct AnswerCallback<'a> {
    pub callback_query_id: &'a str,
}
payload!(AnswerCallback<'a>, "AnswerCallbackQuery");

/// Bans; the library's own payload wants a date type of a crate that Aegis does not otherwise need.
#[derive(Serialize)]
pub(super) struct Ban {
    pub chat_id: i64,
    pub user_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_date: Option<u64>,
}
payload!(Ban, "BanChatMember");

/// Takes or gives rights to write; see [`Ban`]. What is not said of `use_independent_chat_permissions` is `false`: a right that
/// needs another brings it along.
#[derive(Serialize)]
pub(super) struct Mute {
    pub chat_id: i64,
    pub user_id: i64,
    pub permissions: teloxide::types::ChatPermissions,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_date: Option<u64>,
}
payload!(Mute, "RestrictChatMember");

#[derive(Deserialize)]
pub(super) struct User {
    pub id: i64,
    #[serde(default)]
    pub is_bot: bool,
    #[serde(default)]
    pub first_name: String,
    #[serde(default)]
    pub last_name: String,
    #[serde(default)]
    pub username: String,
}

#[derive(Deserialize)]
pub(super) struct ChatMember {
    #[serde(default)]
    pub status: String,
    pub user: User,
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
    fn who_may_write_again_gets_every_right_back_and_who_is_muted_loses_every_right() {
        let said = |permissions| {
            let payload = Mute { chat_id: -1, user_id: 7, permissions, until_date: None };
            serde_json::to_string(&payload).expect("plain data")
        };
        let given = said(teloxide::types::ChatPermissions::all());
        for right in ["can_send_messages", "can_send_photos", "can_send_other_messages", "can_add_web_page_previews"] {
            assert!(given.contains(&format!("\"{right}\":true")), "{given}");
        }
        assert!(!given.contains("false"), "{given}");
        assert!(!said(teloxide::types::ChatPermissions::empty()).contains("\":true"));
    }
}
