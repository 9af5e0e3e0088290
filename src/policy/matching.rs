//! Finding keywords. The automaton knows the skeletons of all keywords and runs over the skeleton of a message; whatever
//! it finds is looked at again in the folded text, letter by letter, where a keyword stands as written or in a disguise.
//!
//! Promises: one pass of the automaton, at most `limits::MATCHES_MAX` second looks, each linear in the keyword. A keyword
//! as written is always found. A disguise counts only if it cannot well be ordinary writing: see [`Disguise::is_one`].
//!
//! Never: a hit across two texts of a message.

use super::keywords::{Bounds, Edge};
use crate::limits;
use crate::text::{Canonical, Skeleton, class_of, has_no_spaces, is_word, shape};
use aho_corasick::Input;
use aho_corasick::automaton::{Automaton, OverlappingState};
use aho_corasick::nfa::contiguous::NFA;

/// One rule's use of one keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Use {
    pub rule: u16,
    pub bounds: Bounds,
    /// Where the folded keyword stands among all phrases.
    pub at: u32,
    pub length: u16,
    /// Bytes of it before what its skeleton begins with.
    pub lead: u16,
    pub role: Role,
}

/// What a phrase is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// The rule speaks where it stands.
    Keyword,
    /// The rule does not speak of what it covers.
    Exception,
}

/// Where one rule's phrase stands in the folded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub rule: u16,
    pub role: Role,
    pub from: usize,
    pub to: usize,
}

/// The hits of one message, at most `limits::HITS_PER_RULE_MAX` of a rule.
#[derive(Debug, Default)]
pub(super) struct Hits {
    all: Vec<Hit>,
    /// By rule: how many there are.
    counts: Vec<u8>,
}

impl Hits {
    pub(super) fn all(&self) -> &[Hit] {
        &self.all
    }

    pub(super) fn bytes(&self) -> usize {
        self.all.capacity() * size_of::<Hit>() + self.counts.capacity()
    }

    fn clear(&mut self) {
        for hit in self.all.drain(..) {
            if let Some(count) = self.counts.get_mut(usize::from(hit.rule)) {
                *count = 0;
            }
        }
    }

    pub(super) fn has_room(&self, rule: u16) -> bool {
        self.counts.get(usize::from(rule)).is_none_or(|count| *count < limits::HITS_PER_RULE_MAX)
    }

