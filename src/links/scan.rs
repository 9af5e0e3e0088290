//! Finding what could be a link in a cleaned text.
//!
//! Promises: each character is looked at a bounded number of times; what is found stands between whole characters and
//! never overlaps.
//!
//! Never: a decision what a link is for. That is for `target`.

use super::host::{self, Host, Nature};
use crate::limits;
use crate::text::has_no_spaces;
use unicode_normalization::char::is_combining_mark;

/// Something that is written like a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Raw<'t> {
    /// First byte in the cleaned text.
    pub from: usize,
    /// One past the last byte.
    pub to: usize,
    /// How it is written.
    pub form: Form,
    /// Whom it names; none for a scheme without hosts.
    pub host: Option<Host>,
    /// The port as written, without its colon; often empty.
    pub port: &'t str,
    /// Path, query and fragment.
    pub rest: &'t str,
    /// What stands before the host and its `@`; often empty.
    pub user: &'t str,
    /// Whether the scheme is written so that machines overlook it.
    pub scheme: Spelling,
}

/// How a link is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// With `http` or `https`.
    Web,
    /// A host alone, perhaps with a path.
    Bare,
    /// An address of mail.
    Mail,
    /// With Telegram's own scheme.
    App,
    /// With another scheme.
    Other,
}

/// Whether a scheme is spelled as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    Plain,
    Disguised,
}

/// How much a bare host must show to be taken for a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// The text is an address and nothing else.
    None,
    /// Ordinary writing.
    Prose,
    /// Names of files.
    Names,
}

/// Finds the next link at or after `from`, in `text`.
pub(super) fn next(text: &str, from: usize, doubt: Doubt) -> Option<Raw<'_>> {
    let mut floor = from;
    loop {
        let offset = text.as_bytes().get(floor..)?.iter().position(|byte| matches!(byte, b'.' | b':' | b'@'))?;
        let at = floor.saturating_add(offset);
        let found = match text.as_bytes().get(at) {
            Some(b':') => with_scheme(text, from, at),
            Some(b'@') => mail(text, from, at),
            _ => match bare(text, from, at, doubt) {
                Bare::Link(raw) => Some(raw),
                Bare::Nothing { to } => {
                    floor = to.max(at.saturating_add(1));
                    continue;
                }
            },
        };
        if found.is_some() {
            return found;
        }
        floor = at.saturating_add(1);
    }
}

/// Reads a text that is one address and nothing else.
pub(super) fn whole(text: &str) -> Option<Raw<'_>> {
    next(text, 0, Doubt::None).filter(|raw| raw.from == 0)
}

const SCHEMES: [(&str, Form); 9] = [
    ("https", Form::Web),
    ("http", Form::Web),
    ("tg", Form::App),
    ("tonsite", Form::Other),
    ("ton", Form::Other),
    ("ftps", Form::Other),
    ("ftp", Form::Other),
    ("wss", Form::Other),
    ("ws", Form::Other),
];

/// The scheme that ends at `at`: where it begins, what it is, and how it is spelled.
fn scheme(text: &str, floor: usize, at: usize) -> Option<(usize, Form, Spelling)> {
    let before = text.get(floor..at)?;
    let is_part = |ch: char| ch.is_alphanumeric() || matches!(ch, '+' | '-' | '*');
    let from = before.char_indices().rev().take(16).take_while(|(_, ch)| is_part(*ch)).last()?.0;
    let run = before.get(from..)?.to_lowercase();
    let begin = |length: usize| at.saturating_sub(length);
    if let Some((name, form)) = SCHEMES.iter().find(|(name, _)| run.ends_with(name)) {
        return Some((begin(name.len()), *form, Spelling::Plain));
    }
    let bytes_of = |letters: usize| before.chars().rev().take(letters).map(char::len_utf8).sum::<usize>();
    for letters in [5, 4] {
        let written = before.get(before.len().saturating_sub(bytes_of(letters))..)?;
        if is_disguised_http(&host::skeleton(written)) {
            return Some((begin(written.len()), Form::Web, Spelling::Disguised));
        }
    }
    let named = run.starts_with(|ch: char| ch.is_ascii_lowercase()) && run.is_ascii() && !run.contains('*');
    (named && run.len() >= 2).then(|| (floor.saturating_add(from), Form::Other, Spelling::Plain))
}

