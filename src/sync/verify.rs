//! Comparing what was counted here with what the hub has, row by row.
//!
//! Promises: hours that are kept here are compared one by one, with all their counts; a row that only one side has is a
//! difference. Days whose hours are gone here are left out, and counted. A row that still waits to be told differs, which is said.
//! An hour and a page of the hub's are held at a time, however many rows there are.
//!
//! Never: a change on either side.

use crate::clock::{Clock, Wall};
use crate::cloud::{Ask, Client, Home, document};
use crate::config::Config;
use crate::limits;
use crate::store::Snapshots;
use crate::sync::{Line, Signing, Way, rows};
use crate::tenant::TenantName;
use aegis_contract::{Month, Rows, UsageRow, routes};

/// A row in which both sides differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differs {
    /// The chat, and where the hour begins, Unix seconds.
    pub place: (i64, i64),
    /// What was counted here.
    pub here: Option<[u64; 9]>,
    /// What the hub has.
    pub hub: Option<[u64; 9]>,
}

/// What a comparison came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Rows that are the same.
    pub same: u64,
    /// Rows in which both differ.
    pub differ: u64,
    /// The first of them, at most `limits::CLOUD_DIFFERING_SHOWN`.
    pub differs: Vec<Differs>,
    /// Rows of the hub that are of a time whose hours are not kept here any more.
    pub left_out: u64,
}

/// The hub's rows of a tenant and month, a page at a time.
#[derive(Debug)]
struct Pages<'a, W> {
    way: &'a mut W,
    target: String,
    page: std::iter::Peekable<std::vec::IntoIter<UsageRow>>,
    after: Option<String>,
    left: usize,
}

impl<'a, W: Way> Pages<'a, W> {
    async fn of(way: &'a mut W, tenant: &TenantName, month: Month) -> Result<Self, String> {
        let target = routes::rows_query(tenant.as_str(), month, limits::CLOUD_PAGE_ROWS);
        let page = Vec::new().into_iter().peekable();
        let mut pages = Self { way, target, page, after: None, left: limits::CLOUD_PAGES_MAX };
        pages.turn(None).await?;
        Ok(pages)
    }

    async fn turn(&mut self, after: Option<String>) -> Result<(), String> {
        let Some(left) = self.left.checked_sub(1) else {
            return Err(format!("the hub tells more than {} pages of one month", limits::CLOUD_PAGES_MAX));
        };
        self.left = left;
        let mut target = self.target.clone();
        if let Some(after) = after {
            // A place has digits, dots and minus signs.
            let plain: String = after.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | '-')).collect();
            target.push_str(&format!("&after={plain}"));
        }
        let told = self.way.ask(Ask::get(target, limits::CLOUD_PAGE_BYTES_MAX)).await;
        let page: Rows = told.and_then(|told| document(&told)).map_err(|failure| failure.to_string())?;
        self.after = page.after;
        self.page = page.rows.into_iter().peekable();
        Ok(())
    }

    /// The next row, if it begins before a second; they come by hour, then by chat.
    async fn before(&mut self, end: i64) -> Result<Option<UsageRow>, String> {
        while self.page.peek().is_none() {
            let Some(after) = self.after.take() else { return Ok(None) };
            self.turn(Some(after)).await?;
        }
        Ok(self.page.next_if(|row| row.from < end))
    }
}

/// Compares a month, hour by hour, `kept_from` being the first that is kept here.
///
/// # Errors
/// Why the hub does not tell, or storage fails.
pub async fn month<W: Way>(
    way: &mut W,
    snapshots: &Snapshots,
    tenant: &TenantName,
    month: Month,
    kept_from: u32,
) -> Result<Compared, String> {
    let mut compared = Compared::default();
    let mut pages = Pages::of(way, tenant, month).await?;
    let hour = |at: i64| u32::try_from(at / 3_600).unwrap_or(0);
    for at in hour(month.begin())..hour(month.next().begin()) {
        // A row a chat.
        let meant = |name: &str, _| name == tenant.as_str();
        let read = snapshots.usage_hours((at, at.saturating_add(1)), meant, usize::MAX);
        let (hours, _) = read.map_err(|error| error.to_string())?;
        let mut here = hours.iter().map(rows::hour).peekable();
        while let Some(row) = pages.before(i64::from(at).saturating_add(1).saturating_mul(3_600)).await? {
            if row.span != aegis_contract::Span::Hour || at < kept_from {
                compared.left_out = compared.left_out.saturating_add(1);
                continue;
            }
            let place = (row.from, row.chat);
            while let Some(only) = here.next_if(|own| (own.from, own.chat) < place) {
                compared.pair(Some(&only), None);
            }
            let own = here.next_if(|own| (own.from, own.chat) == place);
            compared.pair(own.as_ref(), Some(&row));
        }
        here.for_each(|only| compared.pair(Some(&only), None));
    }
    Ok(compared)
}

