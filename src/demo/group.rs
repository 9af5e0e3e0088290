//! What the stand-in does in a group for a call: what it says, changes, lets in, and tells.
//!
//! Promises: refusals in Telegram's words; what was refused changed nothing; a message that the bot deleted is neither
//! copied nor edited afterwards.
//!
//! Never: pace or faults; the town has seen to those.

use super::api::{Call, Keyboard, Method, Permissions, Said, accept, refuse, user};
use super::ledger::{CommandsRecord, JoinAnswer, NoticeRecord, PermissionsRecord, PressRecord};
use super::script::Script;
use super::spoken::Spoken;
use super::staff::{Rank, StaffMember, administrator};
use super::town::Town;
use crate::limits;
use crate::message::fnv1a;
use serde_json::{Value, json};

/// The ids of the bot's own messages begin after this one.
const OWN_MESSAGES: i64 = 900_000_000;

impl Town {
    pub(super) fn send(&mut self, call: &Call, now_us: u64) -> Said {
        if let Some(refusal) = refused_text(&call.text).or_else(|| refused_buttons(call.reply_markup.as_ref())) {
            return refusal;
        }
        if self.ledger.notices.len() < limits::DEMO_LEDGER_ROWS_MAX {
            let text_hash = fnv1a(call.text.as_bytes());
            self.ledger.notices.push(NoticeRecord { chat: call.chat_id, text_hash, at_us: now_us });
        }
        let spoken = self.speak(call, &call.text, None, now_us);
        accept(&self.message(&spoken).to_string())
    }

    pub(super) fn copy(&mut self, call: &Call, now_us: u64) -> Said {
        let (chat, message) = (call.from_chat_id, call.message_id);
        let is_there = match self.ledger.message(chat, message) {
            Some(record) => record.deleted_us.is_none(),
            None => self.ledger.speech.get(chat, message).is_some_and(|own| own.deleted_us.is_none()),
        };
        if !is_there {
            return refuse(400, "Bad Request: message to copy not found");
        }
        if let Some(refusal) = refused_buttons(call.reply_markup.as_ref()) {
            return refusal;
        }
        let spoken = self.speak(call, &call.caption, Some((chat, message)), now_us);
        accept(&json!({"message_id": spoken.message}).to_string())
    }

    fn speak(&mut self, call: &Call, text: &str, copy_of: Option<(i64, i64)>, now_us: u64) -> Spoken {
        self.sent += 1;
        let spoken = Spoken {
            chat: call.chat_id,
            message: OWN_MESSAGES + self.sent,
            thread: call.message_thread_id,
            reply_to: call.reply_parameters.map(|answered| answered.message_id),
            copy_of,
            text: text.to_owned(),
            keyboard: call.reply_markup.clone().unwrap_or_default(),
            at_us: now_us,
            ..Spoken::default()
        };
        self.ledger.speech.push(spoken.clone());
        spoken
    }

    /// The bot's message as Telegram describes it.
    fn message(&self, spoken: &Spoken) -> Value {
        let mut message = json!({
            "message_id": spoken.message, "date": 1_760_000_000_u32, "from": self.bot(),
            "chat": {"id": spoken.chat, "type": "supergroup", "title": super::community::title(spoken.chat)},
            "text": spoken.text,
        });
        let thread = spoken.thread.map(|thread| ("message_thread_id", json!(thread)));
        let edited = (spoken.edits > 0).then_some(("edit_date", json!(1_760_000_001_u32)));
        let has_buttons = spoken.buttons().next().is_some();
        let buttons = has_buttons.then(|| ("reply_markup", json!(spoken.keyboard)));
        if let Some(object) = message.as_object_mut() {
            for (key, value) in [thread, edited, buttons].into_iter().flatten() {
                object.insert(key.to_owned(), value);
            }
        }
        message
    }

