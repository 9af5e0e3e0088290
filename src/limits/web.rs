//! Bounds of the local page: connections, requests, answers, live values, and what one password costs.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

use super::wide;
use std::time::Duration;

/// Rows of a table on the page.
pub const PAGE_ROWS_MAX: usize = 50;

/// Names by which the local page may be asked for. More are refused.
pub const WEB_HOSTS_MAX: usize = 16;

/// One such name, bytes: the longest a name can be, and a port. A longer one is refused.
pub const WEB_HOST_BYTES_MAX: usize = 253 + 6;

/// Connections to the local page at once, TLS handshakes among them. For a further one, the one that has been dawdling over
/// its request for longest makes room; when none dawdles, it waits to be accepted.
pub const WEB_CONNECTIONS_MAX: usize = 16;

/// How often is looked for one that dawdles, while a connection waits to be accepted.
pub const WEB_ROOM_LOOK: Duration = Duration::from_millis(50);

/// A request's head, bytes, and its headers; what is over is refused.
pub const WEB_HEAD_BYTES_MAX: usize = 8 * 1024;
/// See [`WEB_HEAD_BYTES_MAX`].
pub const WEB_HEADERS_MAX: usize = 48;

/// The path and query of a request, bytes; what is over is refused.
pub const WEB_TARGET_BYTES_MAX: usize = 2 * 1024;

/// The value of one header that goes through, bytes: browsers send a machine's cookies to every port of it. What is over
/// is refused.
pub const WEB_VALUE_BYTES_MAX: usize = 4 * 1024;

/// A request's body, bytes: a form with the longest message, every byte of it escaped. What is over is refused.
pub const WEB_BODY_BYTES_MAX: usize = 64 * 1024;

/// The body any connection may send, bytes: a log-in, a form with a few words.
pub const WEB_SMALL_BODY_BYTES: usize = 8 * 1024;

/// Bodies over [`WEB_SMALL_BODY_BYTES`] at once. For a further one, the one that is being received for longest makes room.
pub const WEB_LARGE_BODIES_MAX: usize = 4;

/// What is read and forgotten after an answer, bytes, so that who sent too much gets to read that it was. With more, the
/// connection is closed on it.
pub const WEB_FORGOTTEN_BYTES_MAX: usize = 4 * WEB_BODY_BYTES_MAX;

/// The head of an answer, bytes. Ours have a tenth of it; a longer one is an answer lost.
pub const WEB_ANSWER_HEAD_BYTES_MAX: usize = 8 * 1024;

/// An answer of the page, bytes; ours stay far below. What is over is cut, and the connection closed. Up to half of it fits
/// the private socket, so that the server is done with it before the client has read it; of a larger one it waits for the
/// client, at most as long as that may take.
pub const WEB_ANSWER_BYTES_MAX: usize = 128 * 1024;

/// A file that is fetched, bytes: no database of ours is near it. It goes through in pieces; a longer one is cut.
pub const WEB_DOWNLOAD_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// How long fetching a file may take in all; each piece has the time of an answer.
pub const WEB_DOWNLOAD_WAIT: Duration = Duration::from_secs(600);

/// How much of an answer the front holds at once, bytes.
pub const WEB_PIECE_BYTES: usize = 16 * 1024;

/// How long a client may take for its request, a TLS handshake included, and the page for its answer.
pub const WEB_REQUEST_WAIT: Duration = Duration::from_secs(5);
/// See [`WEB_REQUEST_WAIT`].
pub const WEB_ANSWER_WAIT: Duration = Duration::from_secs(5);

/// Streams of live values at once. A further one is asked to come back.
pub const WEB_LIVE_MAX: usize = 24;

/// How often a stream asks what is new.
pub const WEB_LIVE_TICK: Duration = Duration::from_secs(2);

/// The longest silence of a stream. A client that is gone is noticed by then.
pub const WEB_LIVE_STILL: Duration = Duration::from_secs(15);

/// How long one stream lives, seconds; browsers come back by themselves.
pub const WEB_LIVE_S: u64 = 600;

/// One snapshot of live values, bytes. A larger one closes its stream.
pub const WEB_LIVE_BYTES_MAX: usize = 16 * 1024;

/// Streams that ask at once; the others wait for their turn.
pub const WEB_LIVE_ASKING_MAX: usize = 4;

/// How much of a snapshot is written at once, bytes, and what TLS holds of a stream's writing.
pub const WEB_LIVE_PIECE_BYTES: usize = 4 * 1024;

/// What a client may send during its TLS handshake, bytes: the largest first words of browsers have two thousand, and the
/// first record of its request may follow at once. What is over ends it.
pub const WEB_HANDSHAKE_BYTES_MAX: usize = 8 * 1024 + WEB_RECORD_BYTES_MAX;

/// One TLS record, bytes: what the protocol allows.
pub const WEB_RECORD_BYTES_MAX: usize = 18 * 1024;

/// What the heads and seals of records may add to what a client sends, bytes. What is over ends the connection.
pub const WEB_RECORDS_EXTRA_BYTES: usize = 4 * 1024;

/// TLS of one connection, bytes: a record as it comes and as it is read, or one piece of an answer as it goes, and the keys.
/// Messages that never end take no more: nothing beyond a head and a record is read for them, and what is in them is not in a
/// head.
pub const WEB_TLS_BYTES: usize = 40 * 1024;

/// A file of a certificate or of a key, bytes: a chain has some thousand. A larger one is refused.
pub const WEB_PEM_BYTES_MAX: usize = 64 * 1024;

/// Memory in which one password is hashed, bytes; one is hashed at a time. Never while packs are built: each may take what
/// is set aside for either.
pub const PASSWORD_HASH_BYTES: usize = 8 * 1024 * 1024;

/// One connection: TLS, and the head as it came and as it goes on, with a small body; of an answer less.
const CONNECTION_BYTES: usize = WEB_TLS_BYTES + 2 * WEB_HEAD_BYTES_MAX + WEB_SMALL_BODY_BYTES;

/// One stream: its question, a snapshot, a piece of it encrypted, and TLS at rest.
const LIVE_BYTES: usize = WEB_HEAD_BYTES_MAX + WEB_LIVE_BYTES_MAX + WEB_LIVE_PIECE_BYTES + 8 * 1024;

/// Everything the local page holds but the hash of a password, bytes.
pub const WEB_BYTES: u64 = wide(WEB_CONNECTIONS_MAX) * wide(CONNECTION_BYTES)
    + wide(WEB_LARGE_BODIES_MAX) * wide(WEB_BODY_BYTES_MAX)
    + wide(WEB_LIVE_MAX) * wide(LIVE_BYTES)
    // What the server behind the front answers, one for each of its threads.
    + wide(super::PAGE_THREADS) * wide(WEB_ANSWER_BYTES_MAX)
    + wide(super::PEOPLE_BYTES);

const _: () = assert!(
    WEB_PIECE_BYTES >= WEB_ANSWER_HEAD_BYTES_MAX && 2 * WEB_HEAD_BYTES_MAX + WEB_SMALL_BODY_BYTES >= WEB_PIECE_BYTES,
    "the head of an answer fits a piece, and a piece the place of the request it answers"
);
const _: () = assert!(WEB_VALUE_BYTES_MAX < WEB_HEAD_BYTES_MAX, "a value is a part of a head");
