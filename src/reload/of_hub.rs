//! The packs of a hub beside those of the owner: read, believed when their signature holds, and compiled together.
//!
//! Promises: a pack of the hub stands in for the shipped one of its id, and a file of the owner's is stronger than both. What does
//! not compile beside the others is left out, and said; the owner's own mistakes are told as without a hub. A new pack is kept only
//! when it compiles and puts out none that judged before, and is in force only when it is kept. What is damaged is remembered by the version that it
//! had, so that nothing older takes its place.
//!
//! Never: a pack judging whose signature does not hold for the key that the enrolment brought.

use super::room::Room;
use super::{Reloader, lock};
use crate::cloud::{Home, KeptPack};
use crate::document::Mistakes;
use crate::overlay::Overlay;
use crate::policy::{self, HubPack, PackSource, PolicySet};
use crate::release;
use crate::tenant::Tenants;
use aegis_contract::PackComment;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why a pack of the hub was not put in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotTaken {
    /// In a sentence.
    pub why: String,
    /// Whether it would be the same a moment later.
    pub is_final: bool,
}

/// What the signature of a pack says, once it holds for the key.
///
/// # Errors
/// Why it is not believed, in a sentence.
pub fn believed(pack: &KeptPack, key: &str) -> Result<PackComment, String> {
    let key = release::Key::read(key).map_err(|_| "the enrolment brought no key for packs; enrol again".to_owned())?;
    let comment = release::verify_text(&pack.text, &pack.signature, &key)?;
    let comment = PackComment::read(&comment).map_err(|refusal| refusal.to_string())?;
    if comment.name != pack.name {
        return Err(format!("its signature is for the pack {}", comment.name));
    }
    Ok(comment)
}

/// What it goes by where packs of a folder have their file: behind all of them in order, so that a mistake between two is told of it.
fn file_of(name: &str) -> String {
    format!("the pack {name} of the hub")
}

impl Room {
    /// The packs of the hub, with `new` in the place of the one of its name, and the sources of those that shall judge.
    fn of_hub(&self, new: Option<&KeptPack>, before: &[HubPack], own_bytes: usize) -> (Vec<HubPack>, Vec<PackSource>) {
        let (mut packs, mut sources) = (Vec::new(), Vec::new());
        let Some(home) = &self.home else { return (packs, sources) };
        let Ok(Some((enrolment, _))) = Home::read(home) else { return (packs, sources) };
        let folder = home.packs();
        let (mut names, versions) = (folder.names(), folder.versions_believed());
        names.extend(new.map(|new| new.name.clone()).filter(|name| !names.contains(name)));
        names.sort();
        let mut bytes = u64::try_from(own_bytes).unwrap_or(u64::MAX);
        for name in names {
            let kept = new.filter(|new| new.name == name).cloned().or_else(|| folder.read(&name));
            let kept = kept.ok_or_else(|| "its file is damaged or gone".to_owned());
            let kept = kept.and_then(|kept| Ok((believed(&kept, &enrolment.pack_key)?.version, kept)));
            let mut pack = HubPack::named(name);
            match kept {
                Err(why) => {
                    pack.at_least = versions.get(&pack.name).copied().unwrap_or(0);
                    pack.trouble = Some(why);
                }
                Ok((version, kept)) => {
                    (pack.version, pack.at_least) = (version, version);
                    (pack.stage, pack.since_s) = (kept.stage, kept.since_s);
                    let same = before.iter().find(|old| old.name == pack.name && old.version == version);
                    pack.counts = same.map(|same| Arc::clone(&same.counts)).unwrap_or_default();
                    bytes = bytes.saturating_add(u64::try_from(kept.text.len()).unwrap_or(u64::MAX));
                    if pack.stage.is_some() && bytes > self.source_bytes() {
                        pack.trouble = Some("this board has no room for it beside the others".to_owned());
                    } else if pack.stage.is_some() {
                        let file = file_of(&pack.name);
                        sources.push(PackSource { file, text: kept.text, lists: Vec::new() });
                    }
                }
            }
            packs.push(pack);
        }
        (packs, sources)
    }

