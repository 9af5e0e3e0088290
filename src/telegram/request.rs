//! What Aegis asks Telegram to do, and the answers.

use super::{CallError, Telegram, payload, wire};
use crate::message::{ChatId, MessageId, UserId};
use teloxide::payloads;
use teloxide::types;

/// One call of the Bot API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Remove messages: 1 to 100 of one chat. Those that are gone are skipped.
    Delete {
        /// The chat.
        chat: ChatId,
        /// The messages.
        messages: Vec<MessageId>,
    },
    /// Remove one message, by the older call that names its refusal.
    DeleteOne {
        /// The chat.
        chat: ChatId,
        /// The message.
        message: MessageId,
    },
    /// Take a member's right to write.
    Mute {
        /// The chat.
        chat: ChatId,
        /// The member.
        user: UserId,
        /// Until when, seconds since 1970; `None` for ever.
        until_s: Option<u64>,
    },
    /// Give a member every right to write that the chat gives.
    Unmute {
        /// The chat.
        chat: ChatId,
        /// The member.
        user: UserId,
    },
    /// Remove a member, who may not come back.
    Ban {
        /// The chat.
        chat: ChatId,
        /// The member.
        user: UserId,
        /// Until when, seconds since 1970; `None` for ever.
        until_s: Option<u64>,
    },
    /// Forbid a channel to speak in the chat.
    BanChannel {
        /// The chat.
        chat: ChatId,
        /// The channel.
        channel: ChatId,
    },
    /// Remove a member, who may come back: Telegram does this when a member is unbanned without the condition.
    Kick {
        /// The chat.
        chat: ChatId,
        /// The member.
        user: UserId,
    },
    /// Let somebody come back.
    Unban {
        /// The chat.
        chat: ChatId,
        /// Who.
        user: UserId,
    },
    /// Let a channel speak again.
    UnbanChannel {
        /// The chat.
        chat: ChatId,
        /// The channel.
        channel: ChatId,
    },
    /// Say something.
    Say {
        /// The chat.
        chat: ChatId,
        /// What.
        text: String,
        /// Where, and with which buttons.
        manner: Manner,
    },
    /// Copy a message from one chat into another.
    Copy {
        /// Where it is copied to.
        chat: ChatId,
        /// Where it stands.
        from: ChatId,
        /// The message.
        message: MessageId,
    },
    /// Change a message of the bot's own.
    Edit {
        /// The chat.
        chat: ChatId,
        /// The message.
        message: MessageId,
        /// What it says from now on.
        text: String,
        /// Its buttons from now on.
        buttons: Vec<Vec<Key>>,
    },
    /// Let somebody join who asked to.
    Admit {
        /// The chat.
        chat: ChatId,
        /// Who.
        user: UserId,
    },
    /// Refuse somebody who asked to join.
    Decline {
        /// The chat.
        chat: ChatId,
        /// Who.
        user: UserId,
    },
    /// Set what everybody in a chat may do.
    Permit {
        /// The chat.
        chat: ChatId,
        /// A bit a right, as [`ChatFacts::rights`].
        rights: u16,
    },
    /// Say which commands there are, to some of those who may write.
    Commands {
        /// To whom.
        audience: Audience,
        /// The language's code; empty for all others.
        language: &'static str,
        /// Each command with its description.
        commands: Vec<(&'static str, &'static str)>,
    },
    /// Ask who administers a chat, this bot among them.
    Administrators {
        /// The chat.
        chat: ChatId,
    },
    /// Ask a chat for its title, and which channel it is linked with.
    Linked {
        /// The chat.
        chat: ChatId,
    },
    /// Ask who this bot is.
    Me,
    /// Stop a pressed button from spinning.
    AnswerCallback {
        /// The press.
        id: String,
        /// What to tell who pressed it, cut at `limits::PRESS_CHARS_MAX`; empty for nothing.
        text: String,
    },
}

/// Where something is said, and with which buttons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// The topic of a forum.
    pub topic: Option<i32>,
    /// The message it answers to, if that is still there.
    pub answers: Option<MessageId>,
    /// Buttons, by row.
    pub buttons: Vec<Vec<Key>>,
}

/// A button: what stands on it, and what it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// What stands on it.
    pub label: String,
    /// What it carries.
    pub words: String,
}

/// Who is shown commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everybody in groups.
    Members,
    /// Administrators of groups.
    Administrators,
}

