//! `aegis ai try`: one message shown to a model, with everything that is sent and everything that comes back.
//!
//! Promises: the body that is shown is the body that is sent; what a server says reaches the terminal only in
//! characters that can be seen; a key is never shown, even when a server repeats it.
//!
//! Never: an effect in a chat; anything kept or counted against a budget.

use super::explain::standard_input;
use super::offline::print;
use super::screen;
use crate::app::{self, Failure, FailureKind};
use crate::budget::{Micros, Prices};
use crate::document::Mistakes;
use crate::learn::{Learned, prior};
use crate::limits;
use crate::links::{self, LinkLists, Links};
use crate::message::{ChatId, Message, MessageId, Sender, SurfaceKind, UserId, floor_char_boundary};
use crate::model::{Answer, CallFailure, Client, Endpoint, Fate, MayHaveCost, Question, Step, most_cost, request_body};
use crate::opinion::View;
use crate::policy::{self, PacksOff, Paused, Scratch, Terms, compile};
use crate::secret::Secret;
use crate::verdict::{Thresholds, Verdict};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What to do with models.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Ai {
    /// Show one message to a model; print the request, the answer, and what it would cost.
    Try(TryArgs),
}

/// The message, and whom to ask.
#[derive(Debug, clap::Args)]
pub(super) struct TryArgs {
    /// The message's text; `-` reads it from standard input.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    text: String,
    /// The community's rules: a sentence, or a file that holds them.
    #[arg(long, value_name = "TEXT_OR_FILE", default_value = "")]
    rules: String,
    /// A folder with packs; without it, those that come with the program.
    #[arg(long, value_name = "DIR")]
    policy: Option<PathBuf>,
    /// Show the request and what it can cost at most; send nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    endpoint: EndpointArgs,
}

/// Whom to ask.
#[derive(Debug, clap::Args)]
pub(super) struct EndpointArgs {
    /// The server's address before /chat/completions, like http://localhost:8080/v1.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The model's name at that server.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// A file with the key; without it, none is sent.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// How long a call may take, milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 30_000)]
    timeout_ms: u64,
    /// The most tokens of an answer.
    #[arg(long, value_name = "N", default_value_t = 300)]
    max_output_tokens: u32,
    /// The price of a million tokens that are sent.
    #[arg(long, value_name = "MONEY", default_value = "0")]
    input_price: Micros,
    /// The price of a million tokens that come back.
    #[arg(long, value_name = "MONEY", default_value = "0")]
    output_price: Micros,
}

/// The endpoint that the flags name. All mistakes are listed at once.
fn endpoint_from(args: &EndpointArgs) -> Result<Endpoint, Failure> {
    let mut mistakes = Mistakes::default();
    let mut wanted = |flag: &str, value: &Option<String>, example: &str| {
        let given = value.as_deref().map(str::trim).filter(|value| !value.is_empty());
        if given.is_none() {
            mistakes.add(flag, 0, format!("is missing: add it, like {flag} {example}"));
        }
        given.unwrap_or_default().to_owned()
    };
    let base_url = wanted("--base-url", &args.base_url, "http://localhost:8080/v1");
    let model = wanted("--model", &args.model, "qwen3:4b");
    let key = match args.key_file.as_deref().map(key_in).transpose() {
        Ok(key) => key,
        Err(why) => {
            mistakes.add("--key-file", 0, why);
            None
        }
    };
    if args.timeout_ms == 0 || args.timeout_ms > limits::MODEL_CALL_MS_MAX {
        let most = limits::MODEL_CALL_MS_MAX;
        mistakes.add("--timeout-ms", 0, format!("must be 1 to {most}, not {}", args.timeout_ms));
    }
    if args.max_output_tokens == 0 || args.max_output_tokens > limits::MODEL_OUTPUT_TOKENS_MAX {
        let most = limits::MODEL_OUTPUT_TOKENS_MAX;
        mistakes.add("--max-output-tokens", 0, format!("must be 1 to {most}, not {}", args.max_output_tokens));
    }
    let endpoint = Endpoint {
        base_url,
        model,
        key,
        timeout: Duration::from_millis(args.timeout_ms),
        prices: Prices { input: args.input_price, output: args.output_price },
        max_output_tokens: args.max_output_tokens,
    };
    if !endpoint.base_url.is_empty()
        && let Err(why) = endpoint.url()
    {
        mistakes.add("--base-url", 0, why);
    }
    if mistakes.is_empty() { Ok(endpoint) } else { Err(mistakes.into()) }
}

