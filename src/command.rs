//! The commands that people type in a group: their names, and how what is typed behind a name is read.
//!
//! `/ban 123456789 2w sells coins`: the command, whom, for how long, why. Whom is left out in an answer to a message, how
//! long may be left out always. `/raid on 30m`, `/mode record` and `/purge 20` have one argument of their own.
//!
//! Promises: every function is total; a text that is not a command of ours is nothing, and one that is aimed at another
//! bot neither; what is read is bounded and in one line. What looks like a length of time and is none is refused, so that
//! a slip (`/mute 30`) does not mute for ever. The commands for everybody cannot be typed wrongly.
//!
//! Never: who may use a command, and what it does.

use crate::length;
use crate::limits;
use crate::message::{UserId, floor_char_boundary};
use crate::text::one_line;
use crate::verdict::Mode;
use crate::words::{Language, Phrase};

#[cfg(test)]
mod tests;

/// Makes the commands, with the word and the description of each.
macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident $word:literal $description:ident,)*) => {
        /// A command.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum CommandName {
            $($(#[$doc])* $name,)*
        }

        impl CommandName {
            /// All commands, in the order in which they are listed.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The command without its slash.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }

            /// What it does, for the list that Telegram shows.
            #[must_use]
            pub const fn description(self) -> Phrase {
                match self {
                    $(Self::$name => Phrase::$description,)*
                }
            }
        }
    };
}

commands! {
    /// Remove a message and learn it as spam.
    Spam "spam" DescSpam,
    /// Learn a message as fine, and undo.
    Ham "ham" DescHam,
    /// Ban a member.
    Ban "ban" DescBan,
    /// Take a member's right to write.
    Mute "mute" DescMute,
    /// Let a banned member come back.
    Unban "unban" DescUnban,
    /// Let a muted member write.
    Unmute "unmute" DescUnmute,
    /// Remove a member, who may come back.
    Kick "kick" DescKick,
    /// Count a warning.
    Warn "warn" DescWarn,
    /// Take the last warning back.
    Unwarn "unwarn" DescUnwarn,
    /// Show warnings.
    Warns "warns" DescWarns,
    /// No longer judge a member.
    Approve "approve" DescApprove,
    /// Judge a member again.
    Unapprove "unapprove" DescUnapprove,
    /// Delete many messages.
    Purge "purge" DescPurge,
    /// Switch raid mode, or ask for it.
    Raid "raid" DescRaid,
    /// Change the mode, or ask for it.
    Mode "mode" DescMode,
    /// Show numbers.
    Status "status" DescStatus,
    /// Tell why a message was judged as it was.
    Why "why" DescWhy,
    /// Show the group's rules.
    Rules "rules" DescRules,
    /// Tell the administrators of a message.
    Report "report" DescReport,
}

impl CommandName {
    /// Whether everybody may use it; the others are for administrators.
    #[must_use]
    pub const fn for_members(self) -> bool {
        matches!(self, Self::Rules | Self::Report)
    }

    /// Whether it is about a member, who may be named by number.
    #[must_use]
    pub const fn is_about_a_member(self) -> bool {
        match self {
            Self::Ban | Self::Mute | Self::Unban | Self::Unmute | Self::Kick => true,
            Self::Warn | Self::Unwarn | Self::Warns | Self::Approve | Self::Unapprove => true,
            Self::Spam | Self::Ham | Self::Purge | Self::Raid | Self::Mode => false,
            Self::Status | Self::Why | Self::Rules | Self::Report => false,
        }
    }

    const fn has_length(self) -> bool {
        matches!(self, Self::Ban | Self::Mute)
    }

    const fn has_reason(self) -> bool {
        matches!(self, Self::Spam | Self::Ban | Self::Mute | Self::Kick | Self::Warn | Self::Report)
    }
}

/// Whom a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// The message that is answered, or its sender. Whether there is one is for the caller to see.
    Replied,
    /// A member, by number.
    User(UserId),
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Switch it on.
    On,
    /// Switch it off.
    Off,
}

