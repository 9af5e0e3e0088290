//! The boards: what each one has, and what Aegis takes of it.

use crate::document::{Mistakes, Section, read};
use crate::limits::{self, Capacity};
use std::ops::RangeInclusive;

macro_rules! profiles {
    ($($name:literal),* $(,)?) => {
        /// The profiles that come with the program: name and text.
        const PROFILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../board/", $name, ".toml")))),*];
    };
}

profiles!["generic", "zero-w", "zero-2-w", "pi-3", "pi-4", "pi-5"];

/// What a board's storage is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// An SD card: commits are few.
    Sd,
    /// A solid-state disk, or better.
    Ssd,
}

impl Storage {
    /// How long confirmations wait for company, milliseconds: on a card until the next commit of counts, since a commit
    /// wears it, and what is not confirmed by then is only asked for once more after a power cut.
    #[must_use]
    pub const fn settled_ms(self) -> u64 {
        match self {
            Self::Sd => limits::RIDE_MS,
            Self::Ssd => limits::RIDE_SETTLED_MS,
        }
    }
}

/// A board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Board {
    /// The profile's name.
    pub name: String,
    /// The memory of the smallest machine of its kind, bytes.
    pub ram_bytes: u64,
    /// The memory Aegis may use, bytes.
    pub memory_bytes: u64,
    /// Cores.
    pub cores: usize,
    /// What its storage is made of.
    pub storage: Storage,
    /// How many shards judge.
    pub shards: usize,
    /// Updates asked for at once.
    pub poll_limit: u8,
    /// Commits that may come at once.
    pub commit_burst: u32,
    /// Commits a second after that; 0 = no limit.
    pub commits_per_second: u32,
    /// How much of everything is held.
    pub capacity: Capacity,
}

impl Board {
    /// The profile used when none is named.
    #[must_use]
    pub fn generic() -> Self {
        Self::named("generic").expect("the generic profile is read by a test")
    }

    /// The same with a hub. What does not fit into the promise beside the rest comes out of the room for packs.
    pub fn take_in_hub(&mut self) {
        self.capacity.cloud_bytes = limits::CLOUD_BYTES;
        while limits::memory_bytes_max(&self.capacity) > self.memory_bytes && self.capacity.keyword_bytes > 0 {
            self.capacity.keyword_bytes = self.capacity.keyword_bytes.saturating_sub(8 * 1024);
        }
    }

    /// The names of all profiles.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        PROFILES.iter().map(|(name, _)| *name).collect()
    }

    /// The profile with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let (name, text) = PROFILES.iter().find(|(known, _)| *known == name)?;
        let mut mistakes = Mistakes::default();
        let board = Self::read(name, text, &mut mistakes);
        board.filter(|_| mistakes.is_empty())
    }

    fn read(name: &str, text: &str, mistakes: &mut Mistakes) -> Option<Self> {
        let file = format!("board/{name}.toml");
        let mut root = read(&file, text, mistakes);
        let ram_mib = number(&mut root, "ram_mib", 64..=1_048_576, mistakes)?;
        let memory_mib = number(&mut root, "memory_mib", 16..=65_536, mistakes)?;
        let storage = match root.text("storage", mistakes)?.value.as_str() {
            "sd" => Storage::Sd,
            "ssd" => Storage::Ssd,
            other => {
                mistakes.add(&file, 0, format!("`storage` is \"sd\" or \"ssd\", not \"{other}\""));
                return None;
            }
        };
        let board = Self {
            name: name.to_owned(),
            ram_bytes: ram_mib.saturating_mul(1024 * 1024),
            memory_bytes: memory_mib.saturating_mul(1024 * 1024),
            cores: small(&mut root, "cores", 1..=256, mistakes)?,
            storage,
            shards: small(&mut root, "shards", 1..=64, mistakes)?,
            poll_limit: small(&mut root, "poll_limit", 1..=100, mistakes)?,
            commit_burst: small(&mut root, "commit_burst", 1..=100_000, mistakes)?,
            commits_per_second: small(&mut root, "commits_per_second", 0..=100_000, mistakes)?,
            capacity: Capacity {
                store_cache_bytes: number(&mut root, "store_cache_kib", 64..=1_048_576, mistakes)?.saturating_mul(1024),
                outbox_rows: number(&mut root, "outbox_rows", 1_000..=1_000_000, mistakes)?,
                updates_remembered: number(&mut root, "updates_remembered", 1_000..=1_000_000, mistakes)?,
                decisions_kept: number(&mut root, "decisions_kept", 100..=10_000_000, mistakes)?,
                keyword_bytes: number(&mut root, "keyword_kib", 16..=65_536, mistakes)?.saturating_mul(1024),
                poll_limit: 0,
                shards: 0,
                history_messages: number(
                    &mut root,
                    "history_messages",
                    0..=i64::try_from(limits::HISTORY_MESSAGES_MAX).unwrap_or(i64::MAX),
                    mistakes,
                )?,
                model_calls: number(&mut root, "model_calls", 1..=i64::from(limits::AI_CALLS_IN_FLIGHT_MAX), mistakes)?,
                opinion_bytes: number(&mut root, "opinions_kib", 64..=4_096, mistakes)?.saturating_mul(1024),
                otel_bytes: 0,
                cloud_bytes: 0,
            },
        };
        root.finish(mistakes);
        let capacity = Capacity {
            poll_limit: u64::from(board.poll_limit),
            shards: u64::try_from(board.shards).unwrap_or(1),
            ..board.capacity
        };
        Some(Self { capacity, ..board })
    }
}

