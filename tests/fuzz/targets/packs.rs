//! A fuzzer's way into the body of the same name.

#![no_main]

#[path = "../../decoders/bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bodies::packs(bytes));
