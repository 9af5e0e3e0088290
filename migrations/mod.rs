//! The schema of the durable file, step by step.
//!
//! Each step is one transaction: after a power cut the file has the step or has it not. A step that was published is
//! never edited. `fixtures/` holds a file as each step left it, for the test that takes every one of them up and down.

pub mod s0001_initial;
pub mod s0002_albums;
pub mod s0003_slow_lane;
pub mod s0004_desk;
pub mod s0005_groups;
pub mod s0006_cloud;

use redb::WriteTransaction;

/// One step of the schema.
pub struct Step {
    /// Its number, from 1, without gaps.
    pub number: u64,
    /// What it brings, in a few words.
    pub what: &'static str,
    /// Brings it.
    pub up: fn(&WriteTransaction) -> Result<(), redb::Error>,
    /// Takes it back.
    pub down: fn(&WriteTransaction) -> Result<(), redb::Error>,
    /// What taking it back costs, said before it is done.
    pub down_loses: &'static str,
}

/// All steps, in order.
pub const STEPS: &[Step] = &[
    s0001_initial::STEP,
    s0002_albums::STEP,
    s0003_slow_lane::STEP,
    s0004_desk::STEP,
    s0005_groups::STEP,
    s0006_cloud::STEP,
];
