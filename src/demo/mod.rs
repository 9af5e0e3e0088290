//! A community to watch the appliance work on, without a token and without a network: an embedded Bot API stand-in
//! on loopback, invented messages, and a table at the end.
//!
//! Promises: every message says what is expected of it, so the table can tell what was missed and what was wrong.
//!
//! Never: a call to the real Telegram. The appliance is handed in by its starter; this module does not wire it.

pub mod community;
pub mod faults;
pub mod ledger;
pub mod readings;
pub mod script;
pub mod standin;
pub mod town;
