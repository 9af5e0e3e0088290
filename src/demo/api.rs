//! The Bot API's words, as far as the stand-in speaks them: methods, the fields of a call, the forms of an answer.
//!
//! Promises: a method is known by its name in any case; errors are worded as Telegram words them.
//!
//! Never: state.

use serde_json::{Value, json};

/// A method the stand-in knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Each is the method of that name.
pub enum Method {
    GetMe,
    GetUpdates,
    DeleteMessage,
    DeleteMessages,
    BanChatMember,
    UnbanChatMember,
    BanChatSenderChat,
    UnbanChatSenderChat,
    RestrictChatMember,
    SendMessage,
    GetChatAdministrators,
    GetChatMember,
    GetChat,
    GetWebhookInfo,
    DeleteWebhook,
    AnswerCallbackQuery,
}

const METHODS: [(Method, &str); 16] = [
    (Method::GetUpdates, "getUpdates"),
    (Method::DeleteMessage, "deleteMessage"),
    (Method::DeleteMessages, "deleteMessages"),
    (Method::BanChatMember, "banChatMember"),
    (Method::BanChatSenderChat, "banChatSenderChat"),
    (Method::RestrictChatMember, "restrictChatMember"),
    (Method::SendMessage, "sendMessage"),
    (Method::UnbanChatMember, "unbanChatMember"),
    (Method::UnbanChatSenderChat, "unbanChatSenderChat"),
    (Method::GetMe, "getMe"),
    (Method::GetChatAdministrators, "getChatAdministrators"),
    (Method::GetChatMember, "getChatMember"),
    (Method::GetChat, "getChat"),
    (Method::GetWebhookInfo, "getWebhookInfo"),
    (Method::DeleteWebhook, "deleteWebhook"),
    (Method::AnswerCallbackQuery, "answerCallbackQuery"),
];

impl Method {
    /// The method of this name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        METHODS.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(method, _)| *method)
    }

    /// The name as Telegram documents it.
    #[must_use]
    pub fn name(self) -> &'static str {
        METHODS.iter().find(|(method, _)| *method == self).map_or("", |(_, name)| name)
    }

    /// Whether it changes or says something in a chat. Faults and windows are about these.
    #[must_use]
    pub const fn is_action(self) -> bool {
        matches!(
            self,
            Self::DeleteMessage
                | Self::DeleteMessages
                | Self::BanChatMember
                | Self::UnbanChatMember
                | Self::BanChatSenderChat
                | Self::UnbanChatSenderChat
                | Self::RestrictChatMember
                | Self::SendMessage
        )
    }
}

/// The fields of a call that the stand-in looks at.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Call {
    /// `getUpdates`: the first update that is not confirmed yet.
    pub offset: i64,
    /// `getUpdates`: how many at most.
    pub limit: Option<usize>,
    /// `getUpdates`: seconds to wait.
    pub timeout: u64,
    /// The chat.
    pub chat_id: i64,
    /// One message.
    pub message_id: i64,
    /// Several messages.
    pub message_ids: Vec<i64>,
    /// The user.
    pub user_id: i64,
    /// The channel.
    pub sender_chat_id: i64,
    /// Until when, whole seconds.
    pub until_date: i64,
    /// What to say.
    pub text: String,
    /// `restrictChatMember`: the rights that are given.
    pub permissions: Permissions,
}

/// The rights of a call, as far as the stand-in looks at them.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Permissions {
    /// Whether texts may be written.
    pub can_send_messages: bool,
}

/// How a call is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Properly: the HTTP status and the JSON.
    Whole(u16, String),
    /// Half of the answer, then the end.
    Half(u16, String),
    /// The connection is closed.
    Closed,
    /// The connection is reset.
    Reset,
    /// Nothing, for ever.
    Nothing,
}

/// A person of this number.
pub(super) fn user(id: i64) -> Value {
    json!({"id": id, "is_bot": false, "first_name": "Robin"})
}

/// Somebody with every right a moderator needs.
pub(super) fn administrator(user: &Value) -> Value {
    json!({
        "status": "administrator", "user": user, "can_be_edited": false, "is_anonymous": false,
        "can_manage_chat": true, "can_delete_messages": true, "can_manage_video_chats": true,
        "can_restrict_members": true, "can_promote_members": false, "can_change_info": true,
        "can_invite_users": true, "can_post_stories": false, "can_edit_stories": false,
        "can_delete_stories": false, "can_pin_messages": true, "can_manage_topics": false,
    })
}

/// A proper answer with this result.
pub(super) fn accept(result: &str) -> Said {
    Said::Whole(200, format!("{{\"ok\":true,\"result\":{result}}}"))
}

/// An error as Telegram words it.
#[must_use]
pub fn refuse(status: u16, description: &str) -> Said {
    let description = Value::from(description);
    Said::Whole(status, format!("{{\"ok\":false,\"error_code\":{status},\"description\":{description}}}"))
}

/// 429, as Telegram says it.
pub(super) fn too_many(seconds: u64) -> Said {
    Said::Whole(
        429,
        format!(
            "{{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests: retry after {seconds}\",\
             \"parameters\":{{\"retry_after\":{seconds}}}}}"
        ),
    )
}
