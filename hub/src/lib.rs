//! The hub of a fleet of Aegis boards: it enrols them, tells them budgets, flags and packs, and takes what they counted.
//!
//! Promises: what a board pushed is counted once, whatever was lost on the way; what belongs to one tenant is seen by
//! nobody else, which the database itself holds to; every change is in the audit. A process has no state of its own.
//!
//! Never: a moderation decision. Boards judge alone, and go on when there is no hub.
//!
//! Floors, imports go downward only: `limits` `clock` `stages`; `db`; `page`; `server`; `main`. Below all of them is the
//! crate `aegis-contract`, which both sides share.

pub mod clock;
pub mod db;
pub mod limits;
pub mod page;
pub mod server;
pub mod stages;
