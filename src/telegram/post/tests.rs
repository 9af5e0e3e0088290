//! What updates mean: texts, senders, comings and goings, commands and presses.

use super::*;
use crate::message::SurfaceKind;
use crate::telegram::update::{Person, PersonKind, Replied, Standing};
use crate::telegram::wire::update;

fn message(json: &str) -> Message {
    match update(json).expect("an update with an id").what {
        What::Message(message) => *message,
        other => panic!("not a message: {other:?}"),
    }
}

fn texts(message: &Message) -> Vec<(SurfaceKind, &str)> {
    message.surfaces.iter().map(|surface| (surface.kind, surface.text.as_str())).collect()
}

#[test]
fn text_is_found_wherever_it_hides() {
    let found = message(
        r#"{"update_id":1,"message":{"message_id":2,"date":3,"chat":{"id":-100,"type":"supergroup"},"from":{"id":7,"is_bot":false,"first_name":"A"},
        "caption":"cap","photo":[{"file_id":"x"}],"caption_entities":[{"type":"text_link","offset":0,"length":3,"url":"https://a.example"}],
        "quote":{"text":"quo","position":0},"external_reply":{"origin":{"type":"channel","chat":{"id":-5,"type":"channel","title":"Ext"}}},
        "poll":{"question":"ask","options":[{"text":"one"}]},"contact":{"first_name":"Con","last_name":"Tact","phone_number":"+1"},
        "sticker":{"set_name":"set"},"via_bot":{"id":9,"is_bot":true,"first_name":"b","username":"viabot"},
        "forward_origin":{"type":"hidden_user","sender_user_name":"Hidden"},
        "reply_markup":{"inline_keyboard":[[{"text":"push","url":"https://b.example"}]]},"media_group_id":"77"}}"#,
    );
    let expected = [
        (SurfaceKind::Caption, "cap"),
        (SurfaceKind::TextLink, "https://a.example"),
        (SurfaceKind::ButtonLabel, "push"),
        (SurfaceKind::ButtonUrl, "https://b.example"),
        (SurfaceKind::PollQuestion, "ask"),
        (SurfaceKind::PollOption, "one"),
        (SurfaceKind::ContactName, "Con Tact"),
        (SurfaceKind::ContactName, "+1"),
        (SurfaceKind::StickerSet, "set"),
        (SurfaceKind::Quote, "quo"),
        (SurfaceKind::ExternalReply, "Ext"),
        (SurfaceKind::ViaBot, "viabot"),
        (SurfaceKind::ForwardOrigin, "Hidden"),
    ];
    assert_eq!(texts(&found), expected);
    assert_eq!((found.media, found.provenance), (Media::Photo, Provenance::Forwarded));
    assert!(found.album.is_some());
}