impl Request {
    /// The chat it is about.
    #[must_use]
    pub const fn chat(&self) -> Option<ChatId> {
        match self {
            Self::Delete { chat, .. }
            | Self::DeleteOne { chat, .. }
            | Self::Mute { chat, .. }
            | Self::Unmute { chat, .. }
            | Self::Ban { chat, .. }
            | Self::BanChannel { chat, .. }
            | Self::Kick { chat, .. }
            | Self::Unban { chat, .. }
            | Self::UnbanChannel { chat, .. }
            | Self::Say { chat, .. }
            | Self::Copy { chat, .. }
            | Self::Edit { chat, .. }
            | Self::Admit { chat, .. }
            | Self::Decline { chat, .. }
            | Self::Permit { chat, .. }
            | Self::Administrators { chat }
            | Self::Linked { chat } => Some(*chat),
            Self::Me | Self::AnswerCallback { .. } | Self::Commands { .. } => None,
        }
    }
}

/// An administrator, and what matters of their rights.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admin {
    /// Who.
    pub user: UserId,
    /// First and last name, cut at `limits::NAME_BYTES_MAX`; empty for bots, whose names nobody poses under.
    pub name: String,
    /// Whether they may remove messages.
    pub may_delete: bool,
    /// Whether they may restrict and ban.
    pub may_restrict: bool,
}

/// What a chat says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatFacts {
    /// The channel it is linked with.
    pub linked: Option<ChatId>,
    /// Its title, cut at `limits::TITLE_BYTES_MAX`; `None` for a chat that has none.
    pub title: Option<String>,
    /// What its members may do: bit by bit, from the lowest, as [`RIGHTS`] lists them; `None` when it did not say.
    pub rights: Option<u16>,
}

/// The rights of members by their names in the Bot API, in the order of their bits.
pub const RIGHTS: [&str; 14] = [
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
];

/// What this bot is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Myself {
    /// Its number.
    pub id: i64,
    /// Its user name, without the `@`.
    pub username: String,
    /// Its name.
    pub first_name: String,
    /// Whether it may read every message of a group: privacy mode is off. `None` when Telegram did not say.
    pub reads_all: Option<bool>,
    /// Whether it may be added to groups. `None` when Telegram did not say.
    pub can_join_groups: Option<bool>,
}

/// The answer to a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is done.
    Done,
    /// It is said or copied: the new message.
    Sent(MessageId),
    /// Who administers the chat.
    Administrators(Vec<Admin>),
    /// What the chat says of itself.
    Chat(ChatFacts),
    /// What this bot is.
    Me(Myself),
}

fn chat_of(chat: ChatId) -> types::Recipient {
    types::Recipient::Id(types::ChatId(chat.0))
}

/// Ids are 64-bit and signed here, unsigned in the library; a negative one cannot name a user.
fn user_of(user: UserId) -> types::UserId {
    types::UserId(u64::try_from(user.0).unwrap_or(0))
}

/// What says `text` in this manner.
pub(super) fn say<'a>(chat: ChatId, text: &'a str, manner: &'a Manner) -> payload::Say<'a> {
    payload::Say {
        chat_id: chat.0,
        text,
        disable_notification: true,
        link_preview_options: payload::NO_PREVIEWS,
        message_thread_id: manner.topic,
        reply_parameters: manner.answers.map(|message| payload::Answered::if_there(message.0)),
        reply_markup: (!manner.buttons.is_empty()).then(|| payload::Keyboard::of(&manner.buttons)),
    }
}

impl Request {
    /// The Bot API's name of the call.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Delete { .. } => "deleteMessages",
            Self::DeleteOne { .. } => "deleteMessage",
            Self::Mute { .. } | Self::Unmute { .. } => "restrictChatMember",
            Self::Ban { .. } => "banChatMember",
            Self::BanChannel { .. } => "banChatSenderChat",
            Self::Kick { .. } | Self::Unban { .. } => "unbanChatMember",
            Self::UnbanChannel { .. } => "unbanChatSenderChat",
            Self::Say { .. } => "sendMessage",
            Self::Copy { .. } => "copyMessage",
            Self::Edit { .. } => "editMessageText",
            Self::Admit { .. } => "approveChatJoinRequest",
            Self::Decline { .. } => "declineChatJoinRequest",
            Self::Permit { .. } => "setChatPermissions",
            Self::Commands { .. } => "setMyCommands",
            Self::Administrators { .. } => "getChatAdministrators",
            Self::Linked { .. } => "getChat",
            Self::Me => "getMe",
            Self::AnswerCallback { .. } => "answerCallbackQuery",
        }
    }
}

