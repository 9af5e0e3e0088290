//! Settings of how a group is kept: `[manners]` at the root, of a tenant, and of a chat.
//!
//! Promises: every field of the manners is a key of the same name, or this does not compile; what is not written is left
//! to the layer below.
//!
//! Never: a default. Those are the manners' own.

#[cfg(test)]
mod tests;

use super::ai::number;
use super::layers::unknown;
use crate::document::{Mistakes, Section};
use crate::length;
use crate::limits;
use crate::manners::{JoinPolicy, MannersLayer, Measure, RaidPolicy, Switch};
use crate::words::Language;
use std::ops::RangeInclusive;

/// What a length of time of 0 says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Zero {
    /// Nothing: there must be one.
    Refused,
    /// That there is none.
    IsNone,
}

/// Reads the table `manners` of this one, when it has it.
pub(super) fn read(of: &mut Section<'_>, mistakes: &mut Mistakes) -> MannersLayer {
    let Some(mut section) = of.section("manners", mistakes) else { return MannersLayer::default() };
    let layer = fields(&mut section, mistakes);
    section.finish(mistakes);
    layer
}

fn fields(from: &mut Section<'_>, mistakes: &mut Mistakes) -> MannersLayer {
    let answers = limits::ANSWER_S_MIN..=limits::ANSWER_S_MAX;
    let captchas = limits::CAPTCHA_S_MIN..=limits::CAPTCHA_S_MAX;
    let windows = limits::WARN_WINDOW_S_MIN..=limits::ACTION_SECONDS_MAX;
    let mutes = limits::ACTION_SECONDS_MIN..=limits::ACTION_SECONDS_MAX;
    let raids = limits::RAID_S_MIN..=limits::RAID_S_MAX;
    let reporters = u16::try_from(limits::REPORTERS_MAX).unwrap_or(u16::MAX);
    MannersLayer {
        language: word(from, "language", "language", &Language::ALL, Language::word, mistakes),
        cards: switch(from, "cards", mistakes),
        answer_s: length(from, "answer_s", &answers, Zero::Refused, mistakes),
        captcha: switch(from, "captcha", mistakes),
        captcha_s: length(from, "captcha_s", &captchas, Zero::Refused, mistakes),
        join_requests: word(from, "join_requests", "answer to wishes", &JoinPolicy::ALL, JoinPolicy::word, mistakes),
        clean_joins: switch(from, "clean_joins", mistakes),
        clean_leaves: switch(from, "clean_leaves", mistakes),
        names: measure(from, "names", mistakes),
        impersonators: measure(from, "impersonators", mistakes),
        listed: measure(from, "listed", mistakes),
        share_bans: switch(from, "share_bans", mistakes),
        warn_limit: count(from, "warn_limit", 0..=limits::WARN_LIMIT_MAX, mistakes),
        warn_window_s: length(from, "warn_window_s", &windows, Zero::Refused, mistakes),
        warn_mute_s: length(from, "warn_mute_s", &mutes, Zero::IsNone, mistakes),
        trust_messages: count(from, "trust_messages", 0..=limits::TRUST_MESSAGES_MAX, mistakes),
        trust_letters: count(from, "trust_letters", 1..=limits::TRUST_LETTERS_MAX, mistakes),
        report_limit: count(from, "report_limit", 0..=reporters, mistakes),
        raid_joins: count(from, "raid_joins", 0..=limits::RAID_RATE_MAX, mistakes),
        raid_senders: count(from, "raid_senders", 0..=limits::RAID_RATE_MAX, mistakes),
        raid: word(from, "raid", "answer to raids", &RaidPolicy::ALL, RaidPolicy::word, mistakes),
        raid_lock: switch(from, "raid_lock", mistakes),
        raid_s: length(from, "raid_s", &raids, Zero::Refused, mistakes),
    }
}

fn switch(from: &mut Section<'_>, key: &'static str, mistakes: &mut Mistakes) -> Option<Switch> {
    from.boolean(key, mistakes).map(|found| if found.value { Switch::On } else { Switch::Off })
}

fn count(
    from: &mut Section<'_>,
    key: &'static str,
    range: RangeInclusive<u16>,
    mistakes: &mut Mistakes,
) -> Option<u16> {
    number(from, key, i64::from(*range.start())..=i64::from(*range.end()), mistakes)
}

fn measure(from: &mut Section<'_>, key: &'static str, mistakes: &mut Mistakes) -> Option<Measure> {
    word(from, key, "measure", &Measure::ALL, Measure::word, mistakes)
}

/// One of a few words. `what` is what they are called.
fn word<T: Copy>(
    from: &mut Section<'_>,
    key: &'static str,
    what: &str,
    all: &[T],
    written: fn(T) -> &'static str,
    mistakes: &mut Mistakes,
) -> Option<T> {
    let found = from.text(key, mistakes)?;
    let meant = all.iter().copied().find(|one| written(*one) == found.value);
    if meant.is_none() {
        let known: Vec<&str> = all.iter().map(|one| written(*one)).collect();
        unknown(from.file(), &found, what, &known, mistakes);
    }
    meant
}

/// A length of time within a range, seconds.
fn length(
    from: &mut Section<'_>,
    key: &'static str,
    range: &RangeInclusive<u32>,
    zero: Zero,
    mistakes: &mut Mistakes,
) -> Option<u32> {
    let found = from.text_called(key, "a length of time in quotes such as \"5m\"", mistakes)?;
    let is_none = |seconds: u32| seconds == 0 && zero == Zero::IsNone;
    let seconds = length::seconds(found.value.trim()).filter(|seconds| range.contains(seconds) || is_none(*seconds));
    if seconds.is_none() {
        let (least, most) = (length::in_words(*range.start()), length::in_words(*range.end()));
        let or_none = if zero == Zero::IsNone { ", or \"0\" for none" } else { "" };
        let what = format!(
            "`{key}` must be a length of time from \"{least}\" to \"{most}\"{or_none}, with the units s, m, h, d and w, not \
             \"{}\"",
            found.value.escape_debug()
        );
        mistakes.add(from.file(), found.line, what);
    }
    seconds
}
