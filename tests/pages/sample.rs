//! An appliance that is only made up: everything a page can show, in every state.
//!
//! Promises: every text of somebody else goes through [`Sample::word`], so that all of them can be hostile at once.

use aegis::access::{Caller, Role};
use aegis::counters::Counters;
use aegis::tenant::TenantName;
use aegis::web::desk::*;
use aegis::web::pages::{Outcome, PeopleDesk};
use aegis::web::views::*;

/// What time it is there.
pub const NOW_S: u64 = 1_795_642_800;

/// Whose words are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Those of strangers and people.
    Strangers,
    /// Those of the appliance as well, which pages compare with what they know.
    All,
}

#[derive(Clone, Debug, Default)]
pub struct Sample {
    text: Option<(Style, String)>,
    is_empty: bool,
    is_for_viewers: bool,
    step: String,
    counters: std::sync::Arc<Counters>,
}

impl Sample {
    pub fn rich() -> Self {
        Self { step: "done".to_owned(), ..Self::default() }
    }

    pub fn empty() -> Self {
        Self { is_empty: true, ..Self::rich() }
    }

    pub fn of(style: Style, text: &str) -> Self {
        Self { text: Some((style, text.to_owned())), ..Self::rich() }
    }

    pub fn at_step(&self, step: &str) -> Self {
        Self { step: step.to_owned(), ..self.clone() }
    }

    pub fn for_viewers(&self) -> Self {
        Self { is_for_viewers: true, ..self.clone() }
    }

    /// A text of a stranger or of somebody who looks after groups.
    pub fn word(&self, usual: &str) -> String {
        self.text.as_ref().map_or_else(|| usual.to_owned(), |(_, text)| text.clone())
    }

    /// A word of the appliance's own.
    fn own(&self, usual: &str) -> String {
        match &self.text {
            Some((Style::All, text)) => text.clone(),
            _ => usual.to_owned(),
        }
    }

    fn some<T>(&self, items: Vec<T>) -> Vec<T> {
        if self.is_empty { Vec::new() } else { items }
    }

    fn hidden<T>(&self, it: T) -> Option<T> {
        (!self.is_for_viewers).then_some(it)
    }

    fn titles(&self) -> [String; 7] {
        [
            "Allotment garden North",
            "Chess club, beginners welcome",
            "\u{5d2}\u{5d9}\u{5e0}\u{5d4} \u{5e7}\u{5d4}\u{5d9}\u{5dc}\u{5ea}\u{5d9}\u{5ea}",
            "Rindfleischetikettierungsueberwachungsaufgabenuebertragungsgesetz fans",
            "Parents of 4b",
            "",
            "Dog walkers \u{1f415} of the river meadows",
        ]
        .map(|title| if title.is_empty() { String::new() } else { self.word(title) })
    }

    fn groups(&self) -> Vec<GroupView> {
        use GroupState::*;
        let states = [Connected, RateLimited, Degraded, BacklogHigh, WatchOnly, Unknown, Holding];
        let whys = [
            "",
            "Telegram asked for a pause of 12 s; actions wait until then.",
            "The month's budget for AI is spent; the stricter scores hold.",
            "36 actions wait, the oldest for 48 s.",
            "The bot may not ban users, so this group is only watched.",
            "Its rights are being asked for.",
            "Storage cannot be written; Telegram keeps new messages.",
        ];
        let right = |name: &str, state: &str| RightView { name: name.to_owned(), state: self.own(state) };
        let all = states.into_iter().zip(whys).zip(self.titles()).enumerate();
        let group = |(at, ((state, why), title)): (usize, ((GroupState, &str), String))| GroupView {
            id: -1_001 - i64::try_from(at).unwrap(),
            title,
            tenant: self.word("default"),
            state,
            why: if why.is_empty() { String::new() } else { self.word(why) },
            mode: self.own(if at % 2 == 0 { "enforce" } else { "record" }),
            review: 50,
            block: 80,
            messages: 12_345 / (u64::try_from(at).unwrap() + 1),
            blocked: 321,
            unsure: 14,
            outbox: 3,
            outbox_oldest_ms: 48_000,
            rights: match state {
                WatchOnly => vec![right("delete messages", "held"), right("ban users", "missing")],
                Unknown => vec![right("delete messages", "unknown"), right("ban users", "unknown")],
                _ => vec![right("delete messages", "held"), right("ban users", "held")],
            },
            last_message_s: NOW_S - 75,
        };
        self.some(all.map(group).collect())
    }

