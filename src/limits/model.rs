//! Bounds of asking a model: what is sent, what is read back, and how long anybody waits.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

/// A community's rules as a request carries them, bytes as written on the wire; the rest is cut, and the request says so.
pub const MODEL_RULES_BYTES_MAX: usize = 6 * 1024;

/// All texts of a message as a request carries them, bytes as written on the wire: the largest message in plain letters,
/// less what only pads. The rest is cut, and the request says so.
pub const MODEL_TEXT_BYTES_MAX: usize = 12 * 1024;

/// Texts of one message in a request; further ones are left out, and the request says so.
pub const MODEL_SURFACES_MAX: usize = 32;

/// Links in a request; further ones are left out, and the request says so.
pub const MODEL_LINKS_MAX: usize = 16;

/// All links of a request, bytes as written on the wire; the rest is cut, and the request says so.
pub const MODEL_LINKS_BYTES_MAX: usize = 3 * 1024;

/// All ids and reasons of rules in a request, bytes as written on the wire; the rest is cut, and the request says so.
pub const MODEL_FINDINGS_BYTES_MAX: usize = 4 * 1024;

/// What a request holds besides: our instructions, the names of fields, the schema, the model's name.
pub const MODEL_FRAME_BYTES_MAX: usize = 7 * 1024;

/// A request, bytes. A larger one is never sent.
pub const MODEL_REQUEST_BYTES_MAX: usize = MODEL_RULES_BYTES_MAX
    + MODEL_TEXT_BYTES_MAX
    + MODEL_LINKS_BYTES_MAX
    + MODEL_FINDINGS_BYTES_MAX
    + MODEL_FRAME_BYTES_MAX;

/// A model's name, bytes. A longer one is refused in settings; in a request it is cut, and the server will not know it.
pub const MODEL_NAME_BYTES_MAX: usize = 256;

/// Tokens that a server may add to what is sent: its template of a conversation. A token is at least a byte, so what is
/// sent is at most as many tokens as it has bytes.
pub const MODEL_TEMPLATE_TOKENS_MAX: u64 = 512;

/// Tokens a model may be allowed to answer with: a verdict with its reason needs about a hundred, a model that thinks first
/// some thousand. More are refused.
pub const MODEL_OUTPUT_TOKENS_MAX: u32 = 4 * 1024;

/// An answer, bytes: the longest thoughts a model may have. Reading stops there and the answer is given up.
pub const MODEL_ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Until a connection to a model's server must stand, milliseconds; later it counts as not reached.
pub const MODEL_CONNECT_MS: u64 = 5_000;

/// The longest deadline of one call to a model, milliseconds; a longer one is taken for this.
pub const MODEL_CALL_MS_MAX: u64 = 120_000;

/// The longest pause a model's server may ask for, milliseconds: an hour; a longer one is taken for this.
pub const MODEL_PAUSE_MS_MAX: u64 = 60 * 60 * 1_000;

/// A piece of an answer that was no opinion, shown to people, bytes; the rest is cut.
pub const MODEL_SAMPLE_BYTES_MAX: usize = 200;

/// Servers of which it is remembered how they want to be asked. When full, the oldest is asked in the usual way again.
pub const MODEL_FORMS_KEPT: usize = 16;

/// Idle connections to a model's server that are kept; further ones are closed.
pub const MODEL_IDLE_CONNECTIONS_MAX: usize = 2;

/// An answer as `aegis ai try` shows it, bytes; the rest is cut and counted.
pub const MODEL_SHOWN_BYTES_MAX: usize = 8 * 1024;

/// A file with a model's key, bytes; a longer one is no key.
pub const MODEL_KEY_FILE_BYTES_MAX: usize = 4 * 1024;

/// Bodies that the scripted model's server remembers; the oldest is forgotten.
pub const SCRIPTED_BODIES_KEPT: usize = 64;

/// What a scripted server that floods sends, bytes.
pub const SCRIPTED_FLOOD_BYTES: usize = 10 * 1024 * 1024;

/// What the scripted server's sockets may hold unread, bytes: little, so that what it sent is near what was read.
pub const SCRIPTED_SOCKET_BYTES: u32 = 16 * 1024;

/// Until a scripted server does as it was told, milliseconds.
pub const SCRIPTED_CHANGE_MS: u64 = 5_000;

const _: () = assert!(MODEL_REQUEST_BYTES_MAX <= 32 * 1024, "what one call holds is counted with this");
