//! How the appliance ends when it does not end well: who has to act, and what to do.

use crate::checks;
use crate::document::Mistakes;
use crate::store::StoreError;
use std::fmt;

/// How the appliance ended, when it did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Who has to act.
    pub kind: FailureKind,
    /// What happened and how to mend it.
    pub why: String,
}

/// Who has to act, as an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The one who called it or wrote its settings: 64.
    Usage,
    /// The one who brings data: 65.
    Data,
    /// The one who looks after the storage: 74.
    Storage,
    /// The one who holds the token: 77.
    Token,
    /// Whoever promised something that was not kept: 1.
    Broken,
}

impl FailureKind {
    /// The exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Usage => 64,
            Self::Data => 65,
            Self::Storage => 74,
            Self::Token => 77,
            Self::Broken => 1,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why.trim_end())
    }
}

impl Failure {
    /// A failure of the one who called it.
    #[must_use]
    pub fn usage(why: impl Into<String>) -> Self {
        Self { kind: FailureKind::Usage, why: why.into() }
    }

    /// A failure of storage. Where the system's own number tells what it means, the cure stands behind it.
    #[must_use]
    pub fn storage(why: impl Into<String>) -> Self {
        let why = why.into();
        let why = checks::cure(&why).map_or_else(|| why.clone(), |cure| format!("{why}; {cure}"));
        Self { kind: FailureKind::Storage, why }
    }
}

impl From<Mistakes> for Failure {
    fn from(mistakes: Mistakes) -> Self {
        Self::usage(mistakes.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::storage(error.to_string())
    }
}