/// The key in a file: one line.
fn key_in(path: &Path) -> Result<Secret, String> {
    let shown = path.display();
    let text = bounded(path, limits::MODEL_KEY_FILE_BYTES_MAX).map_err(|why| format!("{shown}: {why}"))?;
    let key = text.trim();
    if key.is_empty() || !key.chars().all(|ch| ch.is_ascii_graphic()) {
        return Err(format!("{shown}: this is no key: a key is one line of plain letters, without spaces"));
    }
    Ok(Secret::new(key.to_owned()))
}

fn bounded(path: &Path, bytes_max: usize) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    let bound = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    file.take(bound).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() > bytes_max {
        return Err(format!("larger than {bytes_max} bytes"));
    }
    Ok(text)
}

/// The rules themselves, or those in the file of that name.
fn rules_from(words: &str) -> Result<String, Failure> {
    let path = Path::new(words);
    if path.is_file() {
        return bounded(path, limits::PACK_BYTES_MAX).map_err(|why| Failure::usage(format!("--rules: {words}: {why}")));
    }
    // A file's name that is mistyped must not become the community's only rule.
    let a_name = !words.contains(char::is_whitespace) && (words.contains('/') || path.extension().is_some());
    if a_name && !words.ends_with('.') {
        return Err(Failure::usage(format!("--rules: {words}: there is no such file; rules themselves are sentences")));
    }
    Ok(words.to_owned())
}

/// Carries out.
pub(super) fn carry_out(verb: Ai) -> Result<(), Failure> {
    match verb {
        Ai::Try(args) => try_once(&args),
    }
}

fn try_once(args: &TryArgs) -> Result<(), Failure> {
    let endpoint = endpoint_from(&args.endpoint)?;
    let rules = rules_from(&args.rules)?;
    let text = if args.text == "-" { standard_input()? } else { args.text.clone() };
    let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
    message.push(SurfaceKind::Text, &text);
    let verdict = judged(&message, args.policy.as_deref())?;
    let body = body_about(&endpoint, &rules, &message, &verdict);
    print(&format!("The rules alone say {}, score {}.\n", verdict.outcome.word(), verdict.score))?;
    if args.dry_run {
        return print(&format!("{}Not sent. {}", sent(&endpoint, &body), at_most(&endpoint, &body)));
    }
    let client = Client::new().map_err(|error| Failure::usage(error.to_string()))?;
    let mut told = String::new();
    let mut watch = |step: Step<'_>| match step {
        Step::Sent(body) => told.push_str(&sent(&endpoint, body)),
        Step::Heard { status, body } => told.push_str(&heard(&endpoint, status, body)),
    };
    let ended = super::runtime()?.block_on(client.ask_watched(&endpoint, &body, &mut watch));
    print(&told)?;
    conclude(&endpoint, &body, ended)
}

/// What the rules say, as the appliance would have it before anybody asks a model.
fn judged(message: &Message, packs: Option<&Path>) -> Result<Verdict, Failure> {
    let set = compile(&app::pack_sources(packs)?)?;
    let (paused, learned) = (Paused::default(), Learned::new(prior().into_iter().collect()));
    let (off, thresholds) = (PacksOff::default(), Thresholds::default());
    let terms = Terms { set: &set, paused: &paused, learned: &learned, off, thresholds };
    Ok(policy::judge_on(&terms, message, &mut Scratch::default()))
}

