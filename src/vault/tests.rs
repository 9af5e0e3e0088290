//! Sealed, changed, and opened.

use super::*;
use std::io::{Read as _, Write as _};

const CHUNK: usize = limits::VAULT_CHUNK_BYTES;

fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|n| ((n * 31 + 7) % 251) as u8).collect()
}

fn sealed(plain: &[u8], recipients: &[Recipient]) -> Vec<u8> {
    let mut sealer = Sealer::new(Vec::new(), recipients).expect("it is written into memory");
    // In pieces that fit nothing.
    for piece in plain.chunks(10_007) {
        sealer.write_all(piece).expect("it is written into memory");
    }
    sealer.finish().expect("it is written into memory")
}

fn opened(sealed: &[u8], identity: &Identity) -> Result<Vec<u8>, String> {
    let mut plain = Vec::new();
    let mut opener = Opener::new(sealed, std::slice::from_ref(identity)).map_err(|error| error.to_string())?;
    opener.read_to_end(&mut plain).map_err(|error| error.to_string())?;
    Ok(plain)
}

#[test]
fn what_was_sealed_is_opened_at_every_size_where_a_chunk_ends() {
    let (identity, other) = (Identity::make().unwrap(), Identity::make().unwrap());
    let recipients = [other.recipient(), identity.recipient()];
    for bytes in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5] {
        let plain = pattern(bytes);
        let file = sealed(&plain, &recipients);
        assert_eq!(opened(&file, &identity).as_deref(), Ok(plain.as_slice()), "{bytes}");
        assert_eq!(opened(&file, &other).as_deref(), Ok(plain.as_slice()), "{bytes}");
    }
}

#[test]
fn every_byte_that_is_changed_or_missing_or_too_many_is_seen() {
    let identity = Identity::make().unwrap();
    let file = sealed(&pattern(300), &[identity.recipient()]);
    for at in 0..file.len() {
        let mut changed = file.clone();
        changed[at] ^= 1;
        assert!(opened(&changed, &identity).is_err(), "byte {at}");
        assert!(opened(&file[..at], &identity).is_err(), "cut at {at}");
    }
    for more in [&b"x"[..], &[0; 16], &[0; 17]] {
        assert!(opened(&[&file, more].concat(), &identity).is_err(), "{} bytes more", more.len());
    }
}

#[test]
fn chunks_are_neither_left_out_nor_swapped_nor_ended_early() {
    let identity = Identity::make().unwrap();
    let file = sealed(&pattern(3 * CHUNK), &[identity.recipient()]);
    let size = CHUNK + 16;
    let (head, body) = file.split_at(file.len() - 3 * size);
    let chunks: Vec<&[u8]> = body.chunks(size).collect();
    let file = |order: &[usize]| order.iter().fold(head.to_vec(), |file, n| [file, chunks[*n].to_vec()].concat());
    assert!(opened(&file(&[0, 1, 2]), &identity).is_ok());
    for order in [&[0, 1][..], &[0, 2], &[1, 0, 2], &[0, 2, 1], &[0, 1, 2, 2], &[0, 0, 1, 2], &[2], &[]] {
        assert!(opened(&file(order), &identity).is_err(), "{order:?}");
    }
}

#[test]
fn a_head_is_read_in_one_way_only() {
    let identity = Identity::make().unwrap();
    let file = sealed(b"x", &[identity.recipient()]);
    let end = file.windows(4).position(|part| part == b"\n---").unwrap() + 1;
    let (head, rest) = file.split_at(end);
    let head = std::str::from_utf8(head).unwrap();
    let told = |head: String| opened(&[head.as_bytes(), rest].concat(), &identity).unwrap_err();
    for odd in [
        head.replace('\n', "\r\n"),
        head.replace("-> X25519 ", "-> X25519  "),
        head.replace("v1\n", "v2\n"),
        head.replace("v1\n", "v1\n\n"),
        "age-encryption.org/v1\n".to_owned(),
        String::new(),
        format!("age-encryption.org/v1\n-> {}\n", "x".repeat(limits::VAULT_HEAD_BYTES_MAX)),
    ] {
        told(odd);
    }
    assert!(told(head.replace("-> X25519", "-> others")).contains("not for this key"));
    let stranger = opened(&file, &Identity::make().unwrap()).unwrap_err();
    assert!(stranger.contains("not for this key"), "{stranger}");
}

