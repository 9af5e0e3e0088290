//! Packs that the hub offers: fetched, believed or refused, and put in force; and what came of them, for the hub and for people.
//!
//! Promises: nothing is believed of a pack before its size, its sum and its signature are as they must be, and a lower version only
//! where the signature says that it is a step back from what is here. What is refused is said once, told to the hub, and what was
//! there stays. Another mode of the same version takes no fetch. Where the hub or its answer is missing, nothing changes.
//!
//! Never: a decision from what is not known: before the hub said in this life what it wishes, packs stay as they are.

use super::machine::pause_ms;
use super::round::Way;
use crate::clock::Now;
use crate::cloud::{Ask, Failure, KeptPack, stage_word};
use crate::events::cut;
use crate::jobs::backup::hex;
use crate::limits;
use crate::policy::{self, HubPack, PolicySet, Stage};
use crate::reload::{NotTaken, SharedReloader, believed, hold};
use crate::shard::InForce;
use crate::store::{Snapshots, StoreError};
use aegis_contract::{PackHealth, PackMode, PackOffer, limits as wire, routes};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What is to be done about a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// It is here, and shall judge like this.
    Judges(String, Option<Stage>),
    /// It shall be fetched.
    Fetch(PackOffer),
}

impl Wish {
    fn name(&self) -> &str {
        match self {
            Self::Judges(name, _) => name,
            Self::Fetch(offer) => &offer.name,
        }
    }
}

const fn stage_of(mode: PackMode) -> Stage {
    match mode {
        PackMode::Enforce => Stage::Enforce,
        PackMode::Record => Stage::Record,
    }
}

/// What is here of a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Has {
    /// Nothing.
    None,
    /// This version, whole.
    Whole(u64),
    /// A damaged file. This version of it was believed last, and the same may take its place.
    Damaged(u64),
}

impl Has {
    fn of(pack: Option<&HubPack>) -> Self {
        match pack {
            None => Self::None,
            Some(pack) if pack.version > 0 => Self::Whole(pack.version),
            Some(pack) => Self::Damaged(pack.at_least),
        }
    }

    /// Why a version may not take its place; `from`: the one that its signature says it steps back from, if it does.
    fn objects(self, version: u64, from: Option<u64>) -> Option<String> {
        let (has, least) = match self {
            Self::None => return None,
            Self::Whole(has) => (has, has.saturating_add(1)),
            Self::Damaged(has) => (has, has),
        };
        (version < least && from != Some(has)).then(|| {
            let here = if least == has { "was believed here, and its file is damaged;" } else { "is here, and" };
            format!("version {has} {here} a lower one takes a signature with rollback-from={has}")
        })
    }
}

/// The pack of an offer, if all of it is as it must be. What is in it is read by who compiles it, in the room for that.
///
/// # Errors
/// Why it is refused.
pub fn checked(
    offer: &PackOffer,
    has: Has,
    text: Vec<u8>,
    signature: &[u8],
    key: &str,
    now_s: u64,
) -> Result<KeptPack, String> {
    if u64::try_from(text.len()) != Ok(offer.bytes) {
        return Err(format!("it has {} bytes, and the hub said {}", text.len(), offer.bytes));
    }
    let sum: [u8; 32] = Sha256::digest(&text).into();
    if !hex(&sum).eq_ignore_ascii_case(&offer.sha256) {
        return Err("its bytes are not those of the hub's SHA-256".to_owned());
    }
    let text = String::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned())?;
    let most = limits::CLOUD_PACK_VALUES_MAX;
    if policy::values_of(&text) > most {
        return Err(format!(
            "it has more values or lines than the {most} that a board reads of one; make two packs of it"
        ));
    }
    let lines = String::from_utf8_lossy(signature);
    let signature: String = lines.lines().take(4).flat_map(|line| [line, "\n"]).collect();
    let name = offer.name.clone();
    let pack = KeptPack { name, stage: Some(stage_of(offer.mode)), since_s: now_s, signature, text };
    let comment = believed(&pack, key)?;
    if comment.version != offer.version || comment.rollback_from.is_some() != offer.rollback {
        return Err(format!("its signature says `{comment}`, which is not what the hub offers"));
    }
    if let Some(why) = has.objects(comment.version, comment.rollback_from) {
        return Err(why);
    }
    Ok(pack)
}

/// What is known about offers.
#[derive(Debug, Default)]
pub struct Packs {
    not_before_ms: u64,
    failures: u32,
    /// Offers that came to nothing; as many as there are offers, which the contract bounds.
    refused: Vec<Refused>,
    /// Which undone decisions were counted, and by which rules.
    undone_of: (usize, u64, u64),
}

/// An offer that came to nothing.
#[derive(Debug)]
struct Refused {
    name: String,
    why: String,
    /// Whether that is the last word on it.
    is_final: bool,
}

