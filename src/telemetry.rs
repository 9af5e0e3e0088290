//! Logs, and what the process takes of the machine.
//!
//! Promises: an event is one line of printable text, whatever stands in it; secrets have a type that cannot be shown.
//! Names, ids and text of people appear at `debug` and below only; above that a chat is a [`pseudonym`].
//!
//! Never: a log line from a library above `warn`.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Human,
    /// For programs: one JSON object a line.
    Json,
}

/// Starts logging to standard error. A second start changes nothing.
///
/// # Errors
/// When the filter cannot be read.
pub fn start(filter: &str, format: Format) -> Result<(), String> {
    let layer = layer(filter, format, Lines::new(std::io::stderr()))?;
    // Already started: tests and the demo start several appliances in one process.
    let _already = tracing_subscriber::registry().with(layer).try_init();
    Ok(())
}

/// The layer behind [`start`], into any writer.
///
/// # Errors
/// When the filter cannot be read.
pub fn layer<S, W>(filter: &str, format: Format, lines: Lines<W>) -> Result<Box<dyn Layer<S> + Send + Sync>, String>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    W: Write + Send + 'static,
{
    let targets: Targets = filter.parse().map_err(|error| format!("the log filter \"{filter}\": {error}"))?;
    // A bare level is for our own targets; libraries speak up only about trouble.
    let level = targets.default_level().unwrap_or(LevelFilter::OFF);
    let targets = targets.with_default(level.min(LevelFilter::WARN)).with_target("aegis", level);
    Ok(match format {
        Format::Human => {
            tracing_subscriber::fmt::layer().with_ansi(false).with_writer(lines).with_filter(targets).boxed()
        }
        Format::Json => {
            tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(lines).with_filter(targets).boxed()
        }
    })
}

/// A writer that lets one event be one line: every control character inside it is written as an escape.
#[derive(Debug)]
pub struct Lines<W> {
    inner: Arc<Mutex<W>>,
}

impl<W> Lines<W> {
    /// Writes into `inner`.
    pub fn new(inner: W) -> Self {
        Self { inner: Arc::new(Mutex::new(inner)) }
    }
}

/// One event on its way.
#[derive(Debug)]
pub struct Line<W> {
    inner: Arc<Mutex<W>>,
}

impl<W: Write> Write for Line<W> {
    fn write(&mut self, event: &[u8]) -> std::io::Result<usize> {
        // The formatter hands over a whole event at once, ended by a line feed.
        let body = event.strip_suffix(b"\n").unwrap_or(event);
        let mut line = String::with_capacity(body.len().saturating_add(1));
        for c in String::from_utf8_lossy(body).chars() {
            if c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            {
                line.extend(c.escape_default());
            } else {
                line.push(c);
            }
        }
        line.push('\n');
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

impl<'a, W: Write + 'a> MakeWriter<'a> for Lines<W> {
    type Writer = Line<W>;

    fn make_writer(&'a self) -> Self::Writer {
        Line { inner: Arc::clone(&self.inner) }
    }
}

/// A name for an id that tells nothing about it without the installation's own salt: eight hexadecimal digits.
#[must_use]
pub fn pseudonym(salt: u64, id: i64) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    hash.update(salt.to_le_bytes());
    hash.update(id.to_le_bytes());
    hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Resident memory now and at its peak, bytes, from the text of `/proc/self/status`.
#[must_use]
pub fn resident(status: &str) -> Option<(u64, u64)> {
    Some((bytes_of(status, "VmRSS:")?, bytes_of(status, "VmHWM:")?))
}

/// Private memory as the system counts it against its bound (`RLIMIT_DATA`), bytes, from the same text.
#[must_use]
pub fn private(status: &str) -> Option<u64> {
    bytes_of(status, "VmData:")
}

fn bytes_of(status: &str, key: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: Format, filter: &str, event: impl FnOnce()) -> String {
        let kept = Kept::default();
        let layer = layer(filter, format, Lines::new(kept.clone())).expect("the filter is whole");
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), event);
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).expect("lines are UTF-8")
    }

    #[test]
    fn an_event_is_one_line_of_printable_text_whatever_stands_in_it() {
        for format in [Format::Human, Format::Json] {
            let hostile = "a\nERROR forged\r\u{1b}[31mred\u{202e}\u{0}\u{2028}b";
            let text = logged(format, "info", || tracing::warn!(why = hostile, plain = %hostile, "{hostile}"));
            assert_eq!(text.matches('\n').count(), 1, "{text:?}");
            assert!(text.trim_end_matches('\n').chars().all(|c| !c.is_control() && c != '\u{202e}'), "{text:?}");
        }
    }

    #[test]
    fn libraries_speak_up_only_about_trouble() {
        let text = logged(Format::Human, "debug", || {
            tracing::info!(target: "hyper", "chatter");
            tracing::warn!(target: "hyper", "trouble");
            tracing::debug!(target: "aegis::ingest", "ours");
        });
        assert!(!text.contains("chatter") && text.contains("trouble") && text.contains("ours"), "{text}");
    }

    #[test]
    fn a_pseudonym_tells_nothing_without_its_salt() {
        assert_ne!(pseudonym(1, 42), pseudonym(2, 42));
        assert_eq!(pseudonym(1, 42).len(), 8);
    }

    #[test]
    fn resident_memory_is_read_from_the_kernels_words() {
        assert_eq!(resident("Name:\taegis\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n"), Some((1 << 20, 2 << 20)));
        assert_eq!(resident("VmRSS: many\n"), None);
    }
}
