//! How a board becomes one of a hub: a code that people hand over, once, and the board's own key.
//!
//! Promises: the board proves that it holds the key, since it signs the document's own fields with it.
//!
//! Never: a secret of the hub in the answer, or the board's secret key anywhere.

use crate::document::{count, label, tenant};
use crate::{BoardId, Document, Refusal, limits, signing};
use serde::{Deserialize, Serialize};

/// Asks to be enrolled.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrol {
    /// The one-time code.
    pub code: String,
    /// The board's public key: 32 bytes, base64.
    pub key: String,
    /// What the board is called, for people.
    pub name: String,
    /// Its program's version.
    pub version: String,
    /// Its profile (`zero-w`, ...).
    pub profile: String,
    /// Signature of [`Enrol::text`] by that key: 64 bytes, base64.
    pub signature: String,
}

/// The code is a secret while it is good, so it is not shown.
impl std::fmt::Debug for Enrol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enrol").field("key", &self.key).field("name", &self.name).finish_non_exhaustive()
    }
}

impl Enrol {
    /// The text that is signed. No field of it has a line break.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { code, key, name, version, profile, .. } = self;
        format!("aegis-enrol-v1\n{code}\n{key}\n{name}\n{version}\n{profile}")
    }
}

impl Document for Enrol {
    const NAME: &'static str = "request to be enrolled";

    fn check(&self) -> Result<(), Refusal> {
        label("code", &self.code, limits::CODE_BYTES_MAX)?;
        if self.code.len() < limits::CODE_BYTES_MIN {
            return Err(Refusal::new("code", "is too short", "copy all of it"));
        }
        label("name", &self.name, limits::LABEL_BYTES_MAX)?;
        label("version", &self.version, limits::LABEL_BYTES_MAX)?;
        label("profile", &self.profile, limits::LABEL_BYTES_MAX)?;
        if signing::bytes::<32>(&self.key).is_none() {
            return Err(Refusal::new("key", "is no public key", "send 32 bytes in base64"));
        }
        if signing::bytes::<64>(&self.signature).is_none() {
            return Err(Refusal::new("signature", "is no signature", "send 64 bytes in base64"));
        }
        Ok(())
    }
}

/// A board is enrolled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// Its id from now on.
    pub board: BoardId,
    /// The tenants whose rows the hub takes from it.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// The hub's clock, microseconds since 1970.
    #[serde(default)]
    pub hub_time_us: u64,
    /// The line of minisign's public key that signs packs; empty where the hub has none, and then it offers no packs.
    #[serde(default)]
    pub pack_key: String,
    /// The hub's version of the contract.
    #[serde(default)]
    pub contract: u32,
}

impl Document for Enrolled {
    const NAME: &'static str = "answer to an enrolment";

    fn check(&self) -> Result<(), Refusal> {
        count("tenants", self.tenants.len(), limits::TENANTS_MAX)?;
        for (at, name) in self.tenants.iter().enumerate() {
            tenant(&format!("tenants[{at}]"), name)?;
        }
        Ok(())
    }
}
