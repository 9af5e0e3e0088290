//! The last messages seen, so that another policy can be tried on them. A file of its own, beside the durable one.
//!
//! Promises: at most so many messages and so many bytes; the oldest go first. The file may be lost at any time: a
//! missing or damaged one is replaced by an empty one, and no promise of the appliance rests on it. Of a sender only
//! the kind is kept.
//!
//! Never: the durable file. What must not be lost does not belong here.

use super::io::IoCount;
use super::records::{decode, encode};
use super::{StoreError, builder, open_plain};
use crate::limits;
use crate::message::{
    Behaviour, ChatId, Media, Message, MessageId, Provenance, Sender, SurfaceKind, Truncation, UserId,
    floor_char_boundary,
};
use crate::opinion::Opinion;
use crate::opinions::Key;
use crate::verdict::{Outcome, Verdict};
use redb::{Database, ReadOnlyDatabase, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// The name of the file in the data directory.
pub const CACHE_FILE: &str = "cache.redb";

const MESSAGES: TableDefinition<u64, &[u8]> = TableDefinition::new("messages_v1");
const OPINIONS: TableDefinition<u64, &[u8]> = TableDefinition::new("opinions_v1");
const META: TableDefinition<&str, u64> = TableDefinition::new("meta");

/// A message as it is kept, and what was said of it then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The chat.
    pub chat: ChatId,
    /// The kind of sender; its number is 0.
    pub sender: Sender,
    /// How long the sender had been a member, seconds, when known.
    pub member_age_s: Option<u64>,
    /// How many messages of the sender had been seen before, when known.
    pub message_count: Option<u64>,
    /// Custom emoji in its texts.
    pub custom_emoji: u16,
    /// What was seen just before it: `repeats_chat`, `repeats_fleet`, `sender_rate`, `short_rate`.
    pub behaviour: [u32; 4],
    /// Own words or a forward.
    pub provenance: Provenance,
    /// What it carried besides text.
    pub media: Media,
    /// Its texts, together at most `limits::HISTORY_TEXT_BYTES_MAX` bytes.
    pub surfaces: Vec<(SurfaceKind, String)>,
    /// Whether some text did not fit.
    pub truncated: Truncation,
    /// When it was sent, whole seconds since 1970.
    pub sent_s: u64,
    /// The outcome then.
    pub outcome: Outcome,
    /// The score then.
    pub score: u16,
    /// The version of the policy that spoke then.
    pub policy: u64,
}

impl Kept {
    /// What is kept of a message and its verdict.
    #[must_use]
    pub fn of(message: &Message, verdict: &Verdict) -> Self {
        let mut room = limits::HISTORY_TEXT_BYTES_MAX;
        let mut truncated = message.truncated;
        let mut surfaces = Vec::with_capacity(message.surfaces.len());
        for surface in &message.surfaces {
            let end = floor_char_boundary(&surface.text, room);
            let text = surface.text.get(..end).unwrap_or_default();
            if text.len() < surface.text.len() {
                truncated = Truncation::Cut;
            }
            room = room.saturating_sub(text.len());
            if !text.is_empty() {
                surfaces.push((surface.kind, text.to_owned()));
            }
        }
        Self {
            chat: message.chat,
            sender: match message.sender {
                Sender::Member(_) => Sender::Member(UserId(0)),
                Sender::Bot(_) => Sender::Bot(UserId(0)),
                Sender::Channel(_) => Sender::Channel(ChatId(0)),
                kind @ (Sender::AnonymousAdmin | Sender::LinkedChannel | Sender::Nobody) => kind,
            },
            member_age_s: message.member_age_s,
            message_count: message.message_count,
            custom_emoji: message.custom_emoji,
            behaviour: [
                message.behaviour.repeats_chat,
                message.behaviour.repeats_fleet,
                message.behaviour.sender_rate,
                message.behaviour.short_rate,
            ],
            provenance: message.provenance,
            media: message.media,
            surfaces,
            truncated,
            sent_s: message.sent_s,
            outcome: verdict.outcome,
            score: verdict.score,
            policy: verdict.policy,
        }
    }

