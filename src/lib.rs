#![doc = include_str!("ARCHITECTURE.md")]
#![forbid(unsafe_code)]

// Floor 0: knows nobody.
pub mod clock;
pub mod counters;
pub mod limits;

// Floor 1: pure and total.
pub mod document;
pub mod message;
pub mod verdict;

// Floor 2: adapters; they never know each other.
pub mod store;
pub mod telegram;

#[path = "../migrations/mod.rs"]
pub mod migrations;
