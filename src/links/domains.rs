//! A large set of domains in few bytes.
//!
//! Each domain is kept as 48 bits of a hash: 16 choose one of 65,536 buckets, and 32 are stored there, sorted. A million
//! domains take 4 bytes each and 256 KiB for the buckets: 4.3 MB. A host that is not listed is taken for listed with a
//! chance of entries / 2^48, which is 3.6e-9 a look-up for a million; a host is looked up once for itself and once for
//! each domain above it.
//!
//! Promises: what was put in is found, and so is every host below it; at most `limits::DOMAINS_MAX` domains. Building
//! takes 8 bytes an entry more.
//!
//! Never: a list of the names. They cannot be read back.

use super::host;
use crate::limits;
use crate::message::{fnv1a, mixed};

/// Buckets of a set: one for each value of the hash's first 16 bits.
pub const BUCKETS: usize = 1 << 16;

/// A set of domains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainSet {
    /// Where each bucket begins, and the end of the last: `BUCKETS + 1` numbers.
    starts: Vec<u32>,
    /// The stored part of each hash, sorted inside its bucket.
    remainders: Vec<u32>,
}

impl Default for DomainSet {
    fn default() -> Self {
        Self { starts: vec![0; BUCKETS + 1], remainders: Vec::new() }
    }
}

/// 48 bits of a domain's hash.
fn fingerprint(domain: &str) -> u64 {
    mixed(fnv1a(domain.as_bytes())) >> 16
}

fn bucket_of(fingerprint: u64) -> usize {
    usize::try_from(fingerprint >> 32).unwrap_or(0)
}

fn remainder_of(fingerprint: u64) -> u32 {
    u32::try_from(fingerprint & 0xffff_ffff).unwrap_or(0)
}

impl DomainSet {
    /// The set of the domains in these lines, as [`entry`] reads them; what it does not take is passed over.
    ///
    /// # Errors
    /// [`Full`] past `limits::DOMAINS_MAX`.
    pub fn from_lines<'l>(lines: impl IntoIterator<Item = &'l str>) -> Result<Self, Full> {
        let mut builder = Builder::default();
        for line in lines {
            if let Ok(read) = entry(line, &mut |domain| builder.add(domain)) {
                read.full?;
            }
        }
        Ok(builder.finish())
    }

    /// Whether a host, in ASCII and lower case as [`super::Link::host`] has it, or a domain above it is in the set.
    #[must_use]
    pub fn contains(&self, host: &str) -> bool {
        if self.remainders.is_empty() {
            return false;
        }
        // Nothing is above an address.
        let is_address = host.ends_with(|ch: char| ch.is_ascii_digit() || ch == ']');
        let above = host.match_indices('.').filter_map(|(at, _)| host.get(at.saturating_add(1)..));
        self.has(host) || (!is_address && above.filter(|domain| domain.contains('.')).any(|domain| self.has(domain)))
    }

    fn has(&self, domain: &str) -> bool {
        let fingerprint = fingerprint(domain);
        let bucket = bucket_of(fingerprint);
        let start = |at: usize| self.starts.get(at).and_then(|start| usize::try_from(*start).ok()).unwrap_or(0);
        let stored = self.remainders.get(start(bucket)..start(bucket.saturating_add(1))).unwrap_or_default();
        stored.binary_search(&remainder_of(fingerprint)).is_ok()
    }

    /// Domains in the set.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.remainders.len()
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.remainders.is_empty()
    }

    /// Heap bytes held.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        (self.starts.capacity() + self.remainders.capacity()) * size_of::<u32>()
    }

    /// The set as it is stored: how many each bucket holds, and the stored hashes.
    pub fn parts(&self) -> (impl Iterator<Item = u32>, &[u32]) {
        let next = self.starts.iter().skip(1);
        (self.starts.iter().zip(next).map(|(from, to)| to.saturating_sub(*from)), &self.remainders)
    }

    /// The set that [`DomainSet::parts`] tells of; none when the parts do not belong together.
    #[must_use]
    pub fn from_parts(counts: impl Iterator<Item = u32>, remainders: Vec<u32>) -> Option<Self> {
        let mut starts = Vec::with_capacity(BUCKETS + 1);
        let mut sum = 0_u32;
        starts.push(sum);
        for count in counts.take(BUCKETS + 1) {
            let from = usize::try_from(sum).ok()?;
            sum = sum.checked_add(count)?;
            let bucket = remainders.get(from..usize::try_from(sum).ok()?)?;
            if !bucket.is_sorted() {
                return None;
            }
            starts.push(sum);
        }
        let whole = starts.len() == BUCKETS + 1 && usize::try_from(sum).ok()? == remainders.len();
        whole.then_some(Self { starts, remainders })
    }
}

/// There is no room for one more domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Gathers domains for a set: 8 bytes each, at most `limits::DOMAINS_MAX`.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    fingerprints: Vec<u64>,
}

impl Builder {
    /// Puts a domain in, in ASCII and lower case.
    ///
    /// # Errors
    /// [`Full`] when that many others are in it.
    pub fn add(&mut self, domain: &str) -> Result<(), Full> {
        if self.fingerprints.len() >= limits::DOMAINS_MAX {
            // Lists repeat themselves; only what is new counts.
            self.fingerprints.sort_unstable();
            self.fingerprints.dedup();
            if self.fingerprints.len() >= limits::DOMAINS_MAX {
                let known = self.fingerprints.binary_search(&fingerprint(domain)).is_ok();
                return if known { Ok(()) } else { Err(Full) };
            }
        }
        self.fingerprints.push(fingerprint(domain));
        Ok(())
    }

