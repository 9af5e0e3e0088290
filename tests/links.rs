//! Links: what is found, where, and what is told of it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::as_conversions)] // A test that cannot go on stops.

use aegis::document::Mistakes;
use aegis::limits;
use aegis::links::{Link, LinkKind, LinkLists, LinkTrait, Links, find};
use aegis::message::{ChatId, Message, MessageId, Sender, SurfaceKind, UserId};

fn message(surfaces: &[(SurfaceKind, &str)]) -> Message {
    let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
    for (kind, text) in surfaces {
        message.push(*kind, text);
    }
    message
}

fn found(message: &Message) -> Vec<Link> {
    let mut links = Links::default();
    find(message, LinkLists::shipped(), &mut links);
    for link in links.iter() {
        let text = &message.surfaces[usize::from(link.span.surface)].text;
        let (from, to) = (link.span.from as usize, link.span.to as usize);
        assert!(from < to && text.get(from..to).is_some(), "{text:?}: {link:?}");
        let units = |part: &str| part.encode_utf16().count() as u32;
        assert_eq!((units(&text[..from]), units(&text[..to])), (link.span.utf16_from, link.span.utf16_to), "{text:?}");
    }
    links.iter().cloned().collect()
}

/// A text, the part of it that is the link, the canonical form, the kind, and the traits.
type Case = (&'static str, &'static str, &'static str, LinkKind, &'static [LinkTrait]);

use LinkKind::{App, Bot, Invite, Mail, Other, Post, Username, Web};
use LinkTrait::{Homograph, Ip, Punycode, Shortener, Split, Tracked, UserInfo, Wrapped};

