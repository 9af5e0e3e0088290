//! Bounds of what is said in groups, and of what is read from commands.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

/// A text of the bot before anything is put in, characters: two lines on a phone. A longer one fails a test.
pub const PHRASE_CHARS_MAX: usize = 160;

/// Bot API: the answer to a press, characters with what is put in. A longer one is cut.
pub const PRESS_CHARS_MAX: usize = 200;

/// The text of a button, characters: two of them fit side by side on a phone. A longer one fails a test.
pub const BUTTON_CHARS_MAX: usize = 32;

/// Bot API: the description of a command has at least this many characters.
pub const COMMAND_DESCRIPTION_CHARS_MIN: usize = 3;

/// The description of a command, characters: Telegram allows 256, and phones show one line. A longer one fails a test.
pub const COMMAND_DESCRIPTION_CHARS_MAX: usize = 64;

/// A word somebody typed, when an answer repeats it, bytes: enough to know it again. A longer one is cut.
pub const TYPED_WORD_BYTES_MAX: usize = 40;

/// Bot API: messages that one call deletes, and the most that one `/purge` may ask for. More are refused.
pub const PURGE_MESSAGES_MAX: u16 = 100;
