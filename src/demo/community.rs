//! An invented community: its chats, its people, what they write, and who comes to sell something.
//!
//! Promises: the same number of a message always gives the same message; about a quarter must be removed; every
//! message says whether. Every forty messages hold every shape that text hides in: captions, albums, edits, polls,
//! buttons, links, quotes, forwards, channels that speak, and people who must never be touched, whatever they write.
//!
//! Never: a real person, chat, address or message.

use super::faults::mix;
use super::script::{Expected, Scripted, Source};
use serde_json::{Value, json};

/// Messages after which the shapes begin again.
pub const ROUND: usize = 40;

/// The administrator of every chat; may write what it likes.
pub const ADMIN: i64 = 501;

const TEXTS: &str = include_str!("community.txt");
/// The id of the first chat; the others follow below it.
const FIRST_CHAT: i64 = -1_001_500_000_000;
const LANGUAGES: [&str; 5] = ["en", "ru", "zh", "es", "de"];
const CHATS: [(&str, &str); 8] = [
    ("Neighbours of Mill Lane", "en"),
    ("Garden club", "en"),
    ("Reading circle", "de"),
    ("Nachbarn am Hafen", "de"),
    ("Our yard", "ru"),
    ("Parents of class 4b", "ru"),
    ("Vecinos de la plaza", "es"),
    ("Flower street", "zh"),
];
const NAMES: [&str; 12] =
    ["Ada", "Bruno", "Chen", "Dana", "Emil", "Fatma", "Gita", "Hugo", "Ines", "Jonas", "Katya", "Lin"];
const PLACES: [&str; 6] = ["the old mill", "Rosenplatz", "Plaza Mayor", "the harbour", "Flower street", "the library"];
const REGULARS: u64 = 30;

/// A community whose messages were sent around `base_s`, whole seconds.
#[derive(Clone, Debug)]
pub struct Community {
    messages: usize,
    base_s: u64,
    stay: Vec<Vec<&'static str>>,
    remove: Vec<Vec<&'static str>>,
}

impl Community {
    /// One that writes this many messages.
    #[must_use]
    pub fn new(messages: usize, base_s: u64) -> Self {
        Self { messages, base_s, stay: texts("stay"), remove: texts("remove") }
    }

    fn words(&self, n: u64, chat: Chat, expected: Expected) -> String {
        let texts = if expected == Expected::Stay { &self.stay } else { &self.remove };
        // A chat speaks its own language, but one message in five is in another.
        let own = LANGUAGES.iter().position(|language| *language == chat.language).unwrap_or(0);
        let language = if mix(n, 1, 1).is_multiple_of(5) { pick_index(mix(n, 2, 2), LANGUAGES.len()) } else { own };
        let of_language = texts.get(language).map(Vec::as_slice).unwrap_or_default();
        vary(pick(of_language, mix(n, 3, 3)).unwrap_or_default(), n)
    }
}

fn lines() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    TEXTS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (language, rest) = line.split_once(" | ")?;
        let (expected, text) = rest.split_once(" | ")?;
        Some((language, expected, text))
    })
}

/// The texts of one kind, by language.
fn texts(wanted: &str) -> Vec<Vec<&'static str>> {
    let of =
        |language: &str| lines().filter(|line| line.0 == language && line.1 == wanted).map(|line| line.2).collect();
    LANGUAGES.iter().map(|language| of(language)).collect()
}

fn pick_index(drawn: u64, len: usize) -> usize {
    let len = u64::try_from(len.max(1)).unwrap_or(1);
    usize::try_from(drawn % len).unwrap_or(0)
}

fn pick<T: Copy>(of: &[T], drawn: u64) -> Option<T> {
    of.get(pick_index(drawn, of.len())).copied()
}

