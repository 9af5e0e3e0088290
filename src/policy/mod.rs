//! Rules: how packs are read, compiled, and asked about a message.
//!
//! Promises: [`compile`] lists every mistake of every pack at once, with file, line and cure, and gives a
//! [`PolicySet`] only when there is none; [`judge`] is total, linear in the message, bounded by `limits::MATCHES_MAX`,
//! and allocates nothing for a message about which no rule speaks, once its [`Scratch`] has grown.
//!
//! Never: a file, a clock, an effect. The caller brings the texts; a verdict is a value.

mod ceiling;
mod compile;
mod condition;
mod contradictions;
mod keywords;
mod matching;
mod of_hub;
mod pack;
mod regexes;
mod set;
mod shipped;
mod verdict;

pub use ceiling::{Ceiling, Ceilings, Paused, Stage, Tripped};
pub use compile::{OwnPacks, compile, compile_with, compile_within};
pub use contradictions::{Contradiction, contradictions};
pub use of_hub::{Counts, HubPack};
pub use pack::{PackSource, id_of, keyword_files, values_of};
pub use set::{PackInfo, PacksOff, PolicySet, RuleInfo};
pub use shipped::{shipped, shipped_cases};
pub use verdict::{LEARNED_RULE, Scratch, TRUNCATED_RULE, Terms, judge, judge_on};