/// A command as it is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// Which command.
    pub name: CommandName,
    /// About whom; [`Whom::Replied`] when nobody is named.
    pub whom: Whom,
    /// For how long, seconds; 0 means for ever, `None` that nothing was said. As [`length`] reads it.
    pub length_s: Option<u32>,
    /// Why, in one line of at most `limits::REASON_BYTES_MAX`; empty when nothing was said.
    pub reason: String,
    /// What `/raid` is to become; `None` asks how it is.
    pub switch: Option<Switch>,
    /// What `/mode` is to become; `None` asks how it is.
    pub mode: Option<Mode>,
    /// How many messages `/purge` is to delete, 1 to `limits::PURGE_MESSAGES_MAX`; `None` when nothing was said.
    pub count: Option<u16>,
}

/// What is wrong with what was typed. What is repeated of it is one line of at most `limits::TYPED_WORD_BYTES_MAX`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It looks like a length of time, and is none or not one that Telegram takes.
    Length(String),
    /// A name; Telegram tells bots no number for one.
    Name(String),
    /// It is no member's number.
    Number(String),
    /// It is no number of messages.
    Count(String),
    /// More messages than one command deletes.
    TooMany,
    /// Neither on nor off.
    Switch,
    /// Neither of the two modes.
    Mode,
}

impl Wrong {
    /// One sentence that says what is wrong and how to mend it.
    #[must_use]
    pub fn say(&self, language: Language, command: CommandName) -> String {
        let command = format!("/{}", command.word());
        match self {
            Self::Length(word) => language.say(Phrase::WrongLength, &[word]),
            Self::Name(word) => language.say(Phrase::WrongName, &[word]),
            Self::Number(word) => language.say(Phrase::WrongNumber, &[word]),
            Self::Count(word) => language.say(Phrase::WrongCount, &[word]),
            Self::TooMany => language.say(Phrase::WrongTooMany, &[&limits::PURGE_MESSAGES_MAX.to_string()]),
            Self::Switch => language.say(Phrase::WrongSwitch, &[&command]),
            Self::Mode => language.say(Phrase::WrongMode, &[&command]),
        }
    }
}

/// The command that a text names, whatever is typed behind it; `None` for a text that is no command of ours: it does not
/// begin with a slash, names none that we know, or is aimed at another bot. `own_username` is the bot's name without its
/// sign, compared without case; while it is empty, because it is not known yet, a command aimed at a bot is not ours.
#[must_use]
pub fn named(text: &str, own_username: &str) -> Option<CommandName> {
    split(text, own_username).map(|(name, _)| name)
}

/// Reads a command; `None` as [`named`]. Words that have no place are the reason, or are left out where a command has none.
#[must_use]
pub fn read(text: &str, own_username: &str) -> Option<Result<Typed, Wrong>> {
    let (name, rest) = split(text, own_username)?;
    Some(arguments(name, &one_line(rest, limits::COMMAND_BYTES_MAX)))
}

