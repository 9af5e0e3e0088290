//! A Rust source, as far as the house rules need to understand it.
//!
//! Promises: words inside comments and texts are not code; line numbers are those of the file.
//!
//! Never: a full parser. It knows comments, texts, braces and paths.

/// One file, in the forms the rules look at. All forms have the same length and the same lines.
#[derive(Debug)]
pub struct Source {
    /// Its path from the project's root.
    pub path: String,
    /// Its top-level module.
    pub module: String,
    /// As written.
    pub text: String,
    /// Comments and texts blanked.
    pub code: String,
    /// Comments, texts and test code blanked.
    pub program: String,
    /// As written, with test code blanked.
    pub shipped: String,
}

impl Source {
    /// Reads a source.
    pub fn new(path: &str, text: &str) -> Self {
        let inside = path.strip_prefix("src/").unwrap_or(path);
        let module = inside.split('/').next().unwrap_or(inside);
        let module = module.strip_suffix(".rs").unwrap_or(module).to_owned();
        let code = blank(text);
        let tests = if path.ends_with("/tests.rs") || path.starts_with("tests/") {
            vec![(0, code.len())]
        } else {
            test_parts(&code)
        };
        let program = without(&code, &tests);
        let shipped = without(text, &tests);
        Self { path: path.to_owned(), module, text: text.to_owned(), code, program, shipped }
    }

    /// Where whole words occur: not as a part of a longer name.
    pub fn find_words(&self, form: &str, words: &[&str]) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        for word in words {
            for (at, _) in form.match_indices(word) {
                let before = form.get(..at).and_then(|text| text.chars().next_back());
                let after = form.get(at + word.len()..).and_then(|text| text.chars().next());
                let open = word.ends_with(|last: char| !is_name(last));
                if !before.is_some_and(is_name) && (open || !after.is_some_and(is_name)) {
                    found.push((line_of(form, at), format!("`{word}`")));
                }
            }
        }
        found
    }

    /// Where texts occur.
    pub fn find_text(&self, form: &str, texts: &[&str]) -> Vec<(usize, String)> {
        let places = |text: &&str| {
            let text = (*text).to_owned();
            form.match_indices(&text).map(|(at, _)| (line_of(form, at), text.clone())).collect::<Vec<_>>()
        };
        texts.iter().flat_map(places).collect()
    }

    /// The first name after `root::` in program code, for each path; a group `root::{a, b::c}` names each of its own.
    pub fn paths_after(&self, root: &str) -> Vec<(usize, String)> {
        let form = self.program.as_str();
        let start = format!("{root}::");
        let mut found = Vec::new();
        for (at, _) in form.match_indices(&start) {
            let before = form.get(..at).unwrap_or_default();
            if before.ends_with(is_name) || (before.ends_with("::") && !before.ends_with(" ::")) {
                continue;
            }
            let from = at + start.len();
            let rest = form.get(from..).unwrap_or_default();
            match rest.strip_prefix('{') {
                Some(group) => found.extend(names_of_group(group).map(|(to, name)| (line_of(form, from + to), name))),
                None => found.push((line_of(form, from), first_name(rest))),
            }
        }
        found
    }

    /// Chains of `super::` that leave the top-level module: they would go around the floors.
    pub fn supers_to_the_crate(&self) -> Vec<(usize, String)> {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let depth = inside.trim_end_matches(".rs").trim_end_matches("/mod").split('/').count();
        let chain = "super::".repeat(depth);
        let places = self.program.match_indices(&chain);
        places
            .map(|(at, _)| (line_of(&self.program, at), format!("`{chain}` leaves the module; say `crate::`")))
            .collect()
    }

    /// The line of each function, and how many lines it has.
    pub fn functions(&self) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for (at, _) in self.code.match_indices("fn ") {
            let named = self.code.get(at + 3..).and_then(|rest| rest.chars().next()).is_some_and(is_name);
            if self.code.get(..at).unwrap_or_default().ends_with(is_name) || !named {
                continue;
            }
            if let Some(end) = body_end(&self.code, at) {
                let line = line_of(&self.code, at);
                found.push((line, line_of(&self.code, end) + 1 - line));
            }
        }
        found
    }
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn line_of(form: &str, at: usize) -> usize {
    form.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

fn first_name(text: &str) -> String {
    text.trim_start().chars().take_while(|letter| is_name(*letter)).collect()
}

/// The first name of each part of a group, with where it stands; `group` begins after the brace.
fn names_of_group(group: &str) -> impl Iterator<Item = (usize, String)> {
    let mut depth = 0_usize;
    let mut starts = vec![0];
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => starts.push(at + 1),
            _ => {}
        }
    }
    let named = |start: usize| {
        let rest = group.get(start..).unwrap_or_default();
        let space = rest.len() - rest.trim_start().len();
        (start + space, first_name(rest))
    };
    starts.into_iter().map(named).filter(|(_, name)| !name.is_empty()).collect::<Vec<_>>().into_iter()
}

