//! The packs that come with the appliance.
//!
//! Promises: they compile, and their cases hold; `tests/policies.rs` runs both.
//!
//! Never: a text taken from somebody's chat.

use super::PackSource;

macro_rules! packs {
    ($($name:literal),* $(,)?) => {
        /// The shipped packs, ready for [`super::compile`].
        #[must_use]
        pub fn shipped() -> Vec<PackSource> {
            vec![$(PackSource {
                file: concat!($name, ".toml").to_owned(),
                text: include_str!(concat!("../../policies/", $name, ".toml")).to_owned(),
                lists: Vec::new(),
            }),*]
        }

        /// The cases of the shipped packs: file name and text.
        #[must_use]
        pub fn shipped_cases() -> Vec<(&'static str, &'static str)> {
            vec![$((
                concat!($name, ".cases.toml"),
                include_str!(concat!("../../policies/", $name, ".cases.toml")),
            )),*]
        }
    };
}

packs!("adult", "crypto", "flood", "impersonation", "jobs", "newcomers", "phishing", "profanity", "promotions");
