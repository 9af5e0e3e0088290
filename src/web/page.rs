//! The status page. Text gets onto it through [`Page::text`] alone, which escapes.
//!
//! Promises: for any text of a stranger the page has the same elements as for an empty one. No script, no style but
//! our own file, no request to any other host.

use super::{DecisionLine, ModelLine, Readiness, Status, TenantLine};
use crate::budget::Micros;
use crate::counters::Counters;
use crate::limits;
use std::fmt::Write;

/// A page being written: markup is ours and constant, text is escaped.
#[derive(Debug, Default)]
pub struct Page {
    html: String,
}

impl Page {
    /// Markup of ours.
    pub fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.html.push_str(markup);
        self
    }

    /// Anybody's text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '&' => self.html.push_str("&amp;"),
                '<' => self.html.push_str("&lt;"),
                '>' => self.html.push_str("&gt;"),
                '"' => self.html.push_str("&quot;"),
                '\'' => self.html.push_str("&#39;"),
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => self.html.push('\u{fffd}'),
                c if c.is_control() && c != '\n' && c != '\t' => self.html.push('\u{fffd}'),
                c => self.html.push(c),
            }
        }
        self
    }

    /// A number.
    pub fn number(&mut self, number: u64) -> &mut Self {
        let digits = number.to_string();
        for (index, digit) in digits.char_indices() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                self.html.push('\u{202f}');
            }
            self.html.push(digit);
        }
        self
    }

    /// The page so far.
    #[must_use]
    pub fn finish(self) -> String {
        self.html
    }

    fn start(title: &'static str) -> Self {
        let mut page = Self::default();
        page.markup("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">")
            .markup("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>")
            .markup(title)
            .markup("</title><link rel=\"stylesheet\" href=\"/style.css\"></head><body>");
        page
    }
}

/// The page for a path that is not there.
#[must_use]
pub fn not_found() -> String {
    let mut page = Page::start("Not here - Aegis");
    page.markup("<main><section><h1>There is no such page</h1><p><a href=\"/\">To the status page</a></p></section></main></body></html>");
    page.finish()
}

/// The status page.
#[must_use]
pub fn status(status: &Status, readiness: &Readiness, counters: &Counters, model: Option<&ModelLine>) -> String {
    let mut page = Page::start("Aegis");
    page.markup("<header><h1>Aegis</h1><span class=\"soft\">version ")
        .text(status.version)
        .markup(" on board profile ")
        .text(&status.board)
        .markup(", up for ")
        .text(&span(status.uptime_s))
        .markup("</span></header><main>");
    state(&mut page, status, readiness);
    numbers(&mut page, counters);
    if let Some(model) = model {
        asked(&mut page, model, counters);
    }
    chats(&mut page, status);
    decisions(&mut page, &status.decisions);
    page.markup("</main></body></html>");
    page.finish()
}

fn state(page: &mut Page, status: &Status, readiness: &Readiness) {
    page.markup("<section><h2>State</h2><p>");
    if status.mode == "enforce" {
        page.markup("<strong>Enforcing</strong>: verdicts have effects in the chats.");
    } else {
        page.markup("<strong>Recording</strong>: verdicts are shown here, and nothing is done in the chats.");
    }
    page.markup("</p><p>").text(&status.rung).markup("</p><ul>");
    for part in &readiness.parts {
        match &part.failing {
            None => page.markup("<li><span class=\"good\">works</span> ").text(part.name).markup("</li>"),
            Some(why) => page
                .markup("<li><span class=\"bad\">fails</span> ")
                .text(part.name)
                .markup(": ")
                .text(why)
                .markup("</li>"),
        };
    }
    page.markup("</ul><p class=\"soft\">Policy: ").text(&status.policy).markup("</p></section>");
}

fn numbers(page: &mut Page, counters: &Counters) {
    let mib = |bytes: u64| bytes.div_ceil(1024 * 1024);
    page.markup("<section><h2>Numbers</h2><dl class=\"numbers\">");
    let mut row = |name: &'static str, value: u64| {
        page.markup("<div><dt>").markup(name).markup("</dt><dd>").number(value).markup("</dd></div>");
    };
    row("messages judged", counters.messages.get());
    row("blocked", counters.verdicts_block.get());
    row("unsure", counters.verdicts_review.get());
    row("actions confirmed", counters.actions_confirmed.get());
    row("actions waiting", counters.outbox_rows.get());
    row("dead letters", counters.dead_letters.get());
    row("undecided", counters.undecided.get());
    row("MiB of memory in use", mib(counters.resident_bytes.get()));
    row("MiB of memory promised at most", mib(counters.memory_bytes_max.get()));
    page.markup("</dl></section>");
}

