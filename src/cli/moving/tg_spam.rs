//! Files of tg-spam: its samples, its approved users, its stop words.
//!
//! Promises: samples become a source of the learner, each text once; stop words are looked for as tg-spam does, anywhere in a
//! text, or as the whole text where they begin with `=`.
//!
//! Never: its database. How to get files out of it is told.

use super::{Failure, Lesson, People, Plan, learn, limits, read, words};
use crate::learn::Features;
use crate::message::ChatId;
use crate::text;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Spam,
    Ham,
    Users,
    Words,
    Tokens,
    Database,
}

/// Files by the names they have there.
const FILES: [(&str, Kind); 8] = [
    ("spam-dynamic.txt", Kind::Spam),
    ("ham-dynamic.txt", Kind::Ham),
    ("spam-samples.txt", Kind::Spam),
    ("ham-samples.txt", Kind::Ham),
    ("approved-users.txt", Kind::Users),
    ("stop-words.txt", Kind::Words),
    ("exclude-tokens.txt", Kind::Tokens),
    ("tg-spam.db", Kind::Database),
];

/// How to get its files out of its database.
const EXPORT: &str = "it is not read; with the program sqlite3, write its tables to files:\n    \
    sqlite3 tg-spam.db \"SELECT uid FROM approved_users\" > approved-users.txt\n    \
    sqlite3 tg-spam.db \"SELECT data FROM dictionary WHERE type = 'stop_phrase'\" > stop-words.txt\n    \
    sqlite3 tg-spam.db \"SELECT replace(replace(message, char(13), ' '), char(10), ' ') FROM samples WHERE type = 'spam'\" > spam-samples.txt\n    \
    and the last once more with 'ham', to ham-samples.txt; where it has more than one group, its column gid tells them apart";

/// What is wanted of it.
pub(super) struct Wanted<'w> {
    pub group: Option<i64>,
    pub pack: Option<PathBuf>,
    pub source: &'w str,
    pub chat: Option<ChatId>,
}

fn kind_of(path: &Path) -> Option<Kind> {
    let name = path.file_name()?.to_str()?;
    FILES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
}

/// The files that were named, those of a folder by their names, in the order of [`FILES`].
fn files(paths: &[PathBuf]) -> Result<Vec<(PathBuf, Kind)>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        let before = found.len();
        if path.is_dir() {
            let inside = FILES.iter().map(|(name, kind)| (path.join(name), *kind));
            found.extend(inside.filter(|(path, _)| path.is_file()));
        } else if let Some(kind) = kind_of(path) {
            found.push((path.clone(), kind));
        }
        if found.len() == before {
            let names: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
            return Err(Failure::usage(format!(
                "{} is no file of tg-spam and no folder with one; known: {}",
                path.display(),
                names.join(", ")
            )));
        }
    }
    Ok(found)
}

/// What is to be done with its files.
pub(super) fn plan(paths: &[PathBuf], wanted: &Wanted<'_>) -> Result<Plan, Failure> {
    let mut plan = Plan { pack: wanted.pack.clone(), ..Plan::default() };
    let (mut spam, mut ham) = (Vec::new(), Vec::new());
    for (path, kind) in files(paths)? {
        let name = path.display().to_string();
        match kind {
            Kind::Spam => spam.extend(samples(&read(&path)?)),
            Kind::Ham => ham.extend(samples(&read(&path)?)),
            Kind::Users => match wanted.group {
                Some(group) => {
                    let text = read(&path)?;
                    plan.people = People::read(&path, &text, group, &mut plan)?;
                }
                None => plan.leave_out(&name, "name the group whose members they are with --group ID"),
            },
            Kind::Words if plan.pack.is_none() => {
                plan.leave_out(&name, "name the pack to write the words to with --pack PACK.toml");
            }
            Kind::Words => stop_words(&read(&path)?, &mut plan)?,
            Kind::Tokens => {
                plan.leave_out(&name, "the learner here weighs pieces of words and needs no list of common ones")
            }
            Kind::Database => plan.leave_out(&name, "see below"),
        }
    }
    if let Some(last) = plan.brought.left_out.iter_mut().find(|line| line.ends_with(": see below")) {
        *last = last.replace("see below", EXPORT);
    }
    lesson(spam, ham, wanted, &mut plan)?;
    Ok(plan)
}

