//! What is read from a source of ids, in every form and cut anywhere.

use super::*;
use proptest::prelude::*;

/// The ids and the number of bad pieces, with the source cut into parts of `part` bytes.
fn read_in_parts(text: &[u8], part: usize) -> Result<(Vec<u64>, u64), Wrong> {
    let (mut source, mut ids, mut bad) = (Source::default(), Vec::new(), 0);
    let mut each = |piece: Piece<'_>| {
        match piece.found {
            Found::Id(id) => ids.push(id),
            Found::Nothing => {}
            Found::Bad(_) => bad += 1,
        }
        Ok(())
    };
    for part in text.chunks(part) {
        source.read(part, &mut each)?;
    }
    source.finish(&mut each)?;
    Ok((ids, bad))
}

#[track_caller]
fn read(text: &str) -> Result<(Vec<u64>, u64), Wrong> {
    let whole = read_in_parts(text.as_bytes(), usize::MAX);
    for part in [1, 2, 3, 7] {
        assert_eq!(read_in_parts(text.as_bytes(), part), whole, "in parts of {part}: {text:?}");
    }
    whole
}

#[test]
fn every_form_is_read() {
    let long = "x".repeat(limits::LISTED_PIECE_BYTES_MAX);
    let forms = [
        "5\n77\n9007199254740992\n",
        "5\r\n77\r\n9007199254740992",
        "\u{feff}# spammers\n\n  5  \n77 # why\n\n9007199254740992",
        "5,2024-01-01 00:00:00,spam\n77,,\"a, b\"\n9007199254740992;x\n",
        "\"5\"\t1\n77\t1\n9007199254740992\t1\n",
        "id,reason\n5,a\n77,b\n9007199254740992,c\n",
        "Reason;User_ID;n\n\"a;b\";5;1\nb;77;2\n;9007199254740992;3\n",
        "id,user_id\n1,5\n2,77\n3,9007199254740992\n",
        "user_id\n5\n77\n9007199254740992\n",
        "[5,77,9007199254740992]",
        " \n[ 5 ,\n 77 ,\r\n 9007199254740992 ]\n\n",
        "[\"5\", \"77\", \"9007199254740992\"]",
        "[{\"id\":5},{\"user_id\":77,\"id\":1},{\"id\":\"9007199254740992\"}]",
        "[{\"text\":\"a ] } , \\\" [ {\",\"id\":5},{\"more\":{\"id\":1,\"all\":[2,3]},\"user_id\":77},{\"user_id\":null,\"id\":9007199254740992}]",
        "{\"id\":5}\n{\"id\":77}\n{\"user_id\":9007199254740992,\"x\":[1]}\n",
    ];
    for form in forms {
        assert_eq!(read(form), Ok((vec![5, 77, 9_007_199_254_740_992], 0)), "{form:?}");
    }
    assert_eq!(read(&format!("5\n1{long}\n6")), Ok((vec![5, 6], 1)));
    assert_eq!(read(&format!("[5,{{\"id\":1,\"text\":\"{long}\"}},6]")), Ok((vec![5, 6], 1)));
}

#[test]
fn what_is_no_id_is_bad_and_is_no_other_id() {
    for text in
        ["0", "-5", "+5", "5.0", "5e3", "0x5", "9007199254740993", "99999999999999999999999", "5 6", "five", "\u{665}"]
    {
        assert_eq!(read(&format!("1\n{text}\n2\n")), Ok((vec![1, 2], 1)), "{text}");
        assert_eq!(read(&format!("[1,{text},2]")), Ok((vec![1, 2], 1)), "{text}");
        assert_eq!(read(&format!("[1,{{\"id\":{text}}},2]")), Ok((vec![1, 2], 1)), "{text}");
    }
    for text in
        ["null", "true", "[5]", "{}", "{\"name\":5}", "{\"id\":5,\"id\":6}", "{\"id\":[5]}", "{\"id\":5", "\"\"", ""]
    {
        let wrong = read(&format!("[1,{text},2]"));
        assert!(wrong == Ok((vec![1, 2], 1)) || wrong.is_err(), "{text}: {wrong:?}");
    }
}

#[test]
fn a_source_whose_ids_cannot_be_told_is_refused() {
    for text in ["number,name\n1,a\n2,b\n", "[1,2,3", "[1,2,3456", "[{\"id\":1}", "[1]]", "[1] 2", "[1}", "[\"a]"] {
        assert!(matches!(read(text), Err(Wrong::Source(_))), "{text}: {:?}", read(text));
    }
    assert_eq!(read("{\"ids\":[1,2]}"), Ok((vec![], 1)));
    assert_eq!(read("<html>\n<p>1</p>\n"), Ok((vec![], 2)));
    for text in ["", " \n\n", "[]", "[ \n ]", "# nothing\n"] {
        assert_eq!(read(text), Ok((vec![], 0)), "{text:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_more_than_they_say(text in prop::collection::vec(prop_oneof![
        any::<u8>(), prop::sample::select(&b"[]{},;:\"\\\n\r\t #0123456789id"[..])
    ], 0..400), part in 1..50_usize) {
        let whole = read_in_parts(&text, usize::MAX);
        prop_assert_eq!(&read_in_parts(&text, part), &whole);
        if let Ok((ids, _)) = whole {
            prop_assert!(ids.iter().all(|id| (1..=limits::LISTED_ID_MAX).contains(id)));
        }
    }
}
