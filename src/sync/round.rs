//! One step with a hub: what the machine wants, asked and taken in.
//!
//! Promises: an answer that the contract refuses changes nothing but the pause; wishes are handed on whole, or not at all.
//!
//! Never: a commit. What is to be durable is handed back.

use super::machine::{Machine, Turn};
use super::rows::Board;
use crate::clock::Now;
use crate::cloud::{Ask, Failure, Told, document};
use crate::limits;
use crate::store::StoreError;
use crate::store::sync::{KeptWishes, SyncTick};
use aegis_contract::{Document, Receipt, State, Wishes, routes};

/// The way to a hub. What stands behind it is a network, or a test.
pub trait Way {
    /// Asks once.
    fn ask(&mut self, ask: Ask) -> impl Future<Output = Result<Told, Failure>> + Send;
}

/// What a step came to.
#[derive(Debug, Default)]
pub struct Step {
    /// What is to be durable.
    pub tick: SyncTick,
    /// Other wishes than before.
    pub wishes: Option<Box<Wishes>>,
    /// Why it failed, where it did.
    pub failure: Option<Failure>,
}

/// Makes one step; nothing while the machine rests.
///
/// # Errors
/// When storage fails.
pub async fn step<W: Way>(
    machine: &mut Machine,
    way: &mut W,
    board: &Board<'_>,
    now: Now,
    chance: u64,
) -> Result<Step, StoreError> {
    let mut step = Step::default();
    let ended = match machine.turn(now) {
        Turn::Rest(_) => return Ok(step),
        Turn::State => way.ask(Ask::get(routes::STATE, limits::CLOUD_ANSWER_BYTES_MAX)).await.and_then(|told| {
            let state: State = document(&told)?;
            step.tick = machine.state(state, now);
            Ok(())
        }),
        Turn::Wishes => {
            let etag = Some(machine.etag().to_owned()).filter(|etag| !etag.is_empty());
            let told = way.ask(Ask { etag, ..Ask::get(routes::WISHES, limits::CLOUD_WISHES_BYTES_MAX) }).await;
            told.and_then(|told| taken(machine, told, now, &mut step))
        }
        Turn::Push => {
            let body = machine.push(board.batch(machine.place(), machine.marks(), machine.room())?);
            way.ask(Ask::post(routes::PUSH, body)).await.and_then(|told| {
                let receipt: Receipt = document(&told)?;
                step.tick = machine.receipt(&receipt, board.budgets, now, chance);
                Ok(())
            })
        }
    };
    if let Err(failure) = ended {
        step.tick = machine.failed(&failure, board.budgets, now, chance);
        step.failure = Some(failure);
    }
    Ok(step)
}

fn taken(machine: &mut Machine, told: Told, now: Now, step: &mut Step) -> Result<(), Failure> {
    if told.status == 304 {
        machine.wishes(None, now);
        return Ok(());
    }
    let wishes: Wishes = document(&told)?;
    let etag = told.etag.unwrap_or_default();
    // As it is understood here, so that it is read the same after a start.
    let body = String::from_utf8(wishes.bytes()).unwrap_or_default();
    step.tick.wishes = Some(KeptWishes { etag: etag.clone(), body });
    step.wishes = Some(Box::new(wishes));
    machine.wishes(Some(etag), now);
    Ok(())
}