/// The model: what it was asked, what it cost, and who has to do without it.
fn asked(page: &mut Page, model: &ModelLine, counters: &Counters) {
    page.markup("<section><h2>Model</h2><p>Messages that the rules are unsure of are shown to <code>");
    page.text(&model.name).markup("</code>.</p>");
    if let Some(trouble) = &model.trouble {
        page.markup("<p><span class=\"warn\">Last trouble</span>: ").text(trouble).markup("</p>");
    }
    if let Some(sample) = &model.sample {
        page.markup("<p class=\"soft\">An answer that was no opinion began: <code>").text(sample).markup("</code></p>");
    }
    page.markup("<dl class=\"numbers\">");
    let mut row = |name: &'static str, value: u64| {
        page.markup("<div><dt>").markup(name).markup("</dt><dd>").number(value).markup("</dd></div>");
    };
    row("calls since the start", counters.model_calls.get());
    row("answered from memory", counters.opinions_same.get().saturating_add(counters.opinions_nearly.get()));
    row("waiting now", counters.review_rows.get());
    row("left to the fallback", counters.review_unanswered.get().saturating_add(counters.review_refused.get()));
    page.markup("</dl><div class=\"scroll\"><table><thead><tr><th>Tenant</th><th>Month</th><th>Spent</th>");
    page.markup("<th>Calls</th><th>Share</th><th>State</th></tr></thead><tbody>");
    for tenant in model.tenants.iter().take(limits::PAGE_ROWS_MAX) {
        budget(page, tenant, &model.currency);
    }
    page.markup("</tbody></table></div></section>");
}

fn budget(page: &mut Page, tenant: &TenantLine, currency: &str) {
    let (spent, cap) = (Micros(tenant.money).to_string(), Micros(tenant.money_cap).to_string());
    page.markup("<tr><td><code>").text(&tenant.name).markup("</code></td><td>").text(&tenant.month);
    page.markup("</td><td class=\"number\" data-name=\"spent\">").text(&spent).markup(" of ").text(&cap).markup(" ");
    page.text(currency).markup("</td><td class=\"number\" data-name=\"calls\">").number(tenant.calls).markup(" of ");
    page.number(tenant.calls_cap).markup("</td><td class=\"number\" data-name=\"share\">");
    page.markup(if tenant.is_warned { "<span class=\"warn\">" } else { "<span>" }).number(tenant.percent);
    page.markup(" %</span></td><td class=\"wide\">");
    match tenant.degraded {
        None => page.markup("<span class=\"good\">may ask</span>"),
        Some((why, mode)) => {
            page.markup("<span class=\"bad\">without a model</span>: ").text(why).markup("; ").text(mode)
        }
    };
    page.markup("</td></tr>");
}

fn chats(page: &mut Page, status: &Status) {
    page.markup("<section><h2>Chats</h2>");
    if status.chats.is_empty() {
        page.markup("<p class=\"soft\">No message has come yet. Add the bot to a group, make it an administrator with the rights to delete messages and to ban, and write something.</p>");
    } else {
        page.markup("<ul>");
        for chat in &status.chats {
            let class = if chat.state == "connected" { "<span class=\"good\">" } else { "<span class=\"warn\">" };
            page.markup("<li><code>")
                .text(&chat.name)
                .markup("</code> ")
                .markup(class)
                .text(&chat.state)
                .markup("</span></li>");
        }
        page.markup("</ul>");
    }
    page.markup("</section>");
}

fn decisions(page: &mut Page, decisions: &[DecisionLine]) {
    page.markup("<section><h2>Last decisions</h2>");
    if decisions.is_empty() {
        page.markup(
            "<p class=\"soft\">Nothing was blocked or doubted yet. Harmless messages are counted above.</p></section>",
        );
        return;
    }
    page.markup("<div class=\"scroll\"><table><thead><tr><th>When</th><th>Verdict</th><th>Score</th><th>Reason</th><th>Rules</th><th>Came of it</th><th>Trace</th></tr></thead><tbody>");
    for decision in decisions {
        let class = match decision.outcome {
            "block" => "<span class=\"bad\">",
            _ => "<span class=\"warn\">",
        };
        page.markup("<tr><td class=\"number\">")
            .text(&span(decision.age_s))
            .markup(" ago</td><td>")
            .markup(class)
            .text(decision.outcome)
            .markup("</span></td><td class=\"number\" data-name=\"score\">")
            .number(u64::from(decision.score))
            .markup("</td><td class=\"wide\">")
            .text(&decision.reason)
            .markup("</td><td class=\"wide\" data-name=\"rules\"><code>")
            .text(&decision.rules.join(", "))
            .markup("</code></td><td>")
            .text(decision.came_of_it)
            .markup("</td><td class=\"wide trace\" data-name=\"trace\"><code>")
            .text(&decision.trace)
            .markup("</code></td></tr>");
    }
    page.markup("</tbody></table></div></section>");
}

/// A time span in its two largest units.
fn span(seconds: u64) -> String {
    let mut text = String::new();
    let units = [("d", seconds / 86_400), ("h", seconds / 3_600 % 24), ("min", seconds / 60 % 60), ("s", seconds % 60)];
    for (unit, count) in units.into_iter().skip_while(|(unit, count)| *count == 0 && *unit != "s").take(2) {
        // Writing into a String does not fail.
        let _infallible = write!(text, "{}{count} {unit}", if text.is_empty() { "" } else { " " });
    }
    text
}
