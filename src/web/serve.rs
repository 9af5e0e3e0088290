//! The HTTP library on its private Unix socket: requests into values, values into answers.
//!
//! Promises: every answer carries the same strict headers; a thread that waits for a password's hash or for a replay leaves
//! others to answer.
//!
//! Never: a decision about who may what. [`super::site`] makes it.

use super::api::{self, Content, Reply};
use super::desk::Refused;
use super::site::{Answer, Asked, Body, PROBLEM, Site};
use crate::limits;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tiny_http::{Header, Request, Response, ResponseBox};

/// The headers of every answer.
pub(super) const HEADERS: [(&str, &str); 8] = [
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    // Not "no-referrer": with it, browsers say that our own forms come from nowhere (Origin: null). Other sites learn nothing.
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "interest-cohort=()"),
    ("Cache-Control", "no-store"),
];

/// What the front counts.
#[derive(Clone, Debug)]
pub(super) struct Gauges {
    /// Requests and connections refused.
    pub refused: Arc<AtomicU64>,
    /// Streams of live values that are open.
    pub live: Arc<AtomicU64>,
}

/// The threads that answer.
pub(super) struct Server {
    server: Arc<tiny_http::Server>,
    stopping: Arc<AtomicBool>,
    socket: PathBuf,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("socket", &self.socket).finish_non_exhaustive()
    }
}

impl Server {
    pub fn start(socket: &Path, site: &Arc<Site>, told: &Gauges) -> Result<Self, String> {
        use std::os::unix::fs::PermissionsExt;
        match std::fs::remove_file(socket) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.to_string()),
            _ => {}
        }
        // The library's own threads stand back as the one does that begins them.
        let begun = std::thread::scope(|scope| {
            let begin = || {
                super::yields();
                tiny_http::Server::http_unix(socket).map_err(|error| error.to_string())
            };
            scope.spawn(begin).join().unwrap_or_else(|_| Err("the library broke while it began".to_owned()))
        });
        let server = Arc::new(begun?);
        std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600)).map_err(|error| error.to_string())?;
        let stopping = Arc::new(AtomicBool::new(false));
        let threads = (0..limits::PAGE_THREADS)
            .map(|number| {
                let (server, ending) = (Arc::clone(&server), Arc::clone(&stopping));
                let (site, told) = (Arc::clone(site), told.clone());
                std::thread::Builder::new()
                    .name(format!("page-{number}"))
                    .stack_size(limits::STACK_BYTES)
                    .spawn(move || work(&server, &ending, &site, &told))
            })
            .collect::<std::io::Result<Vec<_>>>()
            .map_err(|error| error.to_string())?;
        Ok(Self { server, stopping, socket: socket.to_owned(), threads })
    }

    pub fn stop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        for _ in &self.threads {
            self.server.unblock();
        }
        for thread in self.threads.drain(..) {
            // A thread ends after the answer it is at; a panic in it has been shown already.
            let _ended = thread.join();
        }
        // The next start removes it too.
        let _gone = std::fs::remove_file(&self.socket);
    }
}

fn work(server: &tiny_http::Server, ending: &AtomicBool, site: &Site, told: &Gauges) {
    super::yields();
    while !ending.load(Ordering::Acquire) {
        match server.recv() {
            Ok(mut request) => {
                let counters = site.desk().counters();
                let refused = told.refused.load(Ordering::Relaxed);
                counters.http_refused.add(refused.saturating_sub(counters.http_refused.get()));
                counters.live_pages.set(told.live.load(Ordering::Relaxed));
                let answer = site.answer(&asked(&mut request));
                // A front that is gone needs no answer.
                let _unheard = request.respond(response(answer));
            }
            Err(error) => tracing::debug!(%error, "the page's socket"),
        }
    }
}

/// The request as a value. The front has held it to its bounds.
fn asked(request: &mut Request) -> Asked {
    let header = |name: &str| {
        let named = |header: &&Header| header.field.as_str().as_str().eq_ignore_ascii_case(name);
        request.headers().iter().find(named).map(|header| header.value.as_str().to_owned())
    };
    let (path, query) = request.url().split_once('?').unwrap_or((request.url(), ""));
    let mut asked = Asked {
        method: request.method().as_str().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        body: Vec::new(),
        cookie: header("Cookie").unwrap_or_default(),
        authorization: header("Authorization").unwrap_or_default(),
        content_type: header("Content-Type").unwrap_or_default(),
        csrf: header("X-CSRF-Token").unwrap_or_default(),
        key: header("Idempotency-Key"),
        client: header("X-Aegis-Client").unwrap_or_default(),
        is_secure: header("X-Aegis-Secure").as_deref() == Some("yes"),
    };
    let bound = u64::try_from(limits::WEB_BODY_BYTES_MAX).unwrap_or(u64::MAX);
    // A body that breaks off is what came of it; the front has counted it.
    let _broken = request.as_reader().take(bound).read_to_end(&mut asked.body);
    asked
}

fn response(answer: Answer) -> ResponseBox {
    let Answer { status, body, headers } = answer;
    let mut all: Vec<(&str, String)> = headers;
    let response = match body {
        Body::Text(kind, text) => {
            all.push(("Content-Type", kind.to_owned()));
            Response::from_string(text).boxed()
        }
        Body::Asset(kind, bytes) => {
            all.push(("Content-Type", kind.to_owned()));
            Response::from_data(bytes).boxed()
        }
        Body::File(path, name) => match std::fs::File::open(&path) {
            Ok(file) => {
                all.push(("Content-Type", "application/octet-stream".to_owned()));
                all.push(("Content-Disposition", format!("attachment; filename=\"{name}\"")));
                Response::from_file(file).boxed()
            }
            // Somebody removed it since it was looked for.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return response(refusal(&Refused::Missing)),
            Err(error) => {
                tracing::warn!(%error, "a file of the data folder cannot be read");
                return response(refusal(&Refused::Unable("the file cannot be read; look at the log".to_owned())));
            }
        },
    };
    with_headers(response, &all).with_status_code(status)
}

/// The answer for what is refused here, as the API refuses it.
fn refusal(refused: &Refused) -> Answer {
    let Reply { status, content, .. } = api::problem(refused, true);
    let text = if let Content::Json(text) = content { text } else { String::new() };
    Answer { status, body: Body::Text(PROBLEM, text), headers: Vec::new() }
}

fn with_headers(response: ResponseBox, own: &[(&str, String)]) -> ResponseBox {
    // Ours for all, but where the answer has its own.
    let ours = HEADERS.iter().filter(|(name, _)| !own.iter().any(|(known, _)| known == name));
    let ours = ours.map(|(name, value)| (*name, *value));
    // With its length said, never in chunks: one way to read an answer.
    let mut response = response.with_chunked_threshold(usize::MAX);
    for (name, value) in ours.chain(own.iter().map(|(name, value)| (*name, value.as_str()))) {
        if let Ok(header) = Header::from_bytes(name.as_bytes(), value.as_bytes()) {
            // What the library made of it before is replaced.
            response.add_header(header);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_removed_before_it_is_sent_is_not_found() {
        let gone = Body::File(PathBuf::from("/nowhere/at/all.redb"), "all.redb".to_owned());
        let told = response(Answer { status: 200, body: gone, headers: Vec::new() });
        assert_eq!(told.status_code(), 404);
        let kinds = told.headers().iter().filter(|header| header.field.equiv("Content-Type"));
        assert_eq!(kinds.map(|header| header.value.as_str()).collect::<Vec<_>>(), [PROBLEM]);
    }
}
