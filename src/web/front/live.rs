//! Live values: one stream of events a client, without a thread, from questions any client could ask.
//!
//! Promises: a stream says what is there when it begins and whenever it has changed; it ends when the server refuses, when the
//! client is gone or takes nothing, and after a while in any case; their number is bounded, and who asks is asked again each
//! time whether he may.
//!
//! Never: a value remembered for anybody else; an old value sent anew.

use super::{Client, Patience, refusal, relay};
use crate::limits;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

/// The places of streams.
#[derive(Debug)]
pub(super) struct Places {
    places: Arc<Semaphore>,
    asking: Semaphore,
    open: Arc<AtomicU64>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(limits::WEB_LIVE_MAX)),
            asking: Semaphore::new(limits::WEB_LIVE_ASKING_MAX),
            open: Arc::default(),
        }
    }
}

/// One taken place.
#[derive(Debug)]
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
    open: Arc<AtomicU64>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the server says.
#[derive(Debug)]
pub(super) enum Told {
    /// The values, in one line.
    Now(Vec<u8>),
    /// Something else: its whole answer.
    Refused(Vec<u8>),
    /// Nothing of use.
    Nothing,
}

impl Places {
    /// How many streams are open.
    pub fn open(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.open)
    }

    /// A place, if one is free.
    pub fn take(&self) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        self.open.fetch_add(1, Ordering::Relaxed);
        Some(Place { _permit: permit, open: Arc::clone(&self.open) })
    }

    /// Asks the server once.
    pub async fn ask(&self, socket: &Path, head: &str, patience: &Patience) -> Told {
        let Ok(_turn) = self.asking.acquire().await else { return Told::Nothing };
        let question = async {
            let server = relay::ask(socket, head, &[]).await?;
            let bound = limits::WEB_ANSWER_HEAD_BYTES_MAX + limits::WEB_LIVE_BYTES_MAX;
            let mut answer = Vec::with_capacity(1024);
            server.take(u64::try_from(bound).unwrap_or(0)).read_to_end(&mut answer).await.ok()?;
            (answer.len() < bound).then_some(answer)
        };
        match timeout(patience.answer, question).await {
            Ok(Some(answer)) => read(answer),
            _ => Told::Nothing,
        }
    }
}

/// Takes an answer apart.
fn read(mut answer: Vec<u8>) -> Told {
    let mut headers = [httparse::EMPTY_HEADER; limits::WEB_HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let Ok(httparse::Status::Complete(head)) = response.parse(&answer) else { return Told::Nothing };
    let named = |name: &str| response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    let said = named("Content-Length").and_then(|header| std::str::from_utf8(header.value).ok()?.parse::<usize>().ok());
    if said != answer.len().checked_sub(head) || named("Transfer-Encoding").is_some() {
        return Told::Nothing;
    }
    if response.code != Some(200) {
        return Told::Refused(answer);
    }
    let mut values = answer.split_off(head);
    if values.last() == Some(&b'\n') {
        values.pop();
    }
    let is_a_line = std::str::from_utf8(&values).is_ok_and(|text| !text.contains(['\n', '\r']));
    if is_a_line && values.len() <= limits::WEB_LIVE_BYTES_MAX { Told::Now(values) } else { Told::Nothing }
}

/// Speaks to the client until there is nothing more to say, beginning with `first`. The question is asked again each time.
pub(super) async fn speak(
    places: &Places,
    client: &mut Client,
    socket: &Path,
    question: &str,
    first: Vec<u8>,
    patience: &Patience,
) {
    let mut head = refusal::head(200, "OK");
    head.push_str("Content-Type: text/event-stream\r\n\r\nretry: 3000\n\n");
    let mut said = Sha256::digest(&first);
    if write(client, &[head.as_bytes(), b"event: now\ndata: ", &first, b"\n\n"], patience).await.is_none() {
        return;
    }
    drop((head, first));
    let end = Instant::now() + patience.live_life;
    let mut spoke = Instant::now();
    let mut ticks = interval_at(spoke + patience.live_tick, patience.live_tick);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut more = [0_u8; 16];
    loop {
        tokio::select! {
            now = ticks.tick() => if now >= end { break },
            // Gone, or something said after a request that was whole.
            _said = client.read(&mut more) => return,
        }
        let wrote = match places.ask(socket, question, patience).await {
            Told::Now(values) => {
                let digest = Sha256::digest(&values);
                if digest == said {
                    still(client, &mut spoke, patience).await
                } else {
                    said = digest;
                    spoke = Instant::now();
                    write(client, &[b"event: now\ndata: ", &values, b"\n\n"], patience).await
                }
            }
            // Busy is not gone, and a larger answer may be smaller by the next time.
            Told::Refused(answer) if answer.starts_with(b"HTTP/1.1 503 ") => still(client, &mut spoke, patience).await,
            Told::Refused(_) => {
                let _unheard = write(client, &[b"event: gone\ndata: {}\n\n"], patience).await;
                break;
            }
            Told::Nothing => break,
        };
        if wrote.is_none() {
            return;
        }
    }
    let _late = timeout(patience.answer, client.shutdown()).await;
}

/// A comment, when there was silence for long.
async fn still(client: &mut Client, spoke: &mut Instant, patience: &Patience) -> Option<()> {
    if spoke.elapsed() + patience.live_tick < patience.live_still {
        return Some(());
    }
    *spoke = Instant::now();
    write(client, &[b": still here\n\n"], patience).await
}

/// Writes parts in small pieces; `None` when the client does not take them in time.
async fn write(client: &mut Client, parts: &[&[u8]], patience: &Patience) -> Option<()> {
    let give = async {
        for piece in parts.iter().flat_map(|part| part.chunks(limits::WEB_LIVE_PIECE_BYTES)) {
            client.write_all(piece).await?;
        }
        client.flush().await
    };
    timeout(patience.answer, give).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_line_of_values_is_told_and_only_when_it_is_whole() {
        let told = |answer: &str| read(answer.as_bytes().to_vec());
        let values = |answer: &str| match told(answer) {
            Told::Now(values) => Some(String::from_utf8(values).expect("it is text")),
            _ => None,
        };
        assert_eq!(values("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{\"a\":1}\n").as_deref(), Some("{\"a\":1}"));
        for broken in [
            "",
            "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n",
            "HTTP/1.1 200 OK\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{\n}\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}",
        ] {
            assert!(matches!(told(broken), Told::Nothing), "{broken:?}");
        }
        assert!(matches!(told("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"), Told::Refused(_)));
        let long = "x".repeat(limits::WEB_LIVE_BYTES_MAX + 1);
        assert!(values(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{long}", long.len())).is_none());
    }
}
