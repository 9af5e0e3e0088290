//! The fold: what it promises for any text, for disguised words, and for text made to hurt.

use aegis::limits;
use aegis::message::{ChatId, Message, MessageId, Sender, SurfaceKind, Truncation, UserId};
use aegis::text::{self, Scratch, fold_phrase};
use proptest::prelude::*;

fn message(texts: &[&str]) -> Message {
    let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
    for text in texts {
        message.push(SurfaceKind::Text, text);
    }
    message
}

fn fold(text: &str) -> String {
    let mut scratch = Scratch::default();
    text::fold(&message(&[text]), &mut scratch);
    scratch.canonical().text().to_owned()
}

fn whole(place: u32) -> usize {
    usize::try_from(place).expect("small")
}

/// Characters that fold in interesting ways, next to ordinary ones.
fn interesting() -> impl Strategy<Value = char> {
    prop_oneof![
        4 => any::<char>(),
        3 => prop::char::range('a', 'z'),
        2 => prop::char::range(' ', '~'),
        3 => prop::char::range('\u{400}', '\u{52f}'),
        1 => prop::char::range('\u{370}', '\u{3ff}'),
        2 => prop::char::range('\u{300}', '\u{36f}'),
        2 => prop::char::range('\u{1100}', '\u{11ff}'),
        1 => prop::char::range('\u{3131}', '\u{318e}'),
        1 => prop::char::range('\u{ac00}', '\u{ac40}'),
        1 => prop::char::range('\u{900}', '\u{9ff}'),
        1 => prop::char::range('\u{e00}', '\u{eff}'),
        1 => prop::char::range('\u{610}', '\u{670}'),
        1 => prop::char::range('\u{3040}', '\u{30ff}'),
        1 => prop::char::range('\u{ff00}', '\u{ffef}'),
        1 => prop::char::range('\u{1d400}', '\u{1d7ff}'),
        1 => prop::char::range('\u{1f130}', '\u{1f1ff}'),
        1 => prop::char::range('\u{e0000}', '\u{e007f}'),
        2 => prop::sample::select(vec![
            '\u{200b}', '\u{200d}', '\u{fe0f}', '\u{ad}', '\u{202e}', '\u{fdfa}', '\u{3000}', '\n', '\t', ' ',
            '\u{438}', '\u{418}', '\u{306}', '\u{130}', '\u{df}', '\u{a8}', '\u{344}', '\u{115f}', '\u{3164}',
        ]),
    ]
}

fn texts() -> impl Strategy<Value = String> {
    prop::collection::vec(interesting(), 0..60).prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn folding_twice_equals_folding_once(text in texts()) {
        let once = fold(&text);
        prop_assert_eq!(fold(&once), once);
    }

    #[test]
    fn a_phrase_folds_as_a_message_does(text in texts()) {
        prop_assert_eq!(fold_phrase(&text), fold(&text).trim_matches(' ').to_owned());
    }

    #[test]
    fn plain_ascii_differs_by_case_and_white_space_alone(text in "[ -~\t\n\r]{0,80}") {
        let squeezed = |text: &str| text.split_ascii_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let folded = fold(&text);
        prop_assert_eq!(folded.trim(), squeezed(&text));
    }

    #[test]
    fn every_place_points_at_whole_characters_of_the_original(first in texts(), second in texts()) {
        let message = message(&[&first, &second]);
        let mut scratch = Scratch::default();
        text::fold(&message, &mut scratch);
        {
            let view = scratch.canonical();
            let folded = view.text();
            let mut last = (0, 0);
            for (at, ch) in folded.char_indices() {
                let to = at + ch.len_utf8();
                let span = view.span(at, to).expect("every character has a place");
                let original = &message.surfaces[usize::from(span.surface)].text;
                let (from, end) = (whole(span.from), whole(span.to));
                prop_assert!(from <= end && end <= original.len());
                prop_assert!(original.is_char_boundary(from) && original.is_char_boundary(end));
                let units = |text: &str| u32::try_from(text.encode_utf16().count()).expect("small");
                prop_assert_eq!(span.utf16_from, units(&original[..from]));
                prop_assert_eq!(span.utf16_to, units(&original[..end]));
                prop_assert!((span.surface, span.from) >= last, "places never go back");
                last = (span.surface, span.from);
                prop_assert!(ch == '\n' || from < end, "a character comes from something");
            }
            prop_assert!(view.span(0, folded.len() + 1).is_none());
            prop_assert!(view.span(3, 3).is_none());
            let (skeleton, mut last) = (scratch.skeleton(), 0);
            for (at, _) in skeleton.text().char_indices() {
                let place = skeleton.place(at).expect("every letter has a place");
                prop_assert!(usize::from(place.first) >= last && place.first <= place.last);
                prop_assert!(folded.is_char_boundary(usize::from(place.first)));
                prop_assert!(folded.is_char_boundary(usize::from(place.last)));
                last = usize::from(place.first);
            }
        }
    }

    #[test]
    fn no_text_is_too_hard(text in prop::collection::vec(any::<char>(), 0..400)) {
        let text: String = text.into_iter().collect();
        prop_assert!(fold(&text).len() <= limits::CANONICAL_BYTES_MAX);
    }
}

