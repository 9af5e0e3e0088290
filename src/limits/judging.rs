//! Bounds of judging one message: what the text views, the matching, the links, the rules and the learner may use.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

/// Combining marks one letter keeps; no script in use needs more. The rest are dropped and counted.
pub const MARKS_PER_BASE_MAX: usize = 4;

/// Letters of one word in which look-alikes of two scripts are told apart; a longer word is taken in pieces.
pub const WORD_LETTERS_MAX: usize = 256;

/// Letters a keyword needs to be found with all its letters apart ("f r e e"): fewer are ordinary writing.
pub const JOINED_LETTERS_MIN: u32 = 3;

/// Letters a keyword needs to be found with signs inside its words ("pro.fit").
pub const DISGUISED_LETTERS_MIN: u32 = 5;

/// Letters a keyword needs to be found in letters of another script: short words exist in both.
pub const FOREIGN_LETTERS_MIN: u32 = 4;

/// Letters a keyword needs to be found in letters that only may be taken for its own.
pub const VAGUE_LETTERS_MIN: u32 = 6;

/// Letters of one run at which a keyword is looked for; more runs on are all alike.
pub const RUN_STARTS_MAX: usize = 16;

/// Letters a keyword needs to be found in pieces ("pro fit") or with its spaces left out: short pieces are words.
pub const PIECES_LETTERS_MIN: u32 = 8;

/// Characters that may stand between two letters of one keyword; more are no disguise but another text.
pub const GAP_CHARS_MAX: usize = 4;

/// Second looks at places in one message where a keyword may stand: about a millisecond's work. When reached, the message
/// is judged on what was seen, and the cut is a finding.
pub const MATCHES_MAX: usize = 10_000;

/// Letters of a keyword's skeleton that the automaton knows; where they stand the whole keyword is looked at. Fewer would make
/// the automaton smaller, and more keywords begin alike, each of which costs a second look.
pub const BONES_LETTERS_MAX: usize = 12;

/// Places of one rule's phrases that are remembered while a message is judged; the first stay.
pub const HITS_PER_RULE_MAX: u8 = 32;

/// Weights of one learned model: a power of two, so that a hash leads to one.
pub const LEARN_WEIGHTS: usize = 1 << 18;

/// Characters of a text the learner looks at; what stands further on is for the rules.
pub const LEARN_CHARS_MAX: usize = 2_048;

/// Examples of each kind below which nothing is learned: the anchors would be guesses.
pub const LEARN_EXAMPLES_MIN: u32 = 20;

/// Examples one source is made from. The rest are left out and counted.
pub const LEARN_EXAMPLES_MAX: usize = 20_000;

/// Layers of learning: the prior, and sources taught on the board. More are refused.
pub const LEARN_LAYERS_MAX: usize = 4;

/// Share of a message's features that a model for any place must have seen to have an opinion, in percent: below it the message is in
/// a language the model was not taught.
pub const LEARN_KNOWN_PERCENT: u8 = 70;

/// Newcomers of all chats that are remembered. When full, who joined first is forgotten, and no longer new.
pub const NEWCOMERS_KEPT: usize = 4_096;

/// Messages that are remembered, as numbers, to see what is repeated. When full, the oldest is forgotten.
pub const REPEATS_KEPT: usize = 1_024;

/// Letters of a text that are looked at for that; copies are alike at their beginnings.
pub const REPEATS_CHARS_MAX: usize = 512;

/// Letters below which a text is no copy of another: "good morning" is everybody's.
pub const REPEATS_LETTERS_MIN: usize = 12;

/// A learned model's file, bytes: every weight with its gap. A longer one is refused.
pub const LEARN_FILE_BYTES_MAX: usize = 6 * LEARN_WEIGHTS;

/// The name of a source of learning, bytes: it is a file's name. A longer one is refused.
pub const LEARN_NAME_BYTES_MAX: usize = 64;

/// Tables of conditions in one rule: each is asked once a message. More are refused.
pub const CONDITIONS_MAX: usize = 64;

/// How deep conditions may lie in each other, so that no stack grows. Deeper ones are refused.
pub const CONDITION_DEPTH_MAX: usize = 8;

/// Messages up to which a sender is new.
pub const NEW_SENDER_MESSAGES: u64 = 3;

/// Seconds of membership up to which a sender is new: a day.
pub const NEW_SENDER_S: u64 = 24 * 60 * 60;

