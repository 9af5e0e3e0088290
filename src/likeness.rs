//! Whether a name may pass for another: that of somebody who is trusted.
//!
//! Promises: spaces, case, marks, emoji, disguises of letters and what is hung on at the end ("| admin") make no difference;
//! different letters of one script do. A name of fewer than `limits::LIKENESS_LETTERS_MIN` letters passes for none.
//!
//! Never: a verdict. Two people may have one name.

use crate::limits;
use crate::text::{Skeleton, fold_phrase, shape};

/// A name, made ready to be compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Likeness {
    /// The name as a whole, and without what is hung on at its end: letters as folded, of a run one.
    forms: Vec<String>,
}

/// What parts a name from what is hung on.
const HANGS_ON: [char; 12] =
    ['|', '/', '\\', '(', '[', '{', '~', '\u{2022}', '\u{b7}', '\u{2014}', '\u{2013}', '\u{2502}'];

impl Likeness {
    /// Of a name that people see.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        let cut = name.find(HANGS_ON).into_iter().chain(name.find(" - ")).min();
        Self::of([Some(name), cut.and_then(|cut| name.get(..cut))])
    }

    /// Of a user name, without the `@`.
    #[must_use]
    pub fn of_username(username: &str) -> Self {
        let is_hung_on = |ch: char| ch == '_' || ch.is_ascii_digit();
        Self::of([Some(username), Some(username.trim_end_matches(is_hung_on))])
    }

    fn of(names: [Option<&str>; 2]) -> Self {
        let mut forms = Vec::new();
        for form in names.into_iter().flatten().map(form) {
            let letters = form.chars().filter(|ch| ch.is_alphabetic()).count();
            if letters >= limits::LIKENESS_LETTERS_MIN && !forms.contains(&form) {
                forms.push(form);
            }
        }
        Self { forms }
    }

    /// Whether one may pass for the other.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.forms.iter().any(|one| other.forms.iter().any(|other| are_alike(one, other)))
    }

    /// Whether there is nothing to compare: the name is too short.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }
}

/// The letters of a name as folded: those that its skeleton points at.
fn form(name: &str) -> String {
    let folded = fold_phrase(name).replace('\n', " ");
    let mut skeleton = Skeleton::default();
    skeleton.set(&folded);
    let starts = skeleton.text().char_indices().filter_map(|(at, _)| skeleton.place(at));
    starts.filter_map(|place| folded.get(usize::from(place.first)..)?.chars().next()).collect()
}

/// A skeleton takes more letters for each other than a reader does in a name: "Vika" and "Nika" have one. So of two plain
/// letters of one script only the same are alike, and the strokes.
fn are_alike(one: &str, other: &str) -> bool {
    let class = crate::text::class_of;
    let mut pair = (one.chars(), other.chars());
    loop {
        match (pair.0.next(), pair.1.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a == b || shape(a) == shape(b) => {}
            (Some(a), Some(b)) if class(a) == class(b) && script(a) != script(b) => {}
            _ => return false,
        }
    }
}

/// Which letters it belongs to: digits and signs to none of them.
const fn script(ch: char) -> u8 {
    match ch {
        'a'..='z' => 1,
        '\u{400}'..='\u{52f}' => 2,
        '\u{370}'..='\u{3ff}' => 3,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(one: &str, other: &str) -> bool {
        Likeness::of_name(one).is_like(&Likeness::of_name(other))
    }

    #[test]
    fn a_name_in_a_disguise_passes_for_the_name() {
        for disguised in [
            "anna petrova",
            "ANNA PETROVA",
            "Anna  Petrova \u{2705}",
            "AnnaPetrova",
            "A.n.n.a Petrova",
            "Ann\u{430} Petr\u{43e}va",
            "Anna Petr0va",
            "\u{c1}nna P\u{e9}trova",
            "Anna Petrova | admin",
            "Anna Petrova (support)",
            "Anna Petrova - moderator",
        ] {
            assert!(like(disguised, "Anna Petrova"), "{disguised}");
            assert!(like("Anna Petrova | head admin", disguised), "{disguised}");
        }
        assert!(like("OIeg Volk", "Oleg Volk"), "a capital I for an l");
    }

    #[test]
    fn another_name_does_not() {
        for (one, other) in [
            ("Vika Smith", "Nika Smith"),
            ("Vova", "Nona"),
            ("Anna Petrova", "Anna Ivanova"),
            ("Anna", "Anna Petrova"),
            ("Hera", "Vera"),
            ("\u{412}\u{438}\u{43a}\u{430}", "\u{41d}\u{438}\u{43a}\u{430}"),
        ] {
            assert!(!like(one, other), "{one}, {other}");
        }
    }

    #[test]
    fn a_short_name_passes_for_none() {
        assert!(!like("Max", "Max") && !like("\u{1f600}", "\u{1f600}") && !like("", ""));
        assert!(Likeness::of_name("Max").is_empty());
        assert!(!like("Jo | admin team", "Jo"), "nor what is hung on for it");
    }

    #[test]
    fn user_names_are_compared_without_the_digits_at_their_end() {
        let like = |one, other| Likeness::of_username(one).is_like(&Likeness::of_username(other));
        assert!(like("anna_petrova_1", "Anna_Petrova") && like("annapetr0va", "anna_petrova"));
        assert!(!like("anna_ivanova", "anna_petrova") && !like("max1", "max2"));
    }
}
