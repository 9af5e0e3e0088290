//! Where a link leads: wrappers taken off, tracking removed, kind and traits told.
//!
//! Promises: at most `limits::WRAPPERS_MAX` wrappers are taken off; a canonical form is at most
//! `limits::LINK_BYTES_MAX` bytes.
//!
//! Never: a request. A shortener's target stays unknown.

use super::host::{self, Host, Nature};
use super::lists::LinkLists;
use super::scan::{self, Form, Raw, Spelling};
use super::{Link, LinkKind, LinkTrait, LinkTraits};
use crate::limits;
use crate::message::floor_char_boundary;
use crate::verdict::Span;

/// The link that was written like this, without its place.
pub(super) fn resolve(raw: &Raw<'_>, lists: &LinkLists) -> Link {
    let mut traits = LinkTraits::default();
    if raw.scheme == Spelling::Disguised {
        traits.insert(LinkTrait::Split);
    }
    let mut target = read(raw, lists, &mut traits);
    for _ in 0..limits::WRAPPERS_MAX {
        let Some(inner) = unwrapped(&target, lists) else { break };
        let Some(raw) = scan::whole(&inner).filter(|raw| raw.form != Form::Mail) else { break };
        traits.insert(LinkTrait::Wrapped);
        target = read(&raw, lists, &mut traits);
    }
    finish(target, traits, lists)
}

/// A link between reading and telling.
struct Target {
    form: Form,
    host: Host,
    port: String,
    path: String,
    query: String,
    user: String,
}

fn read(raw: &Raw<'_>, lists: &LinkLists, traits: &mut LinkTraits) -> Target {
    let rest = raw.rest.split('#').next().unwrap_or_default();
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if !raw.user.is_empty() && raw.form != Form::Mail {
        traits.insert(LinkTrait::UserInfo);
    }
    let kept: Vec<&str> =
        query.split('&').filter(|pair| !pair.is_empty() && !lists.is_tracking(name_of(pair))).collect();
    if kept.len() < query.split('&').filter(|pair| !pair.is_empty()).count() {
        traits.insert(LinkTrait::Tracked);
    }
    let port = if matches!(raw.port, "80" | "443") { "" } else { raw.port };
    Target {
        form: raw.form,
        // Every address of Telegram's own scheme has a twin at t.me.
        host: raw.host.clone().unwrap_or_else(|| Host {
            ascii: TELEGRAM.to_owned(),
            domain: TELEGRAM.to_owned(),
            nature: Nature::Public,
        }),
        port: port.to_owned(),
        path: path.to_owned(),
        query: kept.join("&"),
        user: raw.user.to_owned(),
    }
}

fn name_of(pair: &str) -> &str {
    pair.split('=').next().unwrap_or_default()
}

fn value_of<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('=').or(Some((pair, ""))));
    pairs.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The address that a wrapper holds.
