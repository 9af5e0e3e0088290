//! `aegis learn`: teaching the learner from a file, and taking a lesson back.
//!
//! Promises: a source is learned whole or not at all; a line that cannot be read is named with its number, and nothing is
//! written; a source that is forgotten leaves nothing behind.
//!
//! Never: a message's text kept.

use super::Failure;
use crate::app::FailureKind;
use crate::config::Config;
use crate::learn::{Example, Features, Layer, Learned, Reach, heaviest, train};
use crate::lessons;
use crate::limits;
use crate::message::ChatId;
use crate::signals::Script;
use crate::text;
use clap::{Args, Subcommand};
use serde::Deserialize;
use std::borrow::Cow;
use std::io::BufRead;
use std::path::{Path, PathBuf};

/// Teach the learner, or take a lesson back.
#[derive(Debug, Args)]
pub struct LearnArgs {
    /// A settings file.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    verb: Learn,
}

#[derive(Debug, Subcommand)]
enum Learn {
    /// Learn from labelled messages: JSON lines {"label": "spam" or "ham", "text": "..."}.
    From {
        /// The file.
        #[arg(long, value_name = "FILE")]
        input: PathBuf,
        /// A name to forget it by.
        #[arg(long, value_name = "NAME")]
        source: String,
        /// Only for this chat.
        #[arg(long, value_name = "ID", allow_negative_numbers = true)]
        chat: Option<i64>,
    },
    /// What was learned, from how many messages.
    Show,
    /// Take back all that a source taught.
    Forget {
        /// Its name.
        source: String,
        /// The chat it was for.
        #[arg(long, value_name = "ID", allow_negative_numbers = true)]
        chat: Option<i64>,
    },
    /// Which pieces of a text speak for and against it.
    Explain {
        /// The text.
        #[arg(long)]
        text: String,
    },
}

#[derive(Deserialize)]
struct Labelled<'l> {
    #[serde(borrow)]
    label: Cow<'l, str>,
    #[serde(borrow)]
    text: Cow<'l, str>,
}

impl LearnArgs {
    /// The settings file.
    pub fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }
}

/// Carries out `aegis learn`.
pub fn learn(config: &Config, args: LearnArgs) -> Result<(), Failure> {
    let dir = lessons::folder(&config.data_dir);
    match args.verb {
        Learn::From { input, source, chat } => from(&dir, &input, &source, chat.map(ChatId)),
        Learn::Show => {
            show(&read(&dir));
            Ok(())
        }
        Learn::Forget { source, chat } => {
            let gone = lessons::forget(&dir, &source, chat.map(ChatId)).map_err(storage)?;
            if !gone {
                return Err(Failure::usage(format!("no source `{source}`; `aegis learn show` lists them")));
            }
            println!("forgot {source}");
            Ok(())
        }
        Learn::Explain { text } => {
            explain(&read(&dir), &text);
            Ok(())
        }
    }
}

/// The prior and all sources; what is wrong is told and left out.
pub fn read(dir: &Path) -> Learned {
    let (learned, wrong) = lessons::read(dir);
    wrong.iter().for_each(|what| eprintln!("{what}"));
    learned
}

fn storage(error: std::io::Error) -> Failure {
    Failure { kind: FailureKind::Storage, why: format!("the folder of lessons: {error}") }
}

/// Whether there may be a source of that name, and whether there is room for it.
pub(super) fn may_be_taught(dir: &Path, source: &str, chat: Option<ChatId>) -> Result<(), Failure> {
    if !lessons::is_name(source) {
        return Err(Failure::usage(format!(
            "`{}` is no name for a source: letters a to z, digits, - and _, at most {}, and not `prior`",
            source.escape_debug(),
            limits::LEARN_NAME_BYTES_MAX
        )));
    }
    let known = lessons::read(dir).0;
    let replaced = |layer: &Layer| layer.name == source && layer.chat == chat;
    if known.layers().len() >= limits::LEARN_LAYERS_MAX && !known.layers().iter().any(replaced) {
        return Err(Failure::usage(format!(
            "there are {} sources, the most there may be; forget one first",
            known.layers().len()
        )));
    }
    Ok(())
}

