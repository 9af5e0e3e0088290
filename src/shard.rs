//! Judging a batch, chat by chat: each shard has a queue of slot numbers and a worker of its own.
//!
//! Promises: the messages of one chat are judged in their order, by one worker; a message whose judging panics is
//! quarantined and harms no other. A message exists once, in its slot; a queue carries slot numbers and its size is a
//! constant.
//!
//! Never: an effect. A worker reads and judges.

use crate::config::{Ai, ChatSettings, Webhooks};
use crate::counters::Counters;
use crate::decide::ChatRules;
use crate::flags::{Flag, Layers};
use crate::learn::Learned;
use crate::limits;
use crate::manners::{Manners, MannersLayer};
use crate::message::{ChatId, Message};
use crate::overlay::{self, HubLayer, Overlay};
use crate::policy::{self, PacksOff, Paused, PolicySet, Scratch, Terms};
use crate::tenant::{DegradeMode, Tenant, TenantName, Tenants};
use crate::verdict::{Thresholds, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::Notify;

/// The policy and the rules of each chat, as of one moment. Swapped whole.
#[derive(Clone, Debug)]
pub struct Rulebook {
    /// The compiled packs.
    pub policy: Arc<PolicySet>,
    /// Rules that only record, because they hit too often.
    pub paused: Paused,
    /// What was learned.
    pub learned: Arc<Learned>,
    /// What stands for it where the learner has no say.
    unlearned: Arc<Learned>,
    /// Whose each chat is, and how its owner is looked after.
    pub tenants: Arc<Tenants>,
    /// The rules of chats with their own.
    pub chats: Arc<BTreeMap<ChatId, ChatRules>>,
    /// How a model is asked about unsure messages.
    pub ai: Arc<Ai>,
    /// Tenants whose unsure messages no model can be asked about now.
    pub degraded: Arc<BTreeSet<TenantName>>,
    /// Who says what of the flags; each tenant has what came of it.
    pub flags: Layers,
    /// Who is told of what happens.
    pub hooks: Arc<Webhooks>,
    /// What was changed on the page, over the settings.
    pub overlay: Arc<Overlay>,
    /// What a hub wishes.
    pub hub: Arc<HubLayer>,
    /// Tenants as the settings have them.
    of_settings: Arc<Tenants>,
    /// Chats as the settings have them.
    own_settings: Arc<BTreeMap<ChatId, ChatSettings>>,
    /// Chats of administrators.
    admin_chats: Arc<BTreeSet<ChatId>>,
    /// How chats are kept, where that is not as for their tenant.
    own_manners: Arc<BTreeMap<ChatId, Manners>>,
    /// The packs that do not judge for a tenant, in the order of the tenants.
    off: Arc<[PacksOff]>,
    /// The packs that do not judge in a chat, where that is not as for its tenant.
    off_in: Arc<BTreeMap<ChatId, PacksOff>>,
}

impl Rulebook {
    /// With nothing learned, no chats with rules of their own, nothing changed on the page, and no model.
    #[must_use]
    pub fn new(policy: PolicySet, tenants: Tenants) -> Self {
        let tenants = Arc::new(tenants);
        let empty = Self {
            policy: Arc::new(policy),
            paused: Paused::default(),
            learned: Arc::default(),
            unlearned: Arc::default(),
            of_settings: Arc::clone(&tenants),
            tenants,
            chats: Arc::default(),
            ai: Arc::default(),
            degraded: Arc::default(),
            flags: Layers::default(),
            hooks: Arc::default(),
            overlay: Arc::default(),
            hub: Arc::default(),
            own_settings: Arc::default(),
            admin_chats: Arc::default(),
            own_manners: Arc::default(),
            off: Arc::default(),
            off_in: Arc::default(),
        };
        empty.put_together()
    }

    /// The same with another policy, of which no rule is paused.
    #[must_use]
    pub fn with_policy(&self, policy: impl Into<Arc<PolicySet>>) -> Self {
        Self { policy: policy.into(), paused: Paused::default(), ..self.clone() }.put_together()
    }

    /// The same with what these settings say, under what was changed on the page.
    #[must_use]
    pub fn with_settings(&self, tenants: Tenants, chats: BTreeMap<ChatId, ChatSettings>, ai: Ai) -> Self {
        let (of_settings, own_settings) = (Arc::new(tenants), Arc::new(chats));
        Self { of_settings, own_settings, ai: Arc::new(ai), ..self.clone() }.put_together()
    }

    /// The same with these layers of flags, from which the tenants' own were made.
    #[must_use]
    pub fn with_flags(&self, flags: Layers) -> Self {
        let next = Self { flags: Layers { hub: self.hub.flags, ..flags }, ..self.clone() };
        if self.hub.is_empty() { next } else { next.put_together() }
    }

    /// The same with what a hub wishes.
    #[must_use]
    pub fn with_hub(&self, hub: HubLayer) -> Self {
        let flags = Layers { hub: hub.flags, ..self.flags };
        Self { hub: Arc::new(hub), flags, ..self.clone() }.put_together()
    }

    /// The same, which has these told of what happens.
    #[must_use]
    pub fn with_hooks(&self, hooks: &Webhooks) -> Self {
        if *self.hooks == *hooks { self.clone() } else { Self { hooks: Arc::new(hooks.clone()), ..self.clone() } }
    }

    /// The same with this changed on the page.
    #[must_use]
    pub fn with_overlay(&self, overlay: impl Into<Arc<Overlay>>) -> Self {
        Self { overlay: overlay.into(), ..self.clone() }.put_together()
    }

    /// The same with a group under its new id, as far as somebody changed something for it.
    #[must_use]
    pub fn with_moved(&self, from: ChatId, to: ChatId) -> Self {
        self.overlay.moved(from, to).map_or_else(|| self.clone(), |overlay| self.with_overlay(overlay))
    }

    /// Makes what is asked for each message of what was set and changed.
    fn put_together(mut self) -> Self {
        let overlay = Arc::clone(&self.overlay);
        let layers = self.flags;
        let wished = self.of_settings.each(|tenant| self.hub.over(tenant, &layers));
        // Without a hub the tenants are as the settings have them, flags included.
        let usual = if self.hub.is_empty() { &*self.of_settings } else { &wished };
        let tenants = overlay.tenants(usual);
        let rules = |chat: &ChatId| (*chat, overlay::in_order(self.own_rules(*chat, &tenants)));
        let chats = self.own_settings.keys().chain(overlay.groups.keys()).map(rules).collect();
        let off = tenants.iter().map(|tenant| overlay.packs_off(tenant, &self.policy)).collect();
        let off_in = overlay.groups.keys();
        let off_in =
            off_in.filter_map(|chat| Some((*chat, overlay.packs_off_in(*chat, tenants.of(*chat), &self.policy)?)));
        let own = self.own_settings.iter().filter(|(_, own)| own.manners != MannersLayer::default());
        let manners = own.map(|(chat, own)| (*chat, own.manners.over(tenants.of(*chat).manners))).collect();
        self.own_manners = Arc::new(manners);
        self.admin_chats = Arc::new(tenants.iter().filter_map(|tenant| tenant.admin_chat).collect());
        self.off_in = Arc::new(off_in.collect());
        self.off = off;
        self.chats = Arc::new(chats);
        self.tenants = Arc::new(tenants);
        self
    }

    /// The rules of a chat: what was changed for it, over its settings, over its tenant's.
    fn own_rules(&self, chat: ChatId, tenants: &Tenants) -> ChatRules {
        let usual = tenants.of(chat).rules;
        let of_settings = self.own_settings.get(&chat).map_or(usual, |own| own.over(usual));
        self.overlay.groups.get(&chat).map_or(of_settings, |layer| layer.over(of_settings))
    }

    /// The tenants as the settings alone have them.
    #[must_use]
    pub fn tenants_of_settings(&self) -> &Tenants {
        &self.of_settings
    }

    /// The rules of a chat by the settings alone.
    #[must_use]
    pub fn rules_of_settings(&self, chat: ChatId) -> ChatRules {
        let usual = self.of_settings.of(chat).rules;
        self.own_settings.get(&chat).map_or(usual, |own| own.over(usual))
    }

    /// The chats that settings name.
    #[must_use]
    pub fn chats_of_settings(&self) -> BTreeSet<ChatId> {
        self.own_settings.keys().copied().chain(self.of_settings.chats()).collect()
    }

    /// The rules of a chat as they were set and changed, also where a review score came to lie above the block score.
    #[must_use]
    pub fn rules_as_written(&self, chat: ChatId) -> ChatRules {
        self.own_rules(chat, &self.tenants)
    }

    /// The packs that do not judge for a tenant, by its place among all.
    #[must_use]
    pub fn packs_off(&self, place: usize) -> PacksOff {
        self.off.get(place).copied().unwrap_or_default()
    }

    /// The same with these rules paused.
    #[must_use]
    pub fn with_paused(&self, paused: Paused) -> Self {
        Self { paused, ..self.clone() }
    }

    /// The same with no model to ask for these tenants.
    #[must_use]
    pub fn with_degraded(&self, degraded: BTreeSet<TenantName>) -> Self {
        Self { degraded: Arc::new(degraded), ..self.clone() }
    }

    /// The same with this learned.
    #[must_use]
    pub fn with_learned(&self, learned: Learned) -> Self {
        Self { learned: Arc::new(learned), ..self.clone() }
    }

    /// What a message in a chat is judged by.
    #[must_use]
    pub fn terms(&self, chat: ChatId) -> Terms<'_> {
        Terms {
            set: &self.policy,
            paused: &self.paused,
            learned: if self.tenant(chat).flags.is_on(Flag::Learner) { &self.learned } else { &self.unlearned },
            off: self.packs_off_in(chat),
            thresholds: self.thresholds(chat),
        }
    }

    /// The packs that do not judge in a chat.
    #[must_use]
    pub fn packs_off_in(&self, chat: ChatId) -> PacksOff {
        // Nearly always no group has packs of its own.
        let own = if self.off_in.is_empty() { None } else { self.off_in.get(&chat).copied() };
        own.unwrap_or_else(|| self.packs_off(self.tenants.place_of(chat)))
    }

    /// The scores that matter in a chat now.
    fn thresholds(&self, chat: ChatId) -> Thresholds {
        let rules = self.rules(chat);
        match self.degraded(chat) {
            Some(DegradeMode::StrictRules) => self.tenant(chat).strict_for(rules),
            Some(DegradeMode::DisableAi | DegradeMode::LinkBlocks) | None => rules.thresholds,
        }
    }

    /// Whether messages of a chat may be stored, as its owner wants it.
    #[must_use]
    pub fn may_store(&self, chat: ChatId) -> bool {
        self.tenant(chat).retention.keeps_texts()
    }

    /// What replaces the model in a chat now; `None` while there is one to ask, or none was set up.
    #[must_use]
    pub fn degraded(&self, chat: ChatId) -> Option<DegradeMode> {
        // Nearly always nobody is.
        if self.degraded.is_empty() {
            return None;
        }
        let tenant = self.tenant(chat);
        self.degraded.contains(&tenant.name).then_some(tenant.degrade)
    }

    /// The rules of a chat: its own, or its tenant's.
    #[must_use]
    pub fn rules(&self, chat: ChatId) -> &ChatRules {
        self.chats.get(&chat).unwrap_or_else(|| &self.tenants.of(chat).rules)
    }

    /// Whether administrators are told of decisions there: then nothing is moderated.
    #[must_use]
    pub fn is_admin_chat(&self, chat: ChatId) -> bool {
        self.admin_chats.contains(&chat)
    }

    /// How a chat is kept.
    #[must_use]
    pub fn manners(&self, chat: ChatId) -> &Manners {
        self.own_manners.get(&chat).unwrap_or_else(|| &self.tenants.of(chat).manners)
    }

    /// The owner of a chat.
    #[must_use]
    pub fn tenant(&self, chat: ChatId) -> &Tenant {
        self.tenants.of(chat)
    }
}

