//! What an opinion is remembered under.
//!
//! Promises: two messages share an exact key only when nothing differs that a model is told or that changes its answer:
//! every text after folding, with its borders; every link; the kind of media; forward or own words; and the [`Ground`].
//!
//! Never: a text. What is stored of one is hashes.

use super::sketch::Sketch;
use crate::limits;
use crate::links::{Link, LinkKind, Links};
use crate::message::{Message, SurfaceKind, TraceId, Truncation};
use crate::tenant::TenantName;
use crate::text::Canonical;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// What an answer rests on besides the message, as one hash: another policy, tenant, text of rules or model, and no
/// remembered opinion fits any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground([u8; 32]);

impl Ground {
    /// The ground of answers about messages of one tenant: the version of the policy, the community's rules as the model
    /// is told them, and the model's name.
    #[must_use]
    pub fn new(policy: u64, tenant: &TenantName, rules: &str, model: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(policy.to_le_bytes());
        for text in [tenant.as_str(), rules, model] {
            add(&mut hash, text);
        }
        Self(hash.finalize().into())
    }

    /// The ground of one message alone: nothing that is remembered fits it, and nothing that rests on it fits any other.
    #[must_use]
    pub fn alone(&self, trace: TraceId) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(trace.0.to_le_bytes());
        Self(hash.finalize().into())
    }
}

/// What an opinion is remembered under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Key {
    exact: [u8; 32],
    /// The hash of what must be the same for two texts to be nearly the same: the ground, whether it was forwarded or
    /// quotes somebody, and the places it leads to.
    near_ground: u64,
    near: Option<Sketch>,
}

impl Key {
    /// The key of a message, its folded text and its links.
    #[must_use]
    pub fn of(message: &Message, folded: &Canonical, links: &Links, ground: &Ground) -> Self {
        Self {
            exact: exact(message, folded, links, ground),
            near_ground: near_ground(message, links, ground),
            near: Sketch::of(folded, links),
        }
    }

    /// The part that is the same only for the same message.
    #[must_use]
    pub const fn exact(&self) -> &[u8; 32] {
        &self.exact
    }

    /// The sketch of its text; `None` when the text is too short to tell.
    #[must_use]
    pub const fn sketch(&self) -> Option<&Sketch> {
        self.near.as_ref()
    }

    /// How many samples the texts of two keys share, if they are nearly the same and all else is equal.
    #[must_use]
    pub fn likeness(&self, other: &Self) -> Option<u32> {
        if self.near_ground != other.near_ground {
            return None;
        }
        let shared = self.near.as_ref()?.shared(other.near.as_ref()?)?;
        (shared >= limits::SKETCH_SHARED_MIN).then_some(shared)
    }
}

/// Adds a text with its length, so that no two lists of texts hash alike.
fn add(hash: &mut Sha256, text: &str) {
    hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
    hash.update(text);
}

fn exact(message: &Message, folded: &Canonical, links: &Links, ground: &Ground) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(ground.0);
    add(&mut hash, message.media.word());
    add(&mut hash, provenance(message));
    let kinds = message.surfaces.iter().map(|surface| surface.kind.word()).chain(std::iter::repeat(""));
    // A line break stands between surfaces and nowhere else.
    for (part, kind) in folded.text().split('\n').zip(kinds) {
        add(&mut hash, kind);
        add(&mut hash, part);
    }
    add(&mut hash, "links");
    for link in links.iter() {
        add(&mut hash, &link.canonical);
    }
    // The bound of a link is a character's width away from where it is cut.
    let is_cut_link = |link: &Link| link.canonical.len().saturating_add(4) > limits::LINK_BYTES_MAX;
    if folded.truncated() == Truncation::Cut || links.left_out() > 0 || links.iter().any(is_cut_link) {
        // What was cut must differ as well.
        add(&mut hash, "as written");
        for surface in &message.surfaces {
            add(&mut hash, &surface.text);
        }
    }
    hash.finalize().into()
}

const fn provenance(message: &Message) -> &'static str {
    match message.provenance {
        crate::message::Provenance::Own => "own",
        crate::message::Provenance::Forwarded => "forwarded",
    }
}

fn near_ground(message: &Message, links: &Links, ground: &Ground) -> u64 {
    let mut hash = Sha256::new();
    hash.update(ground.0);
    add(&mut hash, provenance(message));
    // Who quotes a scam to warn of it does not post it.
    let quotes =
        message.surfaces.iter().any(|surface| matches!(surface.kind, SurfaceKind::Quote | SurfaceKind::ExternalReply));
    add(&mut hash, if quotes { "quotes" } else { "speaks" });
    let places: BTreeSet<&str> = links.iter().map(place).collect();
    for place in places {
        add(&mut hash, place);
    }
    // More links than are kept: nobody can say that they lead to the same places.
    if links.left_out() > 0 {
        for surface in &message.surfaces {
            add(&mut hash, &surface.text);
        }
    }
    let whole: [u8; 32] = hash.finalize().into();
    let (first, _) = whole.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
    u64::from_le_bytes(*first)
}

/// Whom a link leads to, whatever page of theirs: the registrable domain, and at Telegram the name.
fn place(link: &Link) -> &str {
    let parts = match link.kind {
        LinkKind::Web => return &link.domain,
        LinkKind::Username | LinkKind::Bot | LinkKind::Post => {
            // `t.me/c/<number>/<message>` names a chat by its number.
            if link.canonical.starts_with("t.me/c/") { 3 } else { 2 }
        }
        LinkKind::Invite | LinkKind::App | LinkKind::Mail | LinkKind::Other => return &link.canonical,
    };
    let mut ends = link.canonical.match_indices(['/', '?']).map(|(at, _)| at);
    ends.nth(parts - 1).and_then(|at| link.canonical.get(..at)).unwrap_or(&link.canonical)
}