    /// The message, to be judged again.
    #[must_use]
    pub fn message(&self) -> Message {
        let mut message = Message::empty(self.chat, MessageId(0), self.sender);
        message.member_age_s = self.member_age_s;
        message.message_count = self.message_count;
        message.custom_emoji = self.custom_emoji;
        let [repeats_chat, repeats_fleet, sender_rate, short_rate] = self.behaviour;
        message.behaviour = Behaviour { repeats_chat, repeats_fleet, sender_rate, short_rate };
        message.provenance = self.provenance;
        message.media = self.media;
        message.sent_s = self.sent_s;
        for (kind, text) in &self.surfaces {
            message.push(*kind, text);
        }
        if self.truncated == Truncation::Cut {
            message.truncated = Truncation::Cut;
        }
        message
    }

    /// About what it takes in memory, bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts: usize = self.surfaces.iter().map(|(_, text)| text.len().saturating_add(32)).sum();
        texts.saturating_add(size_of::<Self>())
    }
}

/// An opinion, what it is remembered under, and the date of the message it was given for. No text of that message.
pub type KeptOpinion = (Key, Opinion, u64);

/// The file, open for writing.
#[derive(Debug)]
pub struct History {
    db: Arc<Database>,
    messages_max: u64,
    bytes_max: u64,
}

impl History {
    /// Opens the file in `dir`, or begins an empty one when it is missing or damaged. It keeps at most `messages_max`
    /// messages that take at most `bytes_max` bytes as stored. What is asked of storage is counted in `count`. Says why the old one was given up, if it was.
    ///
    /// # Errors
    /// When another process has it, or the medium fails.
    pub fn open(
        dir: &Path,
        messages_max: u64,
        bytes_max: u64,
        count: &Arc<IoCount>,
    ) -> Result<(Self, Option<String>), StoreError> {
        let path = dir.join(CACHE_FILE);
        let open = || -> Result<Self, StoreError> {
            let db = open_plain(&path, limits::HISTORY_CACHE_BYTES, count)?;
            let transaction = db.begin_write()?;
            transaction.open_table(MESSAGES)?;
            transaction.open_table(META)?;
            transaction.open_table(OPINIONS)?;
            transaction.commit()?;
            Ok(Self { db: Arc::new(db), messages_max: messages_max.max(1), bytes_max })
        };
        match open() {
            Ok(history) => Ok((history, None)),
            Err(StoreError::Damaged(why)) => {
                remove(dir)?;
                Ok((open()?, Some(why)))
            }
            Err(error) => Err(error),
        }
    }