    fn row(&self, number: u64) -> DecisionRow {
        let at = usize::try_from(number).unwrap();
        let texts = [
            "Earn 100% daily, write me in private: t.me/+AbCdEf and bring your friends",
            "\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442}! \u{417}\u{430}\u{440}\u{430}\u{431}\u{43e}\u{442}\u{43e}\u{43a} \u{431}\u{435}\u{437} \u{432}\u{43b}\u{43e}\u{436}\u{435}\u{43d}\u{438}\u{439}",
            "\u{5d4}\u{5e8}\u{5d5}\u{5d5}\u{5d9}\u{5d7}\u{5d5} \u{5de}\u{5d4}\u{5d1}\u{5d9}\u{5ea}, \u{5db}\u{5ea}\u{5d1}\u{5d5} \u{5dc}\u{5d9}",
            "Has anybody lost a set of keys near the greenhouse?",
        ];
        DecisionRow {
            number,
            at_s: NOW_S - number * 611,
            group: -1_001,
            group_title: self.word("Allotment garden North"),
            outcome: self.own(["block", "review", "block", "allow"][at % 4]),
            score: [130, 62, 90, 20][at % 4],
            reason: self.word(
                ["an investment scheme", "a job offer that is too good", "an investment scheme", "something unusual"]
                    [at % 4],
            ),
            rules: vec![self.word("crypto-sure"), self.word("links-invite")],
            excerpt: self.hidden(self.word(texts[at % 4])),
            mode: self.own("enforce"),
            fate: self.word(["deleted, banned", "recorded only", "deletion waits", "undone"][at % 4]),
            label: (at % 5 == 0).then(|| self.own(if at % 2 == 0 { "spam" } else { "fine" })),
            is_undone: at % 4 == 3,
        }
    }

    fn finding(&self, rule: &str, score: u16, saw: &[&str]) -> FindingView {
        let saw = saw.iter().map(|text| self.word(text)).collect();
        FindingView {
            rule: self.word(rule),
            pack: Some(self.word("crypto")),
            score,
            reason: self.word("an investment scheme"),
            saw: self.hidden(saw),
        }
    }

    fn pieces(&self) -> Vec<Piece> {
        let piece = |text: &str, rules: &[&str]| Piece {
            text: self.word(text),
            rules: rules.iter().map(|rule| self.word(rule)).collect(),
        };
        vec![
            piece("Earn ", &[]),
            piece("100% daily", &["crypto-sure"]),
            piece(", wr\u{456}te me in private: ", &[]),
            piece("t.me/+AbCdEf", &["links-invite", "links-any"]),
            piece(" and bring your friends", &[]),
        ]
    }

    pub fn tried(&self) -> Outcome {
        let tried = Tried {
            outcome: self.own("block"),
            score: 130,
            review: 50,
            block: 80,
            reason: self.word("an investment scheme"),
            pieces: self.pieces(),
            views: vec![(self.word("plain"), self.word("earn 100% daily, write me in private"))],
            counted: vec![(self.word("links"), 1), (self.word("letters"), 42)],
            findings: vec![
                self.finding("crypto-sure", 90, &["100% daily"]),
                self.finding("links-invite", 40, &["t.me/+AbCdEf"]),
            ],
            actions: vec![self.word("delete the message"), self.word("ban the sender for ever")],
            outcome_words: self.word("deleted and banned"),
            would_ask: false,
            would_ask_words: self.word("the rules are sure."),
            cost_most: Some(self.word("0.0004")),
            currency: self.word("EUR"),
        };
        Outcome::Tried(Box::default(), Box::new(tried))
    }

    pub fn preview(&self) -> Outcome {
        let example = ReplayedMessage {
            sent_s: NOW_S - 9_000,
            group: -1_001,
            group_title: self.word("Allotment garden North"),
            text: self.word("Earn 100% daily, write me in private"),
            now: (self.own("allow"), 20),
            then: (self.own("block"), 90),
            new_rules: vec![self.word("own-words")],
            gone_rules: vec![self.word("links-any")],
        };
        let replay = Replayed {
            messages: 500,
            counts: [[480, 0, 6], [0, 4, 0], [0, 0, 10]],
            changed: 6,
            examples: vec![example.clone(), example],
            words: self.word("6 of 500 stored messages would be judged differently."),
        };
        Outcome::Preview(Box::new(Preview {
            changes: vec![self.word("mode of tenant default: record -> enforce")],
            can_be_made: true,
            replay,
        }))
    }