fn vary(text: &str, n: u64) -> String {
    text.replace("{name}", pick(&NAMES, mix(n, 4, 4)).unwrap_or_default())
        .replace("{place}", pick(&PLACES, mix(n, 5, 5)).unwrap_or_default())
        .replace("{n}", &(2 + mix(n, 6, 6) % 90).to_string())
        .replace("{tag}", &format!("@offer_{:04}", mix(n, 7, 7) % 10_000))
}

/// Writes the same words so that a plain search misses them: look-alike letters, full-width letters, or invisible
/// characters inside the words.
fn disguise(text: &str, n: u64) -> String {
    match mix(n, 8, 8) % 3 {
        0 => text.split(' ').map(one_look_alike).collect::<Vec<_>>().join(" "),
        1 => text
            .chars()
            .map(|c| {
                let wide = u32::from(c).checked_add(0xfee0).and_then(char::from_u32);
                if c.is_ascii_alphabetic() { wide.unwrap_or(c) } else { c }
            })
            .collect(),
        _ => text.chars().flat_map(|c| [Some(c), c.is_alphabetic().then_some('\u{200b}')]).flatten().collect(),
    }
}

/// The word with its first letter that has a look-alike in another script replaced.
fn one_look_alike(word: &str) -> String {
    match word.chars().find(|c| look_alike(*c) != *c) {
        Some(found) => word.replacen(found, &look_alike(found).to_string(), 1),
        None => word.to_owned(),
    }
}

/// The letter of another alphabet that looks the same, or the letter itself.
#[must_use]
pub const fn look_alike(c: char) -> char {
    match c {
        'a' => '\u{430}',
        'e' => '\u{435}',
        'o' => '\u{43e}',
        'p' => '\u{440}',
        'c' => '\u{441}',
        '\u{430}' => 'a',
        '\u{435}' => 'e',
        '\u{43e}' => 'o',
        '\u{440}' => 'p',
        '\u{441}' => 'c',
        other => other,
    }
}

#[derive(Clone, Copy)]
struct Chat {
    id: i64,
    number: u64,
    title: &'static str,
    language: &'static str,
}

fn chat(n: u64) -> Chat {
    let index = pick_index(mix(n, 9, 9), CHATS.len());
    let (title, language) = CHATS.get(index).copied().unwrap_or(("Neighbours", "en"));
    let number = u64::try_from(index).unwrap_or(0);
    Chat { id: FIRST_CHAT - signed(number), number, title, language }
}

/// What a chat of a demonstration is called; those it does not know are neighbours too.
pub(super) fn title(chat: i64) -> &'static str {
    let index = usize::try_from(FIRST_CHAT.saturating_sub(chat)).ok();
    index.and_then(|index| CHATS.get(index)).map_or("Neighbours", |(title, _)| title)
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// What the `n`-th message is made of.
struct Draft {
    /// `message` or `edited_message`.
    kind: &'static str,
    body: Value,
    expected: Expected,
}

impl Draft {
    fn set(mut self, key: &str, value: Value) -> Self {
        if let Some(object) = self.body.as_object_mut() {
            object.insert(key.to_owned(), value);
        }
        self
    }

    fn photo(self, caption: &str) -> Self {
        let file = json!([{"file_id": "demo", "file_unique_id": "demo", "width": 90, "height": 60, "file_size": 900}]);
        let draft = self.set("photo", file);
        if caption.is_empty() { draft } else { draft.set("caption", caption.into()) }
    }

    fn poll(self, question: &str, options: &[&str]) -> Self {
        let options: Vec<Value> = options.iter().map(|text| json!({"text": text, "voter_count": 0})).collect();
        self.set(
            "poll",
            json!({"id": "77", "question": question, "options": options, "total_voter_count": 0, "is_closed": false,
                   "is_anonymous": true, "type": "regular", "allows_multiple_answers": false}),
        )
    }

    fn button(self, text: &str, label: &str, url: &str) -> Self {
        self.set("text", text.into()).set("reply_markup", json!({"inline_keyboard": [[{"text": label, "url": url}]]}))
    }