/// `hxxp`, `h**p`, `htxps` and the like.
fn is_disguised_http(written: &str) -> bool {
    let body = written.strip_suffix('s').unwrap_or(written);
    let Some(middle) = body.strip_prefix('h').and_then(|body| body.strip_suffix('p')) else { return false };
    middle.len() == 2 && middle.bytes().all(|byte| matches!(byte, b't' | b'x' | b'*'))
}

fn with_scheme(text: &str, floor: usize, at: usize) -> Option<Raw<'_>> {
    let (from, form, mut spelling) = scheme(text, floor, at)?;
    let after = text.get(at.saturating_add(1)..)?;
    let slashes = after.bytes().take(8).take_while(|byte| matches!(byte, b'/' | b'\\')).count();
    let mut start = at.saturating_add(1).saturating_add(slashes);
    if form == Form::App && (slashes >= 2 || after.starts_with(|ch: char| ch.is_ascii_lowercase())) {
        let to = start.saturating_add(extent(text.get(start..)?));
        let rest = text.get(start..to).filter(|rest| !rest.is_empty())?;
        let plain = Raw { from, to, form, host: None, port: "", rest, user: "", scheme: Spelling::Plain };
        return Some(plain);
    }
    if slashes < 2 {
        return None;
    }
    if form == Form::Web
        && let Some(apart) = text.get(start..).and_then(|rest| rest.strip_prefix(' '))
        && apart.starts_with(char::is_alphanumeric)
    {
        start = start.saturating_add(1);
        spelling = Spelling::Disguised;
    }
    let after = text.get(start..)?;
    // The host first: most of what is no link is refused here, before its end is looked for.
    let authority =
        after.get(..after.find(|ch| ends(ch) || matches!(ch, '/' | '?' | '#' | '\\')).unwrap_or(after.len()))?;
    let (user, named) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (host, port, mut taken) = host_and_port(named)?;
    // The dot of the root, not of a sentence, when a path follows.
    if named.get(taken..) == Some(".") && after.get(authority.len()..).is_some_and(|rest| rest.starts_with('/')) {
        taken = named.len();
    }
    let authority_to = authority.len() - named.len() + taken;
    let rest = if taken < named.len() { "" } else { after.get(authority_to..)? };
    let rest = rest.get(..extent(rest))?;
    let to = start + authority_to + rest.len();
    Some(Raw { from, to, form, host: Some(host), port, rest, user, scheme: spelling })
}

/// A host with a port perhaps, and how many bytes of the text they take.
fn host_and_port(text: &str) -> Option<(Host, &str, usize)> {
    let in_brackets = text.starts_with('[').then(|| text.find(']')).flatten();
    let colon = match in_brackets {
        Some(close) => text.get(close..).and_then(|rest| rest.find(':')).map(|at| close.saturating_add(at)),
        None => text.find(':'),
    };
    let (name, port) = colon.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?))).unwrap_or((text, ""));
    let digits = port.bytes().take_while(u8::is_ascii_digit).count();
    let port = port.get(..digits.min(5))?;
    let taken = if colon.is_some() { name.len() + 1 + port.len() } else { text.len() };
    // Writing without spaces goes on after a host; the host ends where its script does.
    let kept = own_script(name);
    let trimmed = kept.trim_end_matches(|ch: char| !ch.is_alphanumeric() && ch != ']');
    let host = host::parse(trimmed)?;
    if kept.len() < name.len() || (trimmed.len() < kept.len() && port.is_empty()) {
        return Some((host, "", trimmed.len()));
    }
    Some((host, port, taken))
}

/// The start of a host up to where it goes from ASCII letters to a script that writes without spaces.
fn own_script(name: &str) -> &str {
    let mut ascii_before = false;
    for (at, ch) in name.char_indices() {
        if ascii_before && has_no_spaces(ch) {
            return name.get(..at).unwrap_or(name);
        }
        ascii_before = ch.is_ascii_alphanumeric();
    }
    name
}

fn is_host(ch: char) -> bool {
    ch.is_alphanumeric() || matches!(ch, '-' | '_' | '.') || is_combining_mark(ch)
}

