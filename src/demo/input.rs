//! A file of messages to play instead of the invented ones: a JSON object a line.
//!
//! Promises: a line is `{"text": ..., "user_id"?, "chat_id"?}`, other keys ignored, or a raw update; empty lines are
//! passed over; the first lines that are neither are named with their numbers, and then nothing is played.
//!
//! Never: a guess at what a broken line meant.

use super::script::{Expected, Scripted, Source};
use crate::document::Mistakes;
use crate::limits;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// The chat of a line that names none.
const CHAT: i64 = -1_001_500_009_999;

/// The first user of lines that name none; each has its own, so that one ban does not explain another.
const FIRST_USER: i64 = 6_500_000_000;

/// Messages read from a file.
#[derive(Clone, Debug, Default)]
pub struct Input {
    items: Vec<Scripted>,
    messages: usize,
    cycled: Cycled,
}

/// Whether a file is played once or again from its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Cycled {
    #[default]
    Once,
    Again,
}

impl Input {
    /// Reads a file. `messages` says how many to play: fewer than the file has, or more, then it starts again.
    ///
    /// # Errors
    ///
    /// Every mistake, with file and line.
    pub fn read(path: &Path, messages: Option<usize>, base_s: u64) -> Result<Self, Mistakes> {
        let name = path.display().to_string();
        match std::fs::File::open(path) {
            Ok(file) => Self::parse(BufReader::new(file), &name, messages, base_s),
            Err(error) => {
                let mut mistakes = Mistakes::default();
                mistakes.add(&name, 0, format!("cannot be read: {error}"));
                Err(mistakes)
            }
        }
    }

