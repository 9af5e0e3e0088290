//! Telegram, as far as the flow sees it: updates until they are confirmed, calls that have effects, answers that get
//! lost, pauses that must be kept.

use super::OWN;
use aegis::message::{ChatId, Message, MessageId, Sender, SurfaceKind, UpdateId, UserId};
use aegis::telegram::{Admin, CallError, ChatFacts, Incoming, Reply, Request, What};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Harmless,
    Spam,
    Rude,
}

/// How badly this Telegram behaves: of a hundred.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manners {
    pub lost_replies: u8,
    pub repeated_updates: u8,
    pub pauses: u8,
    pub longest_pause_s: u64,
}

/// The chats and what was done in them.
#[derive(Debug)]
pub struct Town {
    manners: Manners,
    queue: VecDeque<Incoming>,
    confirmed: VecDeque<Incoming>,
    messages: BTreeMap<(ChatId, MessageId), (Kind, UserId)>,
    pub deleted: BTreeSet<(ChatId, MessageId)>,
    pub banned: BTreeSet<(ChatId, UserId)>,
    pub said: BTreeMap<ChatId, u64>,
    /// Senders whose ban was undone: they must end free, and their message may be there or not.
    pub undone: BTreeSet<(ChatId, UserId)>,
    /// Calls are known not to be allowed before: per chat, and of everything.
    not_before: BTreeMap<ChatId, u64>,
    pub early_calls: u64,
    pub calls: u64,
    pub refused_calls: u64,
}

impl Town {
    /// `messages` messages over `chats` chats: every fourth spam of a sender of its own, every tenth rude of one of a
    /// few members.
    pub fn new(messages: u32, chats: i64, manners: Manners) -> Self {
        let mut town = Self {
            manners,
            queue: VecDeque::new(),
            confirmed: VecDeque::new(),
            messages: BTreeMap::new(),
            deleted: BTreeSet::new(),
            banned: BTreeSet::new(),
            said: BTreeMap::new(),
            undone: BTreeSet::new(),
            not_before: BTreeMap::new(),
            early_calls: 0,
            calls: 0,
            refused_calls: 0,
        };
        for n in 0..messages {
            let chat = ChatId(-1_000 - i64::from(n) % chats);
            let (kind, user, text) = if n % 4 == 3 {
                (Kind::Spam, i64::from(n) + 10_000, "buy this SPAMword now")
            } else if n % 10 == 1 {
                (Kind::Rude, i64::from(n) % 7 + 100, "you rudeword you")
            } else {
                (Kind::Harmless, i64::from(n) % 50 + 1_000, "the meeting is at six")
            };
            let id = MessageId(i32::try_from(n).expect("few messages") + 1);
            let mut message = Message::empty(chat, id, Sender::Member(UserId(user)));
            message.push(SurfaceKind::Text, text);
            town.messages.insert((chat, id), (kind, UserId(user)));
            town.queue.push_back(Incoming { id: UpdateId(n + 500), what: What::Message(Box::new(message)) });
        }
        town
    }

    /// The unconfirmed updates, at most `limit`, and now and then some that were confirmed already.
    pub fn poll(&mut self, offset: Option<u32>, limit: usize, rng: &mut fastrand::Rng) -> Vec<Incoming> {
        if let Some(offset) = offset {
            while self.queue.front().is_some_and(|first| first.id.0 < offset) {
                self.confirmed.extend(self.queue.pop_front());
            }
            while self.confirmed.len() > 200 {
                self.confirmed.pop_front();
            }
        }
        let mut batch = Vec::new();
        for incoming in self.queue.iter().take(limit) {
            if !self.confirmed.is_empty() && rng.u8(..100) < self.manners.repeated_updates {
                batch.push(self.confirmed[rng.usize(..self.confirmed.len())].clone());
            }
            batch.push(incoming.clone());
        }
        batch
    }

    /// Whether every update is confirmed.
    pub fn is_drained(&self) -> bool {
        self.queue.is_empty()
    }