    pub(super) fn push(&mut self, hit: Hit) {
        let index = usize::from(hit.rule);
        if self.counts.len() <= index {
            self.counts.resize(index + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(index) {
            *count += 1;
        }
        self.all.push(hit);
    }
}

/// The keywords of all rules.
#[derive(Debug, Default)]
pub(super) struct Matcher {
    /// Skeletons of all phrases that have letters or digits.
    bones: Option<NFA>,
    /// Phrases of signs alone, as they are.
    signs: Option<NFA>,
    /// Where in `uses` each pattern's uses start, and where the last one's end: first the bones, then the signs.
    starts: Vec<u32>,
    uses: Vec<Use>,
    bones_count: usize,
    phrases: String,
}

impl Matcher {
    pub(super) fn bytes(&self) -> usize {
        self.bones.as_ref().map_or(0, Automaton::memory_usage)
            + self.signs.as_ref().map_or(0, Automaton::memory_usage)
            + self.starts.capacity() * size_of::<u32>()
            + self.uses.capacity() * size_of::<Use>()
            + self.phrases.capacity()
    }

    pub(super) const fn new(
        bones: Option<NFA>,
        signs: Option<NFA>,
        bones_count: usize,
        starts: Vec<u32>,
        uses: Vec<Use>,
        phrases: String,
    ) -> Self {
        Self { bones, signs, starts, uses, bones_count, phrases }
    }

    fn uses_of(&self, pattern: usize) -> &[Use] {
        let at = |index: usize| self.starts.get(index).and_then(|start| usize::try_from(*start).ok());
        match (at(pattern), at(pattern + 1)) {
            (Some(from), Some(to)) => self.uses.get(from..to).unwrap_or_default(),
            _ => &[],
        }
    }

    fn phrase(&self, one: &Use) -> &str {
        let from = usize::try_from(one.at).unwrap_or(usize::MAX);
        self.phrases.get(from..from.saturating_add(usize::from(one.length))).unwrap_or_default()
    }

    /// Finds every phrase in a folded text. Returns `false` when the bound of second looks was reached.
    pub(super) fn scan(&self, folded: &Canonical, skeleton: &Skeleton, hits: &mut Hits) -> bool {
        let text = folded.text();
        let mixed = folded.tally().mixed_words > 0;
        hits.clear();
        let mut looks = limits::MATCHES_MAX;
        if let Some(bones) = &self.bones {
            let mut state = OverlappingState::start();
            loop {
                // An error is only possible for an anchored search, which this is not.
                if bones.try_find_overlapping(&Input::new(skeleton.text()), &mut state).is_err() {
                    break;
                }
                let Some(found) = state.get_match() else { break };
                let Some(place) = skeleton.place(found.start()) else { break };
                for one in self.uses_of(found.pattern().as_usize()) {
                    if !hits.has_room(one.rule) {
                        continue;
                    }
                    if looks == 0 {
                        return false;
                    }
                    looks -= 1;
                    let (first, last) = (usize::from(place.first), usize::from(place.last));
                    let mut found = self.look(text, first, one, mixed);
                    if found.is_none() && first != last {
                        found = self.later(text, first, last, one, mixed);
                    }
                    if let Some((from, to)) = found {
                        hits.push(Hit { rule: one.rule, role: one.role, from, to });
                    }
                }
            }
        }
        let Some(signs) = &self.signs else { return true };
        let mut state = OverlappingState::start();
        loop {
            if signs.try_find_overlapping(&Input::new(text), &mut state).is_err() {
                return true;
            }
            let Some(found) = state.get_match() else { return true };
            for one in self.uses_of(found.pattern().as_usize() + self.bones_count) {
                if looks == 0 {
                    return false;
                }
                looks -= 1;
                if hits.has_room(one.rule) && stands(text, found.start(), found.end(), one.bounds) {
                    hits.push(Hit { rule: one.rule, role: one.role, from: found.start(), to: found.end() });
                }
            }
        }
    }

    /// A run of equal letters may end one word and begin the next: "free emails". Looks at the run's other letters, from
    /// its end, and at the words in it.
    fn later(&self, text: &str, first: usize, last: usize, one: &Use, mixed: bool) -> Option<(usize, usize)> {
        let run = text.get(first..last)?;
        let ends = run.char_indices().rev().map(|(at, _)| first + at).filter(|at| *at > first);
        let ends = std::iter::once(last).chain(ends).take(limits::RUN_STARTS_MAX);
        let words = run.match_indices(' ').map(|(at, _)| first + at + 1).take(limits::RUN_STARTS_MAX);
        ends.chain(words).find_map(|from| self.look(text, from, one, mixed))
    }

    /// Where the phrase whose skeleton begins at `from` stands, plain or in a disguise.
    fn look(&self, text: &str, from: usize, one: &Use, mixed: bool) -> Option<(usize, usize)> {
        let phrase = self.phrase(one);
        // The skeleton leads to the phrase's first letter; signs before it belong to the phrase too.
        let lead = usize::from(one.lead);
        let at = from.checked_sub(lead)?;
        if let Some(rest) = text.get(at..)
            && rest.starts_with(phrase)
            && stands(text, at, at + phrase.len(), one.bounds)
        {
            return Some((at, at + phrase.len()));
        }
        let (signs, letters) = phrase.split_at_checked(lead)?;
        let at = lead_in(text, from, signs)?;
        let (length, disguise) = Disguise::read(text.get(from..)?, letters)?;
        let to = from + length;
        (disguise.is_one(letters, mixed) && stands(text, at, to, disguise.bounds(one.bounds))).then_some((at, to))
    }
}

/// What was done to a phrase to hide it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Disguise {
    letters: u32,
    /// Letters of another script.
    foreign: u32,
    /// Letters that may only be taken for those of the phrase: large or small, one of them looks like the other.
    vague: u32,
    /// Digits and signs for letters.
    digits: u32,
    /// Runs made longer, and letters written twice.
    runs: u32,
    doubles: u32,
    /// Places inside words where a gap could be.
    joints: u32,
    /// Gaps inside words, those with white space in them, and all together in characters.
    gaps: u32,
    spaces: u32,
    /// Spaces of the phrase that are not there.
    missing: u32,
}

impl Disguise {
    /// Reads `phrase` at the beginning of `text` through a disguise. Returns how far it goes.
    fn read(text: &str, phrase: &str) -> Option<(usize, Self)> {
        let mut seen = Self::default();
        let mut place = text.char_indices().peekable();
        let mut end = 0;
        let mut before: Option<char> = None;
        let mut parted = false;
        let mut letters = phrase.chars().peekable();
        // Letters of the run at hand that stood side by side.
        let mut run = 0;
        while let Some(wanted) = letters.next() {
            if wanted == ' ' {
                parted = true;
                continue;
            }
            if !is_word(wanted) {
                // A sign that belongs to the phrase must be there as it is, whatever else stands around it.
                let mut skipped = 0;
                while place.next_if(|(_, ch)| *ch != wanted && *ch != '\n' && !is_word(*ch)).is_some() {
                    skipped += 1;
                    if skipped > limits::GAP_CHARS_MAX {
                        return None;
                    }
                }
                let (at, _) = place.next_if(|(_, ch)| *ch == wanted)?;
                end = at + wanted.len_utf8();
                before = None;
                continue;
            }
            if before.is_none() && end > 0 {
                Gap::read(&mut place, wanted)?;
            }
            if let Some(before) = before {
                let gap = Gap::read(&mut place, wanted)?;
                seen.note(gap, parted, before, wanted)?;
                run = if gap.length == 0 && before == wanted { run } else { 0 };
            }
            run += 1;
            parted = false;
            let (at, ch) = place.next()?;
            seen.letters += 1;
            if ch != wanted {
                if class_of(ch) != class_of(wanted) || wanted.is_ascii_digit() {
                    return None;
                }
                if !is_word(ch) || ch.is_ascii_digit() {
                    seen.digits += 1;
                } else if shape(ch) == shape(wanted) && !is_stroke_of_another(ch, wanted) {
                    seen.foreign += 1;
                } else {
                    seen.vague += 1;
                    seen.foreign += u32::from(ch.is_ascii() != wanted.is_ascii());
                }
            }
            end = at + ch.len_utf8();
            if letters.peek() != Some(&wanted) && !wanted.is_ascii_digit() {
                // A digit may be the next letter as well: "se11ing".
                let ends = letters.peek().is_none_or(|next| class_of(*next) != class_of(wanted));
                end += lengthen(&mut place, if ends { ch } else { wanted }, wanted, run, &mut seen);
            }
            before = Some(wanted);
        }
        Some((end, seen))
    }

