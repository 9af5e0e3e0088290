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
    CopyMessage,
    EditMessageText,
    EditMessageReplyMarkup,
    ApproveChatJoinRequest,
    DeclineChatJoinRequest,
    SetChatPermissions,
    SetMyCommands,
}

const METHODS: [(Method, &str); 23] = [
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
    (Method::CopyMessage, "copyMessage"),
    (Method::EditMessageText, "editMessageText"),
    (Method::EditMessageReplyMarkup, "editMessageReplyMarkup"),
    (Method::ApproveChatJoinRequest, "approveChatJoinRequest"),
    (Method::DeclineChatJoinRequest, "declineChatJoinRequest"),
    (Method::SetChatPermissions, "setChatPermissions"),
    (Method::SetMyCommands, "setMyCommands"),
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
                | Self::CopyMessage
                | Self::EditMessageText
                | Self::EditMessageReplyMarkup
                | Self::ApproveChatJoinRequest
                | Self::DeclineChatJoinRequest
                | Self::SetChatPermissions
        )
    }

    /// Whether it puts a new message into a chat. Telegram's limits for one chat are about these.
    #[must_use]
    pub const fn speaks(self) -> bool {
        matches!(self, Self::SendMessage | Self::CopyMessage)
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
    /// `copyMessage`: where the message is.
    pub from_chat_id: i64,
    /// `copyMessage`: what the copy says instead of its own caption.
    pub caption: String,
    /// The topic of a forum.
    pub message_thread_id: Option<i64>,
    /// The message that is answered.
    pub reply_parameters: Option<ReplyTo>,
    /// The buttons below what is said.
    pub reply_markup: Option<Keyboard>,
    /// `answerCallbackQuery`: which press.
    pub callback_query_id: String,
    /// `answerCallbackQuery`: whether the text is shown in a box of its own.
    pub show_alert: bool,
    /// `restrictChatMember`: the rights that are given. `setChatPermissions`: what everybody may.
    pub permissions: Permissions,
    /// Whether a right that needs another does not bring it along.
    pub use_independent_chat_permissions: bool,
    /// `setMyCommands`: the commands.
    pub commands: Vec<serde::de::IgnoredAny>,
    /// `setMyCommands`: for whom.
    pub scope: Option<CommandScope>,
    /// `setMyCommands`: for readers of which language; empty for all others.
    pub language_code: String,
}

/// The message that is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct ReplyTo {
    /// Its id.
    pub message_id: i64,
}

/// Buttons in rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Keyboard {
    /// The rows, from above.
    pub inline_keyboard: Vec<Vec<Button>>,
}

/// A button below a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Button {
    /// What it says.
    pub text: String,
    /// What comes back when it is pressed; empty for a button of another kind.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub callback_data: String,
    /// The address it opens; empty for a button of another kind.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
}

/// For whom commands are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct CommandScope {
    /// Its kind, in Telegram's word.
    #[serde(rename = "type")]
    pub kind: String,
    /// The chat, where the kind names one.
    pub chat_id: i64,
    /// The member, where the kind names one.
    pub user_id: i64,
}

/// What somebody, or everybody, may do in a chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
#[allow(missing_docs, clippy::struct_excessive_bools)] // Each is the right of that name; the form is Telegram's.
pub struct Permissions {
    pub can_send_messages: bool,
    pub can_send_audios: bool,
    pub can_send_documents: bool,
    pub can_send_photos: bool,
    pub can_send_videos: bool,
    pub can_send_video_notes: bool,
    pub can_send_voice_notes: bool,
    pub can_send_polls: bool,
    pub can_send_other_messages: bool,
    pub can_add_web_page_previews: bool,
    pub can_change_info: bool,
    pub can_invite_users: bool,
    pub can_pin_messages: bool,
    pub can_manage_topics: bool,
}

impl Permissions {
    /// What a new group lets everybody do: write anything and invite, but not change the group itself.
    pub const OPEN: Self = Self {
        can_send_messages: true,
        can_send_audios: true,
        can_send_documents: true,
        can_send_photos: true,
        can_send_videos: true,
        can_send_video_notes: true,
        can_send_voice_notes: true,
        can_send_polls: true,
        can_send_other_messages: true,
        can_add_web_page_previews: true,
        can_change_info: false,
        can_invite_users: true,
        can_pin_messages: false,
        can_manage_topics: false,
    };

    /// With the rights that the given ones need, as Telegram adds them unless it is told not to.
    #[must_use]
    pub const fn with_what_they_need(mut self) -> Self {
        if self.can_send_other_messages || self.can_add_web_page_previews {
            self.can_send_messages = true;
            self.can_send_audios = true;
            self.can_send_documents = true;
            self.can_send_photos = true;
            self.can_send_videos = true;
            self.can_send_video_notes = true;
            self.can_send_voice_notes = true;
        }
        if self.can_send_polls {
            self.can_send_messages = true;
        }
        self
    }
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
