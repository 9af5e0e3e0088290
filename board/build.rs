//! Packs what the program carries, texts and tables that are read once, a third of their size; and tells it its target.
//!
//! Promises: the same files give the same bytes; a file that cannot be read stops the build with its name.
//!
//! Never: anything that the machine knows, such as its clock or its folders.

#![allow(clippy::panic)] // A build that cannot go on stops.

use std::path::Path;

/// Files, from the project's folder; in the output folder each has its own name and `.z`.
const CARRIED: [&str; 24] = [
    "policies/adult.toml",
    "policies/adult.cases.toml",
    "policies/crypto.toml",
    "policies/crypto.cases.toml",
    "policies/flood.toml",
    "policies/flood.cases.toml",
    "policies/impersonation.toml",
    "policies/impersonation.cases.toml",
    "policies/jobs.toml",
    "policies/jobs.cases.toml",
    "policies/newcomers.toml",
    "policies/newcomers.cases.toml",
    "policies/phishing.toml",
    "policies/phishing.cases.toml",
    "policies/profanity.toml",
    "policies/profanity.cases.toml",
    "policies/promotions.toml",
    "policies/promotions.cases.toml",
    "policies/links.list.toml",
    "policies/prior.model",
    "src/links/suffixes.txt",
    "src/web/api/openapi.json",
    "src/web/assets/style.css",
    "src/web/assets/app.js",
];

/// JSON without the spaces and lines that only people need: an answer of the page is bounded.
fn dense(json: &[u8]) -> Vec<u8> {
    let (mut in_text, mut escaped) = (false, false);
    let mut kept = json.to_vec();
    kept.retain(|byte| {
        let keep = in_text || !byte.is_ascii_whitespace();
        if *byte == b'"' && !escaped {
            in_text = !in_text;
        }
        escaped = in_text && *byte == b'\\' && !escaped;
        keep
    });
    kept
}

fn main() {
    // Updates and backups name the machine that they are for; cargo always sets it for a build script.
    println!("cargo::rustc-env=AEGIS_TARGET={}", std::env::var("TARGET").unwrap_or_default());
    let out = std::env::var_os("OUT_DIR").expect("cargo names the output folder");
    for file in CARRIED {
        println!("cargo::rerun-if-changed={file}");
        let plain = std::fs::read(file).unwrap_or_else(|error| panic!("{file}: {error}"));
        let name = Path::new(file).file_name().and_then(|name| name.to_str()).expect("a name in ASCII");
        let plain = if file.ends_with(".json") { dense(&plain) } else { plain };
        let length = u32::try_from(plain.len()).expect("far below 4 GiB").to_le_bytes();
        let packed = [&length[..], &miniz_oxide::deflate::compress_to_vec(&plain, 10)].concat();
        std::fs::write(Path::new(&out).join(format!("{name}.z")), packed)
            .unwrap_or_else(|error| panic!("{file}: {error}"));
    }
    println!("cargo::rerun-if-changed=board/build.rs");
}
