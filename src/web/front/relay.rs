//! From the front to the server behind it and back.
//!
//! Promises: nothing of an answer goes out before its head is whole; after that it goes in pieces, and one that ends early
//! or grows too long closes the connection.
//!
//! Never: more than a piece of an answer in memory.

use super::Client;
use crate::limits;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// A question to the server; gives the way its answer comes.
pub(super) async fn ask(socket: &Path, head: &str, body: &[u8]) -> Option<UnixStream> {
    let mut server = UnixStream::connect(socket).await.ok()?;
    server.write_all(head.as_bytes()).await.ok()?;
    server.write_all(body).await.ok()?;
    Some(server)
}

/// The beginning of an answer, its whole head at least; `None` when it does not come in time.
pub(super) async fn begin(server: &mut UnixStream, patience: Duration) -> Option<Vec<u8>> {
    let mut piece = Vec::with_capacity(limits::WEB_PIECE_BYTES);
    timeout(patience, whole_head(server, &mut piece)).await.ok()??;
    Some(piece)
}

/// How much an answer may be, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    pub bytes: u64,
    /// For all of it.
    pub whole: Duration,
    /// For each piece of it.
    pub piece: Duration,
}

/// Gives the client the answer that begins with `piece`. `None` when it is cut: it is not whole, too long, or the client does
/// not take it in time.
pub(super) async fn give(mut piece: Vec<u8>, mut server: UnixStream, client: &mut Client, bound: Bound) -> Option<()> {
    let give = async {
        let mut given = 0_u64;
        loop {
            given = given.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            if given > bound.bytes {
                return None;
            }
            timeout(bound.piece, client.write_all(&piece)).await.ok()?.ok()?;
            piece.clear();
            if timeout(bound.piece, read(&mut server, &mut piece)).await.ok()?? == 0 {
                return Some(());
            }
        }
    };
    timeout(bound.whole, give).await.ok()?
}

/// Reads until the head of an answer is whole.
async fn whole_head(server: &mut UnixStream, piece: &mut Vec<u8>) -> Option<()> {
    while !piece.windows(4).any(|window| window == b"\r\n\r\n") {
        if piece.len() >= limits::WEB_ANSWER_HEAD_BYTES_MAX || read(server, piece).await? == 0 {
            return None;
        }
    }
    Some(())
}

/// Reads what there is room for.
async fn read(server: &mut UnixStream, piece: &mut Vec<u8>) -> Option<usize> {
    let room = limits::WEB_PIECE_BYTES.saturating_sub(piece.len());
    server.take(u64::try_from(room).unwrap_or(0)).read_buf(piece).await.ok()
}