    fn note(&mut self, gap: Gap, parted: bool, before: char, wanted: char) -> Option<()> {
        if has_no_spaces(before) && has_no_spaces(wanted) {
            // No word ends are written here: a short gap is a disguise, the end of a sentence is not.
            return (!gap.ends_sentence || gap.signs == 0).then_some(());
        }
        if parted {
            self.missing += u32::from(gap.length == 0);
            return (!gap.ends_sentence).then_some(());
        }
        self.joints += 1;
        if gap.length > 0 {
            self.gaps += 1;
            self.spaces += u32::from(gap.has_space);
        }
        Some(())
    }

    /// Whether what was seen is a disguise of the phrase, and not another text that happens to have the same letters.
    fn is_one(self, phrase: &str, mixed: bool) -> bool {
        let letters = self.letters;
        let all_apart = self.gaps > 0 && self.gaps == self.joints;
        let in_gaps = self.gaps == 0
            || (all_apart && letters >= limits::JOINED_LETTERS_MIN)
            || letters >= if self.spaces > 0 { limits::PIECES_LETTERS_MIN } else { limits::DISGUISED_LETTERS_MIN };
        let in_digits = self.digits == 0 || (letters >= limits::JOINED_LETTERS_MIN && self.digits < letters);
        let one_letter = || phrase.chars().all(|ch| phrase.starts_with(ch));
        let in_letters = self.foreign == 0 || letters >= limits::FOREIGN_LETTERS_MIN || one_letter();
        // Two letters of one script are only taken for each other where letters of another one are about.
        let in_vague = self.vague == 0
            || ((mixed || self.foreign > 0) && letters >= limits::VAGUE_LETTERS_MIN && self.vague * 2 <= letters);
        let in_runs = self.runs == 0 || letters >= limits::JOINED_LETTERS_MIN;
        // One doubled letter makes another word ("god", "good"); when most are, it is a disguise.
        let in_doubles = self.doubles == 0 || (letters >= limits::DISGUISED_LETTERS_MIN && self.doubles * 2 >= letters);
        let in_missing = self.missing == 0 || letters >= limits::PIECES_LETTERS_MIN;
        in_gaps && in_digits && in_letters && in_vague && in_runs && in_doubles && in_missing
    }

