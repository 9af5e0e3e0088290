//! What cards say of their age, and what an error of storage means.

use super::{Finding, State};

/// What an eMMC says of itself below `/sys/block/mmcblkN/device`. SD cards have none of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registers {
    /// The device, such as `mmcblk0`.
    pub name: String,
    /// `life_time`: two hexadecimal numbers, tenths of the life of both kinds of its cells that are used up; 0x0b is over.
    pub life_time: Option<String>,
    /// `pre_eol_info`: 1 is normal, 2 means that 80 % of the spare blocks are used, 3 that nearly all are.
    pub pre_eol_info: Option<String>,
}

fn hex(word: &str) -> Option<u32> {
    u32::from_str_radix(word.trim().trim_start_matches("0x"), 16).ok()
}

pub(super) fn judge(cards: &[Registers]) -> Option<Finding> {
    let worst = cards.iter().filter_map(of_one).max_by_key(|finding| finding.state);
    worst.filter(|finding| !finding.words.is_empty())
}

fn of_one(card: &Registers) -> Option<Finding> {
    // JEDEC 84-B51, DEVICE_LIFE_TIME_EST and PRE_EOL_INFO: 0 is "not told".
    let life =
        card.life_time.as_deref().unwrap_or("").split_whitespace().filter_map(hex).max().filter(|life| *life > 0);
    let spare = card.pre_eol_info.as_deref().and_then(hex).filter(|spare| *spare > 0);
    let name = &card.name;
    let copy = "make a backup on the page System, keep it elsewhere, and replace the card";
    let (state, words) = match (life, spare) {
        (None, None) => return None,
        (Some(life), _) if life > 10 => {
            (State::Bad, format!("The card {name} is worn out by its own account; {copy}."))
        }
        (_, Some(3..)) => (State::Bad, format!("The card {name} has hardly any spare blocks left; {copy}.")),
        (Some(life), _) if life >= 9 => (
            State::Warn,
            format!("The card {name} has used up {} % of its life by its own account; {copy} soon.", life * 10),
        ),
        (_, Some(2)) => (State::Warn, format!("The card {name} has used up 80 % of its spare blocks; {copy} soon.")),
        (Some(life), _) => (
            State::Good,
            format!("The card {name} has used up at most {} % of its life by its own account.", life * 10),
        ),
        (None, Some(_)) => (State::Good, format!("The card {name} has its spare blocks.")),
    };
    Some(Finding::new("Card", state, words))
}

/// What an error of storage means to people, by the number that the system gives it; `None` for others.
#[must_use]
pub fn cure(error: &str) -> Option<&'static str> {
    // The numbers are the same on all machines that Linux runs on which Aegis is built for.
    let is = |number: u32| error.contains(&format!("(os error {number})"));
    if is(5) {
        Some("the card or disk fails: copy the data folder to another one, and replace it")
    } else if is(28) {
        Some("the disk is full: make room, copies of the database on the page System among it")
    } else if is(30) {
        Some(
            "the disk can only be read: the system makes it so after errors of a worn card, so look at `dmesg`, and replace \
             the card or mount it for writing",
        )
    } else {
        None
    }
}