    /// Answers a call, or loses the answer before or after its effect.
    pub fn call(&mut self, request: &Request, now_ms: u64, rng: &mut fastrand::Rng) -> Result<Reply, CallError> {
        self.calls += 1;
        let everything = ChatId(0);
        let chat = request.chat().unwrap_or(everything);
        let allowed = [chat, everything].iter().filter_map(|whose| self.not_before.get(whose)).max().copied();
        if allowed.is_some_and(|allowed| now_ms < allowed) {
            self.early_calls += 1;
        }
        if rng.u8(..100) < self.manners.pauses {
            self.refused_calls += 1;
            let seconds = rng.u64(1..=self.manners.longest_pause_s);
            return Err(CallError::Refused {
                code: 429,
                description: format!("Too Many Requests: retry after {seconds}"),
                retry_after_s: Some(seconds),
                moved_to: None,
            });
        }
        let lost = rng.u8(..100) < self.manners.lost_replies;
        if lost && rng.bool() {
            return Err(CallError::Lost("the request never arrived".into()));
        }
        let reply = self.effect(request);
        if lost { Err(CallError::Lost("the answer never arrived".into())) } else { Ok(reply) }
    }

    /// The answer to a call arrived: from now on a pause in it is known, and counts from when it was said.
    pub fn heard(&mut self, request: &Request, answer: &Result<Reply, CallError>, said_ms: u64) {
        if let Err(CallError::Refused { retry_after_s: Some(seconds), .. }) = answer {
            let of_the_chat = matches!(request, Request::Say { .. });
            let whose = request.chat().filter(|_| of_the_chat).unwrap_or(ChatId(0));
            let until = self.not_before.entry(whose).or_default();
            *until = (*until).max(said_ms + seconds * 1000);
        }
    }

    /// What a call does, whether or not its answer arrives.
    pub fn effect(&mut self, request: &Request) -> Reply {
        match request {
            Request::Delete { chat, messages } => {
                self.deleted.extend(messages.iter().map(|message| (*chat, *message)));
            }
            Request::DeleteOne { chat, message } => {
                self.deleted.insert((*chat, *message));
            }
            Request::Ban { chat, user, .. } => {
                self.banned.insert((*chat, *user));
            }
            Request::Unban { chat, user } => {
                self.banned.remove(&(*chat, *user));
            }
            Request::Say { chat, .. } => *self.said.entry(*chat).or_default() += 1,
            Request::Administrators { .. } => {
                return Reply::Administrators(vec![Admin {
                    user: OWN,
                    may_delete: true,
                    may_restrict: true,
                    ..Admin::default()
                }]);
            }
            Request::Linked { .. } => return Reply::Chat(ChatFacts::default()),
            _ => {}
        }
        Reply::Done
    }

    /// Messages in all, and those that the rules block.
    pub fn counts(&self) -> (u64, u64) {
        let blocked = self.messages.values().filter(|(kind, _)| *kind != Kind::Harmless).count();
        (self.messages.len() as u64, blocked as u64)
    }

    /// What the model says must be so in the end; `Err` tells what is not.
    pub fn check(&self) -> Result<(), String> {
        for ((chat, id), (kind, user)) in &self.messages {
            let deleted = self.deleted.contains(&(*chat, *id));
            let banned = self.banned.contains(&(*chat, *user));
            let right = match kind {
                Kind::Spam if self.undone.contains(&(*chat, *user)) => !banned,
                Kind::Harmless => !deleted && !banned,
                Kind::Spam => deleted && banned,
                Kind::Rude => deleted && !banned,
            };
            if !right {
                return Err(format!(
                    "{kind:?} message {} of chat {}: deleted {deleted}, banned {banned}",
                    id.0, chat.0
                ));
            }
        }
        for (chat, said) in &self.said {
            let rude: BTreeSet<UserId> = self
                .messages
                .iter()
                .filter(|((of, _), (kind, _))| of == chat && *kind == Kind::Rude)
                .map(|(_, (_, user))| *user)
                .collect();
            if *said > rude.len() as u64 {
                return Err(format!("chat {}: {said} notices about {} members in one window", chat.0, rude.len()));
            }
        }
        Ok(())
    }
}
