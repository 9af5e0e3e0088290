//! Teaching the learner from answers: "this was fine", "this was spam".
//!
//! Promises: an answer is durable, with its line in the audit log, before anything is learned from it; a later one about the
//! same decision takes its place; what is learned depends on the answers and not on their order. Training is done aside,
//! once at a time, when answers have ceased for a while, by whoever holds the reloader.
//!
//! Never: a text kept, or a label that nobody gave.

use super::Office;
use crate::access::{Caller, Role};
use crate::clock::Clock;
use crate::learn::{Example, Features, Layer, Reach, TooFew, train};
use crate::lessons;
use crate::limits;
use crate::message::ChatId;
use crate::reload::{SharedReloader, hold};
use crate::shard::InForce;
use crate::signals::Script;
use crate::store::desk::{DeskTick, Label, Lesson, Mark};
use crate::store::records::Decision;
use crate::store::{Snapshots, Tick};
use crate::tenant::TenantName;
use crate::text;
use crate::web::desk::{Refused, Told};
use crate::web::views::Taught;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The source that is taught on the page.
const SOURCE: &str = "page";

/// Where what is learned counts: in one chat, or everywhere when `None`.
type Where = Option<ChatId>;

/// What is known of the answers so far, and whose are to be learned from next.
#[derive(Clone, Debug, Default)]
pub struct Teacher(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Every lesson's chat and label, by its decision; read from storage once.
    known: Option<BTreeMap<u64, (ChatId, Label)>>,
    due: BTreeSet<Where>,
    /// When the last answer came, milliseconds since the start.
    last_ms: u64,
    is_waiting: bool,
}

impl Teacher {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while holding it; a poisoned one still holds whole values.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What training needs.
#[derive(Clone, Debug)]
struct Lecture {
    teacher: Teacher,
    snapshots: Snapshots,
    reloader: SharedReloader,
    in_force: InForce,
    dir: PathBuf,
    clock: Clock,
}

impl Office {
    /// See [`crate::web::desk::Desk::label`].
    ///
    /// # Errors
    /// As there.
    pub fn label(&self, caller: &Caller, number: u64, label: &str) -> Told<Taught> {
        self.label_with(caller, number, label, Tick::default())
    }

    /// As [`Office::label`], with more that becomes durable in the same commit.
    pub(super) fn label_with(&self, caller: &Caller, number: u64, label: &str, mut more: Tick) -> Told<Taught> {
        caller.is_at_least(Role::Admin)?;
        let decision =
            self.gate_found(caller, Role::Admin, self.snapshots.decision(number)?, |decision| decision.chat)?;
        let label = match label {
            "fine" => Label::Fine,
            "spam" => Label::Spam,
            other => {
                let shown = other.escape_debug();
                return Err(Refused::field("label", format!("say \"fine\" or \"spam\", not \"{shown}\"")));
            }
        };
        let before = self.snapshots.mark(number)?.and_then(|mark| mark.label);
        let lesson = lesson(number, &decision, label);
        let what = format!("said of decision {number}: {}", word(label));
        let tenant = self.tenant_of(decision.chat);
        let line = self.audit_line(caller, Some(tenant), what, before.map_or("", word), word(label));
        let said = DeskTick {
            audit: vec![line],
            marks: vec![(number, Mark { undone: None, label: Some(label) })],
            lessons: lesson.iter().cloned().collect(),
            ..DeskTick::default()
        };
        more.absorb(Tick { desk: said, ..Tick::default() });
        self.commit(more)?;
        let place = self.lecture().place(decision.chat);
        let (spam, fine) = self.count(number, decision.chat, lesson.is_some().then_some(label), place)?;
        let words = self.learning(lesson.is_some(), spam, fine, place);
        Ok(Taught { spam, fine, needed: u64::from(limits::LEARN_EXAMPLES_MIN), words })
    }

    /// Takes an answer into account, and counts those that are learned from together with it.
    fn count(&self, number: u64, chat: ChatId, label: Option<Label>, place: Where) -> Told<(u64, u64)> {
        let lecture = self.lecture();
        let stored = if self.teacher.lock().known.is_none() {
            // Lessons are large: they are read where there is room for teaching.
            let _held = hold(&self.reloader);
            let lessons = self.snapshots.lessons()?;
            Some(lessons.iter().map(|lesson| (lesson.decision, (lesson.chat, lesson.label))).collect())
        } else {
            None
        };
        let mut state = self.teacher.lock();
        let known = state.known.get_or_insert_with(|| stored.unwrap_or_default());
        if let Some(label) = label {
            known.insert(number, (chat, label));
        }
        while u64::try_from(known.len()).unwrap_or(u64::MAX) > limits::LESSONS_KEPT {
            known.pop_first();
        }
        let of = |label: Label| {
            let fits = known.values().filter(|(chat, said)| *said == label && lecture.place(*chat) == place).count();
            u64::try_from(fits).unwrap_or(u64::MAX)
        };
        Ok((of(Label::Spam), of(Label::Fine)))
    }

