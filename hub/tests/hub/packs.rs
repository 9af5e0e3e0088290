//! Packs: signatures, stages, stops, and the way back.

use super::world::*;
use aegis_contract::{Document, Health, PackHealth, PackMode, PackOffer, Push, Wishes, routes};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use blake2::{Blake2b512, Digest as _};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&PACK_SEED).unwrap()
}

/// The line of minisign's public key.
pub fn key_line() -> String {
    STANDARD.encode([b"Ed", &[7_u8; 8][..], pair().public_key().as_ref()].concat())
}

/// Signs as minisign does, hashed before.
pub fn sign(content: &[u8], comment: &str) -> String {
    let pair = pair();
    let signature = pair.sign(&Blake2b512::digest(content));
    let all = pair.sign(&[signature.as_ref(), comment.as_bytes()].concat());
    let first = STANDARD.encode([b"ED", &[7_u8; 8][..], signature.as_ref()].concat());
    format!("untrusted comment: a test\n{first}\ntrusted comment: {comment}\n{}\n", STANDARD.encode(all.as_ref()))
}

pub fn pack(version: u64) -> Vec<u8> {
    format!("# pack scam, version {version}\n").into_bytes()
}

pub fn upload(world: &World, version: u64) -> Answer {
    let signature = sign(&pack(version), &format!("aegis-pack name=scam version={version}"));
    world.own("POST", "/v1/packs", &json!({ "body": STANDARD.encode(pack(version)), "signature": signature }))
}

pub fn stage(world: &World, body: &Value) -> Answer {
    world.own("POST", "/v1/packs/scam/stage", body)
}

/// Brings a version out everywhere.
pub fn everywhere(world: &World, version: u64, first: &Board) {
    upload(world, version).is(201);
    stage(world, &json!({ "version": version, "stage": "record", "board": first.id.to_string() })).is(204);
    stage(world, &json!({ "version": version, "stage": "share", "percent": 100 })).is(204);
    stage(world, &json!({ "version": version, "stage": "everywhere" })).is(204);
}

fn wishes(board: &mut Board) -> Wishes {
    Wishes::read(&board.ask("GET", routes::WISHES, b"").is(200).body).unwrap()
}

fn offered(board: &mut Board) -> Option<PackOffer> {
    wishes(board).packs.into_iter().next()
}

/// What a board's version does, as it reports it.
fn reports(board: &mut Board, version: u64, matched: u64, undone: u64, incidents: &[&str]) {
    let pack = PackHealth { name: "scam".into(), version, matched, undone, ..PackHealth::default() };
    let incidents = incidents.iter().map(|&text| text.to_owned()).collect();
    let health = Health { packs: vec![pack], incidents, ..Health::default() };
    board.pushed(&Push { sequence: None, health, ..Push::default() });
}

#[test]
fn a_pack_is_taken_in_only_with_a_signature_that_holds_and_a_version_that_rises() {
    let world = World::new();
    let send = |body: &[u8], signature: &str| {
        world.own("POST", "/v1/packs", &json!({ "body": STANDARD.encode(body), "signature": signature }))
    };
    let good = sign(&pack(2), "aegis-pack name=scam version=2");
    assert_eq!(send(&pack(2), &good).is(201).json(), json!({ "name": "scam", "version": 2 }));
    assert_eq!(send(&pack(2), &good).is(409).kind(), "conflict");
    send(&pack(1), &sign(&pack(1), "aegis-pack name=scam version=1")).is(409);
    for (body, signature) in [
        (pack(3), good.clone()),
        (pack(3), sign(&pack(3), "aegis-pack name=scam version=3").replace("version=3", "version=4")),
        (pack(3), sign(&pack(3), "something else")),
        (pack(3), sign(&pack(3), "aegis-pack name=scam version=3 rollback-from=4")),
        (pack(3), "no signature".to_owned()),
        (Vec::new(), sign(b"", "aegis-pack name=scam version=3")),
    ] {
        send(&body, &signature).is(422);
    }
    assert_eq!(world.count("SELECT count(*) FROM policies"), 1);
    assert_eq!(world.count("SELECT count(*) FROM audit WHERE what = 'pack taken in'"), 1);
}

