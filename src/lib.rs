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

// Floor 4: wires parts.
pub mod demo;
