//! What the bot says, in English.
//!
//! Promises: as [`super`]. The other languages follow these texts, place for place.
//!
//! Never: markup.

use super::Units;

/// Names of the units of time.
pub(super) const UNITS: Units = Units {
    names: [
        ["week", "weeks", "weeks", "week"],
        ["day", "days", "days", "day"],
        ["hour", "hours", "hours", "hour"],
        ["minute", "minutes", "minutes", "minute"],
        ["second", "seconds", "seconds", "second"],
    ],
    lasting: "for {0} {1}",
    for_ever: "for ever",
};

texts! {
    // Cards.
    CardDone => "Done: {0}",
    CardWould => "Only recorded. Would have done: {0}",
    CardUnsure => "Unsure, nothing was done. Please look.",
    CardNoRights => "Nothing was done: the bot lacks the rights to do it.",
    CardExempt => "Nothing was done: the sender is exempt.",
    CardGroup => "Group: {0}",
    CardSender => "Sender: {0}",
    CardReason => "Reason: {0}",
    CardSaw => "Seen: {0}",
    CardNumber => "Decision {0}",
    CardReports => "Reported by {0}",
    CardJoined => "Joined: {0}",
    CardImpersonator => "May pass for the administrator {0}",
    CardSummary => "More decisions in {1}: {0}. Blocked: {2}, unsure: {3}. All of them are on the page.",
    CardRaidBegan => "Raid in {0}. Joins in a minute: {1}, messages of newcomers: {2}. Raid mode is on.",
    CardRaidOver => "The raid in {0} is over. Raid mode is off.",
    CardCopyMissing => "The message could not be copied.",

    // Buttons below a card.
    ButtonUndo => "Undo",
    ButtonConfirm => "Confirm",
    ButtonBan => "Ban sender",
    ButtonAllow => "Allow sender",
    ButtonNotSpam => "Not spam",
    ButtonHuman => "I am human",

    // Things done.
    ActDelete => "message deleted",
    ActMute => "sender muted {0}",
    ActKick => "sender removed",
    ActBan => "sender banned {0}",
    ActWarn => "sender warned",
    ActNone => "nothing",

    // What came of a press.
    OutUndone => "Undone by {0}",
    OutConfirmed => "Confirmed by {0}",
    OutBanned => "Sender banned by {0}",
    OutAllowed => "Sender allowed by {0}",
    OutNotSpam => "Marked as not spam by {0}",
    OutFailed => "{0}: {1}",

    // Answers to a press.
    PressNotAdmin => "Only administrators of the group may do this.",
    PressOld => "This button is no longer valid.",
    PressAlready => "Already done: {0}",
    PressDone => "Done.",
    PressNotYours => "This button is for somebody else.",
    PressHuman => "Welcome!",
    PressLate => "Too late: the time is over.",

    // Captcha.
    CaptchaAsk => "{0}, please press the button within {1}. Until then you cannot write here.",

    // Warnings.
    WarnSaid => "{0}: warning {1} of {2}. {3}",
    WarnMuted => "{0}: {1} warnings, muted {2}.",
    WarnBanned => "{0}: {1} warnings, banned {2}.",
    WarnNone => "{0} has no warnings.",
    WarnList => "{0} has {1} of {2} warnings.",
    WarnRow => "{0}: {1}",
    WarnTaken => "One warning of {0} was taken back.",

    // Answers to commands.
    SaidBanned => "{0} is banned {1}.",
    SaidMuted => "{0} is muted {1}.",
    SaidUnbanned => "{0} may come back.",
    SaidUnmuted => "{0} may write again.",
    SaidKicked => "{0} was removed and may come back.",
    SaidApproved => "{0} is approved: messages of theirs are no longer judged.",
    SaidUnapproved => "{0} is no longer approved.",
    SaidSpam => "Removed, and learned as spam.",
    SaidHam => "Learned as fine.",
    SaidHamUndone => "Learned as fine. Taken back: {0}",
    SaidPurged => "Messages deleted: {0}",
    SaidRecorded => "Record mode: nothing was done. It would have been: {0}",
    RaidIsOn => "Raid mode is on until {0}.",
    RaidIsOnOpen => "Raid mode is on.",
    RaidIsOff => "Raid mode is off.",
    RaidOn => "Raid mode was switched on {0}.",
    RaidOff => "Raid mode was switched off.",
    ModeIs => "Mode: {0}.",
    ModeSet => "The mode is now: {0}.",
    ModeRecord => "record (decisions are only recorded)",
    ModeEnforce => "enforce (decisions are carried out)",
    StatusLine => "Today: messages {0}, blocked {1}, unsure {2}. Waiting: {3}. Mode: {4}.",
    WhyNone => "The rules saw nothing in this message.",
    WhyFound => "Decision {0}: {1}. Rules: {2}",
    RulesNone => "No rules are written for this group.",
    ReportThanks => "Thank you. The administrators were told.",
    ReportTooOften => "You have reported enough for now. Please try again later.",
    ReportAlready => "This message was already reported.",

    // Refusals.
    WrongNeedsReply => "Answer to a message with {0}, or give the member's id number.",
    WrongNeedsMessage => "Answer to the message with {0}.",
    WrongLength => "{0} is no length of time. Write 30m, 2h, 3d, 2w or forever; at least 30s, at most 366d.",
    WrongName => "Telegram tells bots no id number for @{0}. Answer to a message of theirs.",
    WrongNumber => "{0} is not a member's id number.",
    WrongCount => "{0} is not a number of messages.",
    WrongSwitch => "Write {0} on or {0} off.",
    WrongMode => "Write {0} record or {0} enforce.",
    WrongAdmin => "{0} is an administrator; nothing was done.",
    WrongBot => "That is this bot; nothing was done.",
    WrongSelf => "That is you; nothing was done.",
    WrongTooMany => "At most {0} messages at once.",
    WrongRights => "The bot lacks the rights to do that here.",
    WrongUnknown => "Nothing is known about that.",
    WrongBusy => "Too much at once. Try again in a moment.",
    WrongStorage => "It could not be stored; nothing was done.",
    WrongNotAdmin => "Only administrators may use {0}.",

    // Descriptions of commands.
    DescSpam => "Remove this message and learn it as spam",
    DescHam => "Learn this message as fine, and undo",
    DescBan => "Ban a member, for ever or for a time: 2h, 3d, 2w",
    DescMute => "Mute a member, for ever or for a time: 30m, 2h, 3d",
    DescUnban => "Let a banned member come back",
    DescUnmute => "Let a muted member write again",
    DescKick => "Remove a member, who may come back",
    DescWarn => "Warn a member",
    DescUnwarn => "Take back a member's last warning",
    DescWarns => "Show a member's warnings",
    DescApprove => "No longer judge a member's messages",
    DescUnapprove => "Judge a member's messages again",
    DescPurge => "Delete messages from this one on, or the last few",
    DescRaid => "Switch raid mode on or off",
    DescMode => "Only record decisions, or carry them out",
    DescStatus => "Show today's numbers",
    DescWhy => "Tell why this message was judged as it was",
    DescRules => "Show the rules of this group",
    DescReport => "Report this message to the administrators",
}