#[test]
fn disguises_come_off() {
    let table = [
        ("zero-width", "f\u{200b}r\u{200c}e\u{200d}e\u{feff}", "free"),
        ("soft hyphen", "fr\u{ad}ee", "free"),
        ("full-width", "\u{ff26}\u{ff32}\u{ff25}\u{ff25}", "free"),
        ("stacked marks", "f\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}ree\u{336}", "free"),
        ("mathematical", "\u{1d5d9}\u{1d5e5}\u{1d5d8}\u{1d5d8}", "free"),
        ("circled", "\u{24bb}\u{24c7}\u{24ba}\u{24ba}", "free"),
        ("dark squares", "\u{1f175}\u{1f181}\u{1f174}\u{1f174}", "free"),
        ("small capitals", "\u{a730}\u{280}\u{1d07}\u{1d07}", "free"),
        ("bidi", "\u{202e}fr\u{202c}ee\u{2069}", "free"),
        ("tags", "\u{e0066}\u{e0072}\u{e0065}\u{e0065}", "free"),
        ("accents", "fr\u{e9}\u{ea}", "free"),
        ("Cyrillic in Latin", "fr\u{435}\u{435}", "free"),
        ("Greek in Latin", "p\u{3b1}ypal", "paypal"),
        ("sharp s", "Stra\u{1e9e}e", "strasse"),
        // "rabota" in Cyrillic, with Latin a, o, a in it; with Latin p and a; with capital T.
        ("Latin in Cyrillic", "\u{440}a\u{431}o\u{442}a", "\u{440}\u{430}\u{431}\u{43e}\u{442}\u{430}"),
        ("Latin in Cyrillic", "p\u{430}\u{431}\u{43e}Ta", "\u{440}\u{430}\u{431}\u{43e}\u{442}\u{430}"),
        // Short i stays, yo becomes ye, in either form.
        ("short i", "\u{419} \u{439} \u{418}\u{306} \u{438}\u{306}", "\u{439} \u{439} \u{439} \u{439}"),
        ("yo", "\u{401} \u{451} \u{415}\u{308} \u{435}\u{308}", "\u{435} \u{435} \u{435} \u{435}"),
        ("Hangul parts", "\u{1112}\u{1161}\u{11ab}", "\u{d55c}"),
        ("white space", "a\u{3000}\u{2009}\n\t b", "a b"),
    ];
    for (name, dressed, plain) in table {
        assert_eq!(fold(dressed), plain, "{name}");
    }
}