/// The command of a text, and what stands behind it.
fn split<'a>(text: &'a str, own_username: &str) -> Option<(CommandName, &'a str)> {
    let text = text.strip_prefix('/')?;
    let (head, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let word = match head.split_once('@') {
        Some((word, bot)) if !bot.is_empty() && bot.eq_ignore_ascii_case(own_username) => word,
        Some(_) => return None,
        None => head,
    };
    // Phones write the first letter of a message large.
    let name = CommandName::ALL.iter().find(|name| name.word().eq_ignore_ascii_case(word))?;
    Some((*name, rest))
}

/// Reads the arguments: one line, single spaces.
fn arguments(name: CommandName, line: &str) -> Result<Typed, Wrong> {
    let mut typed = Typed {
        name,
        whom: Whom::Replied,
        length_s: None,
        reason: String::new(),
        switch: None,
        mode: None,
        count: None,
    };
    let mut rest = line;
    if name.is_about_a_member()
        && let Some(user) = member(first(rest).0, name)?
    {
        typed.whom = Whom::User(user);
        rest = first(rest).1;
    }
    if name.has_length()
        && let Some(seconds) = length_or_refusal(first(rest).0)?
    {
        typed.length_s = Some(seconds);
        rest = first(rest).1;
    }
    match name {
        CommandName::Purge => typed.count = count(first(rest).0)?,
        CommandName::Raid => {
            typed.switch = switch(first(rest).0)?;
            if typed.switch == Some(Switch::On) {
                typed.length_s = length_or_refusal(first(first(rest).1).0)?;
            }
        }
        CommandName::Mode => typed.mode = mode(first(rest).0)?,
        _ => {}
    }
    if name.has_reason() {
        let cut = floor_char_boundary(rest, limits::REASON_BYTES_MAX);
        typed.reason = rest.get(..cut).unwrap_or_default().trim_end().to_owned();
    }
    Ok(typed)
}

/// The first word of a line, and what stands behind it; empty when there is none.
fn first(line: &str) -> (&str, &str) {
    line.split_once(' ').unwrap_or((line, ""))
}

/// A word as an answer repeats it.
fn shown(word: &str) -> String {
    one_line(word, limits::TYPED_WORD_BYTES_MAX)
}

fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The member that a word names; `None` for a word that does not try to.
fn member(word: &str, name: CommandName) -> Result<Option<UserId>, Wrong> {
    /// Shorter numbers are no members', and rather a length of time without its unit.
    const DIGITS_MIN: usize = 5;
    if let Some(username) = word.strip_prefix('@').filter(|username| !username.is_empty()) {
        return Err(Wrong::Name(shown(username)));
    }
    // A negative number is a group's or a channel's.
    let digits = word.strip_prefix('-').unwrap_or(word);
    if !is_digits(digits) || (name.has_length() && digits.len() < DIGITS_MIN) {
        return Ok(None);
    }
    let number = word.parse::<i64>().ok().filter(|number| *number > 0 && !word.starts_with('0'));
    match number.filter(|_| digits.len() >= DIGITS_MIN) {
        Some(number) => Ok(Some(UserId(number))),
        None => Err(Wrong::Number(shown(word))),
    }
}

/// The length of time that a word is; `None` for a word that does not look like one.
fn length_or_refusal(word: &str) -> Result<Option<u32>, Wrong> {
    match length::of_action(word) {
        Some(seconds) => Ok(Some(seconds)),
        None if looks_like_length(word) => Err(Wrong::Length(shown(word))),
        None => Ok(None),
    }
}

/// Whether a word is a number alone, or one with what may be meant as a unit: `30`, `1.5h`, `2weeks`, or letters of another
/// script. Not `18+`, and not what begins like the name of a shop.
fn looks_like_length(word: &str) -> bool {
    let word = word.strip_prefix(['-', '+']).unwrap_or(word);
    if !word.starts_with(|letter: char| letter.is_ascii_digit()) {
        return false;
    }
    let unit = word.trim_start_matches(|letter: char| letter.is_ascii_digit() || matches!(letter, '.' | ','));
    unit.chars().next().is_none_or(|letter| match letter.to_ascii_lowercase() {
        's' | 'm' | 'h' | 'd' | 'w' | 'y' => true,
        letter => !letter.is_ascii() && letter.is_alphabetic(),
    })
}

fn count(word: &str) -> Result<Option<u16>, Wrong> {
    if word.is_empty() {
        return Ok(None);
    }
    if !is_digits(word) {
        return Err(Wrong::Count(shown(word)));
    }
    match word.parse::<u16>() {
        Ok(0) => Err(Wrong::Count(shown(word))),
        Ok(count) if count <= limits::PURGE_MESSAGES_MAX => Ok(Some(count)),
        // Digits that do not fit are a large number.
        _ => Err(Wrong::TooMany),
    }
}

fn switch(word: &str) -> Result<Option<Switch>, Wrong> {
    match word.to_ascii_lowercase().as_str() {
        "" => Ok(None),
        "on" => Ok(Some(Switch::On)),
        "off" => Ok(Some(Switch::Off)),
        _ => Err(Wrong::Switch),
    }
}

fn mode(word: &str) -> Result<Option<Mode>, Wrong> {
    if word.is_empty() {
        return Ok(None);
    }
    Mode::from_word(&word.to_ascii_lowercase()).map(Some).ok_or(Wrong::Mode)
}
