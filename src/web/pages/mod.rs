//! Temporary.

use super::views::*;

/// x
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A message was tried.
    Tried(Box<Trial>, Box<Tried>),
    /// A change was tried.
    Preview(Box<Preview>),
    /// What undoing would do.
    Undone(Undone),
    /// Somebody taught.
    Taught(Taught),
    /// A code, told once.
    Code(NewCode),
    /// A token, told once.
    Token(NewToken),
}
use super::desk::*;
use crate::access::Caller;
/// x
#[derive(Clone, Copy, Debug)]
pub struct Visitor<'v> {
    /// x
    pub caller: &'v Caller,
    /// x
    pub csrf: &'v str,
    /// x
    pub flash: Option<&'v str>,
    /// x
    pub now_s: u64,
    /// x
    pub can_log_out: bool,
}
/// x
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// x
    pub path: String,
    /// x
    pub values: Vec<(String, String)>,
    /// x
    pub errors: Vec<(String, String)>,
}
/// x
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// x
    pub path: &'a str,
    /// x
    pub query: &'a [(String, String)],
    /// x
    pub visitor: &'a Visitor<'a>,
    /// x
    pub typed: &'a Typed,
    /// x
    pub outcome: Option<&'a Outcome>,
}
/// x
pub trait PeopleDesk {
    /// x
    fn users(&self, caller: &Caller) -> Told<Vec<UserView>>;
    /// x
    fn tokens(&self, caller: &Caller) -> Told<Vec<TokenView>>;
}
/// x
pub fn page(_: &Ask<'_>, _: &dyn Desk, _: &dyn PeopleDesk) -> Option<Told<String>> {
    None
}
/// x
pub fn login(_: &Typed, _: &Setup, _: &str) -> String {
    String::new()
}
/// x
pub fn first_run(_: &Typed, _: &Setup, _: &str) -> String {
    String::new()
}
/// x
pub fn refused(_: u16, _: &Refused, _: Option<&Visitor<'_>>) -> String {
    String::new()
}
