//! Raid mode by hand: what the clerk asks of the door.
//!
//! Promises: what it returns changes nothing until it is committed.
//!
//! Never: a commit.

use super::door::SharedDoor;
use crate::clock::{Clock, Wall};
use crate::desk::clerk::RaidSwitch;
use crate::dispatch::task::{SharedBook, lock};
use crate::message::ChatId;
use crate::settle::House;
use crate::shard::InForce;
use crate::store::Tick;

/// The door, with what it takes to begin or end a raid there.
#[derive(Clone, Debug)]
pub struct Switch {
    /// The door of all groups.
    pub door: SharedDoor,
    /// The rules in force.
    pub in_force: InForce,
    /// The book of chats.
    pub book: SharedBook,
    /// The clock.
    pub clock: Clock,
}

impl Switch {
    fn title(&self, chat: ChatId) -> String {
        lock(&self.book).title(chat).to_owned()
    }
}

impl RaidSwitch for Switch {
    fn begin(&self, chat: ChatId, seconds: u32, by: &str) -> Tick {
        let (rulebook, title) = (self.in_force.now(), self.title(chat));
        let house = House::of(&rulebook, chat, &title);
        let mut door = self.door.lock();
        let usual = door.rights(chat).unwrap_or_else(|error| {
            tracing::error!(%error, "what members may do cannot be read; the raid takes no rights");
            None
        });
        door.begin_raid(chat, seconds, by, &house, usual, self.clock.now())
    }

    fn end(&self, chat: ChatId) -> Tick {
        let (rulebook, title) = (self.in_force.now(), self.title(chat));
        let house = House::of(&rulebook, chat, &title);
        self.door.lock().end_raid(chat, &house, self.clock.now())
    }

    fn is_on(&self, chat: ChatId) -> Option<Wall> {
        self.door.lock().raid(chat).map(|raid| raid.until)
    }
}
