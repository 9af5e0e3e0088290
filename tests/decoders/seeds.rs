//! What mutations begin with: a few good inputs for each decoder, and what is put into them.

use aegis::access::Role;
use aegis::clock::Wall;
use aegis::decide::Disposition;
use aegis::events::Event;
use aegis::message::{ChatId, MessageId, Revision, Sender, TraceId, UserId};
use aegis::overlay::{Effect, Layer, Overlay, OwnRules};
use aegis::store::desk::{AuditDetail, Banner, Label, Lesson, Mark, PolicyVersion, TokenRecord, UserRecord};
use aegis::store::hooks::{HookKey, HookRow};
use aegis::store::records::{
    AlbumRecord, Audit, ChatRecord, DeadLetter, Decision, Detail, MemberRecord, OutboxKey, OutboxRow, OutboxState,
    Pause, Right, Undecided, encode,
};
use aegis::store::usage::{DayRecord, HourRecord, Usage};
use aegis::tenant::TenantName;
use aegis::verdict::{ActionKind, Finding, Mode, Outcome, PlannedAction, Span};
use fastrand::Rng;

/// Texts in which everything is folded.
pub fn texts() -> Vec<Vec<u8>> {
    let texts = [
        "See you tomorrow at the bridge, bring the blue umbrella please.",
        "f r e e  m o n e y, w-r-i-t-e to me: https://t.me/+abcDEF123?x=1 or www.example.org/a/b",
        "\u{417}\u{430}\u{440}a\u{431}\u{43e}t\u{43e}\u{43a} \u{200b}\u{43e}t 500$ \u{432} \u{434}\u{435}\u{43d}\u{44c}\0\u{1f449} @name",
        "\u{1d5d9}\u{1d5e5}\u{ff25}\u{ff25} \u{24b6}\u{1f170} \u{fdfa} z\u{300}\u{301}\u{302}algo \u{202e}cba\u{202c}",
        "\u{5927}\u{5bb6}\u{597d}\u{ff0c}\u{52a0}\u{5fae}\u{4fe1}\u{e2a}\u{e27}\u{e31}\u{e2a}\u{e14}\u{e35}\u{1112}\u{1161}\u{11ab}",
        "xn--80ak6aa92e.com HTTP://user:pass@ex\u{430}mple.com:80/%2e%2e/#f\0tg://resolve?domain=a\0[::1]/ 1.2.3.4",
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Packs with every kind of key, good and bad.
pub fn packs() -> Vec<Vec<u8>> {
    let mut packs: Vec<Vec<u8>> = [
        "[pack]\nid = \"a\"\nversion = 1\n\n[[rule]]\nid = \"a-1\"\nreason = \"r\"\nscore = 80\nkeywords = [\"buy now\", \"*pills*\"]\n\
         actions = [\"delete\", \"mute\"]\nmute_seconds = \"3h\"\nmatch = \"substring\"\nsurfaces = [\"text\", \"caption\"]\n\
         sender = [\"member\"]\nmedia = [\"photo\"]\nforwarded = true\nmin_links = 2\n",
        "[pack]\nid = \"b\"\nversion = 2\n[[rule]]\nid = \"b-1\"\nreason = \"r\"\nscore = 5\nkeywords_file = \"l.txt\"\n\
         \0# list\nfirst phrase\n\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}\n",
        "[pack]\nid = \"c\"\nversion = -1\n[[rule]]\nid = \"\"\nscore = 1e9\nkeywords = [[1], {a = 2}]\n[[rule]]\n",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    packs.extend(aegis::policy::shipped().into_iter().take(1).map(|source| source.text.into_bytes()));
    packs
}

/// Updates of several kinds.
pub fn updates() -> Vec<Vec<u8>> {
    let chat = "\"chat\":{\"id\":-1001234567890,\"type\":\"supergroup\",\"title\":\"t\"},\"date\":1760000000,\
                \"from\":{\"id\":7,\"is_bot\":false,\"first_name\":\"A\"},\"message_id\":5";
    [
        format!("{{\"update_id\":1,\"message\":{{{chat},\"text\":\"hello \\ud83d\\ude00 t.me/a\",\"entities\":[\
                 {{\"type\":\"text_link\",\"offset\":0,\"length\":5,\"url\":\"https://a.example/\"}}]}}}}"),
        format!("{{\"update_id\":2,\"edited_message\":{{{chat},\"edit_date\":1760000001,\"caption\":\"c\",\"photo\":[\
                 {{\"file_id\":\"f\",\"file_unique_id\":\"u\",\"width\":1,\"height\":1}}],\"media_group_id\":\"77\",\
                 \"reply_markup\":{{\"inline_keyboard\":[[{{\"text\":\"open\",\"url\":\"https://b.example/\"}}]]}}}}}}"),
        format!("{{\"update_id\":3,\"message\":{{{chat},\"poll\":{{\"id\":\"1\",\"question\":\"q\",\"options\":[\
                 {{\"text\":\"o\",\"voter_count\":0}}],\"total_voter_count\":0,\"is_closed\":false,\"is_anonymous\":true,\
                 \"type\":\"regular\",\"allows_multiple_answers\":false}}}}}}"),
        format!("{{\"update_id\":4,\"message\":{{{chat},\"new_chat_members\":[{{\"id\":8,\"is_bot\":true,\"first_name\":\"B\"}}]}}}}"),
        format!("{{\"update_id\":5,\"message\":{{{chat},\"forward_origin\":{{\"type\":\"hidden_user\",\"date\":1,\
                 \"sender_user_name\":\"n\"}},\"contact\":{{\"phone_number\":\"1\",\"first_name\":\"C\"}},\
                 \"quote\":{{\"text\":\"q\",\"position\":0}},\"sender_chat\":{{\"id\":-100,\"type\":\"channel\",\"title\":\"s\"}}}}}}"),
        "{\"update_id\":6,\"my_chat_member\":{\"chat\":{\"id\":-1,\"type\":\"group\",\"title\":\"g\"},\"from\":{\"id\":1,\
         \"is_bot\":false,\"first_name\":\"A\"},\"date\":1,\"old_chat_member\":{\"user\":{\"id\":2,\"is_bot\":true,\"first_name\":\
         \"b\"},\"status\":\"left\"},\"new_chat_member\":{\"user\":{\"id\":2,\"is_bot\":true,\"first_name\":\"b\"},\"status\":\
         \"member\"}}}"
            .to_owned(),
        "{\"update_id\":4294967295,\"callback_query\":{\"id\":\"9\",\"from\":{\"id\":1,\"is_bot\":false,\"first_name\":\"A\"},\
         \"chat_instance\":\"1\",\"data\":\"d\"}}"
            .to_owned(),
        format!("{{\"update_id\":7,\"message\":{{{chat},\"text\":\"/ban spam\",\"entities\":[{{\"type\":\"bot_command\",\
                 \"offset\":0,\"length\":4}}],\"is_topic_message\":true,\"message_thread_id\":3,\"reply_to_message\":{{{chat},\
                 \"text\":\"buy \\ud83d\\ude00\",\"media_group_id\":\"7\"}}}}}}"),
        "{\"update_id\":8,\"chat_member\":{\"chat\":{\"id\":-1,\"type\":\"supergroup\"},\"from\":{\"id\":1},\"date\":1,\
         \"old_chat_member\":{\"user\":{\"id\":2},\"status\":\"restricted\",\"is_member\":false},\"new_chat_member\":\
         {\"user\":{\"id\":2},\"status\":\"member\"}}}"
            .to_owned(),
        "{\"update_id\":9,\"chat_join_request\":{\"chat\":{\"id\":-1,\"type\":\"supergroup\"},\"from\":{\"id\":1,\
         \"first_name\":\"A\"},\"user_chat_id\":1,\"date\":1,\"bio\":\"b\"}}"
            .to_owned(),
    ]
    .into_iter()
    .map(String::into_bytes)
    .collect()
}

/// One record of each kind, as stored.
pub fn records() -> Vec<Vec<u8>> {
    let (chat, message, at, trace) = (ChatId(-1_001_234_567_890), MessageId(5), Wall(1_760_000_000_000), TraceId(9));
    let span = Span { surface: 0, from: 3, to: 9, utf16_from: 3, utf16_to: 6 };
    let decision = Decision {
        at,
        chat,
        message,
        sender: Sender::Member(UserId(7)),
        revision: Revision::Edited(1_760_000_001),
        outcome: Outcome::Block,
        score: 90,
        reason: "advertising".to_owned(),
        findings: vec![Finding { rule: "a-1".to_owned(), score: 90, reason: "r".to_owned(), spans: vec![span; 3] }],
        actions: vec![PlannedAction { kind: ActionKind::Ban, seconds: 0 }],
        mode: Mode::Enforce,
        disposition: Disposition::Promised,
        policy: u64::MAX,
        trace,
        excerpt: "\u{43f}\u{440}\u{438}".to_owned(),
    };
    let row = OutboxRow {
        key: OutboxKey { chat, message, action: ActionKind::Delete },
        decision: 4,
        target: Sender::Channel(chat),
        seconds: 60,
        state: OutboxState::Sent,
        attempts: 3,
        not_before: at,
        received: at,
        trace,
        text: "notice".to_owned(),
        detail: Detail::None,
    };
    let chat_record = ChatRecord {
        delete: Right::Held,
        restrict: Right::Missing,
        admins: vec![UserId(1), UserId(2)],
        linked: Some(chat),
        facts_at: at,
        refusals: 2,
        moved_to: None,
    };
    vec![
        encode(&decision),
        encode(&row),
        encode(&DeadLetter { row, why: "no rights".to_owned(), at }),
        encode(&Undecided { chat, message, at, why: "w".to_owned(), trace, excerpt: "e".to_owned() }),
        encode(&chat_record),
        encode(&MemberRecord { mutes: 2, notice_at: at, ..MemberRecord::default() }),
        encode(&Pause { until: at, asked_ms: 30_000 }),
        encode(&Audit { at, who: "terminal".to_owned(), what: "mode".to_owned() }),
        encode(&AlbumRecord { parts: vec![message; 3], blocked_for: Some("b".to_owned()), score: 80 }),
    ]
    .into_iter()
    .chain(made_by_hand())
    .collect()
}

/// One record of each kind that people make by hand.
fn made_by_hand() -> Vec<Vec<u8>> {
    let (chat, at, who) = (ChatId(-1_001_234_567_890), Wall(1_760_000_000_000), "kim (page)".to_owned());
    let tenant = TenantName::default();
    let layer = Layer {
        mode: Some(Mode::Record),
        review: Some(1),
        block: None,
        packs: [("p".to_owned(), true)].into(),
        degrade: None,
    };
    let own = OwnRules {
        words: [("w".to_owned(), Effect::Ban)].into(),
        links: [("l.example".to_owned(), Effect::Review)].into(),
    };
    let overlay = Overlay {
        tenants: [(tenant.clone(), layer.clone())].into(),
        groups: [(chat, layer)].into(),
        own: [(tenant.clone(), own)].into(),
        recording: ["a-1".to_owned()].into(),
        lists_off: ["l".to_owned()].into(),
    };
    let tenants = vec![tenant.clone(); 2];
    let used = Usage { messages: 1, blocked: 2, money_micros: u64::MAX, at_least: true, ..Usage::default() };
    vec![
        encode(&UserRecord {
            role: Role::Admin,
            tenants: tenants.clone(),
            since: at,
            password: Some("$argon2id$".to_owned()),
            code: Some(([7; 32], at)),
        }),
        encode(&TokenRecord {
            name: "lamps".to_owned(),
            user: "kim".to_owned(),
            role: Role::Viewer,
            since: at,
            until: at,
            hash: [9; 32],
        }),
        encode(&AuditDetail { tenant: Some(tenant), before: "record".to_owned(), after: "enforce".to_owned() }),
        encode(&PolicyVersion {
            at,
            who: who.clone(),
            note: "n".to_owned(),
            changes: vec!["c".to_owned()],
            tenants,
            overlay,
        }),
        encode(&Mark { undone: Some((at, who.clone())), label: Some(Label::Spam) }),
        encode(&HookRow { number: 3, at: Wall(1), to: 7, event: Event::incident("Storage", false, "full") }),
        encode(&vec![HookKey {
            name: "ci".into(),
            role: Role::Admin,
            tenants: vec![TenantName::default()],
            since: Wall(1),
            secret: "hook_x".into(),
            previous: Some(("hook_y".into(), Wall(2))),
        }]),
        encode(&Lesson {
            decision: 4,
            chat,
            label: Label::Fine,
            script: "latin".to_owned(),
            features: vec![1, 70_000],
        }),
        encode(&Banner { text: "t".to_owned(), who, at }),
        encode(&DayRecord { used, edition: 7 }),
        encode(&HourRecord { used, pending: vec![(20_261_125, used)], edition: 8 }),
    ]
}

/// Heads that go through, and some that must not.
pub fn heads() -> Vec<Vec<u8>> {
    let heads = [
        "GET / HTTP/1.1\r\nHost: 127.0.0.1:8787\r\n\r\n",
        "HEAD /metrics?x=1 HTTP/1.1\r\nHost: localhost:8787\r\nAccept: */*\r\nContent-Length: 3\r\n\r\nabc",
        "GET /decisions/5 HTTP/1.1\r\nHost: 127.0.0.1:8787\r\nUser-Agent: a b\r\nCookie: c=d\r\n\r\nGET / HTTP/1.1\r\n",
        "GET /../x HTTP/1.1\r\nHost: evil.example\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\nHost: 127.0.0.1:8787\n\n",
        "POST /x?q=%C3%A9 HTTP/1.1\r\nHost: 127.0.0.1:8787\r\nOrigin: http://127.0.0.1:8787\r\nSec-Fetch-Site: same-origin\r\n\
         X-CSRF-Token: t\r\nX-Aegis-From: same\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc",
        "GET /api/v1/live HTTP/1.1\r\nHost: [::1]:8787\r\nAccept: text/event-stream\r\nAuthorization: Bearer x\r\n\r\n",
    ];
    heads.iter().map(|head| head.as_bytes().to_vec()).collect()
}

/// What breaks decoders: limits of numbers, halves of characters, brackets, ends.
const PIECES: [&[u8]; 34] = [
    b"\0",
    b"\xff",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xe2\x80\x8b",
    b"\xef\xb7\xba",
    b"\xcc\x81\xcc\x82\xcc\x83",
    b"\xe2\x80\xae",
    b"\xf3\xa0\x81\xa1",
    b"-1",
    b"0",
    b"9223372036854775808",
    b"18446744073709551616",
    b"1e999",
    b"null",
    b"true",
    b"\"\"",
    b"[",
    b"]",
    b"{",
    b"}",
    b"[[rule]]\n",
    b"\\u0000",
    b"\\ud800",
    b"\r\n",
    b"\r\n\r\n",
    b" ",
    b"https://",
    b"..",
    b"%00",
    b"Host: 127.0.0.1:8787\r\n",
];

/// A seed after one to eight changes, now and then crossed with another.
pub fn mutated(seeds: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = seeds[rng.usize(..seeds.len())].clone();
    for _ in 0..rng.usize(1..=8) {
        let at = rng.usize(..=bytes.len());
        let end = (at + rng.usize(..=16)).min(bytes.len());
        match rng.u8(..9) {
            0 => bytes.truncate(at),
            1 => bytes.splice(at..end, []).for_each(drop),
            2 => bytes.splice(at..at, PIECES[rng.usize(..PIECES.len())].iter().copied()).for_each(drop),
            3 => bytes.splice(at..end, PIECES[rng.usize(..PIECES.len())].iter().copied()).for_each(drop),
            4 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part.repeat(rng.usize(1..40))).for_each(drop);
            }
            5 => {
                let other = &seeds[rng.usize(..seeds.len())];
                let from = rng.usize(..=other.len());
                bytes.splice(at.., other[from..].iter().copied()).for_each(drop);
            }
            6 => bytes.splice(at..at, (0..rng.usize(1..12)).map(|_| rng.u8(..))).for_each(drop),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = if rng.bool() { *byte ^ (1 << rng.u8(..8)) } else { rng.u8(..) };
                }
            }
        }
    }
    bytes
}
