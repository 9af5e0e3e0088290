//! How far a pack is out: which version a board is offered, and when a stage stops by itself.
//!
//! Promises: pure; the same board is in the same share of a version, and a larger share holds a smaller one. A board is
//! never offered a step back without a signature for it: until there is one, what it has only records.
//!
//! Never: a version that is neither the one everybody has, the one on its way, nor the one the board has.

use crate::limits;
use aegis_contract::{BoardId, PackMode};
use sha2::{Digest, Sha256};

/// How far a version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// No version is on its way.
    None,
    /// One board records it.
    Record,
    /// A share of boards has it in force.
    Share,
    /// It was stopped: who has it only records.
    Stopped,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::Record, Self::Share, Self::Stopped];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Record => "record",
            Self::Share => "share",
            Self::Stopped => "stopped",
        }
    }

    /// The step that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.word() == word)
    }
}

/// How far one pack is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// The pack.
    pub name: String,
    /// What everybody has.
    pub current: Option<u64>,
    /// What is on its way.
    pub staged: Option<u64>,
    /// How far that is.
    pub step: Step,
    /// The board of [`Step::Record`].
    pub board: Option<BoardId>,
    /// The percent of [`Step::Share`].
    pub percent: u8,
}

/// What a board is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The version.
    pub version: u64,
    /// Whether it acts.
    pub mode: PackMode,
    /// Whether it is a step back.
    pub rollback: bool,
}

impl Stage {
    /// Whether a board is in the share.
    #[must_use]
    pub fn is_in_share(&self, board: BoardId, version: u64) -> bool {
        let mut hash = Sha256::new();
        hash.update(board.0);
        hash.update(self.name.as_bytes());
        hash.update(version.to_be_bytes());
        let hash: [u8; 32] = hash.finalize().into();
        let [a, b, c, d, ..] = hash;
        u32::from_be_bytes([a, b, c, d]) % 100 < u32::from(self.percent)
    }

    /// What a board is offered that has version `has` (0: none). `may_go_back` says whether there is a signature for a
    /// step from what it has to a version.
    #[must_use]
    pub fn offer(&self, board: BoardId, has: u64, may_go_back: impl Fn(u64) -> bool) -> Option<Offer> {
        let on_its_way = self.staged.and_then(|version| match self.step {
            Step::Record if self.board == Some(board) => Some((version, PackMode::Record)),
            Step::Share if self.is_in_share(board, version) => Some((version, PackMode::Enforce)),
            // It has it from an earlier step, and cannot be taken back without a signature.
            Step::Record | Step::Share | Step::Stopped if has == version => Some((version, PackMode::Record)),
            _ => None,
        });
        let (version, mode) = on_its_way.or_else(|| Some((self.current?, PackMode::Enforce))).or_else(|| {
            // Nobody shall have it; who has it does not act by it.
            (has > 0 && self.staged != Some(has)).then_some((has, PackMode::Record))
        })?;
        if has <= version {
            return Some(Offer { version, mode, rollback: false });
        }
        if may_go_back(version) {
            return Some(Offer { version, mode, rollback: true });
        }
        Some(Offer { version: has, mode: PackMode::Record, rollback: false })
    }
}

/// What boards report of a version on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Boards that have it.
    pub boards: u64,
    /// Of them, with an open incident.
    pub incidents: u64,
    /// Decisions its rules spoke about.
    pub matched: u64,
    /// Of them, undone by people.
    pub undone: u64,
}

impl Told {
    /// Why the stage has to stop, if it has to.
    #[must_use]
    pub fn stop(self) -> Option<String> {
        let over =
            |part: u64, whole: u64, permille: u64| u128::from(part) * 1_000 > u128::from(whole) * u128::from(permille);
        let Self { boards, incidents, matched, undone } = self;
        if matched >= limits::STAGE_MATCHED_MIN && over(undone, matched, limits::STAGE_UNDONE_PERMILLE) {
            return Some(format!("people undid {undone} of {matched} decisions its rules spoke about"));
        }
        if incidents >= limits::STAGE_INCIDENTS_MIN && over(incidents, boards, limits::STAGE_INCIDENTS_PERMILLE) {
            return Some(format!("{incidents} of {boards} boards that have it report an incident"));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(step: Step) -> Stage {
        let board = Some(BoardId([7; 16]));
        Stage { name: "scam".into(), current: Some(4), staged: Some(5), step, board, percent: 30 }
    }

    #[test]
    fn one_board_records_then_a_share_has_it_and_a_larger_share_holds_a_smaller() {
        let record = stage(Step::Record);
        let offer = |stage: &Stage, board: u8, has| stage.offer(BoardId([board; 16]), has, |_| false);
        let is = |version, mode| Some(Offer { version, mode, rollback: false });
        assert_eq!(offer(&record, 7, 4), is(5, PackMode::Record));
        assert_eq!(offer(&record, 8, 4), is(4, PackMode::Enforce));
        let mut share = stage(Step::Share);
        let boards: Vec<BoardId> = (0..2_000_u16)
            .map(|at| {
                let mut id = [0; 16];
                id[..2].copy_from_slice(&at.to_be_bytes());
                BoardId(id)
            })
            .collect();
        let small: Vec<bool> = boards.iter().map(|board| share.is_in_share(*board, 5)).collect();
        let count = small.iter().filter(|is| **is).count();
        assert!((500..700).contains(&count), "{count} of 2,000 are 30 percent");
        share.percent = 60;
        assert!(boards.iter().zip(small).all(|(board, was)| !was || share.is_in_share(*board, 5)));
    }

    #[test]
    fn a_stopped_version_only_records_until_a_signature_lets_it_go_back() {
        let stopped = stage(Step::Stopped);
        let board = BoardId([9; 16]);
        let has = stopped.offer(board, 5, |_| false);
        assert_eq!(has, Some(Offer { version: 5, mode: PackMode::Record, rollback: false }));
        assert_eq!(stopped.offer(board, 4, |_| false).map(|offer| offer.version), Some(4));
        let back = Stage { staged: None, step: Step::None, ..stopped };
        assert_eq!(back.offer(board, 5, |_| false), has);
        let signed = back.offer(board, 5, |to| to == 4);
        assert_eq!(signed, Some(Offer { version: 4, mode: PackMode::Enforce, rollback: true }));
    }

    #[test]
    fn a_stage_stops_by_what_boards_report_and_not_by_one_of_them() {
        let told = |boards, incidents, matched, undone| Told { boards, incidents, matched, undone }.stop().is_some();
        assert!(!told(100, 1, 19, 19) && !told(100, 0, 1_000, 50));
        assert!(told(100, 0, 1_000, 51));
        assert!(!told(1, 1, 0, 0) && !told(100, 10, 0, 0));
        assert!(told(100, 11, 0, 0));
    }
}