#[test]
fn a_pack_goes_out_in_stages_and_each_follows_the_one_before() {
    let world = World::new();
    let mut boards: Vec<Board> = (0..12).map(|_| world.board(&["red"])).collect();
    let first = boards[0].id.to_string();
    everywhere(&world, 1, &boards[0]);
    upload(&world, 2).is(201);
    stage(&world, &json!({ "version": 2, "stage": "share", "percent": 50 })).is(409);
    stage(&world, &json!({ "version": 2, "stage": "everywhere" })).is(409);
    stage(&world, &json!({ "version": 9, "stage": "record", "board": first })).is(422);
    stage(&world, &json!({ "version": 1, "stage": "record", "board": first })).is(409);
    stage(&world, &json!({ "version": 2, "stage": "record", "board": "00000000-0000-0000-0000-000000000000" })).is(422);
    stage(&world, &json!({ "version": 2, "stage": "record", "board": first })).is(204);
    let of = |boards: &mut [Board]| -> Vec<(u64, PackMode)> {
        boards.iter_mut().map(|board| offered(board).map(|one| (one.version, one.mode)).unwrap()).collect()
    };
    let at = of(&mut boards);
    assert_eq!(at[0], (2, PackMode::Record));
    assert!(at[1..].iter().all(|one| *one == (1, PackMode::Enforce)), "{at:?}");
    stage(&world, &json!({ "version": 2, "stage": "everywhere" })).is(409);
    stage(&world, &json!({ "version": 2, "stage": "share", "percent": 50 })).is(204);
    let half = of(&mut boards);
    let with = half.iter().filter(|one| **one == (2, PackMode::Enforce)).count();
    assert!((1..12).contains(&with), "{half:?}");
    stage(&world, &json!({ "version": 2, "stage": "share", "percent": 20 })).is(409);
    stage(&world, &json!({ "version": 2, "stage": "share", "percent": 100 })).is(204);
    stage(&world, &json!({ "version": 2, "stage": "everywhere" })).is(204);
    assert!(of(&mut boards).iter().all(|one| *one == (2, PackMode::Enforce)));
    // The bytes and the signature that a board fetches are those that were taken in; of what it is not offered it gets none.
    let board = &mut boards[3];
    assert_eq!(board.ask("GET", &routes::pack("scam", 2), b"").is(200).body, pack(2));
    let signature = board.ask("GET", &routes::pack_signature("scam", 2), b"").is(200).text();
    assert_eq!(signature, sign(&pack(2), "aegis-pack name=scam version=2"));
    board.ask("GET", &routes::pack("scam", 1), b"").is(404);
    board.ask("GET", &routes::pack("other", 2), b"").is(404);
    board.ask("GET", "/v1/board/packs/scam/x", b"").is(404);
    let offer = offered(board).unwrap();
    assert_eq!((offer.bytes as usize, offer.rollback), (pack(2).len(), false));
}

#[test]
fn a_stage_stops_by_itself_when_people_undo_what_the_pack_decides() {
    let world = World::new();
    let mut boards: Vec<Board> = (0..4).map(|_| world.board(&["red"])).collect();
    everywhere(&world, 1, &boards[0]);
    upload(&world, 2).is(201);
    let first = boards[0].id.to_string();
    stage(&world, &json!({ "version": 2, "stage": "record", "board": first })).is(204);
    stage(&world, &json!({ "version": 2, "stage": "share", "percent": 100 })).is(204);
    reports(&mut boards[0], 2, 100, 4, &[]);
    reports(&mut boards[1], 2, 100, 5, &[]);
    assert_eq!(world.round(), Vec::<String>::new());
    reports(&mut boards[1], 2, 100, 7, &[]);
    // The hub's own rounds look as well, every few seconds: whoever comes first stops it.
    world.round();
    let view = world.own("GET", "/v1/packs", &Value::Null).is(200).json()["packs"][0].clone();
    assert_eq!((&view["stage"], &view["boards"], &view["undone"]), (&json!("stopped"), &json!(2), &json!(11)));
    assert_eq!(world.count("SELECT count(*) FROM audit WHERE what = 'pack stopped' AND who = 'the hub'"), 1);
    // Who has it only records; who has it not stays where everybody is.
    assert_eq!(offered(&mut boards[1]).map(|one| (one.version, one.mode)), Some((2, PackMode::Record)));
    assert_eq!(offered(&mut boards[2]).map(|one| (one.version, one.mode)), Some((1, PackMode::Enforce)));
    stage(&world, &json!({ "version": 2, "stage": "share", "percent": 100 })).is(409);
    stage(&world, &json!({ "version": 2, "stage": "record", "board": first })).is(409);
    // A newer one may begin.
    upload(&world, 3).is(201);
    stage(&world, &json!({ "version": 3, "stage": "record", "board": first })).is(204);
}

