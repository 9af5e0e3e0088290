//! What calls of the Bot API carry: the few payloads that the library does not offer in a usable form.
//!
//! Promises: texts are plain; nothing in them can be more than text. Nothing rings, and no link is shown as a preview.
//!
//! Never: a mode of parsing.

use super::request::{Audience, Key, RIGHTS};
use crate::limits;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use teloxide::requests::Payload;

macro_rules! payload {
    ($kind:ident $(<$life:lifetime>)?, $name:literal) => {
        impl $(<$life>)? Payload for $kind $(<$life>)? {
            type Output = ();
            const NAME: &'static str = $name;
        }
    };
}

/// Links in what the bot says are not shown as previews: a card shows what spam points to.
#[derive(Serialize)]
pub(super) struct Previews {
    is_disabled: bool,
}

/// See [`Previews`].
pub(super) const NO_PREVIEWS: Previews = Previews { is_disabled: true };

/// The message that another answers to.
#[derive(Serialize)]
pub(super) struct Answered {
    message_id: i32,
    allow_sending_without_reply: bool,
}

impl Answered {
    /// This message, if it is still there when the answer arrives.
    pub const fn if_there(message_id: i32) -> Self {
        Self { message_id, allow_sending_without_reply: true }
    }
}

#[derive(Serialize)]
struct Button<'a> {
    text: &'a str,
    callback_data: &'a str,
}

/// Buttons by row.
#[derive(Serialize)]
pub(super) struct Keyboard<'a> {
    inline_keyboard: Vec<Vec<Button<'a>>>,
}

impl<'a> Keyboard<'a> {
    /// These buttons.
    pub fn of(rows: &'a [Vec<Key>]) -> Self {
        let button = |key: &'a Key| Button { text: &key.label, callback_data: &key.words };
        Self { inline_keyboard: rows.iter().map(|row| row.iter().map(button).collect()).collect() }
    }
}

/// Says something.
#[derive(Serialize)]
pub(super) struct Say<'a> {
    pub chat_id: i64,
    pub text: &'a str,
    pub disable_notification: bool,
    pub link_preview_options: Previews,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_thread_id: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_parameters: Option<Answered>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_markup: Option<Keyboard<'a>>,
}
payload!(Say<'a>, "SendMessage");

/// Copies a message.
#[derive(Serialize)]
pub(super) struct Copy {
    pub chat_id: i64,
    pub from_chat_id: i64,
    pub message_id: i32,
    pub disable_notification: bool,
}
payload!(Copy, "CopyMessage");

/// Changes a message of the bot's own. A keyboard without buttons removes those that are there.
#[derive(Serialize)]
pub(super) struct Edit<'a> {
    pub chat_id: i64,
    pub message_id: i32,
    pub text: &'a str,
    pub link_preview_options: Previews,
    pub reply_markup: Keyboard<'a>,
}
payload!(Edit<'a>, "EditMessageText");

/// Lets somebody in.
#[derive(Serialize)]
pub(super) struct Admit {
    pub chat_id: i64,
    pub user_id: i64,
}
payload!(Admit, "ApproveChatJoinRequest");

/// Refuses somebody.
#[derive(Serialize)]
pub(super) struct Decline {
    pub chat_id: i64,
    pub user_id: i64,
}
payload!(Decline, "DeclineChatJoinRequest");

/// Rights as the Bot API names them, from their bits: every right is said, given or not.
pub(super) struct Rights(pub u16);

impl Serialize for Rights {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(RIGHTS.len()))?;
        let mut bits = self.0;
        for name in RIGHTS {
            map.serialize_entry(name, &(bits & 1 == 1))?;
            bits >>= 1;
        }
        map.end()
    }
}

/// Sets what everybody may do. Independent, so that no right brings another along.
#[derive(Serialize)]
pub(super) struct Permit {
    pub chat_id: i64,
    pub permissions: Rights,
    pub use_independent_chat_permissions: bool,
}
payload!(Permit, "SetChatPermissions");

#[derive(Serialize)]
struct Command {
    command: &'static str,
    description: &'static str,
}

#[derive(Serialize)]
struct Scope {
    r#type: &'static str,
}

/// Says which commands there are.
#[derive(Serialize)]
pub(super) struct Commands {
    commands: Vec<Command>,
    scope: Scope,
    #[serde(skip_serializing_if = "str::is_empty")]
    language_code: &'static str,
}
payload!(Commands, "SetMyCommands");