/// The one place where the rules in force lie. Whoever holds a copy of it sees the same rules.
#[derive(Clone, Debug)]
pub struct InForce {
    book: Arc<Mutex<Arc<Rulebook>>>,
    changed: Arc<Notify>,
}

impl InForce {
    /// Begins with these rules.
    #[must_use]
    pub fn new(book: Arc<Rulebook>) -> Self {
        Self { book: Arc::new(Mutex::new(book)), changed: Arc::default() }
    }

    /// Changes the rules in force, whichever they are at that moment. A message that is being judged is judged to its end by
    /// the old ones.
    pub fn change(&self, with: impl FnOnce(&Rulebook) -> Rulebook) {
        let mut now = lock(&self.book);
        let book = Arc::new(with(&now));
        let old = std::mem::replace(&mut *now, book);
        drop(now);
        drop(old);
        self.changed.notify_one();
    }

    /// Waits until other rules are in force than when this was waited for last. For one who waits.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Pauses rules of the policy in hand, unless another policy is in force by now: its rules begin with none paused.
    pub fn pause(&self, in_hand: &Rulebook, paused: Paused) {
        self.change(
            |now| {
                if Arc::ptr_eq(&now.policy, &in_hand.policy) { now.with_paused(paused) } else { now.clone() }
            },
        );
    }

