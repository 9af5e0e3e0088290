//! Messages the rules are unsure of: a remembered opinion, a seat in the slow lane, or the fallback; and what replaces the
//! model for new members while there is none to ask.
//!
//! Promises: a verdict the rules are sure of passes through unchanged, but for links of new members where their owner wants
//! those blocked while no model can be asked. Who is never acted on is never asked about.
//!
//! Never: a wait. What waits does so in the lane.

use super::{Arrival, Ingest};
use crate::clock::Now;
use crate::decide::Standing;
use crate::flags::Flag;
use crate::limits;
use crate::links::{self, Link, LinkKind, Links};
use crate::message::{Message, Sender, TraceId};
use crate::opinion;
use crate::opinions::{Ground, Key};
use crate::review::{NoOpinion, dated_month, dated_s};
use crate::shard::Rulebook;
use crate::store::ReviewRow;
use crate::tenant::{DegradeMode, Tenant};
use crate::text;
use crate::verdict::{ActionKind, Finding, Outcome, PlannedAction, Verdict};

/// Buffers for a second look at a message: only the unsure ones get one.
#[derive(Debug, Default)]
pub(super) struct Views {
    scratch: text::Scratch,
    links: Links,
}

/// What becomes of a message.
pub(super) enum Unsure {
    /// Its verdict stands.
    Decided(Verdict),
    /// A remembered opinion made this of it.
    Remembered(Verdict),
    /// It waits for an opinion.
    Waits(Box<ReviewRow>),
}

/// The rule under whose name a link of a new member is blocked.
const LINK_RULE: &str = "aegis-new-member-link";

impl Ingest {
    /// Asks for an opinion where the rules are unsure and there is a model.
    pub(super) fn unsure(
        &mut self,
        arrival: &Arrival,
        verdict: Verdict,
        standing: Standing,
        rulebook: &Rulebook,
        now: Now,
    ) -> Unsure {
        let message = &arrival.message;
        let may_ask = verdict.outcome == Outcome::Review
            && rulebook.ai.is_on()
            && standing == Standing::Ordinary
            && !message.sender.is_exempt();
        let Some(lane) = self.lane.as_ref().filter(|_| may_ask) else { return Unsure::Decided(verdict) };
        let tenant = rulebook.tenant(message.chat);
        if !tenant.retention.keeps_texts() {
            return Unsure::Decided(opinion::without(verdict, NoOpinion::NotStored.words()));
        }
        let key = self.views.key_of(message, arrival.trace, rulebook, tenant);
        let dated_s = dated_s(message);
        let mut lane = lane.lock();
        lane.settings(&rulebook.ai);
        if let Some((opinion, heard)) = lane.remembered(&key, dated_s) {
            return Unsure::Remembered(opinion::apply(verdict, &opinion, heard, rulebook.ai.confidence));
        }
        if let Err(why) = lane.seat(tenant, dated_month(tenant, dated_s), now.mono) {
            return Unsure::Decided(opinion::without(verdict, why.words()));
        }
        Unsure::Waits(Box::new(ReviewRow {
            chat: message.chat,
            message: message.id,
            at: now.wall,
            dated_s,
            sender: message.sender,
            revision: message.revision,
            album: message.album,
            trace: arrival.trace,
            tenant: tenant.name.clone(),
            chat_kind: message.chat_kind,
            member_age_s: message.member_age_s,
            message_count: message.message_count,
            surfaces: ReviewRow::texts(message),
            links: self.views.addresses(),
            key,
            verdict,
        }))
    }

    /// The verdict, but for a link of a new member where that is blocked while no model can be asked.
    pub(super) fn block_link(&mut self, message: &Message, verdict: Verdict, rulebook: &Rulebook) -> Verdict {
        let is_on = rulebook.degraded(message.chat) == Some(DegradeMode::LinkBlocks);
        let is_new = || is_new(message, rulebook.tenant(message.chat));
        if !is_on || verdict.outcome == Outcome::Block || !is_new() {
            return verdict;
        }
        links::find(message, rulebook.policy.link_lists(), &mut self.views.links);
        let Some(link) = self.views.links.iter().find(|link| leads_away(message, link)) else { return verdict };
        self.counters.links_blocked.one();
        let reason = "links of new members are not let through at the moment".to_owned();
        let finding = Finding { rule: LINK_RULE.to_owned(), score: 0, reason: reason.clone(), spans: vec![link.span] };
        let mut verdict = verdict;
        verdict.findings.truncate(limits::FINDINGS_MAX.saturating_sub(1));
        verdict.findings.insert(0, finding);
        let actions = vec![PlannedAction { kind: ActionKind::Delete, seconds: 0 }];
        Verdict { outcome: Outcome::Block, reason, actions, ..verdict }
    }
}

/// Whether a sender is new by what its tenant calls new. Of whom nothing is known is not.
fn is_new(message: &Message, tenant: &Tenant) -> bool {
    matches!(message.sender, Sender::Member(_) | Sender::Bot(_))
        && (message.member_age_s.is_some_and(|age| age <= tenant.new_member_s)
            || message.message_count.is_some_and(|count| count <= tenant.new_member_messages))
}

/// Whether a link leads somewhere else: a mention of somebody with `@` does not.
fn leads_away(message: &Message, link: &Link) -> bool {
    let written = || {
        let surface = message.surfaces.get(usize::from(link.span.surface))?;
        surface.text.get(usize::try_from(link.span.from).ok()?..)
    };
    match link.kind {
        LinkKind::Mail => false,
        LinkKind::Username => !written().is_some_and(|text| text.starts_with('@')),
        LinkKind::Web | LinkKind::Bot | LinkKind::Post | LinkKind::Invite | LinkKind::App | LinkKind::Other => true,
    }
}

impl Views {
    /// What an opinion about a message is remembered under.
    fn key_of(&mut self, message: &Message, trace: TraceId, rulebook: &Rulebook, tenant: &Tenant) -> Key {
        text::fold(message, &mut self.scratch);
        links::find(message, rulebook.policy.link_lists(), &mut self.links);
        let ground = Ground::new(rulebook.policy.version, &tenant.name, &tenant.community_rules, &rulebook.ai.model);
        let ground = if tenant.flags.is_on(Flag::RememberedOpinions) { ground } else { ground.alone(trace) };
        Key::of(message, self.scratch.canonical(), &self.links, &ground)
    }

    /// Where the links lead that were found last, as many as a model is told.
    fn addresses(&self) -> Vec<String> {
        self.links.iter().take(limits::MODEL_LINKS_MAX).map(|link| link.canonical.clone()).collect()
    }
}