/// Messages from which a sender may be trusted; see [`TRUSTED_SENDER_S`].
pub const TRUSTED_SENDER_MESSAGES: u64 = 50;

/// Seconds of membership from which a sender with enough messages is trusted: thirty days.
pub const TRUSTED_SENDER_S: u64 = 30 * 24 * 60 * 60;

/// Chats, senders and domains in the exemptions of one rule. More are refused.
pub const EXEMPT_MAX: usize = 256;

/// The highest ceiling of hits of a rule; one that high stops nothing in time.
pub const HIT_CEILING_MAX: u32 = 10_000;

/// The window of a ceiling that names none, seconds: an hour.
pub const HIT_CEILING_WINDOW_S: u32 = 60 * 60;

/// Links kept of one message: no conversation has more. The rest are counted.
pub const LINKS_MAX: usize = 64;

/// A link's canonical form, bytes: enough to tell two links apart. The rest is cut.
pub const LINK_BYTES_MAX: usize = 512;

/// A host as written, bytes: 253 in ASCII, and up to four times that in other scripts. What is longer is no host.
pub const HOST_BYTES_MAX: usize = 1_024;

/// Redirect wrappers taken off one link; what is wrapped deeper keeps the wrapper it has.
pub const WRAPPERS_MAX: usize = 4;

/// Entries of one kind in all lists about links: each is looked at by hand. More are refused.
pub const LINK_LIST_ENTRIES_MAX: usize = 10_000;

/// Domains of one list: a million and a fifth, the size of the largest public lists. More are refused.
pub const DOMAINS_MAX: usize = 1_200_000;

/// A line of a list that is imported, bytes: longer than any domain with its decoration. A longer one is a bad line.
pub const DOMAIN_LINE_BYTES_MAX: usize = 4_096;

/// Bad lines a report shows; the rest are counted.
pub const DOMAIN_BAD_LINES_SHOWN: usize = 8;

/// One bad line in this many refuses a list: more, and it is not the kind of file it was taken for.
pub const DOMAIN_BAD_LINES_ONE_IN: u64 = 20;

/// The name of a list of domains, bytes: it is a file's name. A longer one is refused.
pub const DOMAIN_LIST_NAME_BYTES_MAX: usize = 64;

/// Lists of domains in one data directory. More are refused.
pub const DOMAIN_LISTS_MAX: usize = 16;

const _: () = assert!(LEARN_WEIGHTS.is_power_of_two() && LEARN_WEIGHTS >= 64);

/// A regular expression as written, bytes. A longer one is refused.
pub const REGEX_BYTES_MAX: usize = 1_024;

/// Regular expressions over all packs. More are refused.
pub const REGEXES_MAX: usize = 64;

/// One regular expression compiled, bytes. A larger one is refused.
pub const REGEX_COMPILED_BYTES_MAX: usize = 128 * 1024;

/// What one regular expression may use to run fast, bytes, for each shard; when full it begins anew, and runs slower.
pub const REGEX_CACHE_BYTES_MAX: usize = 32 * 1024;

/// Bytes of a folded text that regular expressions look at: twice the largest message in letters of one byte.
pub const REGEX_TEXT_BYTES_MAX: usize = 8 * 1024;

/// A model's reason, bytes; the rest is cut.
pub const OPINION_REASON_BYTES_MAX: usize = super::REASON_BYTES_MAX;

/// A tenant's name, bytes; a longer one is refused.
pub const TENANT_NAME_BYTES_MAX: usize = 32;

/// Input of `aegis judge` read at once, bytes.
pub const JUDGE_BUFFER_BYTES: usize = 64 * 1024;

/// What a value of a pack takes while the pack is read, bytes, however short it is, as measured. A pack has as many values and lines
/// at most as the room for compiled packs holds of it; one with more is refused, and told to have its keywords in a list.
pub const PACK_VALUE_BYTES: u64 = 230;

/// Bytes of automaton that one byte of a keyword list makes at least (9 to 11, as measured). Lists that cannot fit are refused before they
/// are compiled, since the attempt would already take the memory.
pub const AUTOMATON_BYTES_PER_BYTE_MIN: u64 = 8;
/// And what each keyword makes beside that.
pub const AUTOMATON_BYTES_PER_KEYWORD_MIN: u64 = 24;

/// What a state of the automaton takes at least, bytes: 17.6 to 18.7, as measured. Their number is known before it is built, and packs that
/// cannot fit are refused then; to be built they would take twice as much.
pub const AUTOMATON_BYTES_PER_STATE_MIN: usize = 16;
