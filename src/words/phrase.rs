//! The names of everything the bot says.
//!
//! Promises: each name says what its places `{0}`, `{1}`.. are filled with; a name that a language has no text for does not
//! compile.
//!
//! Never: a text.

/// Makes the list of phrases, and [`Phrase::ALL`] of it.
macro_rules! phrases {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// One thing the bot says.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Phrase {
            $($(#[$doc])* $name,)*
        }

        impl Phrase {
            /// All phrases.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

phrases! {
    // Cards: what the administrators' chat is told of a decision.
    /// `{0}`: what was done.
    CardDone,
    /// `{0}`: what would have been done.
    CardWould,
    /// A message left for people to decide.
    CardUnsure,
    /// The bot may not do what the decision asks for.
    CardNoRights,
    /// The sender is never acted against.
    CardExempt,
    /// `{0}`: the group's title.
    CardGroup,
    /// `{0}`: the sender's name and number.
    CardSender,
    /// `{0}`: the verdict's reason.
    CardReason,
    /// `{0}`: what the rules saw.
    CardSaw,
    /// `{0}`: the decision's number.
    CardNumber,
    /// `{0}`: who reported the message.
    CardReports,
    /// `{0}`: when the sender joined.
    CardJoined,
    /// `{0}`: an administrator's name.
    CardImpersonator,
    /// `{0}`: how many, `{1}`: the group, `{2}`: blocked, `{3}`: unsure.
    CardSummary,
    /// `{0}`: the group, `{1}`: joins, `{2}`: messages of newcomers.
    CardRaidBegan,
    /// `{0}`: the group.
    CardRaidOver,
    /// The message was gone or protected before it could be shown.
    CardCopyMissing,

    // Buttons below a card, and the captcha's.
    /// Take back what was done.
    ButtonUndo,
    /// Say that the decision was right.
    ButtonConfirm,
    /// Ban the sender.
    ButtonBan,
    /// Exempt the sender from now on.
    ButtonAllow,
    /// Teach that the message was fine.
    ButtonNotSpam,
    /// The captcha's button.
    ButtonHuman,

    // Things done, as parts of a sentence.
    /// The message was deleted.
    ActDelete,
    /// `{0}`: [`super::Language::lasting`].
    ActMute,
    /// The sender was removed and may come back.
    ActKick,
    /// `{0}`: [`super::Language::lasting`].
    ActBan,
    /// The sender got a warning.
    ActWarn,
    /// Nothing was done.
    ActNone,

    // What came of a press, written into the card.
    /// `{0}`: who pressed.
    OutUndone,
    /// `{0}`: who pressed.
    OutConfirmed,
    /// `{0}`: who pressed.
    OutBanned,
    /// `{0}`: who pressed.
    OutAllowed,
    /// `{0}`: who pressed.
    OutNotSpam,
    /// `{0}`: the button's text, `{1}`: what went wrong.
    OutFailed,

    // Answers to a press; each is at most `limits::PRESS_CHARS_MAX` characters with what is put in.
    /// A card's button, pressed by somebody else.
    PressNotAdmin,
    /// A button of an earlier set-up, or a forged one.
    PressOld,
    /// `{0}`: what was done before.
    PressAlready,
    /// The press had its effect.
    PressDone,
    /// Somebody else's captcha.
    PressNotYours,
    /// The captcha is passed.
    PressHuman,
    /// The captcha's time is over.
    PressLate,

    // Captcha.
    /// `{0}`: the newcomer, `{1}`: [`super::Language::length`].
    CaptchaAsk,

    // Warnings, told in the group.
    /// `{0}`: the member, `{1}`: which warning, `{2}`: of how many, `{3}`: the reason.
    WarnSaid,
    /// The last warning; `{0}`: the member, `{1}`: how many, `{2}`: [`super::Language::lasting`].
    WarnMuted,
    /// The last warning; `{0}`: the member, `{1}`: how many, `{2}`: [`super::Language::lasting`].
    WarnBanned,
    /// `{0}`: the member.
    WarnNone,
    /// `{0}`: the member, `{1}`: how many, `{2}`: of how many; rows follow.
    WarnList,
    /// `{0}`: when, `{1}`: the reason.
    WarnRow,
    /// `{0}`: the member.
    WarnTaken,

    // Answers to commands.
    /// `{0}`: the member, `{1}`: [`super::Language::lasting`].
    SaidBanned,
    /// `{0}`: the member, `{1}`: [`super::Language::lasting`].
    SaidMuted,
    /// `{0}`: the member.
    SaidUnbanned,
    /// `{0}`: the member.
    SaidUnmuted,
    /// `{0}`: the member.
    SaidKicked,
    /// `{0}`: the member.
    SaidApproved,
    /// `{0}`: the member.
    SaidUnapproved,
    /// A message of a member was taught as spam.
    SaidSpam,
    /// A message was taught as fine.
    SaidHam,
    /// A message was taught as fine; `{0}`: what was taken back.
    SaidHamUndone,
    /// `{0}`: how many.
    SaidPurged,
    /// `{0}`: what would have been done.
    SaidRecorded,
    /// `{0}`: the time of day and the date.
    RaidIsOn,
    /// It ends when somebody ends it.
    RaidIsOnOpen,
    /// Asked, not changed.
    RaidIsOff,
    /// `{0}`: [`super::Language::lasting`].
    RaidOn,
    /// Changed.
    RaidOff,
    /// `{0}`: [`Phrase::ModeRecord`] or [`Phrase::ModeEnforce`].
    ModeIs,
    /// `{0}`: as in [`Phrase::ModeIs`].
    ModeSet,
    /// The mode in which nothing is done; the word that is typed stays as it is.
    ModeRecord,
    /// The mode in which decisions have effects.
    ModeEnforce,
    /// `{0}`: messages, `{1}`: blocked, `{2}`: unsure, `{3}`: actions that wait, `{4}`: the mode.
    StatusLine,
    /// The rules saw nothing in that message.
    WhyNone,
    /// `{0}`: the decision's number, `{1}`: the reason, `{2}`: the rules' names.
    WhyFound,
    /// The group's owner wrote no rules.
    RulesNone,
    /// A report was passed on.
    ReportThanks,
    /// The member's reports are used up for now.
    ReportTooOften,
    /// Somebody else was quicker.
    ReportAlready,

    // Refusals.
    /// `{0}`: the command.
    WrongNeedsReply,
    /// `{0}`: the command.
    WrongNeedsMessage,
    /// `{0}`: what was typed.
    WrongLength,
    /// `{0}`: a name without its sign.
    WrongName,
    /// `{0}`: what was typed.
    WrongNumber,
    /// `{0}`: what was typed.
    WrongCount,
    /// `{0}`: the command.
    WrongSwitch,
    /// `{0}`: the command.
    WrongMode,
    /// `{0}`: a name.
    WrongAdmin,
    /// The command was aimed at the bot itself.
    WrongBot,
    /// The command was aimed at its sender.
    WrongSelf,
    /// `{0}`: how many.
    WrongTooMany,
    /// Telegram refuses, or would.
    WrongRights,
    /// No decision, member or message of that kind is known.
    WrongUnknown,
    /// A queue is full.
    WrongBusy,
    /// The change could not be made durable.
    WrongStorage,
    /// A command for administrators, typed by somebody else; `{0}`: the command.
    WrongNotAdmin,

    // Descriptions of commands, for the list that Telegram shows.
    /// `/spam`.
    DescSpam,
    /// `/ham`.
    DescHam,
    /// `/ban`.
    DescBan,
    /// `/mute`.
    DescMute,
    /// `/unban`.
    DescUnban,
    /// `/unmute`.
    DescUnmute,
    /// `/kick`.
    DescKick,
    /// `/warn`.
    DescWarn,
    /// `/unwarn`.
    DescUnwarn,
    /// `/warns`.
    DescWarns,
    /// `/approve`.
    DescApprove,
    /// `/unapprove`.
    DescUnapprove,
    /// `/purge`.
    DescPurge,
    /// `/raid`.
    DescRaid,
    /// `/mode`.
    DescMode,
    /// `/status`.
    DescStatus,
    /// `/why`.
    DescWhy,
    /// `/rules`.
    DescRules,
    /// `/report`.
    DescReport,
}
