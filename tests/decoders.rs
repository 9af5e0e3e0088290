//! Whatever bytes arrive, every decoder refuses them or reads something within its bounds; none panics.
//!
//! Each body of `decoders/bodies.rs` is given 20,000 mutated inputs, the same in every run; `AEGIS_TEST_SCALE` asks for
//! more. The same bodies are the targets of the fuzzer in `tests/fuzz`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)] // A test that cannot go on stops.

#[path = "decoders/bodies.rs"]
mod bodies;
#[path = "decoders/links.rs"]
mod links;
#[path = "decoders/seeds.rs"]
mod seeds;

use fastrand::Rng;

/// Gives a body its seeds as they are, then mutated.
fn run(name: &str, body: fn(&[u8]), seeds: &[Vec<u8>]) {
    let scale: usize = std::env::var("AEGIS_TEST_SCALE").ok().map_or(1, |scale| scale.parse().unwrap());
    let mut rng = Rng::with_seed(name.bytes().fold(25, |seed, byte| seed * 31 + u64::from(byte)));
    seeds.iter().for_each(|seed| body(seed));
    for number in 0..20_000 * scale {
        let input = seeds::mutated(seeds, &mut rng);
        if std::panic::catch_unwind(|| body(&input)).is_err() {
            panic!("{name}, input {number}: {}", input.escape_ascii());
        }
    }
}

#[test]
fn any_text_is_folded_and_judged() {
    run("text", bodies::text, &seeds::texts());
}

#[test]
fn any_text_has_its_links_found() {
    run("links", links::links, &seeds::texts());
}

#[test]
fn any_pack_is_compiled_or_refused_with_its_mistakes() {
    run("packs", bodies::packs, &seeds::packs());
}

#[test]
fn any_update_is_read_within_the_bounds_of_a_message() {
    run("updates", bodies::updates, &seeds::updates());
}

#[test]
fn any_record_is_refused_or_read_whole() {
    run("records", bodies::records, &seeds::records());
}

#[test]
fn any_head_of_a_request_is_refused_or_means_one_thing() {
    run("heads", bodies::heads, &seeds::heads());
}

#[test]
fn most_seeds_are_good() {
    let messages = seeds::updates().into_iter().filter(|seed| {
        let json = std::str::from_utf8(seed).unwrap();
        matches!(aegis::telegram::update::read(json).unwrap().what, aegis::telegram::What::Message(_))
    });
    assert!(messages.count() >= 4, "updates that are messages");
    let packs = seeds::packs();
    let text = |seed: &[u8]| bodies::texts(seed)[0].clone();
    for seed in [&packs[0], &packs[3]] {
        let source = aegis::policy::PackSource { file: "a.toml".into(), text: text(seed), lists: Vec::new() };
        aegis::policy::compile(&[source]).map_err(|mistakes| mistakes.to_string()).unwrap();
    }
}
