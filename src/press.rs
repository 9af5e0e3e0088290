//! Buttons under the bot's messages: what a press asks for, and the words that come back with it.
//!
//! Promises: the words of a button are at most `limits::PRESS_BYTES_MAX` bytes, and signed for the one chat they were made
//! for: whoever sends words of their own, or those of another chat, has pressed nothing. The key comes from the bot's
//! token, so that every button works after a restart and on another machine, and none once the token is another.
//!
//! Never: a right. Who may press is asked when somebody has pressed.

use crate::limits;
use crate::message::{ChatId, MessageId, UserId};
use ring::hmac;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a press asks for. The number of a decision is 0 in a row that the decision's own commit makes: the number is put in
/// when the button is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Press {
    /// Undo what a decision did.
    Undo(u64),
    /// Say that a decision was right, and do what it only recorded.
    Confirm(u64),
    /// Ban the sender.
    Ban(u64),
    /// Undo, and let the sender be from now on.
    Allow(u64),
    /// Undo, and say that it was fine.
    NotSpam(u64),
    /// Somebody who joined is human.
    Human {
        /// Who.
        user: UserId,
        /// The removal that waits for them.
        kick: MessageId,
    },
}

impl Press {
    const fn letter(self) -> char {
        match self {
            Self::Undo(_) => 'u',
            Self::Confirm(_) => 'c',
            Self::Ban(_) => 'b',
            Self::Allow(_) => 'a',
            Self::NotSpam(_) => 'n',
            Self::Human { .. } => 'h',
        }
    }

    /// The same about this decision.
    #[must_use]
    pub const fn of_decision(self, number: u64) -> Self {
        match self {
            Self::Undo(_) => Self::Undo(number),
            Self::Confirm(_) => Self::Confirm(number),
            Self::Ban(_) => Self::Ban(number),
            Self::Allow(_) => Self::Allow(number),
            Self::NotSpam(_) => Self::NotSpam(number),
            Self::Human { .. } => self,
        }
    }

    /// The decision it is about.
    #[must_use]
    pub const fn decision(self) -> Option<u64> {
        match self {
            Self::Undo(number)
            | Self::Confirm(number)
            | Self::Ban(number)
            | Self::Allow(number)
            | Self::NotSpam(number) => Some(number),
            Self::Human { .. } => None,
        }
    }

    fn plain(self) -> String {
        let letter = self.letter();
        match self {
            Self::Human { user, kick } => format!("{letter}{:x}.{:x}", user.0, kick.0),
            other => format!("{letter}{:x}", other.decision().unwrap_or(0)),
        }
    }

    fn from_plain(plain: &str) -> Option<Self> {
        let mut letters = plain.chars();
        let letter = letters.next()?;
        let rest = letters.as_str();
        let number = || u64::from_str_radix(rest, 16).ok();
        Some(match letter {
            'u' => Self::Undo(number()?),
            'c' => Self::Confirm(number()?),
            'b' => Self::Ban(number()?),
            'a' => Self::Allow(number()?),
            'n' => Self::NotSpam(number()?),
            'h' => {
                let (user, kick) = rest.split_once('.')?;
                let user = u64::from_str_radix(user, 16).ok()?;
                let kick = u32::from_str_radix(kick, 16).ok()?;
                Self::Human { user: UserId(user.cast_signed()), kick: MessageId(kick.cast_signed()) }
            }
            _ => return None,
        })
    }
}

/// A button as it is to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What stands on it.
    pub label: String,
    /// What a press asks for.
    pub press: Press,
}

/// Signs what buttons carry.
#[derive(Clone)]
pub struct Signer(hmac::Key);

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

/// Bytes of a signature that a button carries: 96 bits, which nobody guesses a press at a time.
const SIGNATURE_BYTES: usize = 12;

impl Signer {
    /// The signer of the bot with this token.
    #[must_use]
    pub fn of_token(token: &str) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, token.as_bytes());
        let own = hmac::sign(&root, b"aegis: buttons");
        Self(hmac::Key::new(hmac::HMAC_SHA256, own.as_ref()))
    }

    /// The words of a button in a chat.
    #[must_use]
    pub fn words(&self, chat: ChatId, press: Press) -> String {
        let plain = press.plain();
        let signature = self.signature(chat, &plain);
        let words = format!("{plain}:{signature}");
        debug_assert!(words.len() <= limits::PRESS_BYTES_MAX);
        words
    }

    /// A number that follows from the token alone, for names that tell nothing without it.
    #[must_use]
    pub fn salt(&self) -> u64 {
        let signed = hmac::sign(&self.0, b"aegis: pseudonyms");
        signed.as_ref().iter().take(8).fold(0, |salt, byte| (salt << 8) | u64::from(*byte))
    }

    fn signature(&self, chat: ChatId, plain: &str) -> String {
        let mut signed = chat.0.to_le_bytes().to_vec();
        signed.extend_from_slice(plain.as_bytes());
        let signature = hmac::sign(&self.0, &signed);
        signature.as_ref().iter().take(SIGNATURE_BYTES).map(|byte| format!("{byte:02x}")).collect()
    }

    /// What words of a button in a chat ask for; `None` when they are not ours, or not of that chat.
    #[must_use]
    pub fn read(&self, chat: ChatId, words: &str) -> Option<Press> {
        if words.len() > limits::PRESS_BYTES_MAX {
            return None;
        }
        let (plain, signature) = words.split_once(':')?;
        let right = self.signature(chat, plain);
        let is_ours: bool = subtle::ConstantTimeEq::ct_eq(right.as_bytes(), signature.as_bytes()).into();
        if is_ours { Press::from_plain(plain) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAT: ChatId = ChatId(-1_001_234_567_890);

    fn all() -> [Press; 6] {
        [
            Press::Undo(u64::MAX),
            Press::Confirm(0),
            Press::Ban(7),
            Press::Allow(1 << 40),
            Press::NotSpam(12_345),
            Press::Human { user: UserId(i64::MAX), kick: MessageId(i32::MIN) },
        ]
    }

    #[test]
    fn a_button_says_what_it_was_made_for_in_at_most_64_bytes() {
        let signer = Signer::of_token("1:a");
        for press in all() {
            let words = signer.words(CHAT, press);
            assert!(words.len() <= 64, "{words}");
            assert_eq!(signer.read(CHAT, &words), Some(press));
        }
    }

    #[test]
    fn words_that_were_changed_or_are_of_another_chat_or_token_press_nothing() {
        let (signer, other) = (Signer::of_token("1:a"), Signer::of_token("1:b"));
        for press in all() {
            let words = signer.words(CHAT, press);
            assert_eq!(signer.read(ChatId(-5), &words), None);
            assert_eq!(other.read(CHAT, &words), None);
            for at in 0..words.len() {
                let mut bytes = words.clone().into_bytes();
                bytes[at] ^= 1;
                let Ok(changed) = String::from_utf8(bytes) else { continue };
                assert_eq!(signer.read(CHAT, &changed), None, "{changed}");
            }
            for cut in 0..words.len() {
                assert_eq!(signer.read(CHAT, &words[..cut]), None);
            }
        }
    }

    #[test]
    fn the_key_is_not_shown() {
        assert_eq!(format!("{:?}", Signer::of_token("1:secret")), "Signer");
    }
}