    /// The set.
    #[must_use]
    pub fn finish(mut self) -> DomainSet {
        self.fingerprints.sort_unstable();
        self.fingerprints.dedup();
        let mut starts = vec![0_u32; BUCKETS + 1];
        for fingerprint in &self.fingerprints {
            if let Some(count) = starts.get_mut(bucket_of(*fingerprint).saturating_add(1)) {
                *count = count.saturating_add(1);
            }
        }
        let mut sum = 0_u32;
        for start in &mut starts {
            sum = sum.saturating_add(*start);
            *start = sum;
        }
        // The exact size: a set lives long.
        let mut remainders = Vec::with_capacity(self.fingerprints.len());
        remainders.extend(self.fingerprints.iter().map(|fingerprint| remainder_of(*fingerprint)));
        DomainSet { starts, remainders }
    }
}

/// What a line of a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whether the receiver of the domains had room for all of them.
    pub full: Result<(), Full>,
    /// What the line is.
    pub kind: EntryKind,
}

/// What a line of a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A domain, or several.
    Domains,
    /// Blank, or a comment.
    Blank,
    /// A rule of an Adblock list that names no whole domain: it is passed over.
    OtherRule,
}

/// Reads a line: a domain, a line of a hosts file (`0.0.0.0 bad.example`), or an Adblock rule (`||bad.example^`).
/// Hands the domains it names to `each`, in ASCII and lower case.
///
/// # Errors
/// What is wrong with the line, in words.
pub fn entry(line: &str, each: &mut dyn FnMut(&str) -> Result<(), Full>) -> Result<Entry, &'static str> {
    let told = |kind| Ok(Entry { full: Ok(()), kind });
    let line = line.trim_start_matches('\u{feff}').trim();
    if line.is_empty() || line.starts_with(['#', '!']) && !line.starts_with("##") || line.starts_with("[Adblock") {
        return told(EntryKind::Blank);
    }
    if let Some(rule) = line.strip_prefix("||") {
        let (name, options) = rule.split_at_checked(rule.find(['^', '$']).unwrap_or(rule.len())).unwrap_or((rule, ""));
        let options = options.trim_start_matches('^');
        // With options a rule is about parts of pages; with a path it is about one page.
        let whole = matches!(options, "" | "$all" | "$doc" | "$document" | "$important" | "$popup");
        if !whole || name.contains(['*', '/']) {
            return told(EntryKind::OtherRule);
        }
        let full = each(&domain_of(name)?);
        return Ok(Entry { full, kind: EntryKind::Domains });
    }
    if line.starts_with("@@") || ["##", "#@#", "#?#", "#$#", "#%#"].iter().any(|mark| line.contains(mark)) {
        return told(EntryKind::OtherRule);
    }
    let line = line.split('#').next().unwrap_or_default();
    let mut words = line.split_whitespace();
    let first = words.next().unwrap_or_default();
    let mut rest = words.peekable();
    if rest.peek().is_none() {
        let full = each(&domain_of(first)?);
        return Ok(Entry { full, kind: EntryKind::Domains });
    }
    if !is_address(first) {
        return Err("more than one word, and the first is no address; write one domain a line");
    }
    for name in rest.filter(|name| !is_own_name(name)) {
        if let Err(full) = each(&domain_of(name)?) {
            return Ok(Entry { full: Err(full), kind: EntryKind::Domains });
        }
    }
    told(EntryKind::Domains)
}

/// Whether a word is an IP address, as at the start of a hosts file's line.
fn is_address(word: &str) -> bool {
    let v4 = word.split('.').count() == 4 && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    v4 || (word.contains(':')
        && word.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.' | b'%')))
}

/// Names that hosts files give to the machine itself.
fn is_own_name(name: &str) -> bool {
    matches!(name, "localhost" | "localhost.localdomain" | "local" | "broadcasthost" | "0.0.0.0")
        || name.starts_with("ip6-")
}

/// A domain as it is kept: ASCII, lower case, international labels in punycode.
///
/// # Errors
/// Why it is none that could be looked for.
pub fn domain_of(word: &str) -> Result<String, &'static str> {
    let word = word.strip_prefix("*.").or_else(|| word.strip_prefix('.')).unwrap_or(word);
    if word.contains("://") || word.contains('/') {
        return Err("an address with a path; a list names whole domains");
    }
    let lower = word.to_ascii_lowercase();
    let name = lower.strip_suffix('.').unwrap_or(&lower);
    // Most are plain; the rest are read as browsers do.
    let is_label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        !label.is_empty() && label.len() <= 63 && inner && !label.starts_with("xn--")
    };
    let ends_in_letter = name.ends_with(|ch: char| ch.is_ascii_lowercase());
    let name = if name.len() <= 253 && ends_in_letter && name.split('.').all(is_label) {
        name.to_owned()
    } else {
        host::parse(name).ok_or("not a domain")?.ascii
    };
    if !name.contains('.') && !name.starts_with('[') {
        return Err("a name without a dot; it would match nothing, or everything");
    }
    if host::is_registry(&name) {
        return Err("a public suffix; it would match every domain below it");
    }
    Ok(name)
}