impl Commands {
    /// These commands with their descriptions, to this audience, in this language; an empty one stands for all others.
    pub fn of(audience: Audience, language_code: &'static str, commands: &[(&'static str, &'static str)]) -> Self {
        let kind = match audience {
            Audience::Members => "all_group_chats",
            Audience::Administrators => "all_chat_administrators",
        };
        let commands = commands.iter().map(|(command, description)| Command { command, description }).collect();
        Self { commands, scope: Scope { r#type: kind }, language_code }
    }
}

/// Answers a pressed button.
#[derive(Serialize)]
pub(super) struct AnswerCallback<'a> {
    callback_query_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    text: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    show_alert: bool,
}
payload!(AnswerCallback<'a>, "AnswerCallbackQuery");

impl<'a> AnswerCallback<'a> {
    /// An answer that says so much of `text` as the Bot API lets it; with an empty one the button only stops spinning.
    pub fn of(callback_query_id: &'a str, text: &'a str) -> Self {
        let end = text.char_indices().nth(limits::PRESS_CHARS_MAX).map_or(text.len(), |(at, _)| at);
        let text = text.get(..end).unwrap_or_default();
        Self { callback_query_id, text, show_alert: !text.is_empty() }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{ChatId, MessageId};
    use crate::telegram::request::{Manner, say};
    use serde_json::{Value, json};

    fn said(payload: &impl Serialize) -> Value {
        serde_json::to_value(payload).expect("plain data")
    }

    fn keys() -> Vec<Vec<Key>> {
        vec![vec![Key { label: "Undo".into(), words: "u1".into() }, Key { label: "Ban".into(), words: "b1".into() }]]
    }

    #[test]
    fn a_plain_sentence_rings_nowhere_and_shows_no_preview() {
        let manner = Manner::default();
        assert_eq!(
            said(&say(ChatId(-5), "<b>x</b>", &manner)),
            json!({"chat_id": -5, "text": "<b>x</b>", "disable_notification": true, "link_preview_options": {"is_disabled": true}})
        );
    }

    #[test]
    fn an_answer_stands_in_its_topic_with_its_buttons_and_survives_the_message_it_answers_to() {
        let manner = Manner { topic: Some(4), answers: Some(MessageId(9)), buttons: keys() };
        assert_eq!(
            said(&say(ChatId(-5), "x", &manner)),
            json!({
                "chat_id": -5, "text": "x", "disable_notification": true, "link_preview_options": {"is_disabled": true},
                "message_thread_id": 4, "reply_parameters": {"message_id": 9, "allow_sending_without_reply": true},
                "reply_markup": {"inline_keyboard": [[
                    {"text": "Undo", "callback_data": "u1"}, {"text": "Ban", "callback_data": "b1"},
                ]]},
            })
        );
    }

    #[test]
    fn a_changed_message_without_buttons_loses_those_it_had() {
        let edit = |rows: &[Vec<Key>]| {
            let reply_markup = Keyboard::of(rows);
            said(&Edit { chat_id: -5, message_id: 9, text: "x", link_preview_options: NO_PREVIEWS, reply_markup })
        };
        assert_eq!(
            edit(&[]),
            json!({
                "chat_id": -5, "message_id": 9, "text": "x", "link_preview_options": {"is_disabled": true},
                "reply_markup": {"inline_keyboard": []},
            })
        );
        assert_eq!(edit(&keys())["reply_markup"]["inline_keyboard"][0][1]["callback_data"], "b1");
    }

    #[test]
    fn a_copy_names_both_chats_and_requests_to_join_name_the_one() {
        assert_eq!(
            said(&Copy { chat_id: -6, from_chat_id: -5, message_id: 9, disable_notification: true }),
            json!({"chat_id": -6, "from_chat_id": -5, "message_id": 9, "disable_notification": true})
        );
        assert_eq!(said(&Admit { chat_id: -5, user_id: 7 }), json!({"chat_id": -5, "user_id": 7}));
        assert_eq!(said(&Decline { chat_id: -5, user_id: 7 }), json!({"chat_id": -5, "user_id": 7}));
    }

    #[test]
    fn rights_are_said_one_by_one_and_come_back_as_the_same_bits() {
        let permit =
            |bits| said(&Permit { chat_id: -5, permissions: Rights(bits), use_independent_chat_permissions: true });
        let some = permit(0b10_0000_0000_0101);
        assert_eq!(some["use_independent_chat_permissions"], true);
        let given: Vec<&str> = RIGHTS.into_iter().filter(|name| some["permissions"][name] == true).collect();
        assert_eq!(given, ["can_send_messages", "can_send_documents", "can_manage_topics"]);
        assert_eq!(some["permissions"].as_object().map(serde_json::Map::len), Some(RIGHTS.len()));
        for bits in [0, 1, 0b10_0000_0000_0101, 0b01_0000_0000_0000, 0b11_1111_1111_1111] {
            let chat = json!({"id": -5, "permissions": permit(bits)["permissions"]}).to_string();
            let facts = crate::telegram::wire::chat_facts(chat.as_bytes()).expect("the answer is whole");
            assert_eq!(facts.rights, Some(bits));
        }
    }

    #[test]
    fn commands_are_shown_to_whom_they_are_for_in_their_language() {
        let commands = |audience, language| said(&Commands::of(audience, language, &[("report", "Report a message")]));
        assert_eq!(
            commands(Audience::Members, ""),
            json!({
                "commands": [{"command": "report", "description": "Report a message"}],
                "scope": {"type": "all_group_chats"},
            })
        );
        let german = commands(Audience::Administrators, "de");
        assert_eq!(german["scope"], json!({"type": "all_chat_administrators"}));
        assert_eq!(german["language_code"], "de");
    }

    #[test]
    fn a_press_is_answered_with_nothing_or_with_as_much_as_fits() {
        assert_eq!(said(&AnswerCallback::of("9", "")), json!({"callback_query_id": "9"}));
        assert_eq!(
            said(&AnswerCallback::of("9", "Done.")),
            json!({"callback_query_id": "9", "text": "Done.", "show_alert": true})
        );
        let long = "\u{1f600}".repeat(limits::PRESS_CHARS_MAX + 1);
        let cut = said(&AnswerCallback::of("9", &long));
        assert_eq!(cut["text"].as_str().map(|text| text.chars().count()), Some(limits::PRESS_CHARS_MAX));
    }

    #[test]
    fn calls_go_by_the_names_of_the_bot_api() {
        let names = [
            (Say::NAME, "sendMessage"),
            (Copy::NAME, "copyMessage"),
            (Edit::NAME, "editMessageText"),
            (Admit::NAME, "approveChatJoinRequest"),
            (Decline::NAME, "declineChatJoinRequest"),
            (Permit::NAME, "setChatPermissions"),
            (Commands::NAME, "setMyCommands"),
            (AnswerCallback::NAME, "answerCallbackQuery"),
        ];
        for (name, documented) in names {
            assert!(name.eq_ignore_ascii_case(documented), "{name}");
        }
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