const FOUND: &[Case] = &[
    ("see https://example.com/a.", "https://example.com/a", "example.com/a", Web, &[]),
    ("see example.com, please", "example.com", "example.com", Web, &[]),
    ("(example.com/a_(b))", "example.com/a_(b)", "example.com/a_(b)", Web, &[]),
    ("Example.COM", "Example.COM", "example.com", Web, &[]),
    ("www.example.co.uk", "www.example.co.uk", "www.example.co.uk", Web, &[]),
    ("http://example.com:8080/x#y", "http://example.com:8080/x#y", "example.com:8080/x", Web, &[]),
    ("example.com:443/", "example.com:443/", "example.com", Web, &[]),
    (
        "https://example.com?a=1&utm_source=x&b=2",
        "https://example.com?a=1&utm_source=x&b=2",
        "example.com?a=1&b=2",
        Web,
        &[Tracked],
    ),
    ("https://example.com/?fbclid=1", "https://example.com/?fbclid=1", "example.com", Web, &[Tracked]),
    ("http://localhost:3000/", "http://localhost:3000/", "localhost:3000", Web, &[]),
    ("https:// example.com/x", "https:// example.com/x", "example.com/x", Web, &[Split]),
    ("https:\\\\example.com", "https:\\\\example.com", "example.com", Web, &[]),
    ("https://example.com./x", "https://example.com./x", "example.com/x", Web, &[]),
    ("ftp://example.com/f", "ftp://example.com/f", "example.com/f", Other, &[]),
    ("t.me/some_name", "t.me/some_name", "t.me/some_name", Username, &[]),
    ("https://t.me/Some_Name", "https://t.me/Some_Name", "t.me/some_name", Username, &[]),
    ("telegram.me/s/name", "telegram.me/s/name", "t.me/name", Username, &[]),
    ("name.t.me", "name.t.me", "t.me/name", Username, &[]),
    ("t.me/+AbCdEf", "t.me/+AbCdEf", "t.me/+AbCdEf", Invite, &[]),
    ("https://t.me/joinchat/AbC", "https://t.me/joinchat/AbC", "t.me/+AbC", Invite, &[]),
    ("t.me/addlist/XyZ", "t.me/addlist/XyZ", "t.me/addlist/XyZ", Invite, &[]),
    ("tg://join?invite=AbC", "tg://join?invite=AbC", "t.me/+AbC", Invite, &[]),
    ("tg:join?invite=AbC", "tg:join?invite=AbC", "t.me/+AbC", Invite, &[]),
    ("t.me/some_bot?start=42", "t.me/some_bot?start=42", "t.me/some_bot?start=42", Bot, &[]),
    ("t.me/some_bot/app?startapp=1", "t.me/some_bot/app?startapp=1", "t.me/some_bot/app?startapp=1", Bot, &[]),
    ("tg://resolve?domain=some_bot&start=1", "tg://resolve?domain=some_bot&start=1", "t.me/some_bot?start=1", Bot, &[]),
    ("tg://resolve?domain=name", "tg://resolve?domain=name", "t.me/name", Username, &[]),
    ("tg://resolve?domain=name&post=7", "tg://resolve?domain=name&post=7", "t.me/name/7", Post, &[]),
    ("t.me/name/123", "t.me/name/123", "t.me/name/123", Post, &[]),
    ("t.me/c/1/2", "t.me/c/1/2", "t.me/c/1/2", Post, &[]),
    ("t.me/addstickers/Cats", "t.me/addstickers/Cats", "t.me/addstickers/Cats", App, &[]),
    ("tg://settings/devices", "tg://settings/devices", "tg://settings/devices", App, &[]),
    ("write to John.Doe@Example.com!", "John.Doe@Example.com", "mailto:john.doe@example.com", Mail, &[]),
    ("mailto:a@example.com?subject=x", "mailto:a@example.com?subject=x", "mailto:a@example.com", Mail, &[]),
    ("a[at]example.com", "a[at]example.com", "mailto:a@example.com", Mail, &[Split]),
    ("bit.ly/abc", "bit.ly/abc", "bit.ly/abc", Web, &[Shortener]),
    ("https://www.tinyurl.com/x", "https://www.tinyurl.com/x", "www.tinyurl.com/x", Web, &[Shortener]),
    ("https://clck.ru/3abc", "https://clck.ru/3abc", "clck.ru/3abc", Web, &[Shortener]),
    ("http://0x7f.1/", "http://0x7f.1/", "127.0.0.1", Web, &[Ip]),
    ("http://2130706433", "http://2130706433", "127.0.0.1", Web, &[Ip]),
    ("http://[::1]:81/x", "http://[::1]:81/x", "[::1]:81/x", Web, &[Ip]),
    ("192.0.2.7:8080", "192.0.2.7:8080", "192.0.2.7:8080", Web, &[Ip]),
    ("192.0.2.7/login", "192.0.2.7/login", "192.0.2.7/login", Web, &[Ip]),
    (
        "https://example.org@evil.example.com/",
        "https://example.org@evil.example.com/",
        "evil.example.com",
        Web,
        &[UserInfo],
    ),
    ("https://xn--e1afmkfd.xn--p1ai/", "https://xn--e1afmkfd.xn--p1ai/", "xn--e1afmkfd.xn--p1ai", Web, &[Punycode]),
    (
        "\u{43f}\u{440}\u{438}\u{43c}\u{435}\u{440}.\u{440}\u{444}",
        "\u{43f}\u{440}\u{438}\u{43c}\u{435}\u{440}.\u{440}\u{444}",
        "xn--e1afmkfd.xn--p1ai",
        Web,
        &[Punycode],
    ),
    (
        "\u{43d}\u{430} \u{43f}\u{440}\u{438}\u{43c}\u{435}\u{440}.\u{440}\u{444}/x!",
        "\u{43f}\u{440}\u{438}\u{43c}\u{435}\u{440}.\u{440}\u{444}/x",
        "xn--e1afmkfd.xn--p1ai/x",
        Web,
        &[Punycode],
    ),
    ("p\u{430}ypal.com", "p\u{430}ypal.com", "xn--pypal-4ve.com", Web, &[Punycode, Homograph]),
    ("https://paypa1.com/login", "https://paypa1.com/login", "paypa1.com/login", Web, &[Homograph]),
    ("rnicrosoft.com", "rnicrosoft.com", "rnicrosoft.com", Web, &[Homograph]),
    ("b1nance.com", "b1nance.com", "b1nance.com", Web, &[Homograph]),
    ("g00gle.xyz/a", "g00gle.xyz/a", "g00gle.xyz/a", Web, &[Homograph]),
    ("paypal.com.example.org", "paypal.com.example.org", "paypal.com.example.org", Web, &[Homograph]),
    ("paypal.com-login.example.org", "paypal.com-login.example.org", "paypal.com-login.example.org", Web, &[Homograph]),
    ("paypal.com", "paypal.com", "paypal.com", Web, &[]),
    ("www.paypal.com/x", "www.paypal.com/x", "www.paypal.com/x", Web, &[]),
    ("amazon.de", "amazon.de", "amazon.de", Web, &[]),
    (
        "https://www.google.com/url?q=https%3A%2F%2Fexample.com%2Fx&sa=D",
        "https://www.google.com/url?q=https%3A%2F%2Fexample.com%2Fx&sa=D",
        "example.com/x",
        Web,
        &[Wrapped],
    ),
    (
        "https://vk.com/away.php?to=https%3A%2F%2Ft.me%2F%2BAbC",
        "https://vk.com/away.php?to=https%3A%2F%2Ft.me%2F%2BAbC",
        "t.me/+AbC",
        Invite,
        &[Wrapped],
    ),
    (
        "https://t.me/share/url?url=https://example.com/",
        "https://t.me/share/url?url=https://example.com/",
        "example.com",
        Web,
        &[Wrapped],
    ),
    (
        "https://href.li/?https://example.com/a",
        "https://href.li/?https://example.com/a",
        "example.com/a",
        Web,
        &[Wrapped],
    ),
    (
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fbit.ly%2Fa%3Ffbclid%3D1",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fbit.ly%2Fa%3Ffbclid%3D1",
        "bit.ly/a",
        Web,
        &[Wrapped, Shortener, Tracked],
    ),
    ("example[.]com/x", "example[.]com/x", "example.com/x", Web, &[Split]),
    ("example (dot) com", "example (dot) com", "example.com", Web, &[Split]),
    ("go to example dot com now", "example dot com", "example.com", Web, &[Split]),
    ("example .com", "example .com", "example.com", Web, &[Split]),
    ("example . com", "example . com", "example.com", Web, &[Split]),
    ("example. com/x", "example. com/x", "example.com/x", Web, &[Split]),
    ("hxxp://example.com", "hxxp://example.com", "example.com", Web, &[Split]),
    ("hxxps://example[.]com/a", "hxxps://example[.]com/a", "example.com/a", Web, &[Split]),
    ("h**p://example.com", "h**p://example.com", "example.com", Web, &[Split]),
    ("exam\u{200b}ple.com", "exam\u{200b}ple.com", "example.com", Web, &[Split]),
    ("\u{1f600} t\u{2060}.me/na\u{200d}me ok", "t\u{2060}.me/na\u{200d}me", "t.me/name", Username, &[Split]),
    ("example\u{3002}com", "example\u{3002}com", "example.com", Web, &[Split]),
    ("example\u{ff0e}com/a", "example\u{ff0e}com/a", "example.com/a", Web, &[Split]),
    ("example\u{2024}com", "example\u{2024}com", "example.com", Web, &[Split]),
    (
        "\u{ff48}\u{ff54}\u{ff54}\u{ff50}\u{ff1a}\u{ff0f}\u{ff0f}example.com",
        "\u{ff48}\u{ff54}\u{ff54}\u{ff50}\u{ff1a}\u{ff0f}\u{ff0f}example.com",
        "example.com",
        Web,
        &[Split],
    ),
    ("\u{1d41e}xample.com", "\u{1d41e}xample.com", "example.com", Web, &[]),
    ("\u{52a0}\u{6211}https://t.me/abcde\u{5427}", "https://t.me/abcde", "t.me/abcde", Username, &[]),
    ("\u{770b}example.com\u{5427}", "example.com", "example.com", Web, &[]),
    ("\u{ab}example.com/a\u{bb}", "example.com/a", "example.com/a", Web, &[]),
    ("some.github.io", "some.github.io", "some.github.io", Web, &[]),
    ("https://example.com/readme.md", "https://example.com/readme.md", "example.com/readme.md", Web, &[]),
    ("docs.example.rs", "docs.example.rs", "docs.example.rs", Web, &[]),
];