/// Where the item that begins at `at` ends: its last brace, or its semicolon when it has no body.
fn item_end(code: &str, at: usize) -> usize {
    let mut depth = 0_usize;
    for (index, byte) in code.bytes().enumerate().skip(at) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return index + 1;
                }
            }
            b';' if depth == 0 => return index + 1,
            _ => {}
        }
    }
    code.len()
}

/// The last brace of a function's body; `None` for one without a body.
fn body_end(code: &str, at: usize) -> Option<usize> {
    let end = item_end(code, at).checked_sub(1)?;
    (code.as_bytes().get(end) == Some(&b'}')).then_some(end)
}

/// The parts that are compiled for tests only.
fn test_parts(code: &str) -> Vec<(usize, usize)> {
    let marker = "#[cfg(test)]";
    code.match_indices(marker).map(|(at, _)| (at, item_end(code, at + marker.len()))).collect()
}

/// Blanks parts; lines stay.
fn without(form: &str, parts: &[(usize, usize)]) -> String {
    let inside = |at: usize| parts.iter().any(|(from, to)| (*from..*to).contains(&at));
    let bytes = form.bytes().enumerate().map(|(at, byte)| if inside(at) && byte != b'\n' { b' ' } else { byte });
    String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned()
}

/// Blanks comments and texts, byte by byte; lines stay.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let named = start > 0 && is_name(char::from(byte(start - 1)));
        let raw = if named { None } else { raw_text_end(text, at) };
        at = match (byte(at), byte(at + 1)) {
            (b'/', b'/') => text.get(at..).and_then(|rest| rest.find('\n')).map_or(bytes.len(), |to| at + to),
            (b'/', b'*') => comment_end(bytes, at),
            (b'"', _) => quoted_end(bytes, at, b'"'),
            (b'\'', b'\\') => quoted_end(bytes, at, b'\''),
            (b'\'', _) => char_end(text, at).unwrap_or(start),
            _ => raw.unwrap_or(start),
        };
        for place in out.iter_mut().take(at).skip(start).filter(|place| **place != b'\n') {
            *place = b' ';
        }
        at = at.max(start + 1);
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn comment_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at < bytes.len() {
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'/'), Some(b'*')) => {
                depth += 1;
                at += 2;
            }
            (Some(b'*'), Some(b'/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    break;
                }
            }
            _ => at += 1,
        }
    }
    at.min(bytes.len())
}

fn quoted_end(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            byte if *byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The end of a character in quotes; `None` when the quote begins a lifetime.
fn char_end(text: &str, start: usize) -> Option<usize> {
    let mut letters = text.get(start + 1..)?.chars();
    let first = letters.next()?;
    (letters.next()? == '\'').then(|| start + 2 + first.len_utf8())
}

/// The end of a raw text that begins here.
fn raw_text_end(text: &str, start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let rest = rest.strip_prefix(['b', 'c']).unwrap_or(rest).strip_prefix('r')?;
    let hashes = rest.bytes().take_while(|byte| *byte == b'#').count();
    let body = rest.get(hashes..)?.strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = body.find(&close).map_or(body.len(), |to| to + close.len());
    Some(text.len() - body.len() + end)
}
