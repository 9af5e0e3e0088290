//! What is told: the answers of the desk, as the API's JSON has them and as the pages show them.
//!
//! Promises: plain values; times are whole seconds since 1970 (`*_s`) or milliseconds (`*_ms`), money is a decimal text in
//! the currency named beside it, numbers of chats and people are numbers. A text that a stranger wrote is `None` for
//! whoever may not read it.
//!
//! Never: a secret. A token or a code is told once, when it is made ([`NewToken`], [`NewCode`]).

mod decisions;
mod members;
mod now;
mod people;
mod person;
mod policy;

pub use decisions::*;
pub use members::*;
pub use now::*;
pub use people::*;
pub use person::*;
pub use policy::*;

use serde::Serialize;

/// A piece of a list, and how to ask for the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed<T> {
    /// The rows.
    pub items: Vec<T>,
    /// What to give as `cursor` for the rows after these; `None` at the end.
    pub next: Option<String>,
}