    pub fn undone(&self) -> Outcome {
        let words = self.word("17 decisions would be undone; 12 members could come back.");
        Outcome::Undone(Undone { decisions: 17, freed: 12, cancelled: 2, deleted: 15, more: true, words })
    }

    pub fn code(&self) -> Outcome {
        Outcome::Code(NewCode { name: self.word("sam"), code: self.word("7K3P-9QXM-22AB"), until_s: NOW_S + 86_400 })
    }

    pub fn token(&self) -> Outcome {
        Outcome::Token(NewToken {
            token: self.one_token(),
            secret: self.word("aegis_5f0c2b6d9a3e41b7a8c94d1e6f70a2b3"),
        })
    }

    fn one_token(&self) -> TokenView {
        TokenView {
            id: self.word("a1b2c3"),
            name: self.word("nightly report"),
            user: self.word("kim"),
            role: self.own("viewer"),
            since_s: NOW_S - 900_000,
            until_s: NOW_S + 3_000_000,
        }
    }

    fn one_budget(&self, tenant: &str, percent: u64) -> BudgetView {
        BudgetView {
            money_micros: 0,
            money_cap_micros: 0,
            tenant: if tenant == "default" { self.word("default") } else { self.word(tenant) },
            month: self.own("2026-11"),
            money: self.word("3.21"),
            money_cap: self.word("5.00"),
            currency: self.word("EUR"),
            calls: 412,
            calls_cap: 2_000,
            percent,
            is_warned: percent >= 80,
            by_hand: percent >= 80,
            degrade: self.own("strict_rules"),
            has_model: true,
            degraded: (percent >= 100).then(|| self.word("the month's budget is spent")),
            instead: (percent >= 100).then(|| self.word("the strict scores hold")),
            trouble: (percent >= 80).then(|| self.word("the model did not answer within 10 s")),
        }
    }

    fn check(&self, name: &str, state: &str, words: &str) -> Check {
        Check { name: self.word(name), state: self.own(state), words: self.word(words) }
    }

    fn scope(&self, group: Option<i64>, title: &str) -> ScopeView {
        let packs =
            ["adult", "crypto", "flood", "impersonation", "jobs", "newcomers", "phishing", "profanity", "promotions"];
        // Names of packs are keys: two of one name would be one.
        let packs = packs
            .iter()
            .map(|id| (format!("{id}{}", self.text.as_ref().map_or("", |(_, text)| text)), *id != "profanity"));
        let packs: std::collections::BTreeMap<String, bool> = packs.collect();
        let pack = packs.keys().next_back().unwrap().clone();
        ScopeView {
            tenant: "default".to_owned(),
            group,
            title: if title.is_empty() { String::new() } else { self.word(title) },
            mode: self.own("record"),
            review: 50,
            block: 80,
            packs,
            changed: self.some(vec!["mode".to_owned(), "review".to_owned(), format!("packs.{pack}")]),
            of_settings: (self.own("record"), 45, 75),
            words: self.some(vec![
                (self.word("free crypto class"), self.own("delete")),
                (self.word("casino"), self.own("ban")),
            ]),
            links: self.some(vec![(self.word("evil.example"), self.own("review"))]),
        }
    }

    fn usage_row(&self, period: String, at: u64) -> UsageRow {
        UsageRow {
            period: self.text.as_ref().map_or(period, |(_, text)| text.clone()),
            messages: 400 + at * 37 % 211,
            blocked: 10 + at * 7 % 31,
            unsure: 3,
            actions: 20,
            calls: 12,
            money: self.word("0.14"),
            money_micros: 140_000 + at * 9_000,
            tokens_in: 9_000,
            tokens_out: 400,
            cache_hits: 5,
            at_least: at == 3,
        }
    }

    pub fn setup(&self) -> Setup {
        let order = ["owner", "token", "group", "rehearsal", "done"];
        Setup {
            step: self.step.clone(),
            done: order.into_iter().take_while(|step| *step != self.step).map(str::to_owned).collect(),
            bot: (!["owner", "token"].contains(&self.step.as_str())).then(|| BotView {
                id: 4_711,
                username: self.word("garden_guard_bot"),
                name: self.word("Garden Guard"),
                reads_all: Some(false),
                joins_groups: Some(true),
            }),
            checks: vec![
                self.check("Clock", "good", "It agrees with Telegram's."),
                self.check("Storage", "warn", "This card has written 2 TB; keep a backup."),
            ],
        }
    }
}