    /// Reads lines from anywhere; `name` is what the mistakes call it.
    ///
    /// # Errors
    ///
    /// Every mistake, with name and line.
    pub fn parse(mut from: impl BufRead, name: &str, messages: Option<usize>, base_s: u64) -> Result<Self, Mistakes> {
        let mut mistakes = Mistakes::default();
        let mut items: Vec<Scripted> = Vec::new();
        let mut line = Vec::new();
        let (mut number, mut bytes) = (0_usize, 0_usize);
        loop {
            line.clear();
            let bound = u64::try_from(limits::DEMO_LINE_BYTES_MAX).unwrap_or(u64::MAX);
            match from.by_ref().take(bound + 1).read_until(b'\n', &mut line) {
                Ok(0) => break,
                Ok(_) => number += 1,
                Err(error) => {
                    mistakes.add(name, number + 1, format!("cannot be read: {error}"));
                    break;
                }
            }
            if line.len() > limits::DEMO_LINE_BYTES_MAX {
                mistakes.add(name, number, format!("longer than {} bytes", limits::DEMO_LINE_BYTES_MAX));
                break;
            }
            bytes = bytes.saturating_add(line.len());
            if bytes > limits::DEMO_FILE_BYTES_MAX {
                mistakes.add(name, number, format!("past {} bytes; split the file", limits::DEMO_FILE_BYTES_MAX));
                break;
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            if items.len() >= limits::DEMO_MESSAGES_MAX {
                mistakes.add(name, number, format!("more than {} messages; split the file", limits::DEMO_MESSAGES_MAX));
                break;
            }
            match message(line.trim_ascii(), items.len(), base_s) {
                Ok(item) => items.push(item),
                Err(what) => mistakes.add(name, number, what),
            }
        }
        if items.is_empty() && mistakes.is_empty() {
            mistakes.add(name, 0, "holds no message");
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let messages = messages.unwrap_or(items.len());
        let cycled = if messages > items.len() { Cycled::Again } else { Cycled::Once };
        Ok(Self { items, messages, cycled })
    }
}

fn message(line: &[u8], place: usize, base_s: u64) -> Result<Scripted, String> {
    let value: Value = serde_json::from_slice(line).map_err(|error| format!("not JSON: {error}"))?;
    let object = value.as_object().ok_or("not a JSON object")?;
    if object.contains_key("update_id") {
        if object.len() < 2 {
            return Err("an update with nothing in it".to_owned());
        }
        return Scripted::from_update(&value, Expected::Unknown).ok_or_else(|| "not an update".to_owned());
    }
    let Some(text) = object.get("text") else {
        return Err("neither `text` nor `update_id` is there".to_owned());
    };
    let text = text.as_str().ok_or("`text` must be a string")?;
    let number = |key: &str, otherwise: i64| match object.get(key) {
        None | Some(Value::Null) => Ok(otherwise),
        Some(value) => value.as_i64().ok_or_else(|| format!("`{key}` must be a whole number")),
    };
    let place = i64::try_from(place).unwrap_or(i64::MAX);
    let chat = number("chat_id", CHAT)?;
    let user = number("user_id", FIRST_USER.saturating_add(place))?;
    Ok(from_text(chat, place, user, text, base_s))
}

/// A text as its sender would have sent it: what is longer than one message is cut to one.
fn from_text(chat: i64, place: i64, user: i64, text: &str, base_s: u64) -> Scripted {
    let mut units = 0;
    let cut: String = text
        .chars()
        .take_while(|c| {
            units += c.len_utf16();
            units <= limits::DEMO_TEXT_UTF16_MAX
        })
        .collect();
    let kind = if chat < 0 { "supergroup" } else { "private" };
    let body = json!({
        "message_id": 1_000 + place, "date": base_s, "chat": {"id": chat, "type": kind, "title": "Played from a file",
        "first_name": "Played"}, "from": {"id": user, "is_bot": false, "first_name": "Somebody"}, "text": cut,
    });
    Scripted {
        fields: format!("\"message\":{body}"),
        chat,
        message: 1_000 + place,
        sender: user,
        expected: Expected::Unknown,
    }
}

impl Source for Input {
    fn len(&self) -> usize {
        self.messages
    }

    fn item(&self, n: usize) -> Option<Scripted> {
        if n >= self.messages {
            return None;
        }
        let mut item = self.items.get(n % self.items.len().max(1)).cloned()?;
        if self.cycled == Cycled::Again {
            renumber(&mut item, n)?;
        }
        Some(item)
    }
}

/// Gives a message that is played again an id of its own.
fn renumber(item: &mut Scripted, n: usize) -> Option<()> {
    let mut update: Value = serde_json::from_str(&format!("{{{}}}", item.fields)).ok()?;
    let own = 1_000 + i64::try_from(n).ok()?;
    for body in update.as_object_mut()?.values_mut() {
        if let Some(id) = body.get_mut("message_id") {
            *id = own.into();
        }
    }
    *item = Scripted::from_update(&update, item.expected)?;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, messages: Option<usize>) -> Result<Input, Mistakes> {
        Input::parse(text.as_bytes(), "file.jsonl", messages, 1_760_000_000)
    }

    #[test]
    fn a_text_and_a_raw_update_are_both_lines() {
        let text = "{\"text\":\"hello\",\"label\":1}\n\n{\"text\":\"x\",\"user_id\":7000000000,\"chat_id\":-5}\n\
                    {\"update_id\":9,\"edited_message\":{\"message_id\":3,\"chat\":{\"id\":-6},\"from\":{\"id\":8}}}";
        let input = parse(text, None).unwrap();
        let ids: Vec<_> = (0..3).map(|n| input.item(n).map(|item| (item.chat, item.message, item.sender))).collect();
        assert_eq!(ids, [Some((CHAT, 1_000, FIRST_USER)), Some((-5, 1_001, 7_000_000_000)), Some((-6, 3, 8))]);
        assert_eq!(input.len(), 3);
        assert!(input.item(2).unwrap().update(4).starts_with("{\"update_id\":4,\"edited_message\":{"));
    }

    #[test]
    fn every_broken_line_is_named_with_its_number() {
        let text =
            "{\"text\":\"ok\"}\n{\"text\":5}\nnonsense\n{\"user_id\":1}\n[]\n{\"text\":\"x\",\"chat_id\":\"a\"}\n";
        let mistakes = parse(text, None).unwrap_err();
        let lines: Vec<_> = mistakes.list().iter().map(|mistake| mistake.line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6]);
        assert!(parse("", None).unwrap_err().list()[0].what.contains("no message"));
    }

    #[test]
    fn a_file_that_is_played_again_gives_every_message_an_id_of_its_own() {
        let input = parse("{\"text\":\"a\"}\n{\"text\":\"b\"}\n", Some(5)).unwrap();
        let ids: std::collections::HashSet<_> = (0..5).filter_map(|n| input.item(n)).map(|item| item.message).collect();
        assert_eq!((ids.len(), input.item(5).is_none()), (5, true));
    }
}
