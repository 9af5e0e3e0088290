//! Tokens for programs: made for oneself, told once, expiring, revocable.
//!
//! Promises: as [`super`]. A token may never do more than its user may at that moment.

use super::{People, random};
use crate::access::{Caller, Denied, Role, password};
use crate::limits;
use crate::web::desk::{AuditLine, Desk, PeopleChange, Refused, StoredToken, Told};
use crate::web::people::Visitor;
use crate::web::views::{NewToken, TokenChange, TokenView};

impl People {
    /// One's own tokens; for owners all of them.
    ///
    /// # Errors
    /// None yet.
    pub fn tokens(&self, caller: &Caller) -> Told<Vec<TokenView>> {
        let state = self.lock();
        let is_theirs = |token: &&StoredToken| caller.role == Role::Owner || token.user == caller.name;
        Ok(state.tokens.values().filter(is_theirs).map(token_view).collect())
    }

    /// Makes a token for oneself. With a session only: a token makes no token.
    ///
    /// # Errors
    /// [`Refused::Wrong`], [`Refused::Conflict`] when there are too many.
    pub fn add_token(&self, desk: &dyn Desk, visitor: &Visitor, change: &TokenChange) -> Told<NewToken> {
        let caller = &visitor.caller;
        if visitor.session.is_none() {
            return Err(Refused::Denied);
        }
        let mut wrong = Vec::new();
        let letters = change.name.chars().count();
        if !(1..=limits::USER_NAME_LETTERS_MAX).contains(&letters) || change.name.chars().any(char::is_control) {
            wrong.push(("name".to_owned(), format!("1 to {} letters", limits::USER_NAME_LETTERS_MAX)));
        }
        let role = Role::from_word(&change.role).filter(|role| *role <= caller.role);
        if role.is_none() {
            wrong.push(("role".to_owned(), format!("viewer, or up to your own: {}", caller.role.word())));
        }
        if !(1..=limits::TOKEN_DAYS_MAX).contains(&change.days) {
            wrong.push(("days".to_owned(), format!("1 to {}", limits::TOKEN_DAYS_MAX)));
        }
        let Some(role) = role.filter(|_| wrong.is_empty()) else { return Err(Refused::Wrong(wrong)) };
        if self.lock().tokens.len() >= limits::TOKENS_MAX {
            return Err(Refused::Conflict(format!("there are {} tokens; revoke one first", limits::TOKENS_MAX)));
        }
        let id = password::letters(&random::<8>()?).replace('-', "").to_lowercase();
        let secret = format!("aegis_{id}_{}", password::letters(&random::<32>()?).replace('-', ""));
        let since_s = desk.now_s();
        let token = StoredToken {
            id,
            name: change.name.clone(),
            user: caller.name.clone(),
            role,
            since_s,
            until_s: since_s.saturating_add(change.days.saturating_mul(86_400)),
            hash: password::digest(&secret),
        };
        let told = NewToken { token: token_view(&token), secret };
        let audit = AuditLine {
            who: caller.told(),
            what: format!("token {}", token.name),
            before: "none".to_owned(),
            after: format!("{} for {} days", role.word(), change.days),
            ..AuditLine::default()
        };
        self.keep(desk, vec![PeopleChange::Token(token)], audit)?;
        Ok(told)
    }

    /// Revokes a token: one's own, or as an owner any.
    ///
    /// # Errors
    /// [`Refused::Denied`] for somebody else's and for what is not there; to owners [`Refused::Missing`].
    pub fn revoke_token(&self, desk: &dyn Desk, caller: &Caller, id: &str) -> Told<()> {
        let token = self.lock().tokens.get(id).cloned();
        let token = token.filter(|token| caller.role == Role::Owner || token.user == caller.name);
        let Some(token) = token else {
            caller.may(Role::Owner, None).map_err(|Denied| Refused::Denied)?;
            return Err(Refused::Missing);
        };
        let audit = AuditLine {
            who: caller.told(),
            what: format!("token {}", token.name),
            before: token.role.word().to_owned(),
            after: "revoked".to_owned(),
            ..AuditLine::default()
        };
        self.keep(desk, vec![PeopleChange::TokenGone(id.to_owned())], audit)
    }
}

fn token_view(token: &StoredToken) -> TokenView {
    TokenView {
        id: token.id.clone(),
        name: token.name.clone(),
        user: token.user.clone(),
        role: token.role.word().to_owned(),
        since_s: token.since_s,
        until_s: token.until_s,
    }
}
