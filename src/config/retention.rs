//! Settings of how long things are kept: `[retention]` at the root and of a tenant.
//!
//! Promises: what a tenant does not set is as at the root; what is kept longest is what says least about people.
//!
//! Never: a text that is kept by mistake. 0 days for texts is written out, and means that none is stored at all.

use crate::document::{Mistakes, Section};
use crate::limits;
use crate::tenant::Retention;

/// Reads the table `retention` of this one, over what holds without it.
pub(super) fn read(of: &mut Section<'_>, below: Retention, mistakes: &mut Mistakes) -> Retention {
    let Some(mut section) = of.section("retention", mistakes) else { return below };
    let (file, line) = (section.file().to_owned(), section.line());
    let mut days = |key, from: u16, to: u16, known: u16, mistakes: &mut Mistakes| {
        let found = section.integer(key, i64::from(from)..=i64::from(to), mistakes);
        found.and_then(|found| u16::try_from(found.value).ok().map(|days| (days, found.line))).unwrap_or((known, 0))
    };
    let (most, longest) = (u16::from(limits::RETENTION_DAYS_MAX), limits::RETENTION_LONGEST_DAYS_MAX);
    let (text_days, text_line) = days("text_days", 0, most, u16::from(below.text_days), mistakes);
    let least = u16::from(limits::RETENTION_DAYS_MIN);
    let (decisions_days, _) = days("decisions_days", least, longest, below.decisions_days, mistakes);
    let (audit_days, _) = days("audit_days", least, longest, below.audit_days, mistakes);
    section.finish(mistakes);
    if (1..least).contains(&text_days) {
        mistakes.add(&file, text_line, format!("`text_days` is {least} to {most}, or 0 for never stored"));
    } else if !(text_days <= decisions_days && decisions_days <= audit_days) {
        mistakes.add(
            &file,
            line,
            format!(
                "texts are kept for {text_days} days, decisions for {decisions_days}, the audit log for {audit_days}: \
                 each must be at least as long as the one before"
            ),
        );
    }
    Retention { text_days: u8::try_from(text_days).unwrap_or(limits::RETENTION_DAYS_MAX), decisions_days, audit_days }
}
