//! The words of a rich message: headings, paragraphs, lists, tables, quotations and captions, each in each other.
//!
//! Telegram allows 32,768 characters in 500 blocks of 16 levels. They are read as they come, without a tree of them in memory:
//! what stands in one line is one line here, whatever marks it has, so that a word cannot be hidden by a change of style.
//!
//! Promises: at most `limits::RICH_TEXT_BYTES_MAX` of words and `limits::RICH_LINKS_MAX` addresses and names are kept; what
//! lies deeper than `limits::RICH_DEPTH_MAX`, or comes after `limits::RICH_PIECES_MAX` pieces, is passed over, and
//! [`Rich::truncated`] says so. Forms of the future are passed over.
//!
//! Never: an error for a form that nobody promised.

use crate::limits;
use crate::message::{Media, Message, SurfaceKind, Truncation, floor_char_boundary};
use crate::telegram::wire;
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// What a rich message says and shows.
#[derive(Default)]
pub(super) struct Rich {
    /// Its words, a line for each of its lines.
    pub words: String,
    /// Addresses behind words, and names of files.
    besides: Vec<(SurfaceKind, String)>,
    custom_emoji: u16,
    media: Media,
    /// Whether something was passed over.
    truncated: Truncation,
    pieces: usize,
}

/// What a part of a rich message is, by its name; the names of the Bot API.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    /// Words that go on in the line where they stand, or make up a block of their own.
    #[serde(alias = "expression", alias = "alternative_text")]
    Text,
    /// Words in a line of their own. A pressed button says some of them.
    #[serde(
        alias = "credit",
        alias = "summary",
        alias = "language",
        alias = "query",
        alias = "switch_inline_query",
        alias = "switch_inline_query_current_chat"
    )]
    Caption,
    /// Blocks, or what has such.
    #[serde(
        alias = "items",
        alias = "cells",
        alias = "buttons",
        alias = "login_url",
        alias = "web_app",
        alias = "copy_text",
        alias = "switch_inline_query_chosen_chat"
    )]
    Blocks,
    /// An address. That of a link may be written in the link itself.
    #[serde(alias = "email_address")]
    Url,
    PhoneNumber,
    CustomEmojiId,
    Photo,
    #[serde(alias = "animation")]
    Video,
    #[serde(alias = "voice_note")]
    Audio,
    /// Of a map.
    Location,
    #[serde(alias = "title", alias = "performer")]
    FileName,
    /// Anything else. The label of a list's item is Telegram's own: a number or a dot.
    #[serde(other)]
    Other,
}

/// How a text stands to the one before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A block among blocks.
    Block,
    /// In the same line.
    Inline,
    /// Not to be shown as words: an address, a number or a name.
    Besides(SurfaceKind),
    /// A file, of which only the names are read.
    File,
}

impl Rich {
    /// Puts everything into the message.
    pub fn fill(&self, message: &mut Message) {
        message.push(SurfaceKind::Text, self.words.trim_end());
        for (kind, text) in &self.besides {
            message.push(*kind, text);
        }
        message.custom_emoji = message.custom_emoji.saturating_add(self.custom_emoji);
        if self.truncated == Truncation::Cut {
            message.truncated = Truncation::Cut;
        }
    }

    /// What it shows besides words; one without words shows something all the same.
    pub fn media(&self) -> Media {
        if self.media == Media::None && self.words.trim().is_empty() { Media::Other } else { self.media }
    }

    fn say(&mut self, place: Place, text: &str) {
        match place {
            Place::Inline => self.write(text),
            Place::Block => {
                self.end_line();
                self.write(text);
            }
            Place::Besides(kind) => self.keep(kind, text),
            Place::File => {}
        }
    }

    fn write(&mut self, text: &str) {
        let room = limits::RICH_TEXT_BYTES_MAX.saturating_sub(self.words.len());
        let cut = floor_char_boundary(text, room);
        if cut < text.len() {
            self.truncated = Truncation::Cut;
        }
        self.words.push_str(text.get(..cut).unwrap_or_default());
    }