/// What examples teach under a name. `of` is where they are from.
pub(super) fn taught(examples: &[Example], source: &str, chat: Option<ChatId>, of: &str) -> Result<Layer, Failure> {
    let model = train(examples, Reach::Own).map_err(|few| Failure {
        kind: FailureKind::Data,
        why: format!(
            "{of}: {} spam and {} ham; at least {} of each are needed",
            few.0.spam,
            few.0.ham,
            limits::LEARN_EXAMPLES_MIN
        ),
    })?;
    Ok(Layer { name: source.to_owned(), chat, model })
}

/// Keeps what was taught; says so in a sentence.
pub(super) fn keep(dir: &Path, layer: &Layer) -> Result<String, Failure> {
    lessons::write(dir, layer).map_err(storage)?;
    let count = layer.model.examples();
    let words = format!("learned {} from {} spam and {} ham", layer.name, count.spam, count.ham);
    Ok(words + "; a running appliance takes it up within seconds")
}

/// One labelled text.
pub(super) fn example(text: &str, is_spam: bool, scratch: &mut text::Scratch, features: &mut Features) -> Example {
    features.see(text, scratch);
    Example { features: features.list().to_vec(), is_spam, script: features.script() }
}

fn from(dir: &Path, input: &Path, source: &str, chat: Option<ChatId>) -> Result<(), Failure> {
    may_be_taught(dir, source, chat)?;
    let examples = examples(input)?;
    let layer = taught(&examples, source, chat, &input.display().to_string())?;
    println!("{}", keep(dir, &layer)?);
    if examples.len() > limits::LEARN_EXAMPLES_MAX {
        println!("the last {} lines were left out", examples.len() - limits::LEARN_EXAMPLES_MAX);
    }
    Ok(())
}

fn examples(input: &Path) -> Result<Vec<Example>, Failure> {
    let wrong = |what: String| Failure { kind: FailureKind::Data, why: format!("{}: {what}", input.display()) };
    let file = std::fs::File::open(input).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let mut scratch = text::Scratch::default();
    let mut features = Features::default();
    let mut examples = Vec::new();
    for (number, line) in (1..).zip(std::io::BufReader::new(file).lines()) {
        let line = line.map_err(|error| wrong(format!("line {number}: {error}")))?;
        let line = line.trim_start_matches('\u{feff}');
        if line.trim().is_empty() {
            continue;
        }
        let labelled: Labelled<'_> = serde_json::from_str(line).map_err(|error| {
            wrong(format!("line {number}: {error}; wanted {{\"label\": \"spam\" or \"ham\", \"text\": \"...\"}}"))
        })?;
        let is_spam = match &*labelled.label {
            "spam" => true,
            "ham" => false,
            other => {
                let other = other.escape_debug();
                return Err(wrong(format!("line {number}: the label is \"spam\" or \"ham\", not \"{other}\"")));
            }
        };
        if examples.len() < limits::LEARN_EXAMPLES_MAX {
            examples.push(example(&labelled.text, is_spam, &mut scratch, &mut features));
        } else {
            examples.push(Example { features: Vec::new(), is_spam, script: Script::None });
        }
    }
    Ok(examples)
}

fn show(learned: &Learned) {
    for layer in learned.layers() {
        let count = layer.model.examples();
        let chat = layer.chat.map_or_else(String::new, |chat| format!(", in chat {} only", chat.0));
        println!("{}: {} spam, {} ham{chat}", layer.name, count.spam, count.ham);
    }
    println!("{} bytes in memory", learned.bytes());
}

fn explain(learned: &Learned, text: &str) {
    let (mut scratch, mut features) = (text::Scratch::default(), Features::default());
    features.see(text, &mut scratch);
    for layer in learned.layers() {
        let points = layer.model.points(&features);
        println!("{}: {points} points", layer.name);
        for (piece, weight) in heaviest(scratch.canonical().text(), 12, |number| i32::from(layer.model.weight(number)))
        {
            let side = if weight > 0 { "against" } else { "for" };
            println!("  {:>6} {side:<7} \"{}\"", weight.abs(), piece.escape_debug());
        }
    }
}