impl PeopleDesk for Sample {
    fn users(&self, _: &Caller) -> Told<Vec<UserView>> {
        let user = |name: &str, role: &str, has_password: bool| UserView {
            name: self.word(name),
            role: self.own(role),
            tenants: if role == "owner" { Vec::new() } else { vec![self.word("default")] },
            since_s: NOW_S - 5_000_000,
            has_password,
            sessions: u64::from(has_password),
        };
        Ok(vec![user("kim", "owner", true), user("sam", "admin", true), user("ada", "viewer", false)])
    }

    fn tokens(&self, _: &Caller) -> Told<Vec<TokenView>> {
        Ok(self.some(vec![self.one_token(), TokenView { until_s: NOW_S - 5, ..self.one_token() }]))
    }
}

impl Desk for Sample {
    fn in_turn(&self, work: &mut dyn FnMut()) {
        work();
    }

    fn backup_file(&self, _: &Caller, _: &str) -> Told<(std::path::PathBuf, String)> {
        Err(Refused::Missing)
    }

    fn counters(&self) -> &Counters {
        &self.counters
    }

    fn readiness(&self) -> Readiness {
        Readiness::default()
    }

    fn budgets(&self) -> Vec<BudgetView> {
        Vec::new()
    }

    fn now_s(&self) -> u64 {
        NOW_S
    }

    fn now_ms(&self) -> u64 {
        1
    }

    fn tenants(&self) -> Vec<TenantName> {
        vec![TenantName::default(), TenantName::new("chess").unwrap()]
    }

    fn people(&self) -> Told<(Vec<StoredUser>, Vec<StoredToken>)> {
        Ok((Vec::new(), Vec::new()))
    }

    fn change_people(&self, _: Vec<PeopleChange>, _: AuditLine) -> Told<()> {
        Ok(())
    }

    fn admit(&self, _: &str, _: &[u8]) -> Told<Caller> {
        Err(Refused::Denied)
    }

    fn setup(&self) -> Setup {
        Self::setup(self)
    }

    fn give_token(&self, _: &Caller, _: &str) -> Told<BotView> {
        Err(Refused::Missing)
    }

    fn overview(&self, _: &Caller) -> Told<Overview> {
        let numbers = Numbers {
            messages: 48_211,
            blocked: 1_204,
            unsure: 97,
            actions_confirmed: 2_290,
            time_to_action_p50_ms: Some(410),
            time_to_action_p99_ms: Some(2_300),
            outbox: 36,
            outbox_oldest_ms: 48_000,
            waiting_for_model: 2,
            paused_ms: 12_000,
            dead_letters: 2,
            undecided: 1,
            memory_bytes: 41 << 20,
            memory_bytes_peak: 44 << 20,
            memory_bytes_max: 58 << 20,
            data_bytes_max: 112 << 20,
            flash_bytes_per_day: 92 << 20,
            card_life_years: None,
            live_pages: 2,
        };
        Ok(Overview {
            version: "0.1.0".to_owned(),
            board: self.word("pi-4"),
            mode: self.own("record"),
            rung: self.own(if self.is_empty { "full" } else { "hindered" }),
            cause: if self.is_empty { String::new() } else { self.word("Telegram asked all calls to wait 12 s.") },
            uptime_s: 903_321,
            banner: if self.is_empty {
                String::new()
            } else {
                self.word("We are being raided. Please be patient, and do not answer them.")
            },
            banner_by: self.word("kim"),
            banner_at_s: NOW_S - 1_900,
            failing: self
                .some(vec![self.word("sending: Telegram asked for a pause"), self.word("AI: the budget is spent")]),
            numbers: if self.is_empty {
                Numbers { memory_bytes: 12 << 20, memory_bytes_max: 58 << 20, ..Numbers::default() }
            } else {
                numbers
            },
            alarms: self.some(vec![self.word("The board gets too little voltage now, which damages cards.")]),
            groups: self.groups(),
            tenants: self.some(vec![self.one_budget("default", 64), self.one_budget("chess", 100)]),
            policy: self.word("9f2c01ab77d3e410, loaded at the start"),
        })
    }

