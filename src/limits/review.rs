//! Bounds of the slow lane: messages that wait for an opinion, and what is remembered around them.
//!
//! Promises: as [`super`].
//!
//! Never: a value read from a file or the machine.

/// Members whose record changed of late and is remembered, since the change may not be durable yet. When full, the one
/// that changed first is forgotten; by then its change is durable.
pub const MEMBERS_CHANGED_MAX: usize = 1_024;
