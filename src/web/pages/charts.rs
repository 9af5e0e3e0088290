//! Charts and meters, as inline SVG.
//!
//! Promises: all geometry stands in attributes; what a picture says stands beside it in words or in a table; a picture of
//! nothing is a line, not a hole.
//!
//! Never: a colour that alone says something.

use super::text::n;
use maud::{Markup, html};

/// How wide a chart is drawn, units of its own.
const WIDTH: u64 = 640;
/// How high.
const HEIGHT: u64 = 120;

/// One bar: when, how much, and of it the part that is drawn darker.
#[derive(Clone, Debug, Default)]
pub struct Bar {
    /// The day or the month.
    pub period: String,
    /// How much.
    pub whole: u64,
    /// The part of it.
    pub part: u64,
}

/// A share of a whole, percent, at most 100.
#[must_use]
pub fn percent(part: u64, whole: u64) -> u64 {
    part.saturating_mul(100).checked_div(whole).unwrap_or(0).min(100)
}

/// A meter. What it says must stand beside it: it is not read aloud.
#[must_use]
pub fn meter(percent: u64, live: Option<&str>) -> Markup {
    let kind = match percent {
        0..75 => "good",
        75..95 => "warn",
        _ => "bad",
    };
    html! {
        svg class="meter" data-kind=(kind) aria-hidden="true" width="100%" height="8" {
            rect class="trough" width="100%" height="8" rx="4" {}
            rect class="fill" width=(format!("{}%", percent.min(100))) height="8" rx="4" data-meter=[live] {}
        }
    }
}

/// Bars by day or month, oldest first. `most` is the largest in words.
#[must_use]
pub fn bars(title: &str, bars: &[Bar], most: &str) -> Markup {
    let highest = bars.iter().map(|bar| bar.whole).max().unwrap_or(0).max(1);
    let count = u64::try_from(bars.len()).unwrap_or(1).max(1);
    let step = (WIDTH / count).min(64);
    let wide = (step * 4 / 5).max(1);
    // A few bars stand at the beginning, and are not drawn out over all of it.
    let across = (step * count).max(WIDTH);
    let height = |value: u64| if value == 0 { 0 } else { (value.saturating_mul(HEIGHT) / highest).max(2) };
    let path = |of: fn(&Bar) -> u64| {
        let drawn = (0_u64..).zip(bars).filter(|(_, bar)| of(bar) > 0);
        drawn
            .map(|(at, bar)| format!("M{} {HEIGHT}v-{}h{wide}V{HEIGHT}z", at * step, height(of(bar))))
            .collect::<String>()
    };
    html! {
        figure class="chart" {
            figcaption { (title) span class="soft" { "most: " (most) } }
            svg viewBox=(format!("0 0 {across} {HEIGHT}")) role="img" preserveAspectRatio="none"
                aria-label=(format!("{title}, {} bars, most {most}; the table below has the numbers", bars.len())) {
                path class="whole" d=(path(|bar| bar.whole)) {}
                path class="part" d=(path(|bar| bar.part)) {}
                path class="base" d=(format!("M0 {HEIGHT}H{across}")) {}
            }
            @if let (Some(first), Some(last)) = (bars.first(), bars.last()) {
                p class="ends" { span { (first.period) } span { (last.period) } }
            }
        }
    }
}

/// A score between the two scores that matter.
#[must_use]
pub fn scale(score: u16, review: u16, block: u16) -> Markup {
    let end = u64::from(score.max(block).max(1)) * 5 / 4;
    let at = |score: u16| percent(score.into(), end);
    let (review_at, block_at) = (at(review), at(block.max(review)));
    let zone = |class: &str, from: u64, to: u64| {
        html! { rect class=(class) x=(format!("{from}%")) y="8" width=(format!("{}%", to - from)) height="8" {} }
    };
    html! {
        figure class="scale" {
            svg width="100%" height="24" role="img" aria-label=(format!("Score {score}; unsure from {review}, blocked from {block}")) {
                (zone("fine", 0, review_at)) (zone("unsure", review_at, block_at)) (zone("blocked", block_at, 100))
                rect class="mark" x=(format!("{}%", at(score))) y="1" width="7" height="22" rx="3" {}
            }
            figcaption class="soft" {
                "Score " strong { (n(score.into())) } ". Unsure from " (review) ", blocked from " (block) "."
            }
        }
    }
}