pub(super) async fn carry_out(telegram: &Telegram, request: &Request) -> Result<Reply, CallError> {
    match request {
        Request::Administrators { chat } => {
            let body = telegram.answer(&payloads::GetChatAdministrators { chat_id: chat_of(*chat) }).await?;
            wire::administrators(&body).map(Reply::Administrators)
        }
        Request::Linked { chat } => {
            let body = telegram.answer(&payloads::GetChat { chat_id: chat_of(*chat) }).await?;
            wire::chat_facts(&body).map(Reply::Chat)
        }
        Request::Me => {
            let body = telegram.answer(&payloads::GetMe {}).await?;
            wire::myself(&body).map(Reply::Me)
        }
        Request::Say { chat, text, manner } => {
            let body = telegram.answer(&say(*chat, text, manner)).await?;
            Ok(wire::sent(&body).map_or(Reply::Done, Reply::Sent))
        }
        Request::Copy { chat, from, message } => {
            let payload = payload::Copy {
                chat_id: chat.0,
                from_chat_id: from.0,
                message_id: message.0,
                disable_notification: true,
            };
            let body = telegram.answer(&payload).await?;
            Ok(wire::sent(&body).map_or(Reply::Done, Reply::Sent))
        }
        other => carry_out_and_be_done(telegram, other).await.map(|()| Reply::Done),
    }
}

/// Calls whose answer tells nothing but that they are done.
async fn carry_out_and_be_done(telegram: &Telegram, request: &Request) -> Result<(), CallError> {
    match request {
        Request::Delete { chat, messages } => {
            let message_ids = messages.iter().map(|id| types::MessageId(id.0)).collect();
            telegram.answer(&payloads::DeleteMessages { chat_id: chat_of(*chat), message_ids }).await?;
        }
        Request::DeleteOne { chat, message } => {
            let message_id = types::MessageId(message.0);
            telegram.answer(&payloads::DeleteMessage { chat_id: chat_of(*chat), message_id }).await?;
        }
        Request::Edit { chat, message, text, buttons } => {
            let payload = payload::Edit {
                chat_id: chat.0,
                message_id: message.0,
                text,
                link_preview_options: payload::NO_PREVIEWS,
                reply_markup: payload::Keyboard::of(buttons),
            };
            telegram.answer(&payload).await?;
        }
        Request::Permit { chat, rights } => {
            let payload = payload::Permit {
                chat_id: chat.0,
                permissions: payload::Rights(*rights),
                use_independent_chat_permissions: true,
            };
            telegram.answer(&payload).await?;
        }
        Request::Commands { audience, language, commands } => {
            telegram.answer(&payload::Commands::of(*audience, language, commands)).await?;
        }
        Request::AnswerCallback { id, text } => {
            telegram.answer(&payload::AnswerCallback::of(id, text)).await?;
        }
        other => carry_out_on_sender(telegram, other).await?,
    }
    Ok(())
}

async fn carry_out_on_sender(telegram: &Telegram, request: &Request) -> Result<(), CallError> {
    match request {
        Request::Mute { chat, user, until_s } => {
            let permissions = types::ChatPermissions::empty();
            let payload = payload::Mute { chat_id: chat.0, user_id: user.0, permissions, until_date: *until_s };
            telegram.answer(&payload).await?;
        }
        Request::Unmute { chat, user } => {
            let permissions = types::ChatPermissions::all();
            let payload = payload::Mute { chat_id: chat.0, user_id: user.0, permissions, until_date: None };
            telegram.answer(&payload).await?;
        }
        Request::Ban { chat, user, until_s } => {
            telegram.answer(&payload::Ban { chat_id: chat.0, user_id: user.0, until_date: *until_s }).await?;
        }
        Request::BanChannel { chat, channel } => {
            let payload =
                payloads::BanChatSenderChat { chat_id: chat_of(*chat), sender_chat_id: types::ChatId(channel.0) };
            telegram.answer(&payload).await?;
        }
        Request::Kick { chat, user } => {
            let payload = payloads::UnbanChatMember {
                chat_id: chat_of(*chat),
                user_id: user_of(*user),
                only_if_banned: Some(false),
            };
            telegram.answer(&payload).await?;
        }
        Request::Unban { chat, user } => {
            let payload = payloads::UnbanChatMember {
                chat_id: chat_of(*chat),
                user_id: user_of(*user),
                only_if_banned: Some(true),
            };
            telegram.answer(&payload).await?;
        }
        Request::UnbanChannel { chat, channel } => {
            let payload =
                payloads::UnbanChatSenderChat { chat_id: chat_of(*chat), sender_chat_id: types::ChatId(channel.0) };
            telegram.answer(&payload).await?;
        }
        Request::Admit { chat, user } => {
            telegram.answer(&payload::Admit { chat_id: chat.0, user_id: user.0 }).await?;
        }
        Request::Decline { chat, user } => {
            telegram.answer(&payload::Decline { chat_id: chat.0, user_id: user.0 }).await?;
        }
        // Carried out above.
        Request::Say { .. }
        | Request::Copy { .. }
        | Request::Edit { .. }
        | Request::Permit { .. }
        | Request::Commands { .. }
        | Request::AnswerCallback { .. }
        | Request::Delete { .. }
        | Request::DeleteOne { .. }
        | Request::Administrators { .. }
        | Request::Linked { .. }
        | Request::Me => {}
    }
    Ok(())
}
