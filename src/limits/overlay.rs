//! Bounds of what people change and teach on the page: layers, own words and links, previews, lessons.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

/// Own words and links of one tenant: more is a pack, which is written beside its cases. More are refused.
pub const OWN_WORDS_MAX: usize = 1_000;

/// Own words and links over all tenants, bytes as written: a hundredth of what the smallest board's packs may have. More
/// are refused.
pub const OWN_WORDS_BYTES_MAX: usize = 64 * 1024;

/// All that is changed on the page, bytes in memory, as [`crate::overlay::Overlay::bytes`] counts: all own words there may
/// be, and settings of some five hundred groups. More is refused.
pub const OVERLAY_BYTES_MAX: usize = 192 * 1024;

/// What an entry of a change takes besides its text, bytes.
pub const OVERLAY_ENTRY_BYTES: usize = 64;

/// What the layer of a tenant or a group takes besides its packs, bytes.
pub const OVERLAY_LAYER_BYTES: usize = 96;

/// Why somebody changed the rules, bytes. A longer note is refused.
pub const POLICY_NOTE_BYTES_MAX: usize = 200;

/// Sentences about one change that a version keeps; the rest are counted.
pub const POLICY_SENTENCES_MAX: usize = 50;

/// How long a preview takes before it stops judging stored messages, milliseconds; then it says how many it judged. A
/// browser waits five seconds for an answer.
pub const REPLAY_MS_MAX: u64 = 3_000;

/// How long a preview judges stored messages at least, milliseconds, however long it waited and compiled before.
pub const REPLAY_MS_MIN: u64 = 500;

/// Stored messages a preview judges at most: what ordinary boards store.
pub const REPLAY_MESSAGES_MAX: usize = 10_000;

/// Messages judged otherwise that a preview shows; the rest are counted.
pub const REPLAY_SHOWN_MAX: usize = 20;

/// After so many seconds somebody who found a preview under way may try again.
pub const PREVIEW_AGAIN_S: u64 = 5;

/// How long after the last answer the learner is taught, milliseconds: answers come in rows.
pub const TEACH_WAIT_MS: u64 = 10_000;

/// Features one lesson keeps: those of the part of a message that a decision keeps, at most four pieces and three shapes a
/// character of [`LESSON_CHARS_MAX`], and the signals. The rest are left out.
pub const LESSON_FEATURES_MAX: usize = 2_048;

/// Characters of a decision's excerpt that a lesson is made of: what unwanted messages say, they say early.
pub const LESSON_CHARS_MAX: usize = 256;

/// What teaching holds at most, bytes: all lessons, and six arrays of weights and counts. It is never done while packs are
/// built, and takes the room of that.
pub const TEACH_BYTES_MAX: usize = 500 * LESSON_FEATURES_MAX * 4 + 7 * 4 * super::LEARN_WEIGHTS;

const _: () = assert!(super::LESSONS_KEPT == 500 && LESSON_CHARS_MAX * 7 + 64 <= LESSON_FEATURES_MAX);