    fn end_line(&mut self) {
        if !self.words.is_empty() && !self.words.ends_with('\n') {
            self.write("\n");
        }
    }

    /// An address that is written in the words before it is read there.
    fn keep(&mut self, kind: SurfaceKind, text: &str) {
        if text.is_empty() || self.words.ends_with(text) {
            return;
        }
        if self.besides.len() >= limits::RICH_LINKS_MAX || text.len() > limits::RICH_LINK_BYTES_MAX {
            self.truncated = Truncation::Cut;
        }
        if self.besides.len() < limits::RICH_LINKS_MAX {
            self.besides.push((kind, wire::start(text, limits::RICH_LINK_BYTES_MAX)));
        }
    }

    fn shows(&mut self, media: Media) {
        if self.media == Media::None {
            self.media = media;
        }
    }
}

impl<'de> Deserialize<'de> for Rich {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut rich = Self::default();
        Piece { rich: &mut rich, depth: 0, place: Place::Block }.deserialize(deserializer)?;
        Ok(rich)
    }
}

/// One value somewhere in a rich message.
struct Piece<'a> {
    rich: &'a mut Rich,
    depth: usize,
    place: Place,
}

impl Piece<'_> {
    fn inner(&mut self, place: Place) -> Piece<'_> {
        Piece { rich: self.rich, depth: self.depth.saturating_add(1), place }
    }

    /// Where the value behind a key stands.
    fn place_of(&mut self, key: Key) -> Option<Place> {
        let in_file = self.place == Place::File;
        match key {
            Key::FileName if in_file => Some(Place::Besides(SurfaceKind::FileName)),
            _ if in_file => None,
            Key::Text => {
                if self.place == Place::Block {
                    self.rich.end_line();
                }
                Some(Place::Inline)
            }
            Key::Caption => {
                self.rich.end_line();
                Some(Place::Inline)
            }
            Key::Blocks => Some(Place::Block),
            Key::Url => Some(Place::Besides(SurfaceKind::TextLink)),
            Key::PhoneNumber => Some(Place::Besides(SurfaceKind::Text)),
            Key::CustomEmojiId => {
                self.rich.custom_emoji = self.rich.custom_emoji.saturating_add(1);
                None
            }
            Key::Photo => self.file(Media::Photo),
            Key::Video => self.file(Media::Video),
            Key::Audio => self.file(Media::Audio),
            Key::Location => self.file(Media::Other),
            Key::FileName | Key::Other => None,
        }
    }

    fn file(&mut self, media: Media) -> Option<Place> {
        self.rich.shows(media);
        Some(Place::File)
    }
}

