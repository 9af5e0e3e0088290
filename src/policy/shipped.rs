//! The packs that come with the appliance.
//!
//! Promises: they compile, and their cases hold; `tests/policies.rs` runs both.
//!
//! Never: a text taken from somebody's chat.

use super::PackSource;
use crate::packed::carried_text;

macro_rules! packs {
    ($($name:literal),* $(,)?) => {
        /// The shipped packs, ready for [`super::compile`].
        #[must_use]
        pub fn shipped() -> Vec<PackSource> {
            vec![$(PackSource {
                file: concat!($name, ".toml").to_owned(),
                text: carried_text!(concat!($name, ".toml")),
                lists: Vec::new(),
            }),*]
        }

        /// The cases of the shipped packs: file name and text.
        #[must_use]
        pub fn shipped_cases() -> Vec<(&'static str, String)> {
            vec![$((
                concat!($name, ".cases.toml"),
                carried_text!(concat!($name, ".cases.toml")),
            )),*]
        }
    };
}

packs!("adult", "crypto", "flood", "impersonation", "jobs", "newcomers", "phishing", "profanity", "promotions");