/// A text a line.
fn samples(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Samples as what is to be learned: each text once, and as many of both kinds as there is room for.
fn lesson(mut spam: Vec<String>, mut ham: Vec<String>, wanted: &Wanted<'_>, plan: &mut Plan) -> Result<(), Failure> {
    if spam.is_empty() && ham.is_empty() {
        return Ok(());
    }
    let least = usize::try_from(limits::LEARN_EXAMPLES_MIN).unwrap_or(usize::MAX);
    let found = spam.len().saturating_add(ham.len());
    let mut known = HashSet::new();
    for texts in [&mut ham, &mut spam] {
        texts.retain(|text| known.insert(text.clone()));
    }
    let twice = found.saturating_sub(spam.len()).saturating_sub(ham.len());
    if twice > 0 {
        plan.leave_out(&format!("{twice} samples"), "they are there twice; what is spam and not is taken for not");
    }
    if spam.len() < least || ham.len() < least {
        let what = format!("{} samples of spam and {} that are none", spam.len(), ham.len());
        plan.leave_out(&what, &format!("at least {least} of each are needed to learn from"));
        return Ok(());
    }
    let half = limits::LEARN_EXAMPLES_MAX / 2;
    let (room_spam, room_ham) = (
        half.max(limits::LEARN_EXAMPLES_MAX.saturating_sub(ham.len())),
        half.max(limits::LEARN_EXAMPLES_MAX.saturating_sub(spam.len())),
    );
    for (texts, room, what) in [(&mut spam, room_spam, "spam"), (&mut ham, room_ham, "what is none")] {
        let over = texts.len().saturating_sub(room);
        texts.truncate(room);
        if over > 0 {
            plan.leave_out(
                &format!("{over} samples of {what}"),
                &format!("{} in all are learned from", limits::LEARN_EXAMPLES_MAX),
            );
        }
    }
    let place = wanted.chat.map_or_else(|| "in all groups".to_owned(), |chat| format!("in group {} only", chat.0));
    let words = format!("{} of spam and {} that are none, for the learner, {place}", spam.len(), ham.len());
    plan.take("samples", &words);
    let (mut scratch, mut features) = (text::Scratch::default(), Features::default());
    let texts = spam.iter().map(|text| (text, true)).chain(ham.iter().map(|text| (text, false)));
    let examples = texts.map(|(text, is_spam)| learn::example(text, is_spam, &mut scratch, &mut features)).collect();
    plan.lesson = Some(Lesson { source: wanted.source.to_owned(), chat: wanted.chat, examples });
    Ok(())
}

/// The phrases of a line: one, or several in quotes with commas between them.
fn phrases(line: &str) -> Vec<String> {
    let line = line.trim();
    if !line.starts_with('"') {
        return vec![line.to_owned()];
    }
    let (mut phrases, mut phrase, mut quoted) = (Vec::new(), String::new(), false);
    for ch in line.chars() {
        match ch {
            '"' => quoted = !quoted,
            ',' if !quoted => phrases.push(std::mem::take(&mut phrase)),
            ch => phrase.push(ch),
        }
    }
    phrases.push(phrase);
    phrases
}

fn stop_words(text: &str, plan: &mut Plan) -> Result<(), Failure> {
    let (mut anywhere, mut whole) = (Vec::new(), Vec::new());
    for (number, line) in (1_u32..).zip(text.lines()) {
        let of = format!("line {number}");
        for phrase in phrases(line).iter().map(|phrase| phrase.trim()).filter(|phrase| !phrase.is_empty()) {
            if let Some(rest) = phrase.strip_prefix('=') {
                whole.extend(plan.brought.keywords(&of, "", std::iter::once(rest)));
            } else if text::fold_phrase(phrase).chars().filter(|ch| *ch != ' ').count() == 1 {
                plan.leave_out(&format!("{of}: \"{phrase}\""), "one letter alone is in nearly every message");
            } else {
                anywhere.extend(plan.brought.keywords(&of, "", std::iter::once(phrase)));
            }
        }
    }
    if anywhere.is_empty() && whole.is_empty() {
        return Ok(());
    }
    words(plan, "stop words", Some("substring"), anywhere)?;
    words(plan, "stop words that are the whole message", Some("exact"), whole)?;
    plan.leave_out(
        "the ban that tg-spam adds",
        "it asks stop words of first messages only, and here they are asked of all; add \"ban\" in the pack if you want it",
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_phrase_or_several_in_quotes() {
        assert_eq!(phrases("write me, now"), ["write me, now"]);
        assert_eq!(phrases("\"write me, now\""), ["write me, now"]);
        assert_eq!(phrases("\"one\", \"two, three\","), ["one", " two, three", ""]);
        assert_eq!(phrases("\"open"), ["open"]);
        assert_eq!(phrases(""), [""]);
    }
}
