//! The HTTP library on its private Unix socket, and which path gives what.

use super::{Source, metrics, page};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tiny_http::{Header, Request, Response};

/// The headers of every answer.
pub(super) const HEADERS: [(&str, &str); 8] = [
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "interest-cohort=()"),
    ("Cache-Control", "no-store"),
];

/// The thread that answers.
pub(super) struct Server {
    server: Arc<tiny_http::Server>,
    stopping: Arc<AtomicBool>,
    socket: PathBuf,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("socket", &self.socket).finish_non_exhaustive()
    }
}

impl Server {
    pub fn start(socket: &Path, source: Arc<dyn Source>, refused: Arc<AtomicU64>) -> Result<Self, String> {
        use std::os::unix::fs::PermissionsExt;
        match std::fs::remove_file(socket) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.to_string()),
            _ => {}
        }
        let server = Arc::new(tiny_http::Server::http_unix(socket).map_err(|error| error.to_string())?);
        std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600)).map_err(|error| error.to_string())?;
        let stopping = Arc::new(AtomicBool::new(false));
        let (answering, ending) = (Arc::clone(&server), Arc::clone(&stopping));
        let thread = std::thread::Builder::new()
            .name("page".to_owned())
            .stack_size(crate::limits::STACK_BYTES)
            .spawn(move || {
                while !ending.load(Ordering::Acquire) {
                    match answering.recv() {
                        Ok(request) => {
                            let counted = &source.counters().http_refused;
                            counted.add(refused.load(Ordering::Relaxed).saturating_sub(counted.get()));
                            answer(request, source.as_ref());
                        }
                        Err(error) => tracing::debug!(%error, "the page's socket"),
                    }
                }
            })
            .map_err(|error| error.to_string())?;
        Ok(Self { server, stopping, socket: socket.to_owned(), thread: Some(thread) })
    }

    pub fn stop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            // The thread ends after the answer it is at; a panic in it has been shown already.
            let _ended = thread.join();
        }
        // The next start removes it too.
        let _gone = std::fs::remove_file(&self.socket);
    }
}

/// One answer: status, kind of content, content.
struct Answer(u16, &'static str, String);

const HTML: &str = "text/html; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";

fn route(path: &str, source: &dyn Source) -> Answer {
    match path {
        "/" => {
            let (status, readiness, model) = (source.status(), source.readiness(), source.model());
            Answer(200, HTML, page::status(&status, &readiness, source.counters(), model.as_ref()))
        }
        "/style.css" => Answer(200, "text/css; charset=utf-8", include_str!("style.css").to_owned()),
        "/healthz" => Answer(200, PLAIN, "alive\n".to_owned()),
        "/readyz" => {
            let readiness = source.readiness();
            let mut text = String::new();
            for part in &readiness.parts {
                let state = part.failing.as_deref().unwrap_or("ok");
                text.push_str(&format!("{}: {}\n", part.name, state.escape_debug()));
            }
            Answer(if readiness.is_ready() { 200 } else { 503 }, PLAIN, text)
        }
        "/metrics" => Answer(200, metrics::CONTENT_TYPE, {
            let tenants = source.model().map(|model| model.tenants).unwrap_or_default();
            metrics::text(source.counters(), &tenants)
        }),
        _ => Answer(404, HTML, page::not_found()),
    }
}

fn answer(request: Request, source: &dyn Source) {
    source.counters().http_requests.one();
    let path = request.url().split('?').next().unwrap_or_default().to_owned();
    let Answer(status, content, text) = route(&path, source);
    let mut response = Response::from_string(text).with_status_code(status);
    for (name, value) in HEADERS.iter().chain(&[("Content-Type", content)]) {
        if let Ok(header) = Header::from_bytes(name.as_bytes(), value.as_bytes()) {
            response.add_header(header);
        }
    }
    // A front that is gone needs no answer.
    let _unheard = request.respond(response);
}