fn number(
    section: &mut Section<'_>,
    key: &'static str,
    range: RangeInclusive<i64>,
    mistakes: &mut Mistakes,
) -> Option<u64> {
    small(section, key, range, mistakes)
}

fn small<T: TryFrom<i64>>(
    section: &mut Section<'_>,
    key: &'static str,
    range: RangeInclusive<i64>,
    mistakes: &mut Mistakes,
) -> Option<T> {
    let found = section.integer(key, range, mistakes);
    if found.is_none() {
        mistakes.add(section.file(), 0, format!("`{key}` is missing or wrong"));
    }
    T::try_from(found?.value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::memory_bytes_max;

    #[test]
    fn every_profile_is_read_and_fits_its_memory() {
        for name in Board::names() {
            let board = Board::named(name).unwrap_or_else(|| panic!("board/{name}.toml is not whole"));
            let sum = memory_bytes_max(&board.capacity);
            // Half of it is the least that a system and its page cache need.
            assert!(board.memory_bytes * 2 <= board.ram_bytes, "{name}");
            assert!(sum <= board.memory_bytes, "{name}: {sum} bytes over {}", board.memory_bytes);
            assert!(usize::from(board.poll_limit) <= limits::BATCH_UPDATES_MAX);
        }
    }

    #[test]
    fn every_profile_has_room_for_a_hub_and_the_room_for_packs_makes_as_little_of_it_as_it_can() {
        for name in Board::names() {
            let mut board = Board::named(name).expect("the profile is there");
            let before = board.capacity.keyword_bytes;
            board.take_in_hub();
            let sum = memory_bytes_max(&board.capacity);
            let less = before - board.capacity.keyword_bytes;
            println!("{name}: {sum} of {} with a hub, {less} bytes less for packs", board.memory_bytes);
            assert!(sum <= board.memory_bytes, "{name}: {sum} bytes over {}", board.memory_bytes);
            assert!(less == 0 || sum + 32 * 1024 > board.memory_bytes, "{name}: {less}");
        }
    }

    #[test]
    fn the_larger_boards_have_room_for_a_receiver_of_opentelemetry_and_a_hub_beside_all_packs() {
        for name in ["generic", "pi-4", "pi-5"] {
            let mut board = Board::named(name).expect("the profile is there");
            let before = board.capacity.keyword_bytes;
            board.capacity.otel_bytes = limits::OTEL_BYTES;
            board.take_in_hub();
            assert_eq!(board.capacity.keyword_bytes, before, "{name}");
            assert!(memory_bytes_max(&board.capacity) <= board.memory_bytes, "{name}");
        }
    }

    #[test]
    fn the_smallest_boards_stay_under_48_mib() {
        for name in ["zero-w", "zero-2-w"] {
            let board = Board::named(name).expect("the profile is there");
            assert!(board.memory_bytes <= 48 * 1024 * 1024, "{name}");
        }
    }
}