    fn set_banner(&self, _: &Caller, _: &str) -> Told<()> {
        Ok(())
    }

    fn decisions(&self, _: &Caller, query: &DecisionQuery) -> Told<Listed<DecisionRow>> {
        let count = u64::try_from(query.limit.unwrap_or(20)).unwrap();
        Ok(Listed {
            items: self.some((1..=count).map(|number| self.row(number)).collect()),
            next: self.some(vec![self.word("b:17")]).pop(),
        })
    }

    fn decision(&self, _: &Caller, number: u64) -> Told<DecisionView> {
        let action = |words: &str, state: &str, why: Option<&str>| ActionView {
            action: self.own("delete"),
            words: self.word(words),
            state: self.own(state),
            why: why.map(|why| self.word(why)),
            at_s: (state == "done").then_some(NOW_S - 600),
        };
        Ok(DecisionView {
            row: self.row(if self.is_empty { 3 } else { number - 1 }),
            message: 45,
            sender_kind: self.word("member"),
            sender: Some(77_001),
            is_edit: true,
            pieces: self.hidden(self.some(self.pieces())),
            views: self.hidden(self.some(vec![
                (self.word("folded"), self.word("earn 100% daily, write me")),
                (self.word("skeleton"), self.word("eamloodaily")),
            ])),
            findings: self
                .some(vec![self.finding("crypto-sure", 90, &["100% daily"]), self.finding("links-invite", 40, &[])]),
            opinion: self.some(vec![self.word("spam, 97 %: promises income")]).pop(),
            actions: self.some(vec![
                action("delete the message", "done", None),
                action("ban the sender for ever", "given_up", Some("the bot may not ban users")),
                action("tell the group", "waiting", None),
            ]),
            policy: self.word("9f2c01ab77d3e410"),
            trace: self.word("5f0c2b6d9a3e41b7"),
            undo: self
                .some(vec![self.word("The sender may come back and write. The deleted message stays deleted.")])
                .pop(),
            undone_by: Some(self.word("sam (page)")),
            undone_at_s: Some(NOW_S - 60),
            link: Some(if self.text.is_some() { self.word("") } else { "https://t.me/c/1001/45".to_owned() }),
        })
    }

    fn undo(&self, _: &Caller, _: u64) -> Told<Undone> {
        Err(Refused::Missing)
    }

    fn undo_rule(&self, _: &Caller, _: &UndoRule) -> Told<Undone> {
        Err(Refused::Missing)
    }

    fn label(&self, _: &Caller, _: u64, _: &str) -> Told<Taught> {
        Err(Refused::Missing)
    }

    fn simulate(&self, _: &Caller, _: &Trial) -> Told<Tried> {
        Err(Refused::Missing)
    }

    fn policy(&self, _: &Caller) -> Told<PolicyView> {
        let rule = |id: &str, reason: &str, records: bool| RuleView {
            id: self.word(id),
            reason: self.word(reason),
            score: 90,
            actions: vec![self.word("delete")],
            records,
        };
        let pack = |id: &str| PackView {
            id: id.to_owned(),
            version: 2,
            keywords: 412,
            rules: (0..8).map(|at| rule(&format!("{id}-{at}"), "an investment scheme", at == 3)).collect(),
        };
        let titles = self.titles();
        Ok(PolicyView {
            version: 3,
            compiled: self.word("9f2c01ab77d3e410"),
            packs: Vec::from(["adult", "crypto", "flood", "jobs", "newcomers", "phishing", "promotions"].map(pack)),
            lists: self.some(vec![
                ListView { name: self.word("bad-domains"), domains: 0, is_there: false, is_on: true },
                ListView { name: self.word("phish"), domains: 12_000, is_there: true, is_on: true },
                ListView { name: self.word("spammers"), domains: 0, is_there: false, is_on: false },
            ]),
            tenants: vec![self.scope(None, "")],
            groups: (0..if self.is_empty { 1 } else { 5 })
                .map(|at| self.scope(Some(-1_001 - at), &titles[usize::try_from(at).unwrap()]))
                .collect(),
            recording: Vec::new(),
            refused: self.some(vec![self.word("crypto.toml, line 12: a rule of that name stands there twice")]).pop(),
        })
    }

