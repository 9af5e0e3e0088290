//! The one form: every write of a page is sent by it, and every refusal is shown by it.
//!
//! Promises: each form names its order, its way back and its proof of origin; what was refused is kept as it was typed, with
//! what is wrong beside its field; no password is ever written back.
//!
//! Never: a write by a link, or a question that only a script could ask.

use super::Typed;
use maud::{Markup, html};

/// A form that gives one order.
#[derive(Clone, Copy, Debug)]
pub struct Form<'a> {
    /// The proof that this page asked for it.
    pub csrf: &'a str,
    /// What was refused before.
    pub typed: &'a Typed,
    /// POST, PUT or DELETE.
    pub method: &'static str,
    /// The order's path in the API.
    pub path: &'a str,
    /// The page to come back to.
    pub back: &'a str,
    /// Its name, one of its kind on the page.
    pub id: &'a str,
}

/// A field to write into.
#[derive(Clone, Copy, Debug, Default)]
pub struct Field<'a> {
    /// Its name, with the kind of its value.
    pub name: &'a str,
    /// What it is.
    pub label: &'a str,
    /// What to know before writing.
    pub hint: &'a str,
    /// What stands in it; ignored for passwords.
    pub value: &'a str,
    /// `text`, `password`, `number` or `area`.
    pub kind: &'a str,
    /// What browsers may fill in.
    pub complete: &'a str,
    /// The most it may be.
    pub max: Option<u64>,
    /// Whether it may be left empty.
    pub optional: bool,
}

/// A field's name without the kind of its value, as the API names it.
#[must_use]
pub fn base(name: &str) -> &str {
    let name = name.strip_suffix("[]").or_else(|| name.strip_suffix('?')).unwrap_or(name);
    [":n", ":b", ":0"].into_iter().find_map(|kind| name.strip_suffix(kind)).unwrap_or(name)
}

/// Where on the page a field of a form is.
#[must_use]
pub fn place(form: &str, field: &str) -> String {
    let field = match field.split_once('.').map_or(field, |(map, _)| map) {
        _ if field.contains(".@") => field,
        "words" => "words.@key",
        "links" => "links.@key",
        _ => field,
    };
    let plain: String = field.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("f-{form}-{plain}")
}

impl<'a> Form<'a> {
    /// Whether what was sent last was this form.
    #[must_use]
    pub fn is_typed(&self) -> bool {
        self.typed.path == self.path && self.typed.value("_form") == Some(self.id)
    }