    fn by_channel(self, channel: i64, title: &str) -> Self {
        let channel = json!({"id": channel, "type": "channel", "title": title});
        self.set("sender_chat", channel).set("from", bot(136_817_688, "Channel", "Channel_Bot"))
    }

    fn forwarded(self, title: &str, date: u64) -> Self {
        let from = json!({"id": -1_002_700_000_001_i64, "type": "channel", "title": title});
        self.set("forward_origin", json!({"type": "channel", "chat": from, "message_id": 5, "date": date}))
    }
}

fn bot(id: i64, name: &str, username: &str) -> Value {
    json!({"id": id, "is_bot": true, "first_name": name, "username": username})
}

impl Community {
    /// A message without content. `person` says who sends it: a regular of the chat, or a guest who sells.
    fn draft(&self, person: u64, message: u64, chat: Chat, expected: Expected) -> Draft {
        let (id, name) = match expected {
            Expected::Stay => (5_000_000_000 + chat.number * 1_000 + mix(person, 10, 10) % REGULARS, "Regular"),
            _ => (7_000_000_000 + person, "Guest"),
        };
        let name = format!("{name} {}", pick(&NAMES, id).unwrap_or_default());
        let body = json!({
            "message_id": 1_000 + message, "date": self.base_s,
            "chat": {"id": chat.id, "type": "supergroup", "title": chat.title},
            "from": {"id": id, "is_bot": false, "first_name": name},
        });
        Draft { kind: "message", body, expected }
    }

    /// The message at place `place` of its round.
    fn shape(&self, n: u64, place: u64) -> Draft {
        let (stay, remove) = (Expected::Stay, Expected::Remove);
        // The second part of an album, and an edit, belong to the message before them.
        let first = if matches!(place, 21 | 33 | 37) { n - 1 } else { n };
        let chat = chat(first);
        let ham = |n| self.words(n, chat, stay);
        let spam = |n| self.words(n, chat, remove);
        let draft = |expected| self.draft(first, n, chat, expected);
        let album = || Value::from((13_000_000_000 + first).to_string());
        match place {
            1 => draft(stay)
                .set("from", json!({"id": ADMIN, "is_bot": false, "first_name": "Admin"}))
                .set("text", format!("Please report messages like this one: {}", spam(n)).into()),
            5 => draft(stay)
                .set("from", bot(1_087_968_824, "Group", "GroupAnonymousBot"))
                .set("sender_chat", json!({"id": chat.id, "type": "supergroup", "title": chat.title}))
                .set("text", spam(n).into()),
            9 => {
                let channel = -1_002_000_000_000 - signed(chat.number);
                draft(stay)
                    .by_channel(channel, "News of the street")
                    .set("from", json!({"id": 777_000, "is_bot": false, "first_name": "Telegram"}))
                    .set("is_automatic_forward", true.into())
                    .forwarded("News of the street", self.base_s)
                    .set("text", spam(n).into())
            }
            13 => draft(stay).photo(&ham(n)),
            15 => {
                let text = format!("map: {}", ham(n));
                draft(stay).set("text", text.into()).set(
                    "entities",
                    json!([{"type": "text_link", "offset": 0, "length": 3, "url": "https://example.org/map"}]),
                )
            }
            17 => draft(stay).poll("When shall we meet?", &["Saturday", "Sunday", "not at all"]),
            20 => draft(stay).photo(&ham(n)).set("media_group_id", album()),
            21 => draft(stay).photo("").set("media_group_id", album()),
            24 => draft(stay).forwarded("Town hall", self.base_s).set("text", ham(n).into()),
            27 => draft(stay).set("via_bot", bot(93_372_553, "Map", "map_demo_bot")).button(
                &ham(n),
                "Open the map",
                "https://example.org/map",
            ),
            34 => draft(stay)
                .set("text", ham(n).into())
                .set("quote", json!({"text": "see you on Sunday", "position": 0, "is_manual": true})),
            39 => draft(stay).set(
                "new_chat_members",
                json!([{"id": 5_900_000_000_u64 + n, "is_bot": false, "first_name": "Newcomer"}]),
            ),
            3 => draft(remove).set("text", spam(n).into()),
            7 => draft(remove).set("text", disguise(&spam(n), n).into()),
            11 => draft(remove).photo(&spam(n)),
            18 => draft(remove).by_channel(-1_002_900_000_000 - signed(n), "Best offers").set("text", spam(n).into()),
            22 => draft(remove).forwarded("Best offers", self.base_s).set("text", spam(n).into()),
            26 => draft(remove).poll("Would you like to know more?", &[&spam(n), "no"]),
            29 => draft(remove).button("Look at this", &spam(n), "https://offers.example/claim"),
            // What is sold is edited into a harmless message of the same guest.
            32 => Draft { expected: stay, ..draft(remove).set("text", ham(n).into()) },
            33 => Draft {
                kind: "edited_message",
                ..self
                    .draft(first, first, chat, remove)
                    .set("edit_date", self.base_s.into())
                    .set("text", spam(n).into())
            },
            36 => draft(remove).photo(&spam(n)).set("media_group_id", album()),
            37 => draft(remove).photo("").set("media_group_id", album()),
            _ => draft(stay).set("text", ham(n).into()),
        }
    }
}

