//! Every bound of the wire, by name, with its reason and what happens when it is full.
//!
//! Promises: no document is larger than this file says; what is over is refused with the bound in the refusal.
//!
//! Never: a bound of one side alone. The hub's own are in its `limits`.

/// Bytes of any request's or answer's body, packs aside. 2,000 rows of usage are about 500 KB. Over: refused (413).
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Rows of one push: usage and decisions together. Over: refused; a board sends the rest in its next push.
pub const PUSH_ROWS_MAX: usize = 2_000;

/// Tenants of a board. As many as a board's settings may have, and more. Over: refused.
pub const TENANTS_MAX: usize = 256;

/// Bytes of a tenant's name; the board's own bound.
pub const TENANT_NAME_BYTES_MAX: usize = 32;

/// Bytes of a pack's name.
pub const PACK_NAME_BYTES_MAX: usize = 64;

/// Bytes of a board's name, version, profile, and of a flag's name.
pub const LABEL_BYTES_MAX: usize = 64;

/// Bytes of a pack. Over: the hub refuses it at upload, and a board does not fetch it.
pub const PACK_BYTES_MAX: usize = 512 * 1024;

/// Bytes of a pack's signature. Minisign's are under 400 with a comment of ours.
pub const SIGNATURE_BYTES_MAX: usize = 2 * 1024;

/// Packs in wishes, and in a board's health. Over: refused.
pub const PACKS_MAX: usize = 64;

/// Flags in wishes. Over: refused.
pub const FLAGS_MAX: usize = 256;

/// Bytes of a decision's reason. A board cuts it at a character.
pub const REASON_BYTES_MAX: usize = 512;

/// Bytes of a decision's text. A board cuts it at a character.
pub const TEXT_BYTES_MAX: usize = 512;

/// Rules, and actions, of one decision. A board sends the first.
pub const RULES_MAX: usize = 16;

/// Bytes of a rule's or an action's name. A board cuts it at a character.
pub const RULE_BYTES_MAX: usize = 128;

/// What is degraded, and incidents, in a board's health. A board sends the first.
pub const REMARKS_MAX: usize = 16;

/// Bytes of each of them. A board cuts it at a character.
pub const REMARK_BYTES_MAX: usize = 200;

/// The highest score a message can have; the board's own bound.
pub const SCORE_MAX: u16 = 1_000;

/// Bytes of a one-time code for enrolment: 32 small letters and digits, and room.
pub const CODE_BYTES_MAX: usize = 64;

/// The shortest code: 16 letters of 32 are 80 bits.
pub const CODE_BYTES_MIN: usize = 16;

/// Characters of a refusal that repeat what was sent.
pub const SHOWN_CHARS: usize = 40;

/// The largest count of any field: what a database's `bigint` holds. Over: refused.
pub const COUNT_MAX: u64 = 9_223_372_036_854_775_807;

/// How far a board's clock may be from the hub's, in microseconds: five minutes. Over: a problem of kind `clock`.
pub const CLOCK_OFF_US_MAX: u64 = 5 * 60 * 1_000_000;
