//! What a board and its hub say to each other, version 1: the one crate that both sides are built from.
//!
//! Promises: every document has one type, one check and one bound; what one side writes the other reads, two versions
//! back too: unknown fields are passed over, and fields that are missing have a meaning. A refusal says what, where,
//! and how to mend it.
//!
//! Never: a clock, a network, a file, a task or a key. Who calls brings the time, and signs.
//!
//! # The routes of a board
//!
//! | route | request | answer |
//! |---|---|---|
//! | `POST /v1/enrol` | [`Enrol`], not signed in its headers | [`Enrolled`] |
//! | `GET /v1/board/wishes` | signed; `If-None-Match` | [`Wishes`] with an `ETag`, or 304 |
//! | `GET /v1/board/packs/{name}/{version}` | signed | the pack's bytes |
//! | `GET /v1/board/packs/{name}/{version}/signature` | signed | minisign's text |
//! | `POST /v1/board/push` | signed [`Push`] | [`Receipt`] |
//! | `GET /v1/board/state` | signed | [`State`] |
//! | `GET /v1/board/rows?tenant=T&month=YYYY-MM[&rows=N][&after=PLACE]` | signed | [`Rows`] |
//!
//! Every refusal is a [`Problem`]. What is signed, and the headers that carry it, is [`signing`]. How pushes hang
//! together is [`Chain`].

mod calendar;
mod chain;
mod document;
mod enrol;
mod ids;
pub mod limits;
mod pack;
mod problem;
mod push;
pub mod signing;
mod state;
mod wishes;

pub use calendar::{Month, Span};
pub use chain::Chain;
pub use document::{Document, Refusal};
pub use enrol::{Enrol, Enrolled};
pub use ids::{BoardId, is_pack_name, is_tenant_name};
pub use pack::PackComment;
pub use problem::{Kind, Problem};
pub use push::{BudgetRow, DecisionRow, Health, PackHealth, Push, Receipt, UsageRow};
pub use state::{Rows, State};
pub use wishes::{BudgetWish, FlagWish, PackMode, PackOffer, Source, Sources, Wishes};

/// The version of this contract. A hub speaks with boards of this version and of the two before it; a newer board's
/// unknown fields are passed over.
pub const VERSION: u32 = 1;

/// The oldest version a hub of today speaks with.
pub const OLDEST: u32 = 1;

/// Routes, as they stand in a request.
pub mod routes {
    /// Enrolment.
    pub const ENROL: &str = "/v1/enrol";
    /// What the hub wishes of a board.
    pub const WISHES: &str = "/v1/board/wishes";
    /// Below it: `/{name}/{version}` and `/{name}/{version}/signature`.
    pub const PACKS: &str = "/v1/board/packs";
    /// A board's rows and health.
    pub const PUSH: &str = "/v1/board/push";
    /// How far the hub is with a board.
    pub const STATE: &str = "/v1/board/state";
    /// The usage that the hub has of a board; with [`rows_query`].
    pub const ROWS: &str = "/v1/board/rows";

    /// Path and query for the rows of one tenant and month, so many at once.
    #[must_use]
    pub fn rows_query(tenant: &str, month: crate::Month, rows: usize) -> String {
        format!("{ROWS}?tenant={tenant}&month={month}&rows={rows}")
    }

    /// Path of a pack's bytes.
    #[must_use]
    pub fn pack(name: &str, version: u64) -> String {
        format!("{PACKS}/{name}/{version}")
    }

    /// Path of a pack's signature.
    #[must_use]
    pub fn pack_signature(name: &str, version: u64) -> String {
        format!("{PACKS}/{name}/{version}/signature")
    }
}
