//! A tenant: who owns chats, and how they are looked after.
//!
//! Promises: a chat has one tenant; without any settings there is one, called `default`, and it owns every chat.

use serde::{Deserialize, Serialize};

/// A tenant's name: small letters, digits, `-` and `_`, at most `limits::TENANT_NAME_BYTES_MAX`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TenantName(String);

impl TenantName {
    /// The name, if it is one.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let is_whole = !name.is_empty()
            && name.len() <= crate::limits::TENANT_NAME_BYTES_MAX
            && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
        is_whole.then(|| Self(name.to_owned()))
    }

    /// The name in letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TenantName {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl std::fmt::Display for TenantName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What replaces the model while its budget is spent, or it cannot be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DegradeMode {
    /// The fallback decides.
    #[default]
    DisableAi,
    /// The thresholds are lower.
    StrictRules,
    /// Links of new members are blocked.
    LinkBlocks,
}

impl DegradeMode {
    /// The mode as written in settings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::DisableAi => "disable_ai",
            Self::StrictRules => "strict_rules",
            Self::LinkBlocks => "link_blocks",
        }
    }

    /// The mode that [`DegradeMode::word`] names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::DisableAi, Self::StrictRules, Self::LinkBlocks].into_iter().find(|mode| mode.word() == word)
    }
}
