//! The promises of the ledger, one by one.

use super::*;

const CAPS: Caps = Caps { money: Micros(1_000), calls: 100, chat_percent: 100, user_percent: 100 };
const NOVEMBER: Month = Month(202_611);
const DECEMBER: Month = Month(202_612);

fn tenant() -> TenantName {
    TenantName::default()
}

fn who(sender: i64) -> Who {
    Who { chat: ChatId(-1), sender }
}

fn reserve(ledger: &mut Ledger, sender: i64, amount: u64, month: Month, caps: &Caps) -> Result<Hold, Refused> {
    ledger.reserve(&tenant(), who(sender), Micros(amount), month, caps)
}

#[test]
fn what_is_held_counts_as_spent_until_it_is_given_back() {
    let mut ledger = Ledger::default();
    let first = reserve(&mut ledger, 1, 600, NOVEMBER, &CAPS).unwrap();
    assert_eq!(reserve(&mut ledger, 1, 401, NOVEMBER, &CAPS), Err(Refused::Money));
    ledger.settle(first.id, Paid::Money(Micros(100)));
    let second = reserve(&mut ledger, 1, 900, NOVEMBER, &CAPS).unwrap();
    for _ in 0..3 {
        ledger.settle(first.id, Paid::Nothing);
    }
    assert_eq!(ledger.standing(&tenant(), &CAPS).spent, Spent { money: Micros(1_000), calls: 2 });
    ledger.settle(second.id, Paid::Nothing);
    assert_eq!(ledger.standing(&tenant(), &CAPS).spent, Spent { money: Micros(100), calls: 1 });
}

#[test]
fn a_cap_is_reached_and_not_passed() {
    let mut ledger = Ledger::default();
    for _ in 0..10 {
        reserve(&mut ledger, 1, 100, NOVEMBER, &CAPS).unwrap();
    }
    assert_eq!(reserve(&mut ledger, 1, 1, NOVEMBER, &CAPS), Err(Refused::Money));
    assert!(reserve(&mut ledger, 1, 0, NOVEMBER, &CAPS).is_ok(), "what costs nothing is bounded by calls");
    let few = Caps { calls: 11, ..CAPS };
    assert_eq!(reserve(&mut ledger, 1, 0, NOVEMBER, &few), Err(Refused::Calls));
    assert_eq!(ledger.would_refuse(&tenant(), Micros(0), &few), Some(Refused::Calls));
    assert_eq!(ledger.standing(&tenant(), &CAPS).percent, 100);
}

#[test]
fn a_month_only_moves_forward_and_an_old_hold_gives_nothing_to_a_new_one() {
    let mut ledger = Ledger::default();
    let old = reserve(&mut ledger, 1, 1_000, NOVEMBER, &CAPS).unwrap();
    let new = reserve(&mut ledger, 1, 1_000, DECEMBER, &CAPS).unwrap();
    ledger.settle(old.id, Paid::Nothing);
    assert_eq!(reserve(&mut ledger, 1, 1, DECEMBER, &CAPS), Err(Refused::Money));
    assert_eq!(reserve(&mut ledger, 1, 1, NOVEMBER, &CAPS), Err(Refused::Money), "an earlier month is over");
    ledger.settle(new.id, Paid::Money(Micros(5_000)));
    assert_eq!(ledger.standing(&tenant(), &CAPS).spent.money, Micros(1_000), "never more than was held");
}

#[test]
fn one_sender_or_chat_spends_no_more_than_its_share() {
    let caps = Caps { chat_percent: 50, user_percent: 20, ..CAPS };
    let mut ledger = Ledger::default();
    reserve(&mut ledger, 1, 200, NOVEMBER, &caps).unwrap();
    assert_eq!(reserve(&mut ledger, 1, 1, NOVEMBER, &caps), Err(Refused::UserShare));
    reserve(&mut ledger, 2, 200, NOVEMBER, &caps).unwrap();
    reserve(&mut ledger, 3, 100, NOVEMBER, &caps).unwrap();
    assert_eq!(reserve(&mut ledger, 4, 1, NOVEMBER, &caps), Err(Refused::ChatShare));
    let elsewhere = Who { chat: ChatId(-2), sender: 4 };
    assert!(ledger.reserve(&tenant(), elsewhere, Micros(1), NOVEMBER, &caps).is_ok());
}

#[test]
fn senders_past_the_bound_share_one_account() {
    let caps = Caps { money: Micros(u64::MAX), calls: u64::MAX, chat_percent: 100, user_percent: 1 };
    let mut ledger = Ledger::default();
    let many = 3 * limits::BUDGET_ACCOUNTS_OF_TENANT_MAX;
    for sender in 0..many {
        reserve(&mut ledger, i64::try_from(sender).unwrap(), 1, NOVEMBER, &caps).unwrap();
    }
    assert!(ledger.accounts(&tenant()).count() <= limits::BUDGET_ACCOUNTS_OF_TENANT_MAX);
    assert!(ledger.spent(&tenant(), Account::OtherSenders).calls > 0);
    let all: u64 = ledger
        .accounts(&tenant())
        .filter(|(account, _)| matches!(account, Account::Sender(_) | Account::OtherSenders))
        .map(|(_, spent)| spent.calls)
        .sum();
    assert_eq!(all, u64::try_from(many).unwrap(), "nobody's call is forgotten");
    ledger.advance(&tenant(), DECEMBER);
    assert_eq!(ledger.accounts, 0, "a new month begins with room for all");
}

#[test]
fn a_chat_that_moved_keeps_what_it_spent() {
    let mut ledger = Ledger::default();
    let hold = reserve(&mut ledger, 1, 10, NOVEMBER, &CAPS).unwrap();
    ledger.moved(ChatId(-1), ChatId(-100));
    assert_eq!(ledger.spent(&tenant(), Account::Chat(ChatId(-100))).money, Micros(10));
    ledger.settle(hold.id, Paid::Money(Micros(4)));
    assert_eq!(ledger.spent(&tenant(), Account::Chat(ChatId(-100))).money, Micros(4));
    assert_eq!(ledger.spent(&tenant(), Account::Chat(ChatId(-1))), Spent::default());
}