fn unwrapped(target: &Target, lists: &LinkLists) -> Option<String> {
    if !matches!(target.form, Form::Web | Form::Bare) {
        return None;
    }
    lists.parameters(&target.host.ascii).find_map(|parameter| {
        let value = if parameter.is_empty() { target.query.as_str() } else { value_of(&target.query, parameter)? };
        let inner = percent_decoded(value);
        // A bare name may be what was searched for; only an address leads on.
        (inner.contains("://") || inner.starts_with("//")).then_some(inner)
    })
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, next)) = rest.split_first() {
        let hex = (*first == b'%').then(|| next.get(..2)).flatten().and_then(|two| std::str::from_utf8(two).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = next.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = next;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

const TELEGRAM: &str = "t.me";

fn finish(target: Target, mut traits: LinkTraits, lists: &LinkLists) -> Link {
    let Target { form, host, port, path, query, user } = target;
    if lists.is_shortener(&host.ascii) {
        traits.insert(LinkTrait::Shortener);
    }
    if host.nature == Nature::Address {
        traits.insert(LinkTrait::Ip);
    }
    if host::is_international(&host.ascii) {
        traits.insert(LinkTrait::Punycode);
    }
    let shown = host::shown(&host.ascii);
    let resembles =
        if host.nature == Nature::Address { None } else { lists.resembled(&host.ascii, &host.domain, &shown) };
    if resembles.is_some() {
        traits.insert(LinkTrait::Homograph);
    }
    let (kind, canonical) = match form {
        Form::Mail => (LinkKind::Mail, format!("mailto:{}@{}", user.to_lowercase(), host.ascii)),
        Form::Other => (LinkKind::Other, joined(&host.ascii, &port, &path, &query)),
        Form::App => of_app(&path, &query),
        Form::Web | Form::Bare => {
            let told = telegram_path(&host.ascii, &path).and_then(|path| of_telegram(&path, &query));
            told.unwrap_or_else(|| (LinkKind::Web, joined(&host.ascii, &port, &path, &query)))
        }
    };
    let mut canonical = canonical;
    canonical.truncate(floor_char_boundary(&canonical, limits::LINK_BYTES_MAX));
    let span = Span { surface: 0, from: 0, to: 0, utf16_from: 0, utf16_to: 0 };
    Link { span, kind, traits, host: host.ascii, shown, domain: host.domain, canonical, resembles }
}

fn joined(host: &str, port: &str, path: &str, query: &str) -> String {
    let mut text = host.to_owned();
    if !port.is_empty() {
        text.push(':');
        text.push_str(port);
    }
    text.push_str(path.trim_end_matches('/'));
    if !query.is_empty() {
        text.push('?');
        text.push_str(query);
    }
    text
}

/// The path that a link to Telegram has at t.me; `name.t.me` is `t.me/name`.
fn telegram_path(host: &str, path: &str) -> Option<String> {
    let bare = host.strip_prefix("www.").unwrap_or(host);
    if matches!(bare, TELEGRAM | "telegram.me" | "telegram.dog") {
        return Some(path.to_owned());
    }
    let name = bare.strip_suffix(".t.me").filter(|name| !name.contains('.'))?;
    Some(format!("/{name}{path}"))
}

/// First parts of paths at t.me that are no names.
const NO_NAMES: [&str; 18] = [
    "addemoji",
    "addstickers",
    "addtheme",
    "bg",
    "boost",
    "confirmphone",
    "contact",
    "giftcode",
    "invoice",
    "iv",
    "login",
    "m",
    "msg",
    "nft",
    "proxy",
    "setlanguage",
    "share",
    "socks",
];

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_start(query: &str) -> bool {
    ["start", "startgroup", "startchannel", "startapp"].iter().any(|name| value_of(query, name).is_some())
}

/// What a path at t.me is for; none for its front page.
fn of_telegram(path: &str, query: &str) -> Option<(LinkKind, String)> {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let first = parts.next()?;
    let (second, third) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let name = first.to_lowercase();
    let told = |kind, path: String| Some((kind, format!("{TELEGRAM}/{path}")));
    // A plus may be written in either way.
    if let Some(code) =
        first.strip_prefix('+').or_else(|| first.strip_prefix("%2B")).or_else(|| first.strip_prefix("%2b"))
    {
        return match code {
            "" => told(LinkKind::App, name),
            // A phone's number, not an invitation.
            code if is_number(code) => told(LinkKind::Username, format!("+{code}")),
            code => told(LinkKind::Invite, format!("+{code}")),
        };
    }
    match name.as_str() {
        "joinchat" if !second.is_empty() => told(LinkKind::Invite, format!("+{second}")),
        "addlist" if !second.is_empty() => told(LinkKind::Invite, format!("addlist/{second}")),
        "c" if is_number(second) => told(LinkKind::Post, joined("c", "", &format!("/{second}/{third}"), "")),
        "s" if is_number(third) => told(LinkKind::Post, format!("{}/{third}", second.to_lowercase())),
        "s" if !second.is_empty() => told(LinkKind::Username, second.to_lowercase()),
        word if NO_NAMES.contains(&word) || word.starts_with('$') => {
            told(LinkKind::App, joined(first, "", &format!("/{second}/{third}"), query))
        }
        _ if is_start(query) => told(LinkKind::Bot, joined(&name, "", &format!("/{second}"), query)),
        _ if is_number(second) => told(LinkKind::Post, joined(&name, "", &format!("/{second}/{third}"), "")),
        // An app of a bot's, or a story; the name is what counts.
        _ => told(LinkKind::Username, name),
    }
}

/// What an address of Telegram's own scheme is for.
fn of_app(path: &str, query: &str) -> (LinkKind, String) {
    let verb = path.trim_matches('/').to_lowercase();
    let value = |name| value_of(query, name).filter(|value| !value.is_empty());
    let told = match verb.as_str() {
        "join" => value("invite").map(|code| (LinkKind::Invite, format!("{TELEGRAM}/+{code}"))),
        "addlist" => value("slug").map(|slug| (LinkKind::Invite, format!("{TELEGRAM}/addlist/{slug}"))),
        "privatepost" => {
            let post = value("post").unwrap_or_default();
            value("channel").map(|channel| (LinkKind::Post, format!("{TELEGRAM}/c/{channel}/{post}")))
        }
        "resolve" => value("domain").and_then(|name| {
            let rest: Vec<&str> = query.split('&').filter(|pair| name_of(pair) != "domain").collect();
            match value("post") {
                Some(post) => of_telegram(&format!("/{name}/{post}"), ""),
                None => of_telegram(&format!("/{name}"), &rest.join("&")),
            }
        }),
        _ => None,
    };
    told.unwrap_or_else(|| (LinkKind::App, joined("tg://", "", &verb, query)))
}
