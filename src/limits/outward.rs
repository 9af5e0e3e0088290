//! Bounds of every HTTP call of ours to servers of others: hubs, models, receivers.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

/// What the HTTP library reads at once, bytes: the whole head of an answer, or a piece of its body. An answer whose head is longer is
/// given up; a longer piece comes in several, of which up to three are held at a time. Heads of servers that behave are below 8 KiB. It
/// bounds nothing of what is sent: that is one head and one body, of the caller's size.
pub const OUTWARD_BUFFER_BYTES: usize = 32 * 1024;

/// A connection that nobody uses is asked whether it still stands after so many seconds, and then as often. Three times without an
/// answer, and it is closed.
pub const OUTWARD_ALIVE_S: u64 = 15;
/// See [`OUTWARD_ALIVE_S`].
pub const OUTWARD_ALIVE_TRIES: u32 = 3;

/// How long what was sent may be without the other side's word that it came, seconds. Then the connection is closed.
pub const OUTWARD_UNHEARD_S: u64 = 30;

/// What is read of a server until TLS stands, bytes. One that says more is left. Those that behave say 4 to 8 KiB, nearly
/// all of it certificates; this is twice as much. The library would read 64 KiB of them, and keeps of an empty one, which is 5 bytes, up to
/// 112 for as long as the connection stands.
pub const OUTWARD_HANDSHAKE_BYTES: usize = 16 * 1024;
