#![doc = include_str!("ARCHITECTURE.md")]
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::as_conversions, reason = "tests count small things"))]

// Floor 0: knows nobody.
pub mod clock;
pub mod counters;
pub mod limits;
mod packed;
pub mod secret;

// Floor 1: pure and total.
pub mod access;
pub mod budget;
pub mod bursts;
pub mod checks;
pub mod command;
pub mod decide;
pub mod document;
pub mod events;
pub mod flags;
pub mod ids;
pub mod judge;
pub mod learn;
pub mod length;
pub mod likeness;
pub mod links;
pub mod manners;
pub mod message;
pub mod newcomers;
pub mod opinion;
pub mod opinions;
pub mod overlay;
pub mod pacing;
pub mod policy;
pub mod press;
pub mod progress;
pub mod repeats;
pub mod signals;
pub mod signed;
pub mod tenant;
pub mod text;
pub mod verdict;
pub mod words;

// Floor 2: adapters; they never know each other.
pub mod cloud;
pub mod config;
pub mod fence;
pub mod hooks;
pub mod lessons;
pub mod lists;
pub mod machine;
pub mod model;
pub mod otel;
pub mod outward;
pub mod packs;
pub mod release;
pub mod store;
pub mod systemd;
pub mod telegram;
pub mod telemetry;
pub mod vault;
pub mod web;

// Floor 3: the flow.
pub mod cards;
pub mod chats;
pub mod control;
pub mod desk;
pub mod dispatch;
pub mod herald;
pub mod ingest;
pub mod jobs;
pub mod journal;
pub mod members;
pub mod reload;
pub mod review;
pub mod settle;
pub mod shard;
pub mod sync;
pub mod tracer;

// Floor 4: wires parts.
pub mod app;
pub mod cli;
pub mod demo;
