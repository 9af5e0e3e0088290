//! The stored messages, through the door: a line each, so that neither side holds them all.
//!
//! Promises: at most `limits::HISTORY_MESSAGES_MAX` lines, read `limits::HISTORY_PIECE` at a time; an answer that was
//! cut short is told from a whole one by its last line.
//!
//! Never: a write.

use super::{Command, SOCKET_FILE};
use crate::journal::history::Notes;
use crate::limits;
use crate::store::history::Kept;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Read, Write};
use std::path::Path;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

/// One line of the answer.
#[derive(Debug, Serialize, Deserialize)]
enum Line {
    /// A message, oldest first.
    Message(Box<Kept>),
    /// That was all of them.
    End,
    /// Why there are none.
    Refused(String),
}

/// Answers with every message that is stored or waits to be.
pub(super) async fn send(notes: Option<&Notes>, stream: &mut UnixStream) -> std::io::Result<()> {
    let Some(notes) = notes else {
        let why = "no messages are stored: `history.keep` is false, or `history.messages` is 0".to_owned();
        return send_lines(stream, vec![Line::Refused(why)]).await;
    };
    let (reader, waiting) = notes.all();
    let mut from = 0;
    while let Some(reader) = reader.clone() {
        let piece = tokio::task::spawn_blocking(move || reader.from(from, limits::HISTORY_PIECE)).await;
        let piece = match piece {
            Ok(Ok(piece)) => piece,
            Ok(Err(error)) => return send_lines(stream, vec![Line::Refused(error.to_string())]).await,
            Err(error) => return send_lines(stream, vec![Line::Refused(error.to_string())]).await,
        };
        let Some((last, _)) = piece.last() else { break };
        from = last.saturating_add(1);
        send_lines(stream, piece.into_iter().map(|(_, kept)| Line::Message(Box::new(kept))).collect()).await?;
    }
    for piece in waiting.chunks(limits::HISTORY_PIECE) {
        send_lines(stream, piece.iter().map(|kept| Line::Message(Box::new(kept.clone()))).collect()).await?;
    }
    send_lines(stream, vec![Line::End]).await
}

async fn send_lines(stream: &mut UnixStream, lines: Vec<Line>) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut bytes, &line)?;
        bytes.push(b'\n');
    }
    stream.write_all(&bytes).await
}

/// What became of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// No appliance is running there.
    NobodyThere,
    /// Every message was given.
    Told,
    /// Why there are none.
    Refused(String),
}

/// Asks a running appliance for its stored messages; `each` is given one after another, oldest first.
///
/// # Errors
/// When the appliance is there and its answer is not whole.
pub fn ask(dir: &Path, mut each: impl FnMut(Kept)) -> std::io::Result<Asked> {
    let Ok(mut stream) = std::os::unix::net::UnixStream::connect(dir.join(SOCKET_FILE)) else {
        return Ok(Asked::NobodyThere);
    };
    stream.set_read_timeout(Some(Duration::from_millis(limits::CONTROL_WAIT_MS)))?;
    stream.write_all(&serde_json::to_vec(&Command::History)?)?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut lines = std::io::BufReader::new(stream);
    // Every character of a text may be escaped.
    let bound = u64::try_from(limits::HISTORY_TEXT_BYTES_MAX * 8).unwrap_or(u64::MAX);
    let mut line = Vec::new();
    for _ in 0..=limits::HISTORY_MESSAGES_MAX {
        line.clear();
        (&mut lines).take(bound).read_until(b'\n', &mut line)?;
        match serde_json::from_slice(&line)? {
            Line::Message(kept) => each(*kept),
            Line::End => return Ok(Asked::Told),
            Line::Refused(why) => return Ok(Asked::Refused(why)),
        }
    }
    Err(std::io::Error::other("more messages than there can be"))
}