    fn preview(&self, _: &Caller, _: &PolicyChange, _: usize) -> Told<Preview> {
        Err(Refused::Missing)
    }

    fn change_policy(&self, _: &Caller, _: &PolicyChange) -> Told<PolicyVersionView> {
        Err(Refused::Missing)
    }

    fn policy_versions(&self, _: &Caller) -> Told<Vec<PolicyVersionView>> {
        let version = |number: u64| PolicyVersionView {
            number,
            at_s: NOW_S - 90_000 / number,
            who: self.word("kim (page)"),
            changes: vec![self.word("mode of group Allotment garden North: record -> enforce")],
            note: self.word("the raid of Tuesday"),
            is_in_force: number == 3,
        };
        Ok(self.some((1..=3).rev().map(version).collect()))
    }

    fn restore_policy(&self, _: &Caller, _: u64) -> Told<PolicyVersionView> {
        Err(Refused::Missing)
    }

    fn usage_hours(&self, _: &Caller, _: &UsageQuery) -> Told<Listed<UsageHourView>> {
        let row = |hour: u64| UsageHourView {
            tenant: self.word("default"),
            group: -1_001_234_567_890,
            title: self.word("Neighbours"),
            hour_s: NOW_S - hour * 3_600,
            used: self.usage_row(format!("2026-11-25 {hour:02}:00"), hour),
        };
        Ok(Listed { items: self.some((0..9).map(row).collect()), next: None })
    }

    fn export_member(&self, _: &Caller, _: &PersonQuery) -> Told<PersonView> {
        Ok(PersonView::default())
    }

    fn forget_member(&self, _: &Caller, _: &Forget) -> Told<Forgotten> {
        Ok(Forgotten::default())
    }

    fn usage(&self, caller: &Caller) -> Told<Vec<UsageView>> {
        let view = |tenant: &str| UsageView {
            tenant: self.word(tenant),
            currency: self.word("EUR"),
            days: (1..=30).map(|day| self.usage_row(format!("2026-11-{day:02}"), day)).collect(),
            months: (1..=11).map(|month| self.usage_row(format!("2026-{month:02}"), month)).collect(),
        };
        Ok(self.some(if caller.role == Role::Owner {
            vec![view("default"), view("chess")]
        } else {
            vec![view("default")]
        }))
    }

    fn budget(&self, _: &Caller) -> Told<Vec<BudgetView>> {
        let hostile = self.text.is_some();
        // The path of a form names the tenant as the test of refusals does.
        let named =
            |view: BudgetView| BudgetView { tenant: if hostile { "default".to_owned() } else { view.tenant }, ..view };
        Ok(self.some(vec![named(self.one_budget("default", 64)), named(self.one_budget("chess", 100))]))
    }

    fn set_budget(&self, _: &Caller, _: &str, _: &BudgetChange) -> Told<BudgetView> {
        Err(Refused::Missing)
    }

    fn dead_letters(&self, _: &Caller, _: Option<&str>) -> Told<Listed<DeadLetterView>> {
        let letter = |number: u64| DeadLetterView {
            number,
            words: self.word("ban the sender for ever"),
            group: -1_005,
            group_title: self.word("Parents of 4b"),
            message: 88,
            why: self.word("the bot may not ban users there"),
            at_s: NOW_S - number * 4_000,
            trace: self.word("5f0c2b6d9a3e41b7"),
        };
        Ok(Listed { items: self.some(vec![letter(1), letter(2)]), next: self.some(vec![self.word("b:1")]).pop() })
    }

    fn retry_dead_letter(&self, _: &Caller, _: u64) -> Told<()> {
        Ok(())
    }

    fn drop_dead_letter(&self, _: &Caller, _: u64) -> Told<()> {
        Ok(())
    }

    fn undecided(&self, _: &Caller) -> Told<Vec<UndecidedView>> {
        let message = |at: i32, kind: &str| UndecidedView {
            id: format!("-1001.{at}"),
            group: -1_001,
            group_title: self.word("Allotment garden North"),
            message: at,
            at_s: NOW_S - 300,
            why: self.word("judging it took too long"),
            excerpt: self.hidden(self.word("Something long and strange")),
            kind: if self.text.is_some() { kind.to_owned() } else { self.own(kind) },
        };
        Ok(self.some(vec![message(45, "quarantine"), message(46, "model")]))
    }

    fn decide(&self, _: &Caller, _: &str, _: &str) -> Told<()> {
        Ok(())
    }