impl Packs {
    /// Other wishes came: what was refused may be taken now.
    pub fn wished_anew(&mut self) {
        self.refused.iter_mut().for_each(|one| one.is_final = false);
        self.not_before_ms = 0;
    }

    /// What is to be done next.
    #[must_use]
    pub fn next(&self, offers: &[PackOffer], has: &[HubPack]) -> Option<Wish> {
        // What failed before waits until all else was tried.
        let is_due = |name: &str, again: bool| match self.refused.iter().find(|one| one.name == name) {
            Some(one) => again && !one.is_final,
            None => !again,
        };
        let left = |one: &HubPack| {
            let is_offered = offers.iter().any(|offer| offer.name == one.name);
            (one.stage.is_some() && !is_offered).then(|| Wish::Judges(one.name.clone(), None))
        };
        let offered = |offer: &PackOffer| {
            let stage = Some(stage_of(offer.mode));
            match has.iter().find(|one| one.name == offer.name && one.version == offer.version) {
                Some(same) if same.stage == stage => None,
                Some(_) => Some(Wish::Judges(offer.name.clone(), stage)),
                None => Some(Wish::Fetch(offer.clone())),
            }
        };
        [false, true].into_iter().find_map(|again| {
            let mut left = has.iter().filter(|one| is_due(&one.name, again)).filter_map(left);
            let mut offered = offers.iter().filter(|offer| is_due(&offer.name, again)).filter_map(offered);
            left.next().or_else(|| offered.next())
        })
    }

    /// Does one thing about what the hub offers, if there is something to be done.
    pub async fn turn<W: Way>(
        &mut self,
        way: &mut W,
        offers: &[PackOffer],
        (reloader, in_force, key): (&SharedReloader, &InForce, &str),
        now: Now,
        chance: u64,
    ) {
        if now.mono.0 < self.not_before_ms {
            return;
        }
        let book = in_force.now();
        let has = book.policy.hub_packs();
        // A refusal of what is not offered any more is past.
        let is_known = |name: &str| offers.iter().any(|one| one.name == name) || has.iter().any(|one| one.name == name);
        self.refused.retain(|refused| is_known(&refused.name));
        let Some(wish) = self.next(offers, has) else { return };
        let pack = match &wish {
            Wish::Judges(name, stage) => Ok(KeptPack { name: name.clone(), stage: *stage, ..KeptPack::default() }),
            Wish::Fetch(offer) => fetched(way, offer, has, key, now.wall.seconds()).await,
        };
        let taken = match pack {
            Ok(pack) => put(reloader, Some(pack)).await,
            Err(not) => Err(not),
        };
        match taken {
            Ok(()) => {
                self.failures = 0;
                self.refused.retain(|refused| refused.name != wish.name());
                tracing::info!(name = wish.name(), "what the hub wishes of a pack is in force");
            }
            Err(NotTaken { why, is_final }) => self.not_taken(wish.name(), why, is_final, now, chance),
        }
    }

    fn not_taken(&mut self, name: &str, why: String, is_final: bool, now: Now, chance: u64) {
        if !is_final {
            self.failures = self.failures.saturating_add(1);
            self.not_before_ms = now.mono.plus_ms(pause_ms(self.failures, chance)).0;
        }
        let is_said = self.refused.iter().any(|one| one.name == name && one.why == why);
        self.refused.retain(|one| one.name != name);
        if !is_said {
            tracing::warn!(name, why, "a pack of the hub is not taken; what was in force stays");
        }
        self.refused.push(Refused { name: name.to_owned(), why, is_final });
    }

    /// Counts what people took back of what the packs spoke about, where that changed.
    ///
    /// # Errors
    /// When storage fails.
    pub fn look_at(&mut self, snapshots: &Snapshots, policy: &PolicySet) -> Result<(), StoreError> {
        if policy.hub_packs().is_empty() {
            return Ok(());
        }
        let undone = snapshots.undone()?;
        let sum = undone.iter().fold(0_u64, |sum, number| sum.wrapping_add(*number));
        let of = (undone.len(), sum, policy.version);
        if of == self.undone_of {
            return Ok(());
        }
        let mut counts = vec![0; policy.hub_packs().len()];
        for number in undone {
            let Some(decision) = snapshots.decision(number)? else { continue };
            for (pack, count) in policy.hub_packs().iter().zip(&mut counts) {
                let is_of = decision.findings.iter().any(|finding| policy.is_of(&finding.rule, pack));
                *count += u64::from(is_of && pack.since_s <= decision.at.seconds());
            }
        }
        policy.hub_packs().iter().zip(counts).for_each(|(pack, count)| pack.counts.undone.set(count));
        self.undone_of = of;
        Ok(())
    }

    /// How the packs do, as the hub is told.
    #[must_use]
    pub fn health(has: &[HubPack]) -> Vec<PackHealth> {
        // A damaged file is as good as none: the hub offers it again.
        has.iter().filter(|one| one.version > 0).map(Self::health_of).collect()
    }