#[test]
fn keys_are_read_as_they_are_written_and_a_typing_error_is_seen() {
    let identity = Identity::make().unwrap();
    let (secret, public) = (identity.written(), identity.recipient().to_string());
    assert!(secret.expose().starts_with("AGE-SECRET-KEY-1") && secret.expose().len() == 74, "its length");
    assert_eq!(Identity::read(secret.expose()).unwrap().recipient(), identity.recipient());
    assert_eq!(Recipient::read(&public), Ok(identity.recipient()));
    assert!(!format!("{identity:?}").contains(secret.expose()));
    for at in 0..public.len() {
        let wrong: String = public.char_indices().map(|(n, letter)| if n == at { 'z' } else { letter }).collect();
        assert!(wrong == public || Recipient::read(&wrong).is_err(), "{wrong}");
        assert!(Recipient::read(&public[..at]).is_err());
    }
    assert!(Recipient::read(secret.expose()).is_err() && Identity::read(&public).is_err());
    assert!(Recipient::read(&format!("A{}", &public[1..])).is_err(), "capitals and small letters are mixed");
    let file = format!("# created\n\n# public key: {public}\n{}\n", secret.expose());
    assert_eq!(identities(&file).unwrap().len(), 1);
    assert!(identities("# nothing\n").is_err() && identities("what\n").is_err());
    assert!(recipients(&format!("{public}\n").repeat(limits::VAULT_KEYS_MAX + 1)).is_err());
}

#[test]
fn an_archive_holds_plain_files_inside_one_folder_and_nothing_else() {
    let entry = |name: &str, bytes| tar::Entry { name: name.to_owned(), bytes, mode: 0o600, changed_s: 5 };
    let mut archive = tar::Writer::new(Vec::new());
    let (one, two) = (entry("data/one", 513), entry("two", 0));
    let hash = archive.add(&one, &mut pattern(513).as_slice()).unwrap();
    archive.add(&two, &mut &b""[..]).unwrap();
    for name in ["", "/etc/x", "../x", "a/../b", "a//b", "./a", "a\nb", &"x".repeat(101)] {
        assert!(archive.add(&entry(name, 0), &mut &b""[..]).is_err(), "{name}");
    }
    assert!(archive.add(&entry("short", 9), &mut &b"x"[..]).is_err());
    let mut archive = tar::Writer::new(Vec::new());
    archive.add(&one, &mut pattern(513).as_slice()).unwrap();
    archive.add(&two, &mut &b""[..]).unwrap();
    let whole = archive.finish().unwrap();
    assert_eq!(whole.len() % 512, 0);
    type Read = (tar::Entry, Vec<u8>, [u8; 32]);
    let read = |bytes: &[u8]| -> std::io::Result<Vec<Read>> {
        let mut reader = tar::Reader::new(bytes);
        let mut found = Vec::new();
        while let Some(entry) = reader.advance()? {
            let mut content = Vec::new();
            let hash = reader.take(&entry, &mut content)?;
            found.push((entry, content, hash));
        }
        Ok(found)
    };
    let found = read(&whole).unwrap();
    assert_eq!((found.len(), &found[0].0, &found[0].1, found[0].2), (2, &one, &pattern(513), hash));
    assert_eq!(found[1].0, two);
    for cut in [0, 1, 511, 512, 1_000, whole.len() - 1_024] {
        assert!(read(&whole[..cut]).is_err(), "cut at {cut}");
    }
    assert!(read(&[&whole[..], b"x"].concat()).is_err());
    for (at, byte) in [(0, b'/'), (156, b'2'), (156, b'5'), (124, b'9'), (257, b'x'), (345, b'a')] {
        let mut changed = whole.clone();
        changed[at] = byte;
        assert!(read(&changed).is_err(), "byte {at} as {byte}");
    }
}