    /// Has the learner taught when it can be, and says what will come of an answer.
    fn learning(&self, is_kept: bool, spam: u64, fine: u64, place: Where) -> String {
        if !is_kept {
            return "noted; of this decision no text is kept that anything could be learned from".to_owned();
        }
        let needed = u64::from(limits::LEARN_EXAMPLES_MIN);
        let (more_spam, more_fine) = (needed.saturating_sub(spam), needed.saturating_sub(fine));
        if more_spam > 0 || more_fine > 0 {
            let lacks = [(more_spam, "spam"), (more_fine, "fine")];
            let lacks =
                lacks.iter().filter(|(more, _)| *more > 0).map(|(more, kind)| format!("{more} more \"{kind}\""));
            let lacks: Vec<String> = lacks.collect();
            return format!("noted; the learner speaks when there are {needed} of each: {} to go", lacks.join(" and "));
        }
        if !self.lecture().has_room(place) {
            return "noted, but nothing is learned from it: there are as many sources of learning as may be; the owner \
                    must forget one (`aegis learn show`, `aegis learn forget`)"
                .to_owned();
        }
        self.schedule(place);
        let whom = if place.is_some() { "in this group" } else { "in all groups" };
        format!("noted; within a minute the learner knows {spam} of spam and {fine} that were fine, and speaks {whom}")
    }

    fn lecture(&self) -> Lecture {
        Lecture {
            teacher: self.teacher.clone(),
            snapshots: self.snapshots.clone(),
            reloader: Arc::clone(&self.reloader),
            in_force: self.in_force.clone(),
            dir: lessons::folder(&self.config.data_dir),
            clock: self.clock.clone(),
        }
    }

    /// Has the learner taught for a place, once answers have ceased for a while.
    fn schedule(&self, place: Where) {
        let lecture = self.lecture();
        {
            let mut state = self.teacher.lock();
            state.due.insert(place);
            state.last_ms = self.clock.now().mono.0;
            if std::mem::replace(&mut state.is_waiting, true) {
                return;
            }
        }
        self.runtime.spawn(async move {
            while let Some(wait) = lecture.left() {
                tokio::time::sleep(wait).await;
            }
            if tokio::task::spawn_blocking(move || lecture.give()).await.is_err() {
                tracing::error!("the learner could not be taught; the answers are kept");
            }
        });
    }

    /// Teaches at once what waits to be taught. For whoever closes, and for tests.
    pub fn teach_now(&self) {
        self.lecture().give();
    }
}

impl Lecture {
    /// Where what is learned from a chat counts.
    fn place(&self, chat: ChatId) -> Where {
        (self.in_force.now().tenant(chat).name != TenantName::default()).then_some(chat)
    }

    /// How long to wait still; `None` when answers have ceased.
    fn left(&self) -> Option<Duration> {
        let due = self.teacher.lock().last_ms.saturating_add(limits::TEACH_WAIT_MS);
        let left = due.saturating_sub(self.clock.now().mono.0);
        (left > 0).then(|| Duration::from_millis(left))
    }

    /// Whether there is room for what is learned there.
    fn has_room(&self, place: Where) -> bool {
        let now = self.in_force.now();
        let layers = now.learned.layers();
        layers.len() < limits::LEARN_LAYERS_MAX
            || layers.iter().any(|layer| layer.name == SOURCE && layer.chat == place)
    }

    /// Teaches for every place that waits.
    fn give(&self) {
        // One at a time, and never beside packs that are compiled: both take the same room in memory.
        let mut reloader = hold(&self.reloader);
        let due = {
            let mut state = self.teacher.lock();
            state.is_waiting = false;
            std::mem::take(&mut state.due)
        };
        for place in due {
            if let Err(why) = self.teach(place) {
                tracing::error!("the learner is not taught, and the answers are kept: {why}");
                continue;
            }
            // At once, so that a further place sees whether there is room.
            reloader.take_up_lessons();
        }
    }

    fn teach(&self, place: Where) -> Result<(), String> {
        if !self.has_room(place) {
            return Err("there are as many sources as may be; forget one".to_owned());
        }
        // In the order of the decisions, whichever was answered first.
        let lessons = self.snapshots.lessons().map_err(|error| error.to_string())?;
        let examples: Vec<Example> =
            lessons.into_iter().filter(|lesson| self.place(lesson.chat) == place).map(example).collect();
        let model = train(&examples, Reach::Own)
            .map_err(|TooFew(count)| format!("{} of spam and {} that were fine are too few", count.spam, count.ham))?;
        drop(examples);
        let count = model.examples();
        lessons::write(&self.dir, &Layer { name: SOURCE.to_owned(), chat: place, model })
            .map_err(|error| format!("the folder of lessons: {error}"))?;
        tracing::info!(spam = count.spam, fine = count.ham, "the learner was taught what was said on the page");
        Ok(())
    }
}

const fn word(label: Label) -> &'static str {
    match label {
        Label::Fine => "fine",
        Label::Spam => "spam",
    }
}

/// What is learned from a decision; `None` when no text of it is kept.
fn lesson(number: u64, decision: &Decision, label: Label) -> Option<Lesson> {
    let text: String = decision.excerpt.chars().take(limits::LESSON_CHARS_MAX).collect();
    if text.trim().is_empty() {
        return None;
    }
    let (mut scratch, mut features) = (text::Scratch::default(), Features::default());
    features.see(&text, &mut scratch);
    Some(Lesson {
        decision: number,
        chat: decision.chat,
        label,
        script: features.script().word().to_owned(),
        features: features.list().iter().take(limits::LESSON_FEATURES_MAX).copied().collect(),
    })
}

fn example(lesson: Lesson) -> Example {
    Example {
        features: lesson.features,
        is_spam: lesson.label == Label::Spam,
        script: Script::from_word(&lesson.script).unwrap_or(Script::None),
    }
}

#[cfg(test)]
mod tests;
