//! How far a hub is with a board, for a board that lost its place or verifies.
//!
//! Promises: read from what is committed.
//!
//! Never: rows of another board.

use crate::document::{count, tenant};
use crate::{Chain, Document, Month, Refusal, UsageRow, limits};
use serde::{Deserialize, Serialize};

/// How far the hub is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The last sequence it took; 0: none.
    pub sequence: u64,
    /// The chain after it.
    pub chain: Chain,
    /// The hub's clock, microseconds since 1970.
    #[serde(default)]
    pub hub_time_us: u64,
    /// [`crate::Health::edition`] as the board said it last; 0: it did not.
    #[serde(default)]
    pub edition: u64,
    /// [`crate::Health::decision`] as the board said it last; 0: it did not.
    #[serde(default)]
    pub decision: u64,
}

impl Document for State {
    const NAME: &'static str = "state";

    fn check(&self) -> Result<(), Refusal> {
        Ok(())
    }
}

/// The usage that the hub has from this board, of one tenant and month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// The tenant.
    pub tenant: String,
    /// The month.
    pub month: Month,
    /// The rows, ordered by `from`, then span, then chat.
    #[serde(default)]
    pub rows: Vec<UsageRow>,
    /// Where to go on: ask again with `&after=` this; none: that was all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl Document for Rows {
    const NAME: &'static str = "page of rows";

    fn check(&self) -> Result<(), Refusal> {
        tenant("tenant", &self.tenant)?;
        count("rows", self.rows.len(), limits::PUSH_ROWS_MAX)?;
        self.rows.iter().enumerate().try_for_each(|(at, row)| row.check(&format!("rows[{at}]")))
    }
}
