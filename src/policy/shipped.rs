//! The packs that come with the program.

use super::PackSource;

macro_rules! packs {
    ($($file:literal),* $(,)?) => {
        /// The packs that come with the program, as they stand in `policies/`.
        #[must_use]
        pub fn shipped() -> Vec<PackSource> {
            vec![$(PackSource {
                file: concat!("policies/", $file).to_owned(),
                text: include_str!(concat!("../../policies/", $file)).to_owned(),
                lists: Vec::new(),
            }),*]
        }
    };
}

packs!["promotions.toml", "crypto.toml", "jobs.toml", "adult.toml", "phishing.toml"];