    /// A phrase taken apart or put together must stand by itself, also where the keyword's ends are open.
    const fn bounds(self, bounds: Bounds) -> Bounds {
        if self.gaps == 0 && self.missing == 0 {
            return bounds;
        }
        let begins = if matches!(bounds.begins, Edge::Open) { Edge::Word } else { bounds.begins };
        let ends = if matches!(bounds.ends, Edge::Open) { Edge::Word } else { bounds.ends };
        Bounds { begins, ends }
    }
}

/// `i` and `l` have one shape for the sake of strokes of other scripts; for each other they are two letters.
const fn is_stroke_of_another(ch: char, wanted: char) -> bool {
    matches!((ch, wanted), ('i', 'l') | ('l', 'i'))
}

type Places<'t> = std::iter::Peekable<std::str::CharIndices<'t>>;

/// What stands between two letters of a phrase.
#[derive(Clone, Copy, Default)]
struct Gap {
    length: usize,
    signs: usize,
    has_space: bool,
    ends_sentence: bool,
}

impl Gap {
    /// Moves past what is no letter, up to a sign that stands for `wanted`. `None` when it is too much to be one gap.
    fn read(place: &mut Places<'_>, wanted: char) -> Option<Self> {
        let mut gap = Self::default();
        let mut stop = false;
        while let Some((_, ch)) = place.peek().copied() {
            if is_word(ch) || ch == '\n' || (sign_reads_as(ch, wanted) && is_in_word(place)) {
                break;
            }
            gap.length += 1;
            if gap.length > limits::GAP_CHARS_MAX {
                return None;
            }
            if ch == ' ' {
                gap.has_space = true;
                gap.ends_sentence |= stop;
            } else {
                gap.signs += 1;
                stop = matches!(ch, '.' | '!' | '?' | ';' | ':');
                gap.ends_sentence |=
                    matches!(ch, '\u{3002}' | '\u{ff0c}' | '\u{3001}' | ',' | '!' | '?') && has_no_spaces(wanted);
            }
            place.next();
        }
        Some(gap)
    }
}

/// Whether the sign at hand belongs to the word around it. An exclamation mark before a space ends one.
fn is_in_word(place: &Places<'_>) -> bool {
    let mut rest = place.clone();
    let is_mark = rest.next().is_some_and(|(_, ch)| matches!(ch, '!' | '|'));
    !is_mark || rest.next().is_some_and(|(_, ch)| ch != ' ' && ch != '\n')
}

/// Whether a sign stands for a letter inside a word.
const fn sign_reads_as(ch: char, wanted: char) -> bool {
    match ch {
        '@' => matches!(wanted, 'a' | '\u{430}'),
        '$' => matches!(wanted, 's' | '\u{441}' | '\u{455}'),
        '\u{20ac}' => matches!(wanted, 'e' | '\u{435}'),
        '!' | '|' => matches!(wanted, 'i' | 'l' | '\u{456}'),
        _ => false,
    }
}

/// Takes in the further letters of a run made longer: "freeee". How many bytes they are.
fn lengthen(place: &mut Places<'_>, ch: char, wanted: char, run: usize, seen: &mut Disguise) -> usize {
    let mut more = 0;
    let mut bytes = 0;
    while let Some((_, next)) = place.next_if(|(_, next)| *next == ch || *next == wanted) {
        more += 1;
        bytes += next.len_utf8();
    }
    if more > 0 && run + more >= 3 {
        seen.runs += 1;
    } else {
        seen.doubles += u32::from(more > 0);
    }
    bytes
}

/// Where the signs that lead a phrase begin, before its first letter at `from`; spaces may stand between them.
fn lead_in(text: &str, from: usize, signs: &str) -> Option<usize> {
    let mut before = text.get(..from)?.char_indices().rev().peekable();
    let mut at = from;
    for sign in signs.chars().rev().filter(|sign| *sign != ' ') {
        while before.next_if(|(_, ch)| *ch == ' ').is_some() {}
        at = before.next_if(|(_, ch)| *ch == sign)?.0;
    }
    Some(at)
}

/// Whether a phrase begins and ends where it may.
fn stands(text: &str, from: usize, to: usize, bounds: Bounds) -> bool {
    let (before, rest) = text.split_at_checked(from).unwrap_or_default();
    let (found, after) = rest.split_at_checked(to.saturating_sub(from)).unwrap_or_default();
    let left = match bounds.begins {
        Edge::Open => true,
        Edge::Word => is_word_end(before.chars().next_back(), found.chars().next()),
        Edge::Surface => before.trim_end_matches(' ').chars().next_back().is_none_or(|ch| ch == '\n'),
    };
    left && match bounds.ends {
        Edge::Open => true,
        Edge::Word => is_word_end(found.chars().next_back(), after.chars().next()),
        Edge::Surface => after.trim_start_matches(' ').chars().next().is_none_or(|ch| ch == '\n'),
    }
}

/// Whether a word ends between two characters. In scripts without spaces it may everywhere.
fn is_word_end(left: Option<char>, right: Option<char>) -> bool {
    let (Some(left), Some(right)) = (left, right) else { return true };
    let joined = is_word(left) && is_word(right);
    !joined || has_no_spaces(left) || has_no_spaces(right)
}