/// Where the run of host characters around `at` begins and ends.
fn run(text: &str, floor: usize, at: usize) -> Option<(usize, usize)> {
    let before = text.get(floor..at)?;
    let from = before.char_indices().rev().take_while(|(_, ch)| is_host(*ch)).last().map_or(at, |(i, _)| floor + i);
    let after = text.get(at..)?;
    let to = after.char_indices().find(|(_, ch)| !is_host(*ch)).map_or(text.len(), |(i, _)| at + i);
    Some((from, to))
}

/// What a place with a dot turned out to be.
enum Bare<'t> {
    Link(Raw<'t>),
    Nothing { to: usize },
}

fn bare(text: &str, floor: usize, at: usize, doubt: Doubt) -> Bare<'_> {
    let Some((from, to)) = run(text, floor, at) else { return Bare::Nothing { to: at } };
    match text.as_bytes().get(to) {
        Some(b'@') if doubt != Doubt::None => return mail(text, floor, to).map_or(Bare::Nothing { to }, Bare::Link),
        // The scheme tells what it is.
        Some(b':') if text.get(to..).is_some_and(|rest| rest.starts_with("://")) => return Bare::Nothing { to },
        _ => {}
    }
    link_in(text, from, to, doubt).map_or(Bare::Nothing { to }, Bare::Link)
}

/// A bare link whose host lies in the run `from..to`.
fn link_in(text: &str, from: usize, to: usize, doubt: Doubt) -> Option<Raw<'_>> {
    let run = text.get(from..to)?;
    let whole = run.trim_end_matches(['.', '-', '_']);
    let mut name = whole.trim_start_matches(['.', '-', '_']);
    // Without spaces a sentence may stand before a host: "...example.com" after Han or Thai.
    let mut letters = name.char_indices().rev().peekable();
    while let Some((at, ch)) = letters.next() {
        if ch.is_ascii_alphanumeric() && letters.peek().is_some_and(|(_, before)| has_no_spaces(*before)) {
            name = name.get(at..)?;
            break;
        }
    }
    let begin = from + (whole.len() - name.len());
    let kept = own_script(name);
    let end = begin + kept.len();
    if !kept.contains('.') || kept.contains("..") || is_inside_a_path(text, begin) {
        return None;
    }
    let host = host::parse(kept)?;
    let whole_name = end == from + whole.len() && whole.len() == run.len();
    let (port, rest) = if whole_name { port_and_rest(text, end)? } else { ("", "") };
    let to = end + if port.is_empty() { 0 } else { port.len() + 1 } + rest.len();
    let more = !port.is_empty() || rest.len() > 1;
    let fits = match host.nature {
        Nature::Address => more && kept.bytes().filter(|byte| *byte == b'.').count() == 3,
        Nature::Private => false,
        Nature::Public => more || doubt == Doubt::None || is_plausible(&host.ascii, kept, doubt),
    };
    let raw =
        Raw { from: begin, to, form: Form::Bare, host: Some(host), port, rest, user: "", scheme: Spelling::Plain };
    fits.then_some(raw)
}

fn port_and_rest(text: &str, end: usize) -> Option<(&str, &str)> {
    let after = text.get(end..)?;
    let digits = after.strip_prefix(':').map_or(0, |port| port.bytes().take_while(u8::is_ascii_digit).count());
    let (port, after) = match digits {
        1..=5 => (after.get(1..=digits)?, after.get(digits + 1..)?),
        _ => ("", after),
    };
    let rest = if after.starts_with(['/', '?', '#']) { after.get(..extent(after))? } else { "" };
    Some((port, rest))
}

/// Whether the place follows a slash that follows a name, as in `src/main.rs`, or a sign of a path on a disk.
fn is_inside_a_path(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let slash = before.strip_suffix(['/', '\\']);
    slash.is_some_and(|before| before.ends_with(|ch: char| ch.is_alphanumeric() || matches!(ch, '.' | '~' | ':' | '_')))
}

/// Suffixes that are better known as the ends of file names.
const FILE_ENDS: [&str; 8] = ["rs", "py", "md", "sh", "ps", "zip", "mov", "so"];

/// Suffixes that are words with which a sentence may begin or go on.
const WORD_ENDS: [&str; 24] = [
    "in", "is", "it", "at", "me", "no", "so", "to", "us", "be", "my", "as", "do", "am", "by", "la", "de", "now", "one",
    "how", "here", "live", "today", "best",
];