    /// Compiles packs of the owner and of the hub, with what was changed on the page. What of the hub does not fit is left out. `before`
    /// are the hub's in force.
    pub(super) fn compile(
        &self,
        mut sources: Vec<PackSource>,
        new: Option<&KeptPack>,
        before: &[HubPack],
        overlay: &Overlay,
        tenants: &Tenants,
    ) -> Result<PolicySet, Mistakes> {
        let lists = sources.iter().flat_map(|source| &source.lists).map(|(_, list)| list.len());
        let own_bytes = sources.iter().map(|source| source.text.len()).chain(lists).sum();
        let (mut packs, hubs) = self.of_hub(new, before, own_bytes);
        let ids = if hubs.is_empty() { Vec::new() } else { sources.iter().map(PackSource::id).collect() };
        // Packs of the program that one of the hub stands in for.
        let mut aside = Vec::new();
        for source in hubs {
            let Some(pack) = packs.iter_mut().find(|pack| file_of(&pack.name) == source.file) else { continue };
            let same = ids.iter().position(|id| id.as_ref() == Some(&pack.name));
            let Some(own) = same.and_then(|at| sources.get_mut(at)) else {
                sources.push(source);
                continue;
            };
            pack.stands_in = self.is_shipped && own.file.strip_suffix(".toml") == Some(&pack.name);
            if pack.stands_in {
                aside.push((source.file.clone(), Some(std::mem::replace(own, source))));
            } else {
                pack.trouble = Some("a pack of this board's owner has its id".to_owned());
            }
        }
        loop {
            let mistakes = match self.compile_these(&sources, overlay, tenants) {
                Ok(mut set) => {
                    set.tell_of_hub(packs);
                    return Ok(set);
                }
                Err(mistakes) => mistakes,
            };
            let about = |pack: &HubPack| mistakes.list().iter().find(|mistake| mistake.file == file_of(&pack.name));
            let is_one_named = packs.iter().any(|pack| pack.judges() && about(pack).is_some());
            let mut left_out = Vec::new();
            for pack in packs.iter_mut().filter(|pack| pack.judges()) {
                let named = about(pack);
                if let Some(mistake) = named.or_else(|| mistakes.list().first().filter(|_| !is_one_named)) {
                    left_out.push(file_of(&pack.name));
                    (pack.trouble, pack.stands_in) = (Some(mistake.to_string()), false);
                }
            }
            if left_out.is_empty() {
                return Err(mistakes);
            }
            sources.retain(|source| !left_out.contains(&source.file));
            aside.retain_mut(|(file, source): &mut (String, Option<PackSource>)| {
                let stays_out = !left_out.contains(file);
                sources.extend(source.take_if(|_| !stays_out));
                stays_out
            });
        }
    }
}

impl Reloader {
    /// Puts a pack of the hub in force, once it compiles and is kept. One without a text is the one that is kept, which shall judge
    /// otherwise. Without any, it is read again which are kept.
    ///
    /// # Errors
    /// Why not. What was in force stays.
    pub fn take_of_hub(&mut self, new: Option<KeptPack>) -> Result<(), NotTaken> {
        let not = |why: String, is_final| NotTaken { why, is_final };
        let first =
            |mistakes: Mistakes| not(mistakes.list().first().map(ToString::to_string).unwrap_or_default(), false);
        let folder = self.room.home.as_ref().map(Home::packs);
        let new = match (new, &folder) {
            (Some(new), Some(folder)) if new.text.is_empty() => {
                let kept = folder.read(&new.name);
                let kept = kept.ok_or_else(|| not("its file is damaged or gone".to_owned(), true))?;
                Some(KeptPack { stage: new.stage, ..kept })
            }
            (new, _) => new,
        };
        let is_named = |new: &KeptPack| policy::id_of(&new.text).as_ref() == Some(&new.name);
        if new.as_ref().is_some_and(|new| !is_named(new)) {
            return Err(not("its `id` is not the name that the hub gives it".to_owned(), true));
        }
        let now = self.in_force.now();
        let sources = self.sources().map_err(first)?;
        let without = Overlay { own: BTreeMap::new(), ..(*now.overlay).clone() };
        let is_whole = lock(&self.standing).own_refused.is_none();
        let overlay = if is_whole { &*now.overlay } else { &without };
        let before = now.policy.hub_packs();
        let tenants = now.tenants_of_settings();
        let set = self.room.compile(sources, new.as_ref(), before, overlay, tenants).map_err(first)?;
        if let (Some(new), Some(folder)) = (&new, &folder) {
            let is_put_out = |pack: &&HubPack| {
                pack.name == new.name || before.iter().any(|old| old.judges() && old.name == pack.name)
            };
            let mut put_out = set.hub_packs().iter().filter(is_put_out);
            if let Some(why) = put_out.find_map(|pack| pack.trouble.clone()) {
                return Err(not(why, true));
            }
            let kept = folder.keep(new).and_then(|()| {
                let known = set.hub_packs().iter().filter(|pack| pack.at_least > 0);
                folder.keep_versions(known.map(|pack| (pack.name.as_str(), pack.at_least)))
            });
            kept.map_err(|error| not(format!("it cannot be kept: {error}"), false))?;
        }
        self.in_force.change(|book| book.with_policy(set));
        Ok(())
    }
}
