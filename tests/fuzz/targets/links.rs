//! A fuzzer's way into the body of the same name.

#![no_main]

#[path = "../../decoders/bodies.rs"]
mod bodies;
#[path = "../../decoders/links.rs"]
mod links;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| links::links(bytes));
