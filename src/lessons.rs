//! What was taught on the board: a folder with one file a source.
//!
//! Promises: a file is written whole or not at all; one that is damaged is named and left out, and the others are read; at
//! most `limits::LEARN_LAYERS_MAX` with the prior.
//!
//! Never: a message's text.

use crate::learn::{Layer, Learned, Model, prior};
use crate::limits;
use crate::message::ChatId;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

const ENDING: &str = ".model";
const OF_CHAT: &str = ".chat";

/// The folder of a data directory.
#[must_use]
pub fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("learned")
}

/// The prior and every source of a folder, in the order of their names, and what is wrong with those left out. A folder
/// that is not there has no source.
#[must_use]
pub fn read(dir: &Path) -> (Learned, Vec<String>) {
    let mut wrong = Vec::new();
    let mut layers: Vec<Layer> = prior().into_iter().collect();
    let mut paths: Vec<PathBuf> = std::fs::read_dir(dir)
        .map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path()).collect())
        .unwrap_or_default();
    paths.retain(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(ENDING)));
    paths.sort();
    for path in paths {
        if layers.len() >= limits::LEARN_LAYERS_MAX {
            wrong.push(format!("{}: more than {} sources; forget one", path.display(), limits::LEARN_LAYERS_MAX));
            continue;
        }
        match layer(&path) {
            Ok(layer) => layers.push(layer),
            Err(why) => wrong.push(format!("{}: {why}; teach it again or remove the file", path.display())),
        }
    }
    (Learned::new(layers), wrong)
}

/// Reads one file.
///
/// # Errors
/// What is wrong with it.
pub fn layer(path: &Path) -> Result<Layer, String> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = name.strip_suffix(ENDING).unwrap_or(name);
    let (name, chat) = match name.rsplit_once(OF_CHAT) {
        Some((name, chat)) => (name, Some(ChatId(chat.parse().map_err(|_| "the chat in its name is no number")?))),
        None => (name, None),
    };
    let mut bytes = Vec::new();
    let bound = u64::try_from(limits::LEARN_FILE_BYTES_MAX).unwrap_or(u64::MAX);
    std::fs::File::open(path)
        .and_then(|file| file.take(bound).read_to_end(&mut bytes))
        .map_err(|error| format!("it cannot be read: {error}"))?;
    Ok(Layer { name: name.to_owned(), chat, model: Model::read(&bytes)? })
}

/// Whether a source may have this name.
#[must_use]
pub fn is_name(name: &str) -> bool {
    (1..=limits::LEARN_NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && name != "prior"
}

fn path(dir: &Path, name: &str, chat: Option<ChatId>) -> PathBuf {
    match chat {
        Some(chat) => dir.join(format!("{name}{OF_CHAT}{}{ENDING}", chat.0)),
        None => dir.join(format!("{name}{ENDING}")),
    }
}

/// Writes a source, in the place of one of the same name and chat.
///
/// # Errors
/// When the file cannot be written; then the old one stays.
pub fn write(dir: &Path, layer: &Layer) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(dir)?;
    let path = path(dir, &layer.name, layer.chat);
    let aside = path.with_extension("new");
    let mut file = std::fs::File::create(&aside)?;
    file.write_all(&layer.model.write())?;
    file.sync_all()?;
    std::fs::rename(&aside, &path)?;
    std::fs::File::open(dir)?.sync_all()?;
    Ok(path)
}

/// Removes a source. `false` when there was none.
///
/// # Errors
/// When the file cannot be removed.
pub fn forget(dir: &Path, name: &str, chat: Option<ChatId>) -> std::io::Result<bool> {
    match std::fs::remove_file(path(dir, name, chat)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