    fn health_of(one: &HubPack) -> PackHealth {
        let acts = one.judges() && one.stage == Some(Stage::Enforce);
        PackHealth {
            name: one.name.clone(),
            version: one.version,
            mode: if acts { PackMode::Enforce } else { PackMode::Record },
            seen: one.counts.seen.get(),
            matched: one.counts.matched.get(),
            undone: one.counts.undone.get(),
        }
    }

    /// What is not in force as the hub wishes it, a sentence each.
    #[must_use]
    pub fn troubles(&self, has: &[HubPack]) -> Vec<String> {
        let troubled = has.iter().filter_map(|one| Some((&one.name, one.trouble.as_ref()?)));
        let refused = self.refused.iter().map(|one| (&one.name, &one.why));
        let all = refused.chain(troubled).take(limits::CLOUD_PACKS_MAX);
        all.map(|(name, why)| {
            cut(&format!("Pack {name}: {why}").replace(char::is_control, " "), wire::REMARK_BYTES_MAX)
        })
        .collect()
    }

    /// How each pack does, and [`Packs::troubles`], for people.
    #[must_use]
    pub fn told(&self, has: &[HubPack]) -> (Vec<String>, Vec<String>) {
        let line = |one: &HubPack| {
            let PackHealth { name, version, seen, matched, undone, .. } = Self::health_of(one);
            let word = stage_word(one.stage);
            format!("Pack {name} {version}: {word}, {seen} seen, {matched} matched, {undone} undone")
        };
        (has.iter().map(line).collect(), self.troubles(has))
    }
}

/// What came of the packs, to be kept: a line each.
#[must_use]
pub fn kept_counts(has: &[HubPack]) -> String {
    let line = |one: &HubPack| {
        format!("{} {} {} {}\n", one.name, one.version, one.counts.seen.get(), one.counts.matched.get())
    };
    has.iter().map(line).collect()
}

/// Goes on from what was kept.
pub fn go_on_from(kept: &str, has: &[HubPack]) {
    for line in kept.lines() {
        let mut words = line.split(' ');
        let (name, mut number) = (words.next(), words.map(|word| word.parse::<u64>().unwrap_or(0)));
        let (version, seen, matched) = (number.next(), number.next(), number.next());
        if let Some(one) = has.iter().find(|one| Some(one.name.as_str()) == name && Some(one.version) == version) {
            one.counts.seen.add(seen.unwrap_or(0));
            one.counts.matched.add(matched.unwrap_or(0));
        }
    }
}

/// The pack of an offer, fetched and checked; `has` are those that are here.
///
/// # Errors
/// Why there is none.
pub async fn fetched<W: Way>(
    way: &mut W,
    offer: &PackOffer,
    has: &[HubPack],
    key: &str,
    now_s: u64,
) -> Result<KeptPack, NotTaken> {
    let known = Has::of(has.iter().find(|one| one.name == offer.name));
    let refused = |why: String| NotTaken { why, is_final: true };
    let most = limits::CLOUD_PACK_BYTES_MAX;
    if known == Has::None && has.len() >= limits::CLOUD_PACKS_MAX {
        return Err(refused(format!("this board has {} packs of the hub already", has.len())));
    }
    if offer.bytes > most {
        return Err(refused(format!("it has {} bytes, and a board takes at most {most}", offer.bytes)));
    }
    // The same version is not asked for, unless it is damaged.
    if let Some(why) = known.objects(offer.version, None).filter(|_| !offer.rollback) {
        return Err(refused(why));
    }
    let later = |failure: Failure| NotTaken { why: failure.to_string(), is_final: false };
    let mut parts = Vec::new();
    for (target, at_most) in [
        (routes::pack_signature(&offer.name, offer.version), wire::SIGNATURE_BYTES_MAX),
        (routes::pack(&offer.name, offer.version), usize::try_from(offer.bytes).unwrap_or(0)),
    ] {
        parts.push(way.ask(Ask { target, at_most, ..Ask::default() }).await.map_err(later)?.body);
    }
    let (text, signature) = (parts.pop().unwrap_or_default(), parts.pop().unwrap_or_default());
    checked(offer, known, text, &signature, key, now_s).map_err(refused)
}

/// [`crate::reload::Reloader::take_of_hub`] on a thread that may wait.
///
/// # Errors
/// As there.
pub async fn put(reloader: &SharedReloader, pack: Option<KeptPack>) -> Result<(), NotTaken> {
    let reloader = Arc::clone(reloader);
    let taken = tokio::task::spawn_blocking(move || hold(&reloader).take_of_hub(pack)).await;
    taken.unwrap_or_else(|_| Err(NotTaken { why: "taking it in was cut off".to_owned(), is_final: false }))
}