impl Compared {
    fn pair(&mut self, here: Option<&UsageRow>, hub: Option<&UsageRow>) {
        let Some(row) = here.or(hub) else { return };
        let (here, hub) = (here.map(UsageRow::counts), hub.map(UsageRow::counts));
        if here == hub {
            self.same = self.same.saturating_add(1);
            return;
        }
        self.differ = self.differ.saturating_add(1);
        if self.differs.len() < limits::CLOUD_DIFFERING_SHOWN {
            self.differs.push(Differs { place: (row.chat, row.from), here, hub });
        }
    }
}

/// Compares this month and the one before, of each tenant that the hub takes; returns whether all is the same, and lines that say so.
///
/// # Errors
/// Why nothing can be compared.
pub async fn all(
    config: &Config,
    snapshots: &Snapshots,
    clock: &Clock,
    signing: &Signing,
) -> Result<(bool, Vec<String>), String> {
    let Some(cloud) = &config.cloud else { return Err("the settings name no hub; add [cloud] with `url`".to_owned()) };
    let Some((enrolment, key)) = Home::of(&config.data_dir).read()? else {
        return Err("this board is not enrolled; run `aegis sync enrol --code CODE`".to_owned());
    };
    let client = Client::new(&cloud.url, cloud.root.as_deref())?;
    let mut line = Line { client: &client, board: &enrolment.board, key: &key, signing, clock };
    let kept_from = snapshots.first_hour_kept().map_err(|error| error.to_string())?;
    let now = Month::of(i64::try_from(clock.now().wall.seconds()).unwrap_or(0));
    let (mut lines, mut is_same) = (Vec::new(), true);
    for tenant in enrolment.tenants.iter().filter_map(|name| TenantName::new(name)) {
        for at in [now.before(), now] {
            let Compared { same, differ, differs, left_out } =
                month(&mut line, snapshots, &tenant, at, kept_from).await?;
            lines.push(format!(
                "{tenant} {at}: {same} rows are the same, {differ} differ, {left_out} are of hours not kept here any more"
            ));
            is_same &= differ == 0;
            let room = limits::CLOUD_DIFFERING_SHOWN.saturating_sub(lines.len());
            lines.extend(differs.iter().take(room).map(in_words));
        }
    }
    Ok((is_same, lines))
}

fn in_words(differs: &Differs) -> String {
    const NAMES: [&str; 9] =
        ["messages", "blocked", "unsure", "actions", "calls", "tokens_in", "tokens_out", "money_micros", "cache_hits"];
    let (chat, from) = differs.place;
    let at = Wall(u64::try_from(from).unwrap_or(0).saturating_mul(1_000)).utc();
    let which = match (differs.here, differs.hub) {
        (Some(here), Some(hub)) => {
            let pairs = NAMES.iter().zip(here.iter().zip(hub)).filter(|(_, (here, hub))| **here != *hub);
            pairs
                .map(|(name, (here, hub))| format!("{name} {here} here, {hub} at the hub"))
                .collect::<Vec<_>>()
                .join("; ")
        }
        (Some([messages, ..]), None) => format!("{messages} messages here, and no such row at the hub"),
        (None, Some([messages, ..])) => format!("no such row here, and {messages} messages at the hub"),
        (None, None) => String::new(),
    };
    format!("  chat {chat} at {at}: {which}")
}