    fn members(&self, caller: &Caller, _: &MemberQuery) -> Told<Listed<MemberView>> {
        let warning = |at: u64| WarningView {
            at_s: NOW_S - at * 86_400,
            reason: if at == 3 { String::new() } else { self.word("advertising in the second week") },
            counts: at < 4,
        };
        let member = |number: i64, warnings: u64, approved_at_s: Option<u64>| MemberView {
            user: caller.reads_texts().then_some(7_000_000_000 + number),
            warnings: (1..=warnings).map(warning).collect(),
            mutes: u8::try_from(warnings / 3).unwrap(),
            messages: u16::try_from(number).unwrap(),
            is_known: number >= 5,
            approved_at_s,
            reports_right: 2,
            reports_wrong: 1,
            heard_day_s: NOW_S - NOW_S % 86_400,
        };
        let all = vec![member(6, 6, None), member(5, 0, None), member(2, 1, Some(NOW_S - 400)), member(1, 0, None)];
        Ok(Listed { items: self.some(all), next: self.some(vec![self.word("7000000001")]).pop() })
    }

    fn approve_members(&self, _: &Caller, _: &MembersChange) -> Told<MembersChanged> {
        Ok(MembersChanged::default())
    }

    fn unapprove_members(&self, _: &Caller, _: &MembersChange) -> Told<MembersChanged> {
        Ok(MembersChanged::default())
    }

    fn forgive_member(&self, _: &Caller, _: &Pardon) -> Told<MembersChanged> {
        Ok(MembersChanged::default())
    }

    fn system(&self, _: &Caller) -> Told<SystemView> {
        let backup = |at: u64| BackupView {
            name: format!("journal-2026-11-{at}.redb"),
            at_s: NOW_S - at * 86_400,
            bytes: 18 << 20,
        };
        Ok(SystemView {
            version: "0.1.0".to_owned(),
            schema: 7,
            board: self.word("pi-4"),
            data_dir: self.word("/var/lib/aegis"),
            database_bytes: 18 << 20,
            free_bytes: Some(9 << 30),
            checks: self.some(vec![
                self.check("Clock", "good", "It agrees with Telegram's to the second."),
                self.check("Storage", "warn", "9 GiB are free; the card has written 2 TB."),
                self.check("Data folder", "bad", "Others may read it: run chmod 700 on it."),
            ]),
            memory_now: MemoryNow { resident: 41 << 20, data_max: 112 << 20, ..MemoryNow::default() },
            memory: ["updates of a batch", "shards", "the page", "the compiled rules"]
                .map(|who| (self.word(who), 9_u64 << 20, self.word("the next one waits")))
                .into(),
            backups: self.some(vec![backup(24), backup(23)]),
            hub: [
                "Hub: https://hub.example, as attic (01234567-89ab-cdef-0123-456789abcdef)",
                "Told: 2026-07-01 10:00:00 UTC, 7 pushes in all",
                "Waits: 4 decisions",
                "Whose word counts: usage = board, decisions = board, budgets = hub, flags = hub, packs = board",
            ]
            .map(str::to_owned)
            .to_vec(),
            flags: vec![FlagView {
                name: "management_calls".to_owned(),
                does: "Programs with a key may ask.".to_owned(),
                from: "default".to_owned(),
                experimental: true,
                since: "0.1.0".to_owned(),
                otherwise: self.some(vec![self.word("garden")]),
                on: false,
            }],
        })
    }

    fn make_backup(&self, _: &Caller) -> Told<BackupView> {
        Err(Refused::Missing)
    }

    fn drop_backup(&self, _: &Caller, _: &str) -> Told<()> {
        Ok(())
    }

    fn audit(&self, _: &Caller, _: Option<&str>) -> Told<Listed<AuditView>> {
        let line = |number: u64| AuditView {
            number,
            at_s: NOW_S - number * 5_000,
            who: self.word("kim (page)"),
            tenant: number.is_multiple_of(2).then(|| self.word("default")),
            what: self.word("changed the budget of default"),
            before: if number == 3 { String::new() } else { self.word("5.00 EUR, 2000 calls") },
            after: self.word("10.00 EUR, 2000 calls"),
        };
        Ok(Listed { items: self.some((1..=25).map(line).collect()), next: self.some(vec![self.word("b:1")]).pop() })
    }
}