fn body_about(endpoint: &Endpoint, rules: &str, message: &Message, verdict: &Verdict) -> String {
    let mut found = Links::default();
    links::find(message, LinkLists::shipped(), &mut found);
    let surfaces: Vec<(SurfaceKind, String)> =
        message.surfaces.iter().map(|surface| (surface.kind, surface.text.clone())).collect();
    let links: Vec<String> = found.iter().map(|link| link.canonical.clone()).collect();
    let findings: Vec<(String, String)> =
        verdict.findings.iter().map(|finding| (finding.rule.clone(), finding.reason.clone())).collect();
    request_body(
        endpoint,
        &Question {
            rules,
            chat: message.chat_kind,
            sender: message.sender,
            member_age_s: message.member_age_s,
            message_count: message.message_count,
            surfaces: &surfaces,
            links: &links,
            findings: &findings,
        },
    )
}

fn sent(endpoint: &Endpoint, body: &str) -> String {
    let url = endpoint.url().map(String::from).unwrap_or_default();
    let key = if endpoint.key.is_some() { "with a key, which is not shown" } else { "without a key" };
    // The URL and the body are one line each, whatever they hold.
    let (url, shown) = (screen::line(&url, usize::MAX), screen::line(body, usize::MAX));
    format!("Request: POST {url} {key}, {} bytes:\n{shown}\n", body.len())
}

fn heard(endpoint: &Endpoint, status: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let hidden = match &endpoint.key {
        Some(key) => text.replace(key.expose(), "[secret]"),
        None => text.into_owned(),
    };
    let cut = floor_char_boundary(&hidden, limits::MODEL_SHOWN_BYTES_MAX);
    let rest = hidden.len().saturating_sub(cut);
    let shown = screen::line(hidden.get(..cut).unwrap_or_default(), usize::MAX);
    let more = if rest == 0 { String::new() } else { format!("({rest} more bytes are not shown)\n") };
    format!("Answer: HTTP status {status}, {} bytes:\n{shown}\n{more}", body.len())
}

fn at_most(endpoint: &Endpoint, body: &str) -> String {
    format!("It can cost at most {}.\n", most_cost(endpoint, body.len()))
}

/// Says how it ended. No opinion is the fault of who brought the data: the model.
fn conclude(endpoint: &Endpoint, body: &str, ended: Result<Answer, CallFailure>) -> Result<(), Failure> {
    let answer = match ended {
        Ok(answer) => answer,
        Err(failure) => {
            if failure.may_have_cost == MayHaveCost::Yes {
                print(&format!("The call may have cost something. {}", at_most(endpoint, body)))?;
            }
            return Err(Failure { kind: kind_of(&failure), why: failure.why });
        }
    };
    let tokens = answer.usage.map_or_else(
        || "The server does not count tokens.".to_owned(),
        |(sent, back)| format!("Tokens by the server's count: {sent} in, {back} out."),
    );
    let opinion = answer.opinion.as_ref().map(|opinion| {
        let word = match opinion.view {
            View::Fine => "it may stay",
            View::Breach => "it breaks the rules",
        };
        let reason = screen::line(&opinion.reason, usize::MAX);
        format!("Opinion: {} ({word}), {} percent sure: {reason}\n", opinion.view.word(), opinion.confidence)
    });
    let cost = answer.cost;
    print(&format!(
        "{}{tokens} It cost {cost} and took {} ms. {}",
        opinion.as_deref().unwrap_or_default(),
        answer.took_ms,
        at_most(endpoint, body)
    ))?;
    match opinion {
        Some(_) => Ok(()),
        None => Err(Failure {
            kind: FailureKind::Data,
            why: format!(
                "no opinion: the model did not answer with one JSON object of verdict (allow or block), confidence (a \
                 whole number from 0 to 100) and reason; try a larger model or --max-output-tokens above {}",
                endpoint.output_tokens()
            ),
        }),
    }
}

fn kind_of(failure: &CallFailure) -> FailureKind {
    match (failure.fate, failure.status) {
        (Fate::Refused, Some(401 | 403)) => FailureKind::Token,
        (Fate::Refused, _) => FailureKind::Usage,
        _ => FailureKind::Broken,
    }
}