    /// Adds messages and opinions in their order, in one commit, and forgets the oldest that are too many.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(&mut self, batch: &[Kept], opinions: &[KeptOpinion]) -> Result<(), StoreError> {
        let transaction = self.db.begin_write()?;
        {
            let mut messages = transaction.open_table(MESSAGES)?;
            let mut meta = transaction.open_table(META)?;
            let mut bytes = meta.get("bytes")?.map_or(0, |value| value.value());
            let mut count = redb::ReadableTableMetadata::len(&messages)?;
            let mut next = messages.last()?.map_or(0, |(key, _)| key.value().saturating_add(1));
            let wide = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
            for kept in batch {
                let record = encode(kept);
                messages.insert(next, record.as_slice())?;
                (next, count) = (next.saturating_add(1), count.saturating_add(1));
                bytes = bytes.saturating_add(wide(record.len()));
                while count > self.messages_max || (bytes > self.bytes_max && count > 1) {
                    let Some(length) = messages.pop_first()?.map(|(_, value)| value.value().len()) else { break };
                    count = count.saturating_sub(1);
                    bytes = bytes.saturating_sub(wide(length));
                }
            }
            meta.insert("bytes", bytes)?;
            let mut table = transaction.open_table(OPINIONS)?;
            for opinion in opinions {
                let next = table.last()?.map_or(0, |(key, _)| key.value().saturating_add(1));
                table.insert(next, encode(opinion).as_slice())?;
            }
            while redb::ReadableTableMetadata::len(&table)? > limits::OPINIONS_STORED_MAX {
                table.pop_first()?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Forgets messages, `limits::HISTORY_PIECE` looked at in a commit; returns how many.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn forget(&mut self, goes: &dyn Fn(&Kept) -> bool) -> Result<u64, StoreError> {
        let (mut from, mut forgotten) = (0, 0_u64);
        loop {
            let piece = self.reader().from(from, limits::HISTORY_PIECE)?;
            let Some((last, _)) = piece.last() else { return Ok(forgotten) };
            from = last.saturating_add(1);
            let gone: Vec<u64> = piece.iter().filter(|(_, kept)| goes(kept)).map(|(number, _)| *number).collect();
            if gone.is_empty() {
                continue;
            }
            let transaction = self.db.begin_write()?;
            {
                let mut messages = transaction.open_table(MESSAGES)?;
                let mut meta = transaction.open_table(META)?;
                let mut bytes = meta.get("bytes")?.map_or(0, |value| value.value());
                for number in gone {
                    let length = messages.remove(number)?.map_or(0, |value| value.value().len());
                    bytes = bytes.saturating_sub(u64::try_from(length).unwrap_or(u64::MAX));
                    forgotten = forgotten.saturating_add(1);
                }
                meta.insert("bytes", bytes)?;
            }
            transaction.commit()?;
        }
    }

    /// The opinions, oldest first; a record that cannot be read is passed over.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn opinions(&self) -> Result<Vec<KeptOpinion>, StoreError> {
        let transaction = self.db.begin_read()?;
        let mut found = Vec::new();
        for entry in transaction.open_table(OPINIONS)?.iter()? {
            found.extend(decode::<KeptOpinion>(entry?.1.value()));
        }
        Ok(found)
    }

    /// A handle for reading.
    #[must_use]
    pub fn reader(&self) -> HistoryReader {
        HistoryReader(Source::Shared(Arc::clone(&self.db)))
    }
}

/// Removes the file in `dir`, if there is one.
///
/// # Errors
/// When it cannot be removed.
pub fn remove(dir: &Path) -> Result<(), StoreError> {
    let path = dir.join(CACHE_FILE);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::Medium(format!("{}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

#[derive(Clone)]
enum Source {
    Shared(Arc<Database>),
    ReadOnly(Arc<ReadOnlyDatabase>),
}

/// Reads the file.
#[derive(Clone)]
pub struct HistoryReader(Source);

impl std::fmt::Debug for HistoryReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HistoryReader")
    }
}

impl HistoryReader {
    /// Opens the file in `dir` for reading; `None` when there is none.
    ///
    /// # Errors
    /// When another process writes it, or it is damaged.
    pub fn open(dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = dir.join(CACHE_FILE);
        if !path.exists() {
            return Ok(None);
        }
        match builder(limits::HISTORY_CACHE_BYTES).open_read_only(&path) {
            Ok(db) => Ok(Some(Self(Source::ReadOnly(Arc::new(db))))),
            Err(redb::DatabaseError::DatabaseAlreadyOpen) => Err(StoreError::Busy { path }),
            // Left by a power cut: opening it for writing brings it in order.
            Err(redb::DatabaseError::RepairAborted) => {
                let db = open_plain(&path, limits::HISTORY_CACHE_BYTES, &Arc::new(IoCount::default()))?;
                Ok(Some(Self(Source::Shared(Arc::new(db)))))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn begin(&self) -> Result<ReadTransaction, StoreError> {
        Ok(match &self.0 {
            Source::Shared(db) => db.begin_read()?,
            Source::ReadOnly(db) => db.begin_read()?,
        })
    }

    /// The messages with numbers from `from` on, at most `at_most` of them, oldest first; a record that cannot be read
    /// is passed over. An empty answer means that there are no more.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn from(&self, from: u64, at_most: usize) -> Result<Vec<(u64, Kept)>, StoreError> {
        let transaction = self.begin()?;
        let messages = match transaction.open_table(MESSAGES) {
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
            other => other?,
        };
        let mut found = Vec::new();
        for entry in messages.range(from..)? {
            if found.len() >= at_most {
                break;
            }
            let (number, record) = entry?;
            if let Ok(kept) = decode::<Kept>(record.value()) {
                found.push((number.value(), kept));
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(number: u64, text: &str) -> Kept {
        let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(77)));
        message.sent_s = number;
        message.push(SurfaceKind::Text, text);
        Kept::of(&message, &Verdict::default())
    }

    fn numbers(reader: &HistoryReader) -> Vec<u64> {
        reader.from(0, usize::MAX).unwrap().into_iter().map(|(_, kept)| kept.sent_s).collect()
    }

    #[test]
    fn the_oldest_go_first_by_number_and_by_bytes_also_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let batch: Vec<Kept> = (0..30).map(|number| kept(number, "hello")).collect();
        for part in batch.chunks(10) {
            let (mut history, _) = History::open(dir.path(), 12, u64::MAX, &Arc::default()).unwrap();
            history.append(part, &[]).unwrap();
        }
        let reader = HistoryReader::open(dir.path()).unwrap().unwrap();
        assert_eq!(numbers(&reader), (18..30).collect::<Vec<_>>());
        assert_eq!(reader.from(25, 2).unwrap().len(), 2);
        drop(reader);
        let (mut history, _) = History::open(dir.path(), 100, 3 * 1024, &Arc::default()).unwrap();
        let long: Vec<Kept> = (30..40).map(|number| kept(number, &"x".repeat(1_000))).collect();
        history.append(&long, &[]).unwrap();
        assert_eq!(numbers(&history.reader()), [37, 38, 39]);
    }

    #[test]
    fn a_damaged_file_is_replaced_by_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(CACHE_FILE);
        assert!(HistoryReader::open(dir.path()).unwrap().is_none());
        for rubbish in [b"".to_vec(), b"rubbish".to_vec(), vec![7; 100_000]] {
            std::fs::write(&path, &rubbish).unwrap();
            let (mut history, _) = History::open(dir.path(), 10, u64::MAX, &Arc::default()).unwrap();
            history.append(&[kept(1, "hello")], &[]).unwrap();
            assert_eq!(numbers(&history.reader()), [1]);
        }
        // The middle of a good file.
        let mut bytes = std::fs::read(&path).unwrap();
        let length = bytes.len();
        bytes[64..length].iter_mut().for_each(|byte| *byte = !*byte);
        std::fs::write(&path, &bytes).unwrap();
        let (history, why) = History::open(dir.path(), 10, u64::MAX, &Arc::default()).unwrap();
        assert!(why.is_some());
        assert_eq!(numbers(&history.reader()), [0_u64; 0]);
    }

    #[test]
    fn what_is_kept_is_cut_at_its_bound_and_names_nobody() {
        let long = "\u{434}".repeat(limits::HISTORY_TEXT_BYTES_MAX);
        let kept = kept(1, &long);
        assert_eq!((kept.sender, kept.truncated), (Sender::Member(UserId(0)), Truncation::Cut));
        assert_eq!(kept.surfaces[0].1.len(), limits::HISTORY_TEXT_BYTES_MAX);
        let back = kept.message();
        assert_eq!((back.sent_s, back.truncated, back.surfaces.len()), (1, Truncation::Cut, 1));
    }
}
