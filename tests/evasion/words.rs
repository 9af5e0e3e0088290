//! The keywords that are disguised: those of the shipped packs, and generated ones in four scripts; and the pack in which
//! each has a rule of its own, so that a test can tell which was found.

use aegis::policy::{self, PackSource, PolicySet};
use fastrand::Rng;
use unicode_normalization::char::is_combining_mark;

/// Parts of words, and sentences around them.
const PARTS: &str = include_str!("words.txt");

/// The writing a keyword is in; a keyword of several is in the one that is hardest to disguise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    Latin,
    Cyrillic,
    Han,
    Thai,
}

impl Script {
    pub const ALL: [Self; 4] = [Self::Latin, Self::Cyrillic, Self::Han, Self::Thai];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Latin => "latin",
            Self::Cyrillic => "cyrillic",
            Self::Han => "han",
            Self::Thai => "thai",
        }
    }

    /// The script of a text.
    pub fn of(text: &str) -> Self {
        let has = |from: char, to: char| text.chars().any(|ch| (from..=to).contains(&ch));
        if has('\u{4e00}', '\u{9fff}') {
            Self::Han
        } else if has('\u{e00}', '\u{e7f}') {
            Self::Thai
        } else if has('\u{400}', '\u{52f}') {
            Self::Cyrillic
        } else {
            Self::Latin
        }
    }

    /// Whether words stand without spaces between them.
    pub const fn runs_on(self) -> bool {
        matches!(self, Self::Han | Self::Thai)
    }

    /// Sentences with `{}` where a keyword goes.
    pub fn carriers(self) -> Vec<&'static str> {
        let name = format!("carrier {}: ", self.word());
        PARTS.lines().filter_map(|line| line.strip_prefix(&name)).collect()
    }
}

/// A keyword with a rule of its own.
#[derive(Clone, Debug)]
pub struct Keyword {
    /// The rule's id.
    pub rule: String,
    /// As written in the pack.
    pub written: String,
    /// As a spammer who knows it would write it, before any disguise.
    pub plain: String,
    pub script: Script,
}

impl Keyword {
    fn new(rule: String, written: &str) -> Self {
        let plain = written.strip_prefix('*').unwrap_or(written);
        let plain = plain.strip_suffix('*').unwrap_or(plain).trim().to_owned();
        Self { rule, written: written.to_owned(), script: Script::of(&plain), plain }
    }
}

/// Every keyword of the shipped packs.
pub fn shipped() -> Vec<Keyword> {
    let mut written = Vec::new();
    for source in policy::shipped() {
        let pack: toml::Table = source.text.parse().expect("a shipped pack is TOML");
        for rule in pack["rule"].as_array().expect("a list of rules") {
            assert!(rule.get("keywords_file").is_none(), "read the list too");
            let is_open = rule.get("match").is_some_and(|edges| edges.as_str() == Some("substring"));
            assert!(is_open || rule.get("match").is_none(), "give the copied rule the same `match`");
            let keywords = rule.get("keywords").and_then(toml::Value::as_array);
            for keyword in keywords.into_iter().flatten() {
                let keyword = keyword.as_str().expect("a keyword is text");
                written.push(if is_open { format!("*{keyword}*") } else { keyword.to_owned() });
            }
        }
    }
    written.sort_unstable();
    written.dedup();
    written.iter().enumerate().map(|(index, written)| Keyword::new(format!("s-{index}"), written)).collect()
}

/// `count` keywords of one to four words, in four scripts by turns; the same for the same seed.
pub fn generated(seed: u64, count: usize) -> Vec<Keyword> {
    let mut rng = Rng::with_seed(seed);
    let mut made: Vec<String> = Vec::new();
    while made.len() < count {
        let script = Script::ALL[made.len() % Script::ALL.len()];
        let syllables: Vec<&str> = PARTS
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{}: ", script.word())))
            .expect("every script has its syllables")
            .split(' ')
            .collect();
        let words: Vec<String> = (0..rng.usize(1..=4))
            .map(|_| (0..length(script, &mut rng)).map(|_| *pick(&syllables, &mut rng)).collect())
            .collect();
        let keyword = words.join(if script.runs_on() { "" } else { " " });
        if !made.contains(&keyword) {
            made.push(keyword);
        }
    }
    made.iter().enumerate().map(|(index, written)| Keyword::new(format!("g-{index}"), written)).collect()
}

/// Words of four letters and more, alone and in pairs, and pairs of Han characters, that the sentences have.
pub fn of_sentences(sentences: &[&str]) -> Vec<Keyword> {
    let mut found: Vec<String> = Vec::new();
    for sentence in sentences {
        let words: Vec<&str> = sentence
            .split(|ch: char| !ch.is_alphabetic() && !is_combining_mark(ch))
            .filter(|word| !word.is_empty())
            .collect();
        for pair in words.windows(2) {
            found.push(pair.join(" "));
        }
        for word in words {
            let letters: Vec<char> = word.chars().collect();
            match Script::of(word) {
                Script::Han => found.extend(letters.windows(2).map(|pair| pair.iter().collect::<String>())),
                Script::Latin | Script::Cyrillic if letters.len() >= 4 => found.push(word.to_owned()),
                _ => {}
            }
        }
    }
    // A pair of short words is as good as any; one with a single character of Han or Thai is not a word there.
    found.retain(|keyword| keyword.chars().count() >= 4 || Script::of(keyword) == Script::Han);
    found.sort_unstable();
    found.dedup();
    found.iter().enumerate().map(|(index, written)| Keyword::new(format!("w-{index}"), written)).collect()
}

/// Syllables of one word.
fn length(script: Script, rng: &mut Rng) -> usize {
    match script {
        Script::Latin | Script::Cyrillic => rng.usize(2..=4),
        Script::Han => 2,
        Script::Thai => rng.usize(2..=3),
    }
}

/// One of a list.
pub fn pick<'l, T>(list: &'l [T], rng: &mut Rng) -> &'l T {
    &list[rng.usize(..list.len())]
}

/// A rule for each keyword, in as many sets as a verdict has room for their findings: keyword `n` is in set `n` modulo
/// their number.
pub fn compile(keywords: &[Keyword]) -> Vec<PolicySet> {
    let count = keywords.len().div_ceil(1_000).max(1);
    (0..count).map(|first| compile_one(keywords.iter().skip(first).step_by(count))).collect()
}

fn compile_one<'k>(keywords: impl Iterator<Item = &'k Keyword>) -> PolicySet {
    let mut text = "[pack]\nid = \"t\"\nversion = 1\n".to_owned();
    for keyword in keywords {
        let written = keyword.written.replace('\\', "\\\\").replace('"', "\\\"");
        text.push_str(&format!(
            "[[rule]]\nid = \"{}\"\nreason = \"r\"\nscore = 80\nkeywords = [\"{written}\"]\n",
            keyword.rule
        ));
    }
    let source = PackSource { file: "t.toml".to_owned(), text, lists: Vec::new() };
    policy::compile(&[source]).map_err(|mistakes| mistakes.to_string()).expect("the keywords make a good pack")
}