impl<'de> DeserializeSeed<'de> for Piece<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.depth > limits::RICH_DEPTH_MAX || self.rich.pieces >= limits::RICH_PIECES_MAX {
            self.rich.truncated = Truncation::Cut;
            return IgnoredAny::deserialize(deserializer).map(drop);
        }
        self.rich.pieces = self.rich.pieces.saturating_add(1);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Piece<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a part of a rich message")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        self.rich.say(self.place, text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        let place = self.place;
        while list.next_element_seed(self.inner(place))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<(), A::Error> {
        while let Some(key) = object.next_key::<Key>()? {
            match self.place_of(key) {
                Some(place) => object.next_value_seed(self.inner(place))?,
                None => drop(object.next_value::<IgnoredAny>()?),
            }
            if key == Key::Caption {
                self.rich.end_line();
            }
        }
        if self.place == Place::Block {
            self.rich.end_line();
        }
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{ChatId, MessageId, Sender};

    fn rich(json: &str) -> Rich {
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"))
    }

    fn blocks(blocks: &str) -> Rich {
        rich(&format!(r#"{{"blocks":[{blocks}]}}"#))
    }

    #[test]
    fn words_of_one_line_stay_in_it_whatever_marks_they_have_and_blocks_have_lines_of_their_own() {
        for (form, words) in [
            (
                r#"{"type":"paragraph","text":["a ",{"type":"bold","text":["b",{"type":"code","text":"c"}]}," d"]}"#,
                "a bc d",
            ),
            (r#"{"type":"heading","text":"a","size":1},{"type":"divider"},{"type":"footer","text":"b"}"#, "a\nb"),
            (r#"{"type":"pre","text":"x = 1","language":"python"}"#, "x = 1\npython"),
            (r#"{"type":"mathematical_expression","expression":"E = mc^2"}"#, "E = mc^2"),
            (r#"{"type":"paragraph","text":["n",{"type":"mathematical_expression","expression":"^2"}]}"#, "n^2"),
            (
                r#"{"type":"list","items":[{"label":"1.","blocks":[{"type":"paragraph","text":"a"}]},{"label":"2.","blocks":[{"type":"list","items":[{"label":"-","blocks":[{"type":"paragraph","text":"b"}]}]}]}]}"#,
                "a\nb",
            ),
            (r#"{"type":"blockquote","blocks":[{"type":"paragraph","text":"a"}],"credit":["b","c"]}"#, "a\nbc"),
            (r#"{"type":"pullquote","text":"a","credit":"b"}"#, "a\nb"),
            (
                r#"{"type":"table","cells":[[{"text":"a"},{}],[{"text":["b","c"],"align":"left"}]],"caption":["d","e"]}"#,
                "a\nbc\nde",
            ),
            (r#"{"type":"details","summary":["a","b"],"blocks":[{"type":"paragraph","text":"c"}]}"#, "ab\nc"),
            (
                r#"{"type":"collage","blocks":[{"type":"photo","photo":[{"file_id":"x"}],"caption":{"text":"a","credit":"b"}}],"caption":{"text":["c","d"]}}"#,
                "a\nb\ncd",
            ),
            (r#"{"type":"map","location":{"latitude":1.5},"zoom":14,"caption":{"text":"a"}}"#, "a"),
            (
                r#"{"type":"thinking","text":["a ",{"type":"custom_emoji","custom_emoji_id":"5","alternative_text":":)"}]}"#,
                "a :)",
            ),
            (
                r#"{"type":"buttons","buttons":[{"text":"a","copy_text":{"text":"b"}},{"text":"c","switch_inline_query":"d"}]}"#,
                "a\nb\nc\nd",
            ),
            (r#"{"type":"anchor","name":"x"},{"type":"of_the_future","hologram":{"text":"y"}}"#, ""),
        ] {
            assert_eq!(blocks(form).words.trim_end(), words, "{form}");
        }
    }

    #[test]
    fn what_lies_behind_the_words_is_kept_and_what_is_written_out_is_not_kept_twice() {
        let form = r#"{"type":"paragraph","text":[{"type":"url","text":"here","url":"https://a.example/"},{"type":"url","text":"b.example","url":"b.example"},
            {"type":"email_address","text":"write","email_address":"c@d.example"},{"type":"phone_number","text":"call","phone_number":"+123"},
            {"type":"custom_emoji","custom_emoji_id":"5","alternative_text":":)"}]},
            {"type":"audio","audio":{"file_id":"x","title":"e","performer":"f","file_name":"g.mp3","thumbnail":{"file_name":"no"}}},
            {"type":"buttons","buttons":[{"text":"Go","login_url":{"url":"https://h.example"}}]}"#;
        let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Nobody);
        let rich = blocks(form);
        rich.fill(&mut message);
        let found: Vec<(SurfaceKind, &str)> =
            message.surfaces.iter().map(|surface| (surface.kind, surface.text.as_str())).collect();
        let expected = [
            (SurfaceKind::Text, "hereb.examplewritecall:)\nGo"),
            (SurfaceKind::TextLink, "https://a.example/"),
            (SurfaceKind::TextLink, "c@d.example"),
            (SurfaceKind::Text, "+123"),
            (SurfaceKind::FileName, "e"),
            (SurfaceKind::FileName, "f"),
            (SurfaceKind::FileName, "g.mp3"),
            (SurfaceKind::TextLink, "https://h.example"),
        ];
        assert_eq!(found, expected);
        assert_eq!((message.custom_emoji, rich.media(), message.truncated), (1, Media::Audio, Truncation::Whole));
    }

    #[test]
    fn a_rich_message_without_words_shows_something_all_the_same() {
        assert_eq!(blocks(r#"{"type":"divider"}"#).media(), Media::Other);
        assert_eq!(blocks(r#"{"type":"paragraph","text":"x"}"#).media(), Media::None);
        assert_eq!(blocks(r#"{"type":"photo","photo":[]}"#).media(), Media::Photo);
        assert_eq!(blocks(r#"{"type":"map","location":{}}"#).media(), Media::Other);
    }

    #[test]
    fn forms_that_nobody_promised_are_passed_over() {
        for form in ["5", "true", "\"x\"", "[]", "{}", r#"{"blocks":null}"#, r#"{"blocks":{"text":{"url":[1.5,-1]}}}"#]
        {
            assert!(rich(form).besides.is_empty(), "{form}");
        }
        assert_eq!(rich(r#"{"blocks":[{"text":[null,1,"x",{"text":false}]}]}"#).words.trim_end(), "x");
    }

    #[test]
    fn sixteen_levels_of_everything_are_read_and_what_lies_deeper_is_passed_over_without_harm() {
        let nested = |levels: usize| {
            let open = r#"{"type":"list","items":[{"blocks":["#;
            let text = r#"{"type":"paragraph","text":"deep"}"#;
            blocks(&format!("{}{text}{}", open.repeat(levels), "]}]}".repeat(levels)))
        };
        // A list and its item are two levels.
        assert_eq!(nested(8).words.trim_end(), "deep");
        assert_eq!(nested(8).truncated, Truncation::Whole);
        let marked = r#"{"text":["#;
        let marks = blocks(&format!(r#"{{"text":{}"deep"{}}}"#, marked.repeat(16), "]}".repeat(16)));
        assert_eq!((marks.words.trim_end(), marks.truncated), ("deep", Truncation::Whole));
        // Read in the smallest stack that a thread of ours has.
        let deep = std::thread::Builder::new().stack_size(limits::STACK_BYTES).spawn(move || nested(5_000).truncated);
        assert_eq!(deep.expect("a thread").join().expect("it came back"), Truncation::Cut);
    }

    #[test]
    fn more_than_fits_is_cut_and_the_cut_is_said() {
        let long = blocks(&format!(r#"{{"text":"x{}"}}"#, "\u{1f600}".repeat(limits::RICH_TEXT_BYTES_MAX)));
        assert_eq!(long.truncated, Truncation::Cut);
        assert!(long.words.len() <= limits::RICH_TEXT_BYTES_MAX && long.words.len() > limits::RICH_TEXT_BYTES_MAX - 4);
        let links: Vec<String> =
            (0..=limits::RICH_LINKS_MAX).map(|n| format!(r#"{{"text":"x","url":"https://{n}.example"}}"#)).collect();
        let links = blocks(&links.join(","));
        assert_eq!((links.besides.len(), links.truncated), (limits::RICH_LINKS_MAX, Truncation::Cut));
        let long =
            blocks(&format!(r#"{{"text":"x","url":"https://a.example/{}"}}"#, "y".repeat(limits::RICH_LINK_BYTES_MAX)));
        assert_eq!((long.besides[0].1.len(), long.truncated), (limits::RICH_LINK_BYTES_MAX, Truncation::Cut));
        let table = vec!["{}"; 500 * 20].join(",");
        assert_eq!(
            blocks(&format!(r#"{{"cells":[[{table}]]}},{{"text":"x"}}"#)).words.trim_end(),
            "x",
            "the largest table"
        );
        let many = vec!["1"; limits::RICH_PIECES_MAX].join(",");
        let many = blocks(&format!(r#"{{"items":[{many}]}},{{"text":"x"}}"#));
        assert_eq!((many.words.as_str(), many.truncated), ("", Truncation::Cut));
    }
}