    /// Changes a message of the bot. Without new buttons the old ones go, as at Telegram.
    pub(super) fn edit(&mut self, method: Method, call: &Call) -> Said {
        let keyboard = call.reply_markup.clone().unwrap_or_default();
        let is_others = self.ledger.message(call.chat_id, call.message_id).is_some_and(|m| m.deleted_us.is_none());
        let Some(spoken) = self.ledger.speech.standing(call.chat_id, call.message_id) else {
            let words = if is_others { "message can't be edited" } else { "message to edit not found" };
            return refuse(400, &format!("Bad Request: {words}"));
        };
        let text = if method == Method::EditMessageText { &call.text } else { &spoken.text };
        let refusal = match method {
            Method::EditMessageText => refused_text(text),
            _ => None,
        };
        if let Some(refusal) = refusal.or_else(|| refused_buttons(Some(&keyboard))) {
            return refusal;
        }
        if *text == spoken.text && keyboard == spoken.keyboard {
            return refuse(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the \
                 same as a current content and reply markup of the message",
            );
        }
        spoken.text = text.clone();
        spoken.keyboard = keyboard;
        spoken.edits = spoken.edits.saturating_add(1);
        let spoken = spoken.clone();
        accept(&self.message(&spoken).to_string())
    }

    pub(super) fn answer_join(&mut self, answer: JoinAnswer, call: &Call, now_us: u64) -> Said {
        let newest =
            self.ledger.joins.iter_mut().rev().find(|join| (join.chat, join.user) == (call.chat_id, call.user_id));
        match newest {
            Some(join) if join.answer.is_none() => {
                join.answer = Some((answer, now_us));
                accept("true")
            }
            Some(join) if join.answer.is_some_and(|(given, _)| given == JoinAnswer::Approved) => {
                refuse(400, "Bad Request: USER_ALREADY_PARTICIPANT")
            }
            _ => refuse(400, "Bad Request: HIDE_REQUESTER_MISSING"),
        }
    }

    pub(super) fn set_permissions(&mut self, call: &Call, now_us: u64) -> Said {
        let asked = call.permissions;
        let permissions = if call.use_independent_chat_permissions { asked } else { asked.with_what_they_need() };
        if self.ledger.permissions_of(call.chat_id) == permissions {
            return refuse(400, "Bad Request: CHAT_NOT_MODIFIED");
        }
        self.ledger.permissions.push(PermissionsRecord { chat: call.chat_id, permissions, at_us: now_us });
        accept("true")
    }

    fn bot_id(&self) -> i64 {
        self.script.token.split(':').next().and_then(|id| id.parse().ok()).unwrap_or(4_242)
    }

    fn bot(&self) -> Value {
        json!({"id": self.bot_id(), "is_bot": true, "first_name": "Aegis", "username": "aegis_demo_bot"})
    }

    fn bot_member(&self, chat: i64) -> Value {
        if self.script.without_rights.contains(&chat) {
            return json!({"status": "member", "user": self.bot()});
        }
        administrator(&self.bot())
    }

    /// The administrators of a chat from now on.
    pub fn appoint(&mut self, chat: i64, staff: Vec<StaffMember>) {
        self.script.staff.insert(chat, staff);
    }

    /// What an administrator of a chat is; `None` for anybody else.
    pub(super) fn staff_member(&self, chat: i64, id: i64) -> Option<(StaffMember, Rank)> {
        staff(&self.script, chat).into_iter().find(|(member, _)| member.id == id && id != 0)
    }

    /// Answers a call that changes nothing in a chat.
    pub(super) fn tell(&mut self, method: Method, call: &Call, now_us: u64) -> Said {
        let answer = match method {
            Method::GetMe => self.myself(),
            Method::GetChatAdministrators => {
                let own = self.bot_member(call.chat_id);
                let own = (own.get("status") == Some(&Value::from("administrator"))).then_some(own);
                let others = staff(&self.script, call.chat_id).into_iter().map(|(member, rank)| member.member(rank));
                // The owner comes first, whoever asks.
                let mut all: Vec<Value> = own.into_iter().chain(others).collect();
                all.sort_by_key(|member| member.get("status") != Some(&Value::from("creator")));
                Value::from(all)
            }
            Method::GetChatMember => self.chat_member(call),
            Method::GetChat => self.chat(call.chat_id),
            Method::GetWebhookInfo => {
                json!({"url": "", "has_custom_certificate": false, "pending_update_count": self.waiting(now_us)})
            }
            // More than Telegram shows.
            Method::AnswerCallbackQuery if call.text.encode_utf16().count() > limits::DEMO_ANSWER_UTF16_MAX => {
                return refuse(400, "Bad Request: MESSAGE_TOO_LONG");
            }
            Method::AnswerCallbackQuery => {
                if self.ledger.presses.len() < limits::DEMO_LEDGER_ROWS_MAX {
                    self.ledger.presses.push(PressRecord {
                        id: call.callback_query_id.clone(),
                        text: call.text.clone(),
                        show_alert: call.show_alert,
                        at_us: now_us,
                    });
                }
                Value::Bool(true)
            }
            Method::SetMyCommands => {
                if self.ledger.commands.len() < limits::DEMO_LEDGER_ROWS_MAX {
                    self.ledger.commands.push(CommandsRecord {
                        scope: call.scope.clone(),
                        language_code: call.language_code.clone(),
                        count: call.commands.len(),
                        at_us: now_us,
                    });
                }
                Value::Bool(true)
            }
            _ => Value::Bool(true),
        };
        accept(&answer.to_string())
    }