#[test]
fn words_of_one_script_stay_as_they_are() {
    for text in [
        "\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442} \u{430} \u{442}\u{443}\u{442} \u{445}\u{43e}\u{440}",
        "\u{3ba}\u{3b1}\u{3bb}\u{3b7}\u{3bc}\u{3b5}\u{3c1}\u{3b1}",
        "\u{4f60}\u{597d} abc \u{e2a}\u{e27}\u{e31}\u{e2a}\u{e14}\u{e35}",
        "\u{928}\u{92e}\u{938}\u{94d}\u{924}\u{947}",
    ] {
        assert_eq!(fold(text), text);
    }
}

#[test]
fn the_skeleton_is_what_a_disguise_leaves() {
    let mut scratch = Scratch::default();
    text::fold(&message(&["so f r e e for a11,", "c-r-y-p-t-o!"]), &mut scratch);
    assert_eq!(scratch.skeleton().text(), "sofreforal\ncrypto");
}

#[test]
fn what_is_taken_away_is_counted() {
    let mut scratch = Scratch::default();
    text::fold(&message(&["a\u{200b}\u{200b}b\u{202e}c\u{301}\u{302}\u{e0064} \u{440}a\u{431}"]), &mut scratch);
    let tally = scratch.canonical().tally();
    assert_eq!((tally.invisible, tally.bidi, tally.marks, tally.tags, tally.mixed_words), (2, 1, 2, 1, 1));
    text::fold(&message(&["plain"]), &mut scratch);
    assert_eq!(scratch.canonical().tally(), text::Tally::default());
}

#[test]
fn hostile_texts_are_bounded() {
    let cases = [
        "\u{fdfa}".repeat(4_096),
        "\u{301}".repeat(4_096),
        format!("a{}", "\u{301}".repeat(4_095)),
        format!("\u{915}{}", "\u{93c}".repeat(4_095)),
        "\u{200b}".repeat(4_096),
        format!("a{}", "\u{200b}".repeat(4_095)),
        "a\u{200b}".repeat(2_048),
        "\u{e0041}".repeat(2_048),
        "\u{1100}\u{1161}".repeat(2_048),
        "\u{1161}".repeat(4_096),
        "\u{1f468}\u{200d}".repeat(1_365),
        "\u{440}a".repeat(2_048),
        "\u{33c2}".repeat(4_096),
        "a \u{430} ".repeat(1_024),
        "\u{130}".repeat(4_096),
        "\u{1d160}".repeat(2_048),
        "\u{f900}".repeat(4_096),
        "\0".repeat(4_096),
    ];
    let mut scratch = Scratch::default();
    for case in &cases {
        text::fold(&message(&[case]), &mut scratch);
        let folded = scratch.canonical().text().to_owned();
        assert!(folded.len() <= limits::CANONICAL_BYTES_MAX);
        let marks = folded.split(|ch: char| ch != '\u{301}' && ch != '\u{93c}').map(|run| run.chars().count()).max();
        assert!(marks <= Some(limits::MARKS_PER_BASE_MAX));
        assert!(scratch.bytes() <= 1024 * 1024, "{} bytes held", scratch.bytes());
    }
    text::fold(&message(&["ordinary"]), &mut scratch);
    text::fold(&message(&["ordinary"]), &mut scratch);
    assert!(scratch.bytes() <= limits::SCRATCH_KEEP_BYTES, "{} bytes kept", scratch.bytes());
}

#[test]
fn what_does_not_fit_is_cut_and_said() {
    let mut scratch = Scratch::default();
    text::fold(&message(&[&"\u{fdfa}".repeat(4_096)]), &mut scratch);
    assert_eq!(scratch.canonical().truncated(), Truncation::Cut);
    text::fold(&message(&["fits"]), &mut scratch);
    assert_eq!(scratch.canonical().truncated(), Truncation::Whole);
    let mut long = message(&["x"]);
    long.surfaces[0].text = "y".repeat(limits::MESSAGE_TEXT_BYTES_MAX * 4);
    text::fold(&long, &mut scratch);
    assert_eq!(scratch.canonical().text().len(), limits::MESSAGE_TEXT_BYTES_MAX);
    assert_eq!(scratch.canonical().truncated(), Truncation::Cut);
}
