//! The hub against a real PostgreSQL: `hub/tests/postgres cargo test --locked -p aegis-hub`.
//!
//! Promises: each test has a database of its own, and asks the hub over the network as boards and people do.
//!
//! Never: a stand-in for the database.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)] // A test that cannot go on stops.

#[path = "hub/crossing.rs"]
mod crossing;
#[path = "hub/document.rs"]
mod document;
#[path = "hub/doors.rs"]
mod doors;
#[path = "hub/fleet.rs"]
mod fleet;
#[path = "hub/kills.rs"]
mod kills;
#[path = "hub/packs.rs"]
mod packs;
#[path = "hub/pages.rs"]
mod pages;
#[path = "hub/pushes.rs"]
mod pushes;
#[path = "hub/schema.rs"]
mod schema;
#[path = "hub/wishes.rs"]
mod wishes;
#[path = "hub/world.rs"]
mod world;