impl Source for Community {
    fn len(&self) -> usize {
        self.messages
    }

    fn item(&self, n: usize) -> Option<Scripted> {
        if n >= self.messages {
            return None;
        }
        let place = u64::try_from(n % ROUND).ok()?;
        let draft = self.shape(u64::try_from(n).ok()?, place);
        let mut update = serde_json::Map::new();
        update.insert(draft.kind.to_owned(), draft.body);
        Scripted::from_update(&Value::Object(update), draft.expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_both_kinds_of_text_and_no_line_is_lost() {
        let community = Community::new(1, 0);
        assert!(community.stay.iter().chain(&community.remove).all(|texts| texts.len() >= 4));
        let written = TEXTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
        let read: usize = community.stay.iter().chain(&community.remove).map(Vec::len).sum();
        assert_eq!(written, read);
    }

    #[test]
    fn about_a_quarter_must_be_removed() {
        let community = Community::new(4_000, 0);
        let items: Vec<_> = (0..4_000).filter_map(|n| community.item(n)).collect();
        assert_eq!(items.len(), 4_000);
        let remove = items.iter().filter(|item| item.expected == Expected::Remove).count();
        assert_eq!(remove, 1_000);
    }

    #[test]
    fn an_edit_is_of_the_message_before_it_and_an_album_is_one_senders() {
        let community = Community::new(ROUND, 0);
        let item = |n| community.item(n).unwrap();
        assert_eq!(
            (item(32).chat, item(32).message, item(32).sender),
            (item(33).chat, item(33).message, item(33).sender)
        );
        assert_eq!((item(36).chat, item(36).sender), (item(37).chat, item(37).sender));
        assert_ne!(item(36).message, item(37).message);
        assert_eq!((item(20).chat, item(20).sender), (item(21).chat, item(21).sender));
    }

    #[test]
    fn nobody_who_stays_shares_an_id_with_somebody_who_sells() {
        let community = Community::new(4_000, 0);
        let items: Vec<_> = (0..4_000).filter_map(|n| community.item(n)).collect();
        let guilty: std::collections::HashSet<_> =
            items.iter().filter(|item| item.expected == Expected::Remove).map(|item| item.sender).collect();
        let mut shared = items.iter().filter(|item| item.expected == Expected::Stay && guilty.contains(&item.sender));
        assert!(shared.all(|item| item.message == 1_000 + 32 + (item.message - 1_032) / 40 * 40));
    }
}
