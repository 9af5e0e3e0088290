//! What a failed call means: every error of the Bot API has a fate.
//!
//! Promises: [`CallError::fate`] is total. What nobody has seen before never halts the appliance: an unknown refusal
//! gives the one action up, an unknown fault of the server is tried again.
//!
//! Never: a token or a message's text in an error's words.

use crate::message::ChatId;
use teloxide::ApiError;

/// What becomes of a call that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The effect is there already, or is not needed any more.
    Done,
    /// To be tried again, after the pause if one was asked for, milliseconds.
    Retry {
        /// The pause Telegram asked for.
        pause_ms: Option<u64>,
    },
    /// The chat has a new id; to be tried again there.
    Moved {
        /// The new id.
        to: ChatId,
    },
    /// Not to be tried again.
    GiveUp {
        /// Why, for people.
        why: String,
        /// What the refusal says about the chat.
        chat: ChatTrouble,
    },
    /// Nothing can go on until somebody acts: the token is not accepted.
    Halt {
        /// Why, for people.
        why: String,
    },
}

/// What a refusal says about the chat it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatTrouble {
    /// Nothing.
    None,
    /// The bot lacks a right there.
    Rights,
    /// The bot is not there any more.
    Gone,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// Telegram refused.
    Refused {
        /// The error code, as in HTTP.
        code: u16,
        /// Telegram's own words, cut.
        description: String,
        /// The pause it asks for, seconds.
        retry_after_s: Option<u64>,
        /// The chat's new id.
        moved_to: Option<ChatId>,
    },
    /// The connection could not be made: the call did not arrive.
    Unreached(String),
    /// The call may have arrived, and the answer is lost: a broken connection, a timeout, a cut answer.
    Lost(String),
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused { code, description, .. } => write!(f, "{code} {description}"),
            Self::Unreached(why) => write!(f, "not reached: {why}"),
            Self::Lost(why) => write!(f, "answer lost: {why}"),
        }
    }
}

impl CallError {
    /// Whether the call may have had its effect although it failed.
    #[must_use]
    pub const fn is_ambiguous(&self) -> bool {
        match self {
            Self::Lost(_) => true,
            Self::Refused { code, .. } => *code >= 500,
            Self::Unreached(_) => false,
        }
    }

    /// Whether Telegram itself could not be reached or is at fault: what the breaker counts.
    #[must_use]
    pub const fn is_outage(&self) -> bool {
        !matches!(self, Self::Refused { code, .. } if *code < 500)
    }

    /// What becomes of the call.
    #[must_use]
    pub fn fate(&self) -> Fate {
        let Self::Refused { code, description, retry_after_s, moved_to } = self else {
            return Fate::Retry { pause_ms: None };
        };
        if let Some(seconds) = retry_after_s {
            return Fate::Retry { pause_ms: Some(seconds.saturating_mul(1000)) };
        }
        if let Some(to) = moved_to {
            return Fate::Moved { to: *to };
        }
        let error: ApiError = serde_json::from_value(serde_json::Value::from(description.as_str()))
            .unwrap_or_else(|_| ApiError::Unknown(description.clone()));
        match code {
            // A pause without a length: the shortest that Telegram ever asks for.
            429 => Fate::Retry { pause_ms: Some(1000) },
            500.. => Fate::Retry { pause_ms: None },
            _ => refused(*code, &error, description),
        }
    }
}

/// The fate of a refusal that names neither a pause nor a new id.
fn refused(code: u16, error: &ApiError, description: &str) -> Fate {
    let give_up = |chat| Fate::GiveUp { why: description.to_owned(), chat };
    match error {
        ApiError::MessageToDeleteNotFound | ApiError::MessageIdInvalid | ApiError::MessageNotModified => Fate::Done,
        // The library takes any "Not Found" for a refused token; only a 401 is one. A poll's 404 is looked at there.
        ApiError::InvalidToken if code == 401 => Fate::Halt { why: description.to_owned() },
        ApiError::NotEnoughRightsToRestrict
        | ApiError::NotEnoughRightsToManagePins
        | ApiError::NotEnoughRightsToPinMessage
        | ApiError::NotEnoughRightsToChangeChatPermissions
        | ApiError::NotEnoughRightsToPostMessages => give_up(ChatTrouble::Rights),
        ApiError::BotKicked
        | ApiError::BotKickedFromSupergroup
        | ApiError::BotKickedFromChannel
        | ApiError::GroupDeactivated
        | ApiError::ChatNotFound => give_up(ChatTrouble::Gone),
        _ => refused_by_words(code, description),
    }
}