#[test]
fn senders_that_are_never_acted_on_are_told_apart() {
    let post = |rest: &str| {
        message(&format!(
            r#"{{"update_id":1,"message":{{"message_id":2,"date":3,"chat":{{"id":-100,"type":"supergroup"}},"text":"x",{rest}}}}}"#
        ))
        .sender
    };
    let channel_bot = r#""from":{"id":136817688,"is_bot":true,"first_name":"Channel"}"#;
    assert_eq!(post(r#""from":{"id":777000,"is_bot":false,"first_name":"Telegram"}"#), Sender::LinkedChannel);
    assert_eq!(post(r#""is_automatic_forward":true,"sender_chat":{"id":-5,"type":"channel"}"#), Sender::LinkedChannel);
    assert_eq!(post(r#""sender_chat":{"id":-100,"type":"supergroup"}"#), Sender::AnonymousAdmin);
    assert_eq!(
        post(&format!(r#"{channel_bot},"sender_chat":{{"id":-5,"type":"channel"}}"#)),
        Sender::Channel(ChatId(-5))
    );
    assert_eq!(
        post(r#""from":{"id":9007199254740993,"is_bot":false,"first_name":"L"}"#),
        Sender::Member(UserId(9_007_199_254_740_993))
    );
}

#[test]
fn a_member_who_quotes_a_message_of_the_same_chat_is_not_its_author() {
    let quoted = message(
        r#"{"update_id":1,"message":{"message_id":2,"date":3,"chat":{"id":-100,"type":"supergroup"},"from":{"id":7,"is_bot":false,"first_name":"A"},
        "text":"look at this","quote":{"text":"free coins"},"reply_to_message":{"message_id":1,"text":"get free coins now"}}}"#,
    );
    assert_eq!(texts(&quoted), [(SurfaceKind::Text, "look at this")]);
}

#[test]
fn only_what_telegram_says_is_of_this_chat_is_no_quote_of_the_senders_own() {
    let quotes = |rest: &str| match posted(&format!(r#""text":"look","quote":{{"text":"free coins"}},{rest}"#)) {
        What::Message(message) => message.surfaces.iter().any(|surface| surface.kind == SurfaceKind::Quote),
        other => panic!("not a message: {other:?}"),
    };
    let origin = r#""origin":{"type":"user","sender_user":{"id":8,"is_bot":false,"first_name":"Bob"}}"#;
    assert!(!quotes(r#""message_thread_id":5"#), "the message is gone");
    assert!(!quotes(r#""reply_to_message":{"message_id":1,"photo":[]}"#), "it has no words that are read");
    assert!(!quotes(&format!(r#""external_reply":{{{origin},"chat":{{"id":-100,"type":"supergroup"}}}}"#)));
    assert!(quotes(&format!(r#""external_reply":{{{origin},"chat":{{"id":-101,"type":"supergroup"}}}}"#)));
    assert!(quotes(&format!(r#""external_reply":{{{origin}}}"#)), "Telegram says of no chat that it is this one");
    assert!(quotes(r#""reply_to_message":{"message_id":1,"text":"good morning"}"#), "it does not say that");
    let rich = |text: &str| {
        format!(r#""reply_to_message":{{"message_id":1,"rich_message":{{"blocks":[{{"text":"{text}"}}]}}}}"#)
    };
    assert!(!quotes(&rich("get free coins now")));
    assert!(quotes(&rich("good morning")));
    let both = format!(
        r#""external_reply":{{{origin},"chat":{{"id":-101,"type":"supergroup"}}}},"reply_to_message":{{"message_id":1,"text":"free coins"}}"#
    );
    assert!(quotes(&both), "of two answers the one to elsewhere counts");
}

#[test]
fn what_is_null_is_empty_and_the_rest_is_read() {
    for rest in [
        r#""text":null,"caption":"buy""#,
        r#""caption":"buy","entities":null,"caption_entities":null,"rich_message":null"#,
        r#""caption":"buy","sticker":{"set_name":null},"document":{"file_name":null,"title":null}"#,
        r#""caption":"buy","reply_markup":{"inline_keyboard":null},"quote":{"text":null}"#,
        r#""caption":"buy","poll":{"question":null,"options":null},"via_bot":{"id":9,"is_bot":true,"username":null}"#,
    ] {
        let What::Message(message) = posted(rest) else { panic!("{rest} was not read") };
        assert_eq!(texts(&message), [(SurfaceKind::Caption, "buy")], "{rest}");
    }
    assert_eq!(posted(r#""text":null"#), What::Nothing);
}

#[test]
fn who_stops_the_bot_alone_is_no_news_of_a_group() {
    let standing = |kind: &str| {
        let text = format!(
            r#"{{"update_id":1,"my_chat_member":{{"chat":{{"id":7,"type":"{kind}","title":"Town"}},"new_chat_member":{{"status":"kicked","user":{{"id":1}}}}}}}}"#
        );
        update(&text).expect("an update").what
    };
    assert_eq!(standing("private"), What::Nothing);
    for kind in ["group", "supergroup", "channel"] {
        assert_eq!(standing(kind), What::OwnStanding { chat: ChatId(7), title: Some("Town".into()) }, "{kind}");
    }
}

fn changed(old: &str, new: &str) -> What {
    let user = r#""user":{"id":7,"is_bot":false,"first_name":"Ann","last_name":"Lee","username":"ann"}"#;
    let text = format!(
        r#"{{"update_id":1,"chat_member":{{"chat":{{"id":-5,"type":"supergroup"}},"from":{{"id":7,"is_bot":false,"first_name":"a"}},"date":1,"old_chat_member":{{{old},{user}}},"new_chat_member":{{{new},{user}}}}}}}"#
    );
    update(&text).expect("an update").what
}

const OUTSIDE: [&str; 3] = [r#""status":"left""#, r#""status":"kicked""#, r#""status":"restricted","is_member":false"#];
const INSIDE: [&str; 2] = [r#""status":"member""#, r#""status":"restricted","is_member":true"#];
const ADMINISTRATOR: &str = r#""status":"administrator""#;

fn ann() -> Person {
    Person { user: UserId(7), name: "Ann Lee".into(), username: "ann".into(), kind: PersonKind::Human }
}

#[test]
fn who_was_outside_and_is_inside_joined_and_the_other_way_round_left() {
    // Who comes restricted was so before: nobody asks them to press a button that would free them.
    let joined = |inside: &str| {
        let is_restricted = inside.contains("restricted");
        let kind = if is_restricted { PersonKind::Restricted } else { PersonKind::Human };
        What::Joined { chat: ChatId(-5), who: Person { kind, ..ann() } }
    };
    let left = What::Left { chat: ChatId(-5), user: UserId(7) };
    for outside in OUTSIDE {
        for inside in INSIDE {
            assert_eq!(changed(outside, inside), joined(inside), "{outside} {inside}");
            assert_eq!(changed(inside, outside), left, "{inside} {outside}");
        }
        assert_eq!(changed(ADMINISTRATOR, outside), left, "{outside}");
    }
}

#[test]
fn a_change_of_rank_is_no_coming_or_going() {
    let rank = |standing| What::Administrator { chat: ChatId(-5), user: UserId(7), standing };
    for old in OUTSIDE.into_iter().chain(INSIDE) {
        assert_eq!(changed(old, ADMINISTRATOR), rank(Standing::Administrator), "{old}");
        assert_eq!(changed(old, r#""status":"creator""#), rank(Standing::Administrator), "{old}");
    }
    for new in INSIDE {
        assert_eq!(changed(ADMINISTRATOR, new), rank(Standing::Other), "{new}");
    }
    assert_eq!(changed(INSIDE[0], INSIDE[1]), rank(Standing::Other), "a member was muted");
    assert_eq!(changed(OUTSIDE[1], OUTSIDE[0]), rank(Standing::Other), "a ban was lifted");
    assert_eq!(changed(r#""status":"of the future""#, INSIDE[0]), rank(Standing::Other), "nobody knows");
}

/// A message of Ann in a supergroup, with these fields besides.
fn posted(rest: &str) -> What {
    let text = format!(
        r#"{{"update_id":1,"message":{{"message_id":9,"date":3,"chat":{{"id":-100,"type":"supergroup","title":"Town"}},"from":{{"id":7,"is_bot":false,"first_name":"Ann","last_name":"Lee"}},{rest}}}}}"#
    );
    update(&text).expect("an update with an id").what
}

fn command(rest: &str) -> Option<CommandLine> {
    match posted(rest) {
        What::Command(message, line) => {
            assert_eq!(message.surfaces.first().map(|first| first.text.starts_with('/')), Some(true), "judged as well");
            Some(*line)
        }
        _ => None,
    }
}

#[test]
fn what_begins_with_a_command_is_one_and_is_judged_as_well() {
    let entity = r#""entities":[{"type":"bot_command","offset":0,"length":4}]"#;
    for rest in [r#""text":"/ban spam""#.to_owned(), format!(r#""text":"/ban spam",{entity}"#)] {
        assert_eq!(command(&rest), Some(CommandLine { text: "/ban spam".into(), replied: None }), "{rest}");
    }
    let long = format!(r#""text":"/ban {}""#, "\u{1f600}".repeat(limits::COMMAND_BYTES_MAX));
    let line = command(&long).expect("a command");
    assert!(line.text.len() <= limits::COMMAND_BYTES_MAX && line.text.ends_with('\u{1f600}'), "{}", line.text.len());
}

#[test]
fn what_only_mentions_a_command_orders_nothing() {
    for rest in [
        r#""text":"see /ban""#,
        r#""text":"/""#,
        r#""text":"// no""#,
        r#""text":"/ban","entities":[{"type":"bold","offset":0,"length":4}]"#,
        r#""text":"/ban /ban","entities":[{"type":"bot_command","offset":5,"length":4}]"#,
        r#""text":"/ban","forward_origin":{"type":"hidden_user","sender_user_name":"x"}"#,
        r#""text":"/ban","via_bot":{"id":9,"is_bot":true,"first_name":"b"}"#,
        r#""text":"/ban","edit_date":4"#,
        r#""caption":"/ban","photo":[{}]"#,
    ] {
        assert!(matches!(posted(rest), What::Message(_)), "{rest}");
    }
    let elsewhere = |key: &str, kind: &str| {
        let text = format!(
            r#"{{"update_id":1,"{key}":{{"message_id":9,"date":3,"chat":{{"id":-100,"type":"{kind}"}},"text":"/ban"}}}}"#
        );
        update(&text).expect("an update with an id").what
    };
    assert!(matches!(elsewhere("message", "group"), What::Command(..)));
    assert!(matches!(elsewhere("edited_message", "group"), What::Message(_)));
    assert!(matches!(elsewhere("channel_post", "channel"), What::Message(_)));
    assert_eq!(elsewhere("message", "private"), What::Nothing);
}

fn replied(original: &str) -> Option<Replied> {
    command(&format!(r#""text":"/ban","reply_to_message":{{{original}}}"#)).expect("a command").replied
}

#[test]
fn a_command_knows_whom_and_what_it_answers_to() {
    let chat = r#""message_id":4,"date":1,"chat":{"id":-100,"type":"supergroup","title":"Town"}"#;
    let member = replied(&format!(
        r#"{chat},"from":{{"id":8,"is_bot":false,"first_name":"Bob"}},"media_group_id":"77","caption":"buy","photo":[]"#
    ));
    let expected = Replied {
        message: MessageId(4),
        sender: Sender::Member(UserId(8)),
        name: "Bob".into(),
        album: Some(AlbumId(fnv1a(b"77"))),
        excerpt: "buy".into(),
    };
    assert_eq!(member, Some(expected));
    let sender = |rest: &str| replied(&format!("{chat},{rest}")).map(|replied| (replied.sender, replied.name));
    assert_eq!(
        sender(r#""sender_chat":{"id":-7,"type":"channel","title":"Offers"},"text":"x""#),
        Some((Sender::Channel(ChatId(-7)), "Offers".into()))
    );
    assert_eq!(
        sender(r#""sender_chat":{"id":-100,"type":"supergroup","title":"Town"}"#),
        Some((Sender::AnonymousAdmin, "Town".into()))
    );
    assert_eq!(
        sender(r#""is_automatic_forward":true,"sender_chat":{"id":-8,"type":"channel","title":"News"}"#),
        Some((Sender::LinkedChannel, "News".into()))
    );
    assert_eq!(replied(r#""text":"without a number""#), None);
}

#[test]
fn of_a_long_message_the_start_is_kept_and_of_a_bots_the_end() {
    let long = format!("a{}z", "\u{1f600}".repeat(limits::EXCERPT_BYTES_MAX));
    let excerpt = |bot: &str| {
        let text = format!(r#""message_id":4,"from":{{"id":8,"is_bot":{bot},"first_name":"B"}},"text":"{long}""#);
        replied(&text).expect("an answer").excerpt
    };
    let (start, end) = (excerpt("false"), excerpt("true"));
    assert!(start.starts_with('a') && !start.ends_with('z') && start.len() <= limits::EXCERPT_BYTES_MAX);
    assert!(end.ends_with('z') && !end.starts_with('a') && end.len() <= limits::EXCERPT_BYTES_MAX);
    assert!(start.len().min(end.len()) > limits::EXCERPT_BYTES_MAX - 4, "no more is cut than must be");
}

#[test]
fn the_root_of_a_topic_is_nobodys_choice() {
    let in_topic = |original: &str| {
        let rest =
            format!(r#""text":"/ban","is_topic_message":true,"message_thread_id":4,"reply_to_message":{{{original}}}"#);
        command(&rest).expect("a command").replied.map(|replied| replied.message)
    };
    let from = r#""from":{"id":8,"is_bot":false,"first_name":"Bob"}"#;
    assert_eq!(
        in_topic(&format!(r#""message_id":4,{from},"forum_topic_created":{{"name":"n","icon_color":1}}"#)),
        None
    );
    assert_eq!(in_topic(&format!(r#""message_id":4,{from}"#)), None);
    assert_eq!(in_topic(&format!(r#""message_id":5,{from},"text":"x""#)), Some(MessageId(5)));
}

#[test]
fn a_message_names_its_sender_in_one_bounded_line_and_its_topic_if_it_is_one() {
    let named = |rest: &str| {
        message(&format!(
            r#"{{"update_id":1,"message":{{"message_id":2,"chat":{{"id":-100,"type":"supergroup","title":"Town"}},"text":"x",{rest}}}}}"#
        ))
    };
    let from = |first: &str| {
        named(&format!(r#""from":{{"id":7,"is_bot":false,"first_name":"{first}","last_name":"Lee"}}"#)).sender_name
    };
    assert_eq!(from("Ann"), "Ann Lee");
    assert_eq!(from(r" A\n\tn\u0000n "), "A n n Lee");
    let emoji = from(&format!("x{}", "\u{1f600}".repeat(limits::NAME_BYTES_MAX)));
    assert_eq!(emoji.len(), limits::NAME_BYTES_MAX - 3, "cut between characters");
    let channel = named(
        r#""from":{"id":136817688,"is_bot":true,"first_name":"Channel"},"sender_chat":{"id":-5,"type":"channel","title":"Best\noffers"}"#,
    );
    assert_eq!(channel.sender_name, "Best offers");
    assert_eq!(named(r#""message_thread_id":4,"is_topic_message":true"#).topic, Some(4));
    assert_eq!(named(r#""message_thread_id":4"#).topic, None, "a thread of replies is no topic");
}

#[test]
fn service_messages_tell_who_came_and_went_and_nothing_else_needs_a_decision() {
    let service = |what| What::Service { chat: ChatId(-100), message: MessageId(9), what };
    let user = r#"{"id":8,"is_bot":false,"first_name":"B"}"#;
    assert_eq!(posted(&format!(r#""new_chat_members":[{user}]"#)), service(Told::Joined));
    assert_eq!(posted(&format!(r#""left_chat_member":{user}"#)), service(Told::Left));
    assert_eq!(posted(r#""new_chat_title":"x""#), What::Nothing);
    let with_text = posted(&format!(r#""text":"buy","new_chat_members":[{user}]"#));
    assert!(matches!(with_text, What::Message(_)), "words are judged wherever they stand");
}

#[test]
fn a_press_tells_who_where_and_what() {
    let press = |rest: &str| {
        let text = format!(
            r#"{{"update_id":1,"callback_query":{{"id":"55","chat_instance":"1","from":{{"id":7,"is_bot":false,"first_name":"Ann","last_name":"Lee","username":"ann"}},{rest}}}}}"#
        );
        update(&text).expect("an update with an id").what
    };
    let pressed = |message, words: &str| What::Callback { id: "55".into(), who: ann(), message, words: words.into() };
    let place = Some((ChatId(-5), MessageId(9)));
    let whole = r#""message":{"message_id":9,"date":5,"chat":{"id":-5,"type":"supergroup"},"text":"x"}"#;
    let inaccessible = r#""message":{"message_id":9,"date":0,"chat":{"id":-5,"type":"supergroup"}}"#;
    for message in [whole, inaccessible] {
        assert_eq!(press(&format!(r#"{message},"data":"u1""#)), pressed(place, "u1"));
    }
    assert_eq!(press(r#""inline_message_id":"i""#), pressed(None, ""));
    let fits = "x".repeat(limits::PRESS_BYTES_MAX);
    assert_eq!(press(&format!(r#"{whole},"data":"{fits}""#)), pressed(place, &fits));
    assert_eq!(
        press(&format!(r#"{whole},"data":"{fits}y""#)),
        pressed(place, ""),
        "half of it would be something else"
    );
}

#[test]
fn who_asks_to_join_is_shown_with_a_bounded_bio() {
    let asked = |bio: &str| {
        let text = format!(
            r#"{{"update_id":1,"chat_join_request":{{"chat":{{"id":-5,"type":"supergroup"}},"user_chat_id":7,"date":1,"from":{{"id":7,"is_bot":false,"first_name":"Ann","last_name":"Lee","username":"ann"}}{bio}}}}}"#
        );
        match update(&text).expect("an update with an id").what {
            What::JoinRequest { chat: ChatId(-5), who, bio } if who == ann() => bio,
            other => panic!("not a request to join: {other:?}"),
        }
    };
    assert_eq!(asked(r#","bio":"I like bees""#), "I like bees");
    assert_eq!(asked(""), "");
    let long = asked(&format!(r#","bio":"x{}""#, "\u{1f600}".repeat(limits::NOTICE_BYTES_MAX)));
    assert_eq!(long.len(), limits::NOTICE_BYTES_MAX - 3);
}

#[test]
fn forms_that_nobody_promised_are_unreadable_and_keep_their_id() {
    for broken in [
        r#""callback_query":{"id":"1"}"#,
        r#""callback_query":{"id":1,"from":{"id":7}}"#,
        r#""callback_query":{"id":"1","from":{"id":7},"data":null}"#,
        r#""callback_query":{"id":"1","from":{"id":7},"message":{"message_id":9}}"#,
        r#""chat_join_request":{"chat":{"id":-5}}"#,
        r#""chat_join_request":{"chat":{"id":-5},"from":{"id":7},"bio":["x"]}"#,
        r#""chat_member":{"chat":{"id":-5},"new_chat_member":{"status":"member"}}"#,
        r#""chat_member":{"chat":{"id":-5},"new_chat_member":{"status":"restricted","is_member":"yes","user":{"id":7}}}"#,
        r#""message":{"message_id":9,"chat":{"id":-5},"text":"/ban","reply_to_message":{"message_id":"4"}}"#,
        r#""message":{"message_id":9,"chat":{"id":-5},"text":"/ban","entities":[{"type":"bot_command","offset":"0"}]}"#,
        r#""message":{"message_id":9,"chat":{"id":-5},"text":"x","is_topic_message":1}"#,
        r#""message":{"message_id":9,"chat":{"id":-5},"text":"x","from":{"id":7,"first_name":5}}"#,
        r#""message":{"message_id":9,"chat":{"id":-5},"new_chat_members":{}}"#,
    ] {
        let found = update(&format!("{{\"update_id\":6,{broken}}}")).expect("its id is kept");
        assert_eq!(found.id.0, 6);
        assert!(matches!(found.what, What::Unreadable(_)), "{broken}: {found:?}");
    }
    // What Telegram leaves out has its default.
    for spare in
        [r#""callback_query":{"id":"1","from":{"id":7}}"#, r#""chat_join_request":{"chat":{"id":-5},"from":{"id":7}}"#]
    {
        let found = update(&format!("{{\"update_id\":6,{spare}}}")).expect("its id is kept");
        assert!(!matches!(found.what, What::Unreadable(_)), "{spare}: {found:?}");
    }
}

#[test]
fn a_supergroup_that_grew_out_of_a_group_is_told_from_both_sides() {
    let to = update(
        r#"{"update_id":1,"message":{"message_id":1,"chat":{"id":-5,"type":"group"},"migrate_to_chat_id":-1005}}"#,
    );
    let from = update(
        r#"{"update_id":2,"message":{"message_id":1,"chat":{"id":-1005,"type":"supergroup"},"migrate_from_chat_id":-5}}"#,
    );
    for found in [to, from] {
        assert_eq!(found.expect("readable").what, What::Moved { from: ChatId(-5), to: ChatId(-1005) });
    }
}
