//! Packs and their keyword lists, from a folder.
//!
//! Promises: every file is bounded; a link that leads out of the folder is refused; what cannot be read is a mistake
//! with its file. `NAME.cases.toml` beside a pack holds its cases and is no pack; nor is `links.list.toml`, which extends
//! what is known of links.

pub mod watch;

use crate::document::Mistakes;
use crate::limits;
use crate::policy::{PackSource, keyword_files, values_of};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Reads every pack of a folder, in the order of their names.
///
/// # Errors
/// Every file that cannot be read.
pub fn read(dir: &Path) -> Result<Vec<PackSource>, Mistakes> {
    read_within(dir, u64::MAX)
}

/// The same, and stops when packs and lists together take more than `bytes_max` bytes: what is read aside must not take
/// more memory than a board has for it. A pack is read as a whole, for which there is twice as much.
///
/// # Errors
/// Every file that cannot be read, or that all of them are too large, or that one has too many values.
pub fn read_within(dir: &Path, bytes_max: u64) -> Result<Vec<PackSource>, Mistakes> {
    let mut mistakes = Mistakes::default();
    let shown = dir.display().to_string();
    let mut paths: Vec<PathBuf> = match std::fs::read_dir(dir) {
        Ok(entries) => entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| is_pack(path)).collect(),
        Err(error) => {
            mistakes.add(&shown, 0, format!("the policy folder cannot be read: {error}"));
            return Err(mistakes);
        }
    };
    paths.sort();
    if paths.is_empty() {
        mistakes.add(&shown, 0, "the policy folder has no pack: a file such as promo.toml");
    }
    let mut sources = Vec::new();
    let mut bytes = 0_usize;
    let values_max = usize::try_from(bytes_max.saturating_mul(2) / limits::PACK_VALUE_BYTES).unwrap_or(usize::MAX);
    for path in paths {
        let file = path.display().to_string();
        let Some(text) = text_of(dir, &path, limits::SETTINGS_BYTES_MAX, &mut mistakes) else { continue };
        let values = values_of(&text);
        if values > values_max {
            let what = format!(
                "has {values} values or lines, and this board reads at most {values_max} of one pack; write its keywords into a list, a \
                 line each, and name that in `keywords_file`"
            );
            mistakes.add(&file, 0, what);
            continue;
        }
        let mut lists = Vec::new();
        for name in keyword_files(&text) {
            let list = dir.join(&name);
            if list.is_file() {
                lists.extend(
                    text_of(dir, &list, limits::KEYWORDS_BYTES_MAX, &mut mistakes).map(|content| (name, content)),
                );
            }
        }
        bytes = lists
            .iter()
            .map(|(_, content)| content.len())
            .fold(bytes.saturating_add(text.len()), usize::saturating_add);
        if u64::try_from(bytes).unwrap_or(u64::MAX) > bytes_max {
            let what =
                format!("packs and lists take more than {bytes_max} bytes; use fewer keywords or a larger profile");
            mistakes.add(&shown, 0, what);
            return Err(mistakes);
        }
        sources.push(PackSource { file, text, lists });
    }
    let links = dir.join(crate::links::LISTS_FILE);
    if links.is_file() {
        let text = text_of(dir, &links, limits::SETTINGS_BYTES_MAX, &mut mistakes);
        sources.extend(text.map(|text| PackSource { file: links.display().to_string(), text, lists: Vec::new() }));
    }
    if mistakes.is_empty() { Ok(sources) } else { Err(mistakes) }
}

/// The files of cases beside the packs, in the order of their names: the file and its text.
///
/// # Errors
/// Every file that cannot be read, or that there is none.
pub fn cases(dir: &Path) -> Result<Vec<(String, String)>, Mistakes> {
    let mut mistakes = Mistakes::default();
    let shown = dir.display().to_string();
    let mut paths: Vec<PathBuf> = match std::fs::read_dir(dir) {
        Ok(entries) => entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| is_cases(path)).collect(),
        Err(error) => {
            mistakes.add(&shown, 0, format!("the policy folder cannot be read: {error}"));
            return Err(mistakes);
        }
    };
    paths.sort();
    if paths.is_empty() {
        mistakes.add(&shown, 0, "there are no cases: put a file such as promo.cases.toml beside promo.toml");
    }
    let mut found = Vec::new();
    for path in paths {
        let text = text_of(dir, &path, limits::SETTINGS_BYTES_MAX, &mut mistakes);
        found.extend(text.map(|text| (path.display().to_string(), text)));
    }
    if mistakes.is_empty() { Ok(found) } else { Err(mistakes) }
}

fn is_cases(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.ends_with(".cases.toml") && !name.starts_with('.')
}

fn is_pack(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.ends_with(".toml")
        && !name.ends_with(".cases.toml")
        && name != crate::links::LISTS_FILE
        && !name.starts_with('.')
}

fn text_of(dir: &Path, path: &Path, bytes_max: usize, mistakes: &mut Mistakes) -> Option<String> {
    let shown = path.display().to_string();
    let inside = match (dir.canonicalize(), path.canonicalize()) {
        (Ok(dir), Ok(path)) => path.starts_with(dir),
        (Err(error), _) | (_, Err(error)) => {
            mistakes.add(&shown, 0, format!("cannot be read: {error}"));
            return None;
        }
    };
    if !inside {
        mistakes.add(&shown, 0, "leads out of the policy folder; copy the file into it");
        return None;
    }
    let mut bytes = Vec::new();
    let bound = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let read = std::fs::File::open(path).and_then(|file| file.take(bound).read_to_end(&mut bytes));
    match read {
        Err(error) => mistakes.add(&shown, 0, format!("cannot be read: {error}")),
        Ok(_) if bytes.len() > bytes_max => mistakes.add(&shown, 0, format!("is larger than {bytes_max} bytes")),
        Ok(_) => match String::from_utf8(bytes) {
            Ok(text) => return Some(text),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let before = error.as_bytes().get(..valid).unwrap_or_default();
                let line = before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1);
                mistakes.add(&shown, line, "is not UTF-8; save the file as UTF-8");
            }
        },
    }
    None
}