#[test]
fn a_stage_stops_by_itself_when_boards_that_have_it_report_incidents() {
    let world = World::new();
    let mut boards: Vec<Board> = (0..3).map(|_| world.board(&["red"])).collect();
    upload(&world, 1).is(201);
    stage(&world, &json!({ "version": 1, "stage": "record", "board": boards[0].id.to_string() })).is(204);
    stage(&world, &json!({ "version": 1, "stage": "share", "percent": 100 })).is(204);
    for board in &mut boards {
        reports(board, 1, 0, 0, &[]);
    }
    reports(&mut boards[0], 1, 0, 0, &["the judge panicked"]);
    world.round();
    assert_eq!(world.count("SELECT count(*) FROM stages WHERE stage = 'stopped'"), 0);
    reports(&mut boards[1], 1, 0, 0, &["the judge panicked"]);
    world.round();
    assert_eq!(world.count("SELECT count(*) FROM stages WHERE stage = 'stopped'"), 1);
}

#[test]
fn the_way_back_takes_a_signature_for_that_very_step() {
    let world = World::new();
    let mut board = world.board(&["red"]);
    everywhere(&world, 1, &board);
    everywhere(&world, 2, &board);
    reports(&mut board, 2, 0, 0, &[]);
    let back =
        |comment: &str| world.own("POST", "/v1/packs/scam/back", &json!({ "signature": sign(&pack(1), comment) }));
    back("aegis-pack name=scam version=1").is(422);
    back("aegis-pack name=scam version=1 rollback-from=3").is(422);
    back("aegis-pack name=other version=1 rollback-from=2").is(422);
    let forged = sign(&pack(2), "aegis-pack name=scam version=1 rollback-from=2");
    world.own("POST", "/v1/packs/scam/back", &json!({ "signature": forged })).is(422);
    world.own("POST", "/v1/packs/nothing/back", &json!({ "signature": forged })).is(403);
    assert_eq!(offered(&mut board).map(|one| one.version), Some(2));
    let done = back("aegis-pack name=scam version=1 rollback-from=2").is(200).json();
    assert_eq!(done, json!({ "version": 1, "from": 2 }));
    let offer = offered(&mut board).unwrap();
    assert_eq!((offer.version, offer.mode, offer.rollback), (1, PackMode::Enforce, true));
    let signature = board.ask("GET", &routes::pack_signature("scam", 1), b"").is(200).text();
    assert!(signature.contains("rollback-from=2"), "{signature}");
    // Once it is back, and for who never had the other one, it is the version that everybody has.
    reports(&mut board, 1, 0, 0, &[]);
    assert_eq!(offered(&mut board).map(|one| (one.version, one.rollback)), Some((1, false)));
    let mut other = world.board(&["red"]);
    assert_eq!(offered(&mut other).map(|one| (one.version, one.rollback)), Some((1, false)));
    let signature = other.ask("GET", &routes::pack_signature("scam", 1), b"").is(200).text();
    assert!(!signature.contains("rollback-from"), "{signature}");
    // What comes next has to be newer than all there were.
    upload(&world, 2).is(409);
    upload(&world, 3).is(201);
}
