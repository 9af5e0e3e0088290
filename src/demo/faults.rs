//! What a stand-in does wrong on purpose, and when.
//!
//! Promises: the same seed and the same order of calls give the same faults. Only calls that change something in a
//! chat are struck, never a poll.
//!
//! Never: a fault that Telegram or a network could not show.

/// One kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// 429 with a `retry_after`, and a window in which no call may come.
    TooMany,
    /// 500 after having done nothing.
    ServerError,
    /// One single call is never answered; it was not carried out.
    Hang,
    /// The connection is closed without an answer; half of these calls were carried out.
    Drop,
    /// The connection is reset without an answer; half of these calls were carried out.
    Reset,
    /// Half of the answer, then the connection is closed; the call was carried out.
    Truncate,
}

impl Fault {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::TooMany, Self::ServerError, Self::Hang, Self::Drop, Self::Reset, Self::Truncate];

    /// The kind as written on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::TooMany => "429",
            Self::ServerError => "500",
            Self::Hang => "hang",
            Self::Drop => "drop",
            Self::Reset => "reset",
            Self::Truncate => "truncate",
        }
    }

    /// The kind that [`Fault::word`] names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.word() == word)
    }

    const fn salt(self) -> u64 {
        match self {
            Self::TooMany => 1,
            Self::ServerError => 2,
            Self::Hang => 3,
            Self::Drop => 4,
            Self::Reset => 5,
            Self::Truncate => 6,
        }
    }
}

/// Which calls a 429 forbids until its window is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WindowScope {
    /// Every call of the bot.
    #[default]
    Everything,
    /// Calls to the same chat.
    Chat,
}

/// Whether a call that got no proper answer was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It was.
    Done,
    /// It was not.
    NotDone,
}

/// Which faults, how often, from which seed.
#[derive(Clone, Debug)]
pub struct Faults {
    /// The kinds that happen.
    pub kinds: Vec<Fault>,
    /// How many of a thousand calls each kind strikes; [`Fault::Hang`] strikes one call in all.
    pub rate_permille: u64,
    /// The seed of the draw.
    pub seed: u64,
    /// Seconds that a 429 asks for.
    pub retry_after_s: u64,
    /// Which calls a 429 is about.
    pub scope: WindowScope,
    /// Calls that arrive so soon after a 429 was sent are counted as under way already, not as early. Milliseconds.
    pub grace_ms: u64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            kinds: Vec::new(),
            rate_permille: 100,
            seed: 1,
            retry_after_s: 1,
            scope: WindowScope::default(),
            grace_ms: 50,
        }
    }
}

/// The call at which a hang strikes is one of this many after the first few.
const HANG_AMONG: u64 = 16;

impl Faults {
    /// These kinds at the usual rate.
    #[must_use]
    pub fn of(kinds: &[Fault], seed: u64) -> Self {
        Self { kinds: kinds.to_vec(), seed, ..Self::default() }
    }

    /// What strikes the `n`-th call that changes something, from 0, and whether that call is carried out.
    #[must_use]
    pub fn draw(&self, n: u64) -> Option<(Fault, Effect)> {
        self.kinds.iter().find_map(|fault| {
            let drawn = mix(self.seed, n, fault.salt());
            match fault {
                Fault::Hang => {
                    (n == 4 + mix(self.seed, 0, fault.salt()) % HANG_AMONG).then_some((*fault, Effect::NotDone))
                }
                _ if drawn % 1_000 >= self.rate_permille => None,
                Fault::Truncate => Some((*fault, Effect::Done)),
                Fault::Drop | Fault::Reset if (drawn >> 32) & 1 == 1 => Some((*fault, Effect::Done)),
                _ => Some((*fault, Effect::NotDone)),
            }
        })
    }
}

/// A number that looks random, from a seed and two places (the finalizer of SplitMix64).
#[must_use]
pub const fn mix(seed: u64, n: u64, salt: u64) -> u64 {
    let mut x = seed
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(n.wrapping_mul(0xd1b5_4a32_d192_ed03))
        .wrapping_add(salt.wrapping_mul(0x8cb9_2ba7_2f3d_8dd7));
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_the_calls_is_struck_and_exactly_one_hangs() {
        let struck = |fault| {
            let faults = Faults::of(&[fault], 7);
            (0..10_000).filter(|n| faults.draw(*n).is_some()).count()
        };
        for fault in [Fault::TooMany, Fault::ServerError, Fault::Drop, Fault::Reset, Fault::Truncate] {
            assert!((800..1_200).contains(&struck(fault)), "{}: {}", fault.word(), struck(fault));
        }
        assert_eq!(struck(Fault::Hang), 1);
    }

    #[test]
    fn half_of_the_dropped_calls_were_carried_out() {
        let faults = Faults::of(&[Fault::Drop], 7);
        let drawn: Vec<_> = (0..10_000).filter_map(|n| faults.draw(n)).collect();
        let done = drawn.iter().filter(|(_, effect)| *effect == Effect::Done).count();
        assert!(done * 5 > drawn.len() * 2 && done * 5 < drawn.len() * 3, "{done} of {}", drawn.len());
    }
}