    fn typed(&self, name: &str) -> Option<&'a str> {
        if self.is_typed() { self.typed.value(name) } else { None }
    }

    /// What is wrong with a field, and whether it is the first that is wrong.
    fn error(&self, name: &str) -> Option<(&'a str, bool)> {
        if !self.is_typed() {
            return None;
        }
        let here = place(self.id, base(name));
        let is_here = |(_, (field, _)): &(usize, &'a (String, String))| place(self.id, field) == here;
        let (at, (_, words)) = self.typed.errors.iter().enumerate().find(is_here)?;
        Some((words, at == 0))
    }

    /// The form around its fields and buttons.
    #[must_use]
    pub fn show(&self, inside: &Markup) -> Markup {
        self.show_as("", "", inside)
    }

    /// As [`Form::show`], with a class, and the place that a script may put the answer into.
    #[must_use]
    pub fn show_as(&self, class: &str, swap: &str, inside: &Markup) -> Markup {
        let class = Some(class).filter(|class| !class.is_empty());
        let swap = Some(swap).filter(|swap| !swap.is_empty());
        html! {
            form method="post" action="/form" id=(format!("form-{}", self.id)) class=[class] data-swap=[swap] {
                (self.hidden("csrf", self.csrf)) (self.hidden("_method", self.method)) (self.hidden("_path", self.path))
                (self.hidden("_back", self.back)) (self.hidden("_form", self.id))
                (inside)
            }
        }
    }

    /// A value that nobody types.
    #[must_use]
    pub fn hidden(&self, name: &str, value: &str) -> Markup {
        html! { input type="hidden" name=(name) value=(value); }
    }

    /// A field to write into, with its label, its hint and what is wrong with it.
    #[must_use]
    pub fn input(&self, field: &Field<'_>) -> Markup {
        let id = place(self.id, base(field.name));
        let (error, typed) = (self.error(field.name), self.typed(field.name));
        let value = if field.kind == "password" { "" } else { typed.unwrap_or(field.value) };
        let described = self.described(&id, field.hint, error.is_some());
        let (invalid, is_first) = (error.map(|_| "true"), error.is_some_and(|(_, is_first)| is_first));
        let required = !field.optional;
        html! {
            div class="field" {
                label for=(id) { (field.label) @if field.optional { span class="soft" { " (may be left empty)" } } }
                (self.hint(&id, field.hint))
                @match field.kind {
                    "area" => textarea id=(id) name=(field.name) rows="5" dir="auto" required[required] aria-describedby=[described]
                        aria-invalid=[invalid] autofocus[is_first] { "\n" (value) },
                    kind => input type=(kind) id=(id) name=(field.name) value=(value) dir=[(kind == "text").then_some("auto")]
                        autocomplete=(if field.complete.is_empty() { "off" } else { field.complete }) max=[field.max]
                        min=[(kind == "number").then_some("0")] required[required] aria-describedby=[described]
                        aria-invalid=[invalid] autofocus[is_first];
                }
                (self.wrong(&id, error))
            }
        }
    }

    /// One of several, from a list.
    #[must_use]
    pub fn choose(&self, name: &str, label: &str, hint: &str, options: &[(String, String)], chosen: &str) -> Markup {
        let id = place(self.id, base(name));
        let error = self.error(name);
        let is_offered = |typed: &&str| options.iter().any(|(value, _)| value == typed);
        let chosen = self.typed(name).filter(is_offered).unwrap_or(chosen);
        html! {
            div class="field" {
                label for=(id) { (label) }
                (self.hint(&id, hint))
                select id=(id) name=(name) aria-describedby=[self.described(&id, hint, error.is_some())]
                    aria-invalid=[error.map(|_| "true")] {
                    @for (value, words) in options { option value=(value) selected[value == chosen] { (words) } }
                }
                (self.wrong(&id, error))
            }
        }
    }

    /// One of a few, each with what it means.
    #[must_use]
    pub fn radios(&self, name: &str, legend: &str, options: &[(&str, &str, &str)], chosen: &str) -> Markup {
        let id = place(self.id, base(name));
        let chosen = self.typed(name).unwrap_or(chosen);
        html! {
            fieldset class="choice" id=(id) {
                legend { (legend) }
                @for (value, words, meaning) in options {
                    label { input type="radio" name=(name) value=(value) checked[*value == chosen];
                        span { strong { (words) } br; span class="soft" { (meaning) } } }
                }
                (self.wrong(&id, self.error(name)))
            }
        }
    }

    /// Any of several.
    #[must_use]
    pub fn checks(&self, name: &str, legend: &str, options: &[String], chosen: &[String]) -> Markup {
        let id = place(self.id, base(name));
        let is_on = |option: &String| {
            if self.is_typed() { self.typed.has(name, option) } else { chosen.contains(option) }
        };
        html! {
            fieldset class="checks" id=(id) {
                legend { (legend) }
                @for option in options {
                    label { input type="checkbox" name=(name) value=(option) checked[is_on(option)]; (super::text::t(option)) }
                }
                (self.wrong(&id, self.error(name)))
            }
        }
    }

    /// Yes or no.
    #[must_use]
    pub fn check(&self, name: &str, label: &str) -> Markup {
        html! { label class="check" { input type="checkbox" name=(name) value="on" checked[self.typed(name).is_some()]; (label) } }
    }

    /// The button that sends it.
    #[must_use]
    pub fn button(&self, label: &str) -> Markup {
        html! { button type="submit" { (label) } }
    }

    /// A form that is nothing but its button and values nobody types.
    #[must_use]
    pub fn only(&self, class: &str, label: &str, values: &[(&str, &str)]) -> Markup {
        self.show_as(
            "inline",
            "",
            &html! {
                @for (name, value) in values { (self.hidden(name, value)) }
                button type="submit" class=[Some(class).filter(|class| !class.is_empty())] { (label) }
            },
        )
    }

    fn described(&self, id: &str, hint: &str, is_wrong: bool) -> Option<String> {
        match (hint.is_empty(), is_wrong) {
            (true, false) => None,
            (false, false) => Some(format!("{id}-hint")),
            (true, true) => Some(format!("{id}-wrong")),
            (false, true) => Some(format!("{id}-hint {id}-wrong")),
        }
    }

    fn hint(&self, id: &str, hint: &str) -> Markup {
        html! { @if !hint.is_empty() { p class="hint" id=(format!("{id}-hint")) { (hint) } } }
    }

    fn wrong(&self, id: &str, error: Option<(&str, bool)>) -> Markup {
        html! { @if let Some((words, _)) = error { p class="wrong" id=(format!("{id}-wrong")) { (words) } } }
    }
}

/// What cannot be taken back asks twice: first this opens and says what will be, then comes the form.
#[must_use]
pub fn confirm(label: &str, consequence: &str, form: &Markup) -> Markup {
    html! { details class="confirm" { summary { (label) "\u{2026}" } p { (consequence) } (form) } }
}

/// All that is wrong, on top, with the way to each field.
#[must_use]
pub fn summary(typed: &Typed) -> Markup {
    let form = typed.value("_form").unwrap_or_default();
    html! {
        @if !typed.errors.is_empty() {
            div class="note" data-kind="bad" role="alert" id="errors" {
                h2 { "That did not work yet" }
                ul { @for (field, words) in &typed.errors {
                    li { @if field.is_empty() { (words) } @else { a href=(format!("#{}", place(form, field))) { (words) } } }
                } }
            }
        }
    }
}