/// Names of things that are written like hosts and hardly ever meant as one.
const NO_HOSTS: [&str; 6] = ["asp.net", "ado.net", "vb.net", "java.io", "system.io", "system.net"];

/// Whether a bare host without a path is one, and not the name of a file or two sentences without a space.
fn is_plausible(ascii: &str, written: &str, doubt: Doubt) -> bool {
    if ascii.starts_with("www.") || ascii == "t.me" {
        return true;
    }
    let (name, suffix) = host::name_and_suffix(ascii);
    let parts = name.split('.').count();
    let numeric = name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let tail = written.rsplit('.').next().unwrap_or_default();
    let titled = tail.starts_with(char::is_uppercase) && tail.chars().skip(1).all(char::is_lowercase);
    let one_letter = name.chars().count() == 1 && suffix.len() <= 2 && ascii != "x.co";
    let word_like = WORD_ENDS.contains(&suffix);
    if doubt == Doubt::Names && parts < 2 {
        return false;
    }
    if (parts == 1 && FILE_ENDS.contains(&suffix)) || NO_HOSTS.contains(&ascii) || one_letter {
        return false;
    }
    // "done.It was" is two sentences; "10.am" is a time.
    !(word_like && (titled || numeric))
}

fn mail(text: &str, floor: usize, at: usize) -> Option<Raw<'_>> {
    let is_local = |ch: char| ch.is_alphanumeric() || matches!(ch, '.' | '_' | '%' | '+' | '-');
    let before = text.get(floor..at)?;
    let local = before.char_indices().rev().take(64).take_while(|(_, ch)| is_local(*ch)).last()?.0;
    let mut from = floor + local;
    let after = text.get(at + 1..)?;
    let length = after.find(|ch: char| !is_host(ch)).unwrap_or(after.len());
    let name = own_script(after.get(..length)?).trim_end_matches(['.', '-', '_']);
    let host = host::parse(name).filter(|host| host.nature == Nature::Public)?;
    let mut rest = "";
    let mut to = at + 1 + name.len();
    if text.get(floor..from).is_some_and(|before| before.to_ascii_lowercase().ends_with("mailto:")) {
        from -= "mailto:".len();
        if let Some(query) = text.get(to..).filter(|query| query.starts_with('?')) {
            rest = query.get(..extent(query))?;
            to += rest.len();
        }
    }
    let local = text.get(floor + local..at)?;
    let raw =
        Raw { from, to, form: Form::Mail, host: Some(host), port: "", rest, user: local, scheme: Spelling::Plain };
    (local.len() <= limits::LINK_BYTES_MAX).then_some(raw)
}

/// Whether no address goes on with this character.
fn ends(ch: char) -> bool {
    ch.is_whitespace()
        || ch.is_control()
        || has_no_spaces(ch)
        || matches!(ch, '<' | '>' | '"' | '`' | '|' | '\u{ab}' | '\u{bb}' | '\u{2018}'..='\u{201f}')
        || matches!(ch, '\u{2026}' | '\u{3000}'..='\u{303f}')
}

/// How far an address goes: to the next space or delimiter, without the signs that end a sentence.
fn extent(text: &str) -> usize {
    let mut kept = text.get(..text.find(ends).unwrap_or(text.len())).unwrap_or_default();
    let opens = |text: &str, ch: char| text.bytes().filter(|byte| char::from(*byte) == ch).count();
    let mut closers = (opens(kept, '('), opens(kept, ')'), opens(kept, '['), opens(kept, ']'));
    loop {
        let Some(last) = kept.chars().next_back() else { return 0 };
        let trim = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '~' | '}' | '{' | '\\' | '^' => true,
            ')' if closers.1 > closers.0 => {
                closers.1 -= 1;
                true
            }
            ']' if closers.3 > closers.2 => {
                closers.3 -= 1;
                true
            }
            '(' => {
                closers.0 -= 1;
                true
            }
            '[' => {
                closers.2 -= 1;
                true
            }
            _ => false,
        };
        if !trim {
            return kept.len();
        }
        kept = kept.get(..kept.len() - last.len_utf8()).unwrap_or_default();
    }
}