/// Words that say that the effect is there already, or that nothing is left to have it: the message or the member is gone,
/// somebody else answered the request to join, the press no longer waits. They say nothing about the chat.
const SETTLED: [&str; 11] = [
    "message to delete not found",
    "message to edit not found",
    "message is not modified",
    "message_id_invalid",
    "participant_id_invalid",
    "user_not_participant",
    "user_already_participant",
    "hide_requester_missing",
    "user is deactivated",
    "query is too old",
    "chat_not_modified",
];

/// The Bot API has no code finer than the status; these words are the documented way to tell refusals apart.
fn refused_by_words(code: u16, description: &str) -> Fate {
    let words = description.to_ascii_lowercase();
    let said = |part: &str| words.contains(part);
    let give_up = |chat| Fate::GiveUp { why: description.to_owned(), chat };
    if code == 401 && (words == "unauthorized" || said("invalid token")) {
        return Fate::Halt { why: description.to_owned() };
    }
    if SETTLED.iter().any(|part| said(part)) {
        return Fate::Done;
    }
    if said("not enough rights") || said("chat_admin_required") || said("need administrator rights") {
        return give_up(ChatTrouble::Rights);
    }
    if said("bot was kicked") || said("bot is not a member") || said("chat not found") || said("deactivated") {
        return give_up(ChatTrouble::Gone);
    }
    if code == 403 {
        return give_up(ChatTrouble::Gone);
    }
    give_up(ChatTrouble::None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: u16, description: &str) -> CallError {
        CallError::Refused { code, description: description.to_owned(), retry_after_s: None, moved_to: None }
    }

    #[test]
    fn a_message_that_is_gone_is_deleted() {
        assert_eq!(refusal(400, "Bad Request: message to delete not found").fate(), Fate::Done);
    }

    #[test]
    fn what_is_settled_already_is_done_and_said_of_no_chat() {
        for words in [
            "Bad Request: message is not modified",
            "Bad Request: message to edit not found",
            "Bad Request: MESSAGE_ID_INVALID",
            "Bad Request: USER_ALREADY_PARTICIPANT",
            "Bad Request: HIDE_REQUESTER_MISSING",
            "Bad Request: CHAT_NOT_MODIFIED",
            "Bad Request: query is too old and response timeout expired or query ID is invalid",
        ] {
            assert_eq!(refusal(400, words).fate(), Fate::Done, "{words}");
        }
        assert_eq!(refusal(403, "Forbidden: user is deactivated").fate(), Fate::Done, "the chat is still there");
    }

    #[test]
    fn a_copy_that_cannot_be_had_is_given_up_and_the_chat_is_not_blamed() {
        for words in ["Bad Request: message to copy not found", "Bad Request: the message can't be copied"] {
            let Fate::GiveUp { chat, .. } = refusal(400, words).fate() else { panic!("{words} was not given up") };
            assert_eq!(chat, ChatTrouble::None, "{words}");
        }
    }

    #[test]
    fn missing_rights_are_given_up_and_said_of_the_chat() {
        for words in [
            "Bad Request: not enough rights to restrict/unrestrict chat member",
            "Bad Request: CHAT_ADMIN_REQUIRED",
            "Bad Request: not enough rights",
        ] {
            let Fate::GiveUp { chat, .. } = refusal(400, words).fate() else { panic!("{words} was not given up") };
            assert_eq!(chat, ChatTrouble::Rights, "{words}");
        }
    }

    #[test]
    fn a_pause_is_obeyed_whatever_the_code_says() {
        for code in [400, 420, 429, 500] {
            let error = CallError::Refused {
                code,
                description: "Too Many Requests: retry after 9".into(),
                retry_after_s: Some(9),
                moved_to: None,
            };
            assert_eq!(error.fate(), Fate::Retry { pause_ms: Some(9_000) });
        }
    }

    #[test]
    fn what_nobody_has_seen_gives_up_on_400_and_is_retried_on_500_and_never_halts() {
        for n in 0..20 {
            let words = format!("Bad Request: an error of the future, number {n}");
            assert!(matches!(refusal(400, &words).fate(), Fate::GiveUp { .. }), "{words}");
            assert_eq!(refusal(500 + n, &words).fate(), Fate::Retry { pause_ms: None });
            assert!(!matches!(refusal(401, &words).fate(), Fate::Halt { .. }), "{words}");
        }
    }

    #[test]
    fn only_a_refused_token_halts() {
        assert!(matches!(refusal(401, "Unauthorized").fate(), Fate::Halt { .. }));
        assert!(
            !matches!(refusal(404, "Not Found").fate(), Fate::Halt { .. }),
            "an unknown method is no refused token"
        );
        assert!(!matches!(CallError::Lost("timeout".into()).fate(), Fate::Halt { .. }));
    }

    #[test]
    fn every_error_the_library_names_has_a_fate() {
        // The library prints the words of an error as its display form: through those words each one comes in again.
        let named = [
            ApiError::BotBlocked,
            ApiError::InvalidToken,
            ApiError::MessageNotModified,
            ApiError::MessageIdInvalid,
            ApiError::MessageToForwardNotFound,
            ApiError::MessageToDeleteNotFound,
            ApiError::MessageToCopyNotFound,
            ApiError::MessageTextIsEmpty,
            ApiError::MessageCantBeEdited,
            ApiError::MessageCantBeDeleted,
            ApiError::MessageToEditNotFound,
            ApiError::MessageToReplyNotFound,
            ApiError::MessageIdentifierNotSpecified,
            ApiError::MessageIsTooLong,
            ApiError::EditedMessageIsTooLong,
            ApiError::TooMuchMessages,
            ApiError::TooMuchInlineQueryResults,
            ApiError::PollHasAlreadyClosed,
            ApiError::PollMustHaveMoreOptions,
            ApiError::PollCantHaveMoreOptions,
            ApiError::PollOptionsMustBeNonEmpty,
            ApiError::PollQuestionMustBeNonEmpty,
            ApiError::PollOptionsLengthTooLong,
            ApiError::PollQuestionLengthTooLong,
            ApiError::MessageWithPollNotFound,
            ApiError::MessageIsNotAPoll,
            ApiError::ChatNotFound,
            ApiError::UserNotFound,
            ApiError::ChatDescriptionIsNotModified,
            ApiError::InvalidQueryId,
            ApiError::ButtonUrlInvalid,
            ApiError::ButtonDataInvalid,
            ApiError::TextButtonsAreUnallowed,
            ApiError::WrongFileId,
            ApiError::WrongFileIdOrUrl,
            ApiError::FailedToGetUrlContent,
            ApiError::GroupDeactivated,
            ApiError::ImageProcessFailed,
            ApiError::PhotoAsInputFileRequired,
            ApiError::InvalidStickersSet,
            ApiError::StickerSetNameOccupied,
            ApiError::StickerSetOwnerIsBot,
            ApiError::InvalidStickerName,
            ApiError::NotEnoughRightsToPinMessage,
            ApiError::NotEnoughRightsToManagePins,
            ApiError::NotEnoughRightsToChangeChatPermissions,
            ApiError::MethodNotAvailableInPrivateChats,
            ApiError::CantDemoteChatCreator,
            ApiError::CantRestrictSelf,
            ApiError::NotEnoughRightsToRestrict,
            ApiError::NotEnoughRightsToPostMessages,
            ApiError::WebhookRequireHttps,
            ApiError::BadWebhookPort,
            ApiError::UnknownHost,
            ApiError::CantParseUrl,
            ApiError::CantParseEntities("x".into()),
            ApiError::CantGetUpdates,
            ApiError::BotKicked,
            ApiError::BotKickedFromSupergroup,
            ApiError::BotKickedFromChannel,
            ApiError::UserDeactivated,
            ApiError::CantInitiateConversation,
            ApiError::CantTalkWithBots,
            ApiError::WrongHttpUrl,
            ApiError::TerminatedByOtherGetUpdates,
            ApiError::FileIdInvalid,
            ApiError::RequestEntityTooLarge,
        ];
        for error in named {
            let fate = refusal(400, &error.to_string()).fate();
            assert!(!matches!(fate, Fate::Halt { .. }), "{error}: {fate:?}");
            assert!(!matches!(fate, Fate::Retry { .. }), "{error} would be repeated for ever");
        }
    }
}