    /// The rules in force.
    #[must_use]
    pub fn now(&self) -> Arc<Rulebook> {
        Arc::clone(&lock(&self.book))
    }
}

/// What came of judging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// A verdict.
    Verdict(Verdict),
    /// Judging panicked: a person must look.
    Poison,
}

/// Judges one message. A panic is caught and becomes [`Judged::Poison`].
pub fn judge(book: &Rulebook, message: &Message, scratch: &mut Scratch) -> Judged {
    match catch_unwind(AssertUnwindSafe(|| policy::judge_on(&book.terms(message.chat), message, scratch))) {
        Ok(verdict) => Judged::Verdict(verdict),
        Err(_) => {
            // What the panic left half done must not be used again.
            *scratch = Scratch::default();
            Judged::Poison
        }
    }
}

type Slot = Mutex<Option<(Arc<Message>, Option<Judged>)>>;

#[derive(Debug)]
struct Queue {
    ids: Mutex<heapless::Deque<u16, { limits::SHARD_QUEUE_IDS }>>,
    wake: Notify,
}

#[derive(Debug)]
struct Shared {
    slots: Vec<Slot>,
    queues: Vec<Queue>,
    left: AtomicUsize,
    all_judged: Notify,
    book: InForce,
    counters: Arc<Counters>,
}

