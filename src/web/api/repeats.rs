//! Answers that are remembered by idempotency key, so that who asks the same again gets the same again.
//!
//! Promises: a key is its user's own; with another question it is refused; a question under way is not begun twice. At most
//! `limits::REPEATS_ANSWERED_KEPT` are remembered, in memory: a restart forgets them.
//!
//! Never: a secret remembered. Answers that hold one are told once, also under a key.

use super::{Content, Question, Reply, Session, problem};
use crate::limits;
use crate::web::desk::Refused;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
struct Remembered {
    who: String,
    key: String,
    asked: [u8; 32],
    /// `None` while it is under way.
    reply: Option<Reply>,
}

/// The answers.
#[derive(Debug, Default)]
pub struct Repeats(Mutex<VecDeque<Remembered>>);

impl Repeats {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Remembered>> {
        // Nothing panics while holding it; a poisoned one still holds whole values.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers by `run`, or as it was answered before.
    pub fn once(&self, who: &str, key: &str, question: &Question<'_>, run: impl FnOnce() -> Reply) -> Reply {
        if key.is_empty() || key.len() > limits::IDEMPOTENCY_KEY_BYTES_MAX {
            let words = format!("1 to {} letters", limits::IDEMPOTENCY_KEY_BYTES_MAX);
            return problem(&Refused::field("Idempotency-Key", words), true);
        }
        let asked: [u8; 32] = Sha256::new()
            .chain_update(question.method)
            .chain_update([0])
            .chain_update(question.path)
            .chain_update([0])
            .chain_update(question.body)
            .finalize()
            .into();
        {
            let mut known = self.lock();
            if let Some(found) = known.iter().find(|known| known.who == who && known.key == key) {
                if found.asked != asked {
                    let words = "this key was used for another question; take a new one";
                    return problem(&Refused::field("Idempotency-Key", words), true);
                }
                return found.reply.clone().unwrap_or_else(|| {
                    problem(&Refused::Conflict("the first question with this key is still under way".to_owned()), true)
                });
            }
            if known.len() >= limits::REPEATS_ANSWERED_KEPT {
                known.pop_front();
            }
            known.push_back(Remembered { who: who.to_owned(), key: key.to_owned(), asked, reply: None });
        }
        let reply = run();
        let mut known = self.lock();
        let place = known.iter().position(|known| known.who == who && known.key == key);
        if let Some(place) = place {
            // What may pass later, what is secret and what is large is not remembered.
            let is_kept = reply.status < 429
                && reply.session == Session::Same
                && reply.outcome.is_none()
                && match &reply.content {
                    Content::Json(text) => text.len() <= limits::REPEATED_ANSWER_BYTES_MAX,
                    Content::Nothing => true,
                    Content::File(..) => false,
                };
            if is_kept {
                if let Some(found) = known.get_mut(place) {
                    found.reply = Some(reply.clone());
                }
            } else {
                known.remove(place);
            }
        }
        reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn the_same_key_does_the_same_thing_once() {
        let (repeats, times) = (Repeats::default(), Cell::new(0));
        let question = Question { method: "POST", path: "/api/v1/x", body: b"{}", ..Question::default() };
        let run = || {
            times.set(times.get() + 1);
            Reply::done("done")
        };
        for _ in 0..3 {
            assert_eq!(repeats.once("kim", "a", &question, run).status, 204);
        }
        assert_eq!(times.get(), 1);
        assert_eq!(repeats.once("ann", "a", &question, run).status, 204, "another user's key is another key");
        let other = Question { body: b"{\"x\":1}", ..question.clone() };
        assert_eq!(repeats.once("kim", "a", &other, run).status, 422);
        assert_eq!(times.get(), 2);
        for number in 0..limits::REPEATS_ANSWERED_KEPT {
            assert_eq!(repeats.once("kim", &number.to_string(), &question, run).status, 204);
        }
        assert_eq!(repeats.lock().len(), limits::REPEATS_ANSWERED_KEPT);
    }
}