    fn myself(&self) -> Value {
        let mut me = self.bot();
        for (key, value) in [
            ("can_join_groups", true),
            ("can_read_all_group_messages", true),
            ("supports_inline_queries", false),
            ("can_connect_to_business", false),
            ("has_main_web_app", false),
        ] {
            if let Some(object) = me.as_object_mut() {
                object.insert(key.to_owned(), Value::from(value));
            }
        }
        me
    }

    fn chat(&self, id: i64) -> Value {
        let mut chat = json!({
            "id": id, "type": "supergroup", "title": super::community::title(id), "accent_color_id": 0,
            "max_reaction_count": 11, "accepted_gift_types": {"unlimited_gifts": true, "limited_gifts": true,
            "unique_gifts": true, "premium_subscription": true},
            "permissions": self.ledger.permissions_of(id),
        });
        if let (Some(object), Some(linked)) = (chat.as_object_mut(), self.script.linked.get(&id)) {
            object.insert("linked_chat_id".to_owned(), Value::from(*linked));
        }
        chat
    }

    fn chat_member(&self, call: &Call) -> Value {
        if call.user_id == self.bot_id() {
            return self.bot_member(call.chat_id);
        }
        if let Some((member, rank)) = self.staff_member(call.chat_id, call.user_id) {
            return member.member(rank);
        }
        let user = user(call.user_id);
        let person = self.ledger.people.get(&(call.chat_id, call.user_id));
        if person.is_some_and(|person| person.is_banned) {
            json!({"status": "kicked", "user": user, "until_date": 0})
        } else if person.is_some_and(|person| person.is_muted) {
            let mut member = json!(Permissions::default());
            if let Some(object) = member.as_object_mut() {
                object.extend([
                    ("status".to_owned(), Value::from("restricted")),
                    ("user".to_owned(), user),
                    ("is_member".to_owned(), Value::Bool(true)),
                    ("until_date".to_owned(), Value::from(0)),
                ]);
            }
            member
        } else {
            json!({"status": "member", "user": user})
        }
    }
}

/// The administrators of a chat, without the bot.
fn staff(script: &Script, chat: i64) -> Vec<(StaffMember, Rank)> {
    let members = script
        .staff
        .get(&chat)
        .cloned()
        .unwrap_or_else(|| script.admins.iter().copied().map(StaffMember::new).collect());
    let rank = |place: usize| if place == 0 { script.first_admin } else { Rank::Administrator };
    members.into_iter().enumerate().map(|(place, member)| (member, rank(place))).collect()
}

fn refused_text(text: &str) -> Option<Said> {
    if text.is_empty() {
        return Some(refuse(400, "Bad Request: message text is empty"));
    }
    let is_long = text.encode_utf16().count() > limits::DEMO_TEXT_UTF16_MAX;
    is_long.then(|| refuse(400, "Bad Request: message is too long"))
}

fn refused_buttons(keyboard: Option<&Keyboard>) -> Option<Said> {
    let mut buttons = keyboard?.inline_keyboard.iter().flatten();
    let refused = buttons
        .find(|button| button.text.is_empty() || button.callback_data.len() > limits::DEMO_CALLBACK_DATA_BYTES_MAX)?;
    let words = if refused.text.is_empty() {
        "Bad Request: can't parse inline keyboard button: Field \"text\" must be of type String"
    } else {
        "Bad Request: BUTTON_DATA_INVALID"
    };
    Some(refuse(400, words))
}
