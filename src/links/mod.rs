//! The links of a message: where they lead, and how they are dressed up.
//!
//! Promises: every text of a message is searched, also behind characters that nobody sees and dots of other scripts;
//! each link points at its place in the original; at most `limits::LINKS_MAX` are kept, and the rest are counted; a
//! message that can hold no link costs one look at its bytes and no allocation. Total: any text has an answer.
//!
//! Never: the network, or a judgement. Whether a link may stand is for `policy`.

mod clean;
pub mod domains;
mod host;
mod lists;
mod scan;
pub mod suffixes;
mod target;
mod traits;

pub use lists::LinkLists;
pub use traits::{LinkKind, LinkTrait, LinkTraits};

use crate::limits;
use crate::message::{Message, Surface, SurfaceKind};
use crate::verdict::Span;
use clean::Clean;
use scan::Doubt;

/// The file in a policy folder that extends [`LinkLists`]; it is no pack.
pub const LISTS_FILE: &str = "links.list.toml";

/// One link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where it stands in the original.
    pub span: Span,
    /// What it is for.
    pub kind: LinkKind,
    /// What is odd about it.
    pub traits: LinkTraits,
    /// The host: ASCII, lower case, international labels in punycode. `t.me` for Telegram's own scheme.
    pub host: String,
    /// The host as people read it.
    pub shown: String,
    /// The registrable domain by the Public Suffix List; the host itself when it is an address or has none.
    pub domain: String,
    /// Host, path and query without scheme, fragment and tracking parameters, of the target when it was wrapped; at
    /// most `limits::LINK_BYTES_MAX` bytes. Two links to one place mostly have one canonical form.
    pub canonical: String,
    /// The protected name that the host imitates.
    pub resembles: Option<String>,
}

/// The links of one message, and the buffers they were found with, used again for the next.
#[derive(Clone, Debug, Default)]
pub struct Links {
    found: Vec<Link>,
    left_out: usize,
    clean: Clean,
}

impl Links {
    /// The links, by surface and place.
    pub fn iter(&self) -> impl Iterator<Item = &Link> {
        self.found.iter()
    }

    /// How many links are kept.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Links that were found and not kept, past `limits::LINKS_MAX`.
    #[must_use]
    pub const fn left_out(&self) -> usize {
        self.left_out
    }

    /// Heap bytes held by the buffers.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts = |link: &Link| {
            let resembles = link.resembles.as_ref().map_or(0, String::capacity);
            link.host.capacity()
                + link.shown.capacity()
                + link.domain.capacity()
                + link.canonical.capacity()
                + resembles
        };
        self.found.capacity() * size_of::<Link>() + self.found.iter().map(texts).sum::<usize>() + self.clean.bytes()
    }
}

/// Finds the links of a message. `out` holds them until the next call.
pub fn find(message: &Message, lists: &LinkLists, out: &mut Links) {
    out.found.clear();
    out.left_out = 0;
    if out.clean.bytes() > limits::SCRATCH_KEEP_BYTES {
        out.clean = Clean::default();
    }
    for (index, surface) in message.surfaces.iter().enumerate() {
        if is_address(surface) || clean::may_hold_links(&surface.text) {
            find_in(surface, u16::try_from(index).unwrap_or(u16::MAX), lists, out);
        }
    }
    if out.found.len() > 1 {
        mark_masked(message, &mut out.found);
    }
}

/// Whether a text is an address by its place.
const fn is_address(surface: &Surface) -> bool {
    matches!(surface.kind, SurfaceKind::TextLink | SurfaceKind::ButtonUrl)
}

fn find_in(surface: &Surface, index: u16, lists: &LinkLists, out: &mut Links) {
    let doubt = match surface.kind {
        SurfaceKind::TextLink | SurfaceKind::ButtonUrl => Doubt::None,
        SurfaceKind::FileName | SurfaceKind::ContactName | SurfaceKind::StickerSet | SurfaceKind::ForwardOrigin => {
            Doubt::Names
        }
        _ => Doubt::Prose,
    };
    let Links { found, left_out, clean } = out;
    clean.read(&surface.text);
    let mut place = Place { text: &surface.text, at: 0, units: 0 };
    let mut cursor = 0;
    while let Some(raw) = scan::next(clean.text(), cursor, doubt) {
        // A link takes at least one byte, so that the search comes to an end.
        cursor = raw.to.max(cursor.saturating_add(1));
        if found.len() >= limits::LINKS_MAX {
            *left_out = left_out.saturating_add(1);
            continue;
        }
        let (from, to) = clean.range(&surface.text, raw.from, raw.to);
        let mut link = target::resolve(&raw, lists);
        if surface.text.get(from..to) != clean.text().get(raw.from..raw.to) {
            link.traits.insert(LinkTrait::Split);
        }
        let utf16_from = place.units_at(from);
        let utf16_to = place.units_at(to);
        link.span = Span { surface: index, from: small(from), to: small(to), utf16_from, utf16_to };
        found.push(link);
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Counts UTF-16 units along a text, once over.
struct Place<'t> {
    text: &'t str,
    at: usize,
    units: u32,
}

impl Place<'_> {
    fn units_at(&mut self, at: usize) -> u32 {
        let passed = self.text.get(self.at..at).unwrap_or_default();
        let units = passed.chars().map(char::len_utf16).sum();
        self.units = self.units.saturating_add(small(units));
        self.at = self.at.max(at);
        self.units
    }
}

/// Marks addresses behind a text that shows another domain, where both are known to belong together: a button and its
/// label, and the linked text of a message that is nothing but one link.
fn mark_masked(message: &Message, found: &mut [Link]) {
    let is_web = |link: &Link| !matches!(link.kind, LinkKind::Mail | LinkKind::Other);
    for index in 0..found.len() {
        let Some((before, rest)) = found.split_at_mut_checked(index) else { return };
        let Some(link) = rest.first_mut().filter(|link| is_web(link)) else { continue };
        let kind = |surface: u16| message.surfaces.get(usize::from(surface)).map(|surface| surface.kind);
        let belongs = |shown: &Link| match kind(link.span.surface) {
            Some(SurfaceKind::ButtonUrl) => {
                link.span.surface.checked_sub(1) == Some(shown.span.surface)
                    && kind(shown.span.surface) == Some(SurfaceKind::ButtonLabel)
            }
            Some(SurfaceKind::TextLink) => {
                matches!(kind(shown.span.surface), Some(SurfaceKind::Text | SurfaceKind::Caption))
                    && is_all(message, shown)
            }
            _ => false,
        };
        let masked = before.iter().any(|shown| is_web(shown) && belongs(shown) && shown.domain != link.domain);
        if masked {
            link.traits.insert(LinkTrait::Masked);
        }
    }
}

/// Whether a link is all that its text says.
fn is_all(message: &Message, link: &Link) -> bool {
    let Some(surface) = message.surfaces.get(usize::from(link.span.surface)) else { return false };
    let from = usize::try_from(link.span.from).unwrap_or(usize::MAX);
    let to = usize::try_from(link.span.to).unwrap_or(usize::MAX);
    let is_blank = |part: Option<&str>| part.is_some_and(|part| part.chars().all(|ch| !ch.is_alphanumeric()));
    is_blank(surface.text.get(..from)) && is_blank(surface.text.get(to..))
}
