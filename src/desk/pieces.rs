//! A text in pieces, those marked that rules saw.
//!
//! Promises: the pieces together are the text; a place that does not fit the text, since only its start was kept, is cut or
//! left out, and never cuts a character.

use crate::message::floor_char_boundary;
use crate::verdict::Finding;
use crate::web::views::Piece;

/// The places of the first surface that a finding names, as far as they lie within `text`.
fn places<'f>(finding: &'f Finding, text: &'f str) -> impl Iterator<Item = (usize, usize)> + 'f {
    finding.spans.iter().filter(|span| span.surface == 0).filter_map(|span| {
        let at = |byte: u32| usize::try_from(byte).map(|byte| floor_char_boundary(text, byte.min(text.len()))).ok();
        let (from, to) = (at(span.from)?, at(span.to)?);
        (from < to).then_some((from, to))
    })
}

/// The text in pieces.
pub(super) fn pieces(text: &str, findings: &[Finding]) -> Vec<Piece> {
    let mut bounds = vec![0, text.len()];
    for finding in findings {
        bounds.extend(places(finding, text).flat_map(|(from, to)| [from, to]));
    }
    bounds.sort_unstable();
    bounds.dedup();
    let mut pieces: Vec<Piece> = Vec::new();
    for (from, to) in bounds.iter().zip(bounds.iter().skip(1)) {
        let Some(part) = text.get(*from..*to) else { continue };
        let saw = |finding: &&Finding| places(finding, text).any(|(start, end)| start <= *from && *to <= end);
        let rules: Vec<String> = findings.iter().filter(saw).map(|finding| finding.rule.clone()).collect();
        match pieces.last_mut().filter(|last| last.rules == rules) {
            Some(last) => last.text.push_str(part),
            None => pieces.push(Piece { text: part.to_owned(), rules }),
        }
    }
    pieces
}

/// The places a finding saw, as text.
pub(super) fn saw(text: &str, finding: &Finding) -> Vec<String> {
    places(finding, text).filter_map(|(from, to)| text.get(from..to)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Span;

    fn finding(rule: &str, places: &[(u32, u32)]) -> Finding {
        let span = |(from, to): &(u32, u32)| Span { surface: 0, from: *from, to: *to, utf16_from: 0, utf16_to: 0 };
        let spans = places.iter().map(span).collect();
        Finding { rule: rule.to_owned(), score: 1, reason: String::new(), spans }
    }

    #[test]
    fn places_that_overlap_are_marked_with_all_that_saw_them() {
        let told = pieces("abcdef", &[finding("x", &[(1, 4)]), finding("y", &[(3, 5)])]);
        let told: Vec<(&str, Vec<&str>)> =
            told.iter().map(|piece| (&*piece.text, piece.rules.iter().map(String::as_str).collect())).collect();
        assert_eq!(told, [("a", vec![]), ("bc", vec!["x"]), ("d", vec!["x", "y"]), ("e", vec!["y"]), ("f", vec![])]);
    }

    #[test]
    fn any_places_give_the_whole_text_in_whole_characters() {
        let text = "x\u{43f}\u{1f600}y\u{e9}";
        let mut rng = fastrand::Rng::with_seed(5);
        for _ in 0..2_000 {
            let places: Vec<(u32, u32)> = (0..rng.usize(..5)).map(|_| (rng.u32(..20), rng.u32(..20))).collect();
            let far = finding("far", &[(u32::MAX - 1, u32::MAX)]);
            let told = pieces(text, &[finding("x", &places), finding("y", &[(0, rng.u32(..))]), far]);
            assert_eq!(told.iter().map(|piece| piece.text.as_str()).collect::<String>(), text, "{places:?}");
        }
        assert!(pieces("", &[finding("x", &[(0, 9)])]).is_empty());
    }
}