#[test]
fn every_way_to_write_a_link_is_found_with_its_place_kind_and_traits() {
    let mut wrong = Vec::new();
    for (text, part, canonical, kind, traits) in FOUND {
        let links = found(&message(&[(SurfaceKind::Text, text)]));
        let told: Vec<_> = links
            .iter()
            .map(|link| {
                let (from, to) = (link.span.from as usize, link.span.to as usize);
                (&text[from..to], link.canonical.as_str(), link.kind, link.traits.iter().collect::<Vec<_>>())
            })
            .collect();
        let mut traits = traits.to_vec();
        traits.sort_unstable();
        if told != [(*part, *canonical, *kind, traits)] {
            wrong.push(format!("{text:?}\n  {told:?}"));
        }
    }
    assert!(FOUND.len() >= 80, "{} cases", FOUND.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_only_looks_like_a_link_is_none() {
    let texts = [
        "file.txt",
        "is.not",
        "e.g. this",
        "3.14",
        "v1.2.3",
        "1.2.3.4",
        "main.rs",
        "src/main.rs",
        "readme.md",
        "i.e.",
        "Wait...what",
        "done.It was",
        "10.am",
        "a.m. or p.m.",
        "U.S.A.",
        "@name",
        "12:30",
        "and/or",
        "co.uk",
        "com",
        "the .com boom",
        "the dot com years",
        "connect the dots",
        "node.js",
        "...",
        "://",
        "http://",
        "a@b",
        "::",
        "https://?",
        "t . t",
        "[.]",
        "I like ASP.NET",
        "C:\\dir\\file.com",
        "1.000,50",
        "key:value",
        "\u{3002}\u{3002}",
        "tg://",
    ];
    for text in texts {
        let links = found(&message(&[(SurfaceKind::Text, text)]));
        assert!(links.is_empty(), "{text:?}: {links:?}");
    }
}

#[test]
fn addresses_behind_texts_are_found_and_masks_are_seen() {
    let links =
        found(&message(&[(SurfaceKind::Text, "paypal.com"), (SurfaceKind::TextLink, "https://evil.example.com/")]));
    assert_eq!(links.iter().map(|link| link.traits.has(LinkTrait::Masked)).collect::<Vec<_>>(), [false, true]);
    let links =
        found(&message(&[(SurfaceKind::Text, "more of example.org here"), (SurfaceKind::TextLink, "example.com")]));
    assert!(links.iter().all(|link| !link.traits.has(LinkTrait::Masked)), "not decidable: {links:?}");
    let links =
        found(&message(&[(SurfaceKind::ButtonLabel, "example.org"), (SurfaceKind::ButtonUrl, "http://example.com")]));
    assert!(links[1].traits.has(LinkTrait::Masked));
    assert_eq!((links[1].domain.as_str(), links[1].span.surface), ("example.com", 1));
}

#[test]
fn links_past_the_bound_are_counted() {
    let text = "example.com ".repeat(limits::LINKS_MAX + 7);
    let mut links = Links::default();
    find(&message(&[(SurfaceKind::Text, &text)]), LinkLists::shipped(), &mut links);
    assert_eq!((links.len(), links.left_out()), (limits::LINKS_MAX, 7));
    find(&message(&[(SurfaceKind::Text, "nothing")]), LinkLists::shipped(), &mut links);
    assert_eq!((links.len(), links.left_out()), (0, 0));
}

#[test]
fn an_owners_file_extends_the_lists_and_every_mistake_has_its_line() {
    let mut mistakes = Mistakes::default();
    let text =
        "shorteners = [\"my.example\"]\ntracking = [\"a b\"]\nprotected = [\"com\",\n  \"acmebank.com\"]\nshort = 1\n";
    let lists = LinkLists::read("links.list.toml", text, &mut mistakes);
    let lines: Vec<usize> = mistakes.list().iter().map(|mistake| mistake.line).collect();
    assert_eq!(lines.len(), 4, "{mistakes}");
    assert_eq!(lines, [1, 2, 3, 5], "{mistakes}");
    let mut links = Links::default();
    find(&message(&[(SurfaceKind::Text, "acmeb4nk.com acrnebank.com bit.ly/a")]), &lists, &mut links);
    let told: Vec<_> = links.iter().map(|link| (link.resembles.as_deref(), link.traits.has(Shortener))).collect();
    assert_eq!(told, [(None, false), (Some("acmebank.com"), false), (None, true)]);
}

#[test]
fn any_text_has_an_answer() {
    let parts = [
        "http://",
        ".",
        "@",
        "[",
        "]",
        "example",
        ".com",
        "\u{200b}",
        "\u{3002}",
        " dot ",
        "\u{43e}",
        "%",
        "(",
        ")",
        "tg:",
        "//",
        "?q=",
        "xn--",
        "\u{1f600}",
        "\u{4e00}",
        ":",
        "-",
        "0x7f",
        "\u{301}",
        "#",
        "&",
        "\\",
        "mailto:",
        "www.",
        "\0",
        "h**p",
    ];
    let mut state = 1_u64;
    for _ in 0..3_000 {
        let mut text = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text.push_str(parts[(state >> 33) as usize % parts.len()]);
        }
        found(&message(&[(SurfaceKind::Text, &text), (SurfaceKind::TextLink, &text), (SurfaceKind::FileName, &text)]));
    }
}