/// The shards and the batch they judge.
#[derive(Debug)]
pub struct Shards {
    shared: Arc<Shared>,
    workers: Vec<tokio::task::JoinHandle<()>>,
}

impl Drop for Shards {
    fn drop(&mut self) {
        for worker in &self.workers {
            worker.abort();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Nothing panics while holding one of these locks; a poisoned one still holds whole values.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shards {
    /// Starts `count` workers on the current runtime.
    #[must_use]
    pub fn start(count: usize, book: InForce, counters: Arc<Counters>) -> Self {
        let count = count.clamp(1, limits::SHARDS_MAX);
        counters.shards.set(u64::try_from(count).unwrap_or(0));
        let queue = || Queue { ids: Mutex::new(heapless::Deque::new()), wake: Notify::new() };
        let shared = Arc::new(Shared {
            slots: (0..limits::BATCH_UPDATES_MAX).map(|_| Mutex::new(None)).collect(),
            queues: (0..count).map(|_| queue()).collect(),
            left: AtomicUsize::new(0),
            all_judged: Notify::new(),
            book,
            counters,
        });
        let workers = (0..count).map(|shard| tokio::spawn(work(Arc::clone(&shared), shard))).collect();
        Self { shared, workers }
    }

    /// Where the rules in force lie.
    #[must_use]
    pub fn in_force(&self) -> &InForce {
        &self.shared.book
    }

    /// The rules in force.
    #[must_use]
    pub fn rulebook(&self) -> Arc<Rulebook> {
        self.shared.book.now()
    }

    /// Judges a batch of at most `limits::BATCH_UPDATES_MAX` messages; the answers are in the same order.
    pub async fn judge(&mut self, messages: &[Arc<Message>]) -> Vec<Judged> {
        let mut answers = Vec::with_capacity(messages.len());
        for batch in messages.chunks(limits::BATCH_UPDATES_MAX) {
            self.judge_batch(batch).await;
            for slot in self.shared.slots.iter().take(batch.len()) {
                let judged = lock(slot).take().and_then(|(_, judged)| judged);
                // A slot without an answer is a worker that was lost; its message is shown to a person.
                answers.push(judged.unwrap_or(Judged::Poison));
            }
        }
        answers
    }

    async fn judge_batch(&mut self, batch: &[Arc<Message>]) {
        let shared = &self.shared;
        shared.left.store(batch.len(), Ordering::Release);
        for (slot, message) in shared.slots.iter().zip(batch) {
            *lock(slot) = Some((Arc::clone(message), None));
        }
        for (id, message) in (0_u16..).zip(batch) {
            let Some(queue) = shared.queues.get(message.chat.shard(shared.queues.len())) else { continue };
            // A queue holds more ids than a batch has messages, and is empty between batches.
            let _has_room = lock(&queue.ids).push_back(id);
        }
        for queue in &shared.queues {
            if !lock(&queue.ids).is_empty() {
                queue.wake.notify_one();
            }
        }
        loop {
            let judged = shared.all_judged.notified();
            if shared.left.load(Ordering::Acquire) == 0 {
                return;
            }
            judged.await;
        }
    }
}

async fn work(shared: Arc<Shared>, shard: usize) {
    let Some(queue) = shared.queues.get(shard) else { return };
    let mut scratch = Scratch::default();
    loop {
        queue.wake.notified().await;
        let book = shared.book.now();
        loop {
            let Some(id) = lock(&queue.ids).pop_front() else { break };
            let Some(slot) = shared.slots.get(usize::from(id)) else { continue };
            let message = lock(slot).as_ref().map(|(message, _)| Arc::clone(message));
            if let Some(message) = message {
                let started = Instant::now();
                let judged = judge(&book, &message, &mut scratch);
                shared.counters.judge.record_us(u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX));
                *lock(slot) = Some((message, Some(judged)));
            }
            if shared.left.fetch_sub(1, Ordering::AcqRel) == 1 {
                shared.all_judged.notify_one();
            }
        }
    }
}
