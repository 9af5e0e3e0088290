//! Whether the board gets the voltage it needs: without it cards are written wrong.

use super::{Finding, State};

/// A sensor of the kernel that knows the voltage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sensor {
    /// Its name, such as `rpi_volt`.
    pub name: String,
    /// `in0_lcrit_alarm`: 1 while it is too low.
    pub alarm: String,
}

const CURE: &str = "take the power supply made for this board, and a short cable";

pub(super) fn judge(throttled: Option<&str>, sensors: &[Sensor]) -> Option<Finding> {
    let found = |state, words: String| Some(Finding::new("Power", state, words));
    // Raspberry Pi documentation, vcgencmd get_throttled: bit 0 now too low, bit 16 was too low; 2 and 18 slowed down by heat or
    // voltage, 3 and 19 by heat.
    let bits = throttled.and_then(|text| u32::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok());
    let has = |bit: u32| bits.is_some_and(|bits| bits >> bit & 1 == 1);
    let is_low = sensors.iter().any(|sensor| sensor.name == "rpi_volt" && sensor.alarm.trim() == "1");
    if has(0) || is_low {
        return found(State::Bad, format!("The board gets too little voltage now, which damages cards; {CURE}."));
    }
    if has(16) {
        return found(
            State::Warn,
            format!("The board got too little voltage since it was started, which damages cards; {CURE}."),
        );
    }
    if has(3) || has(2) {
        let words = "The board is too hot and was slowed down; give it air, or a heat sink.";
        return found(State::Warn, words.to_owned());
    }
    let is_told = bits.is_some() || sensors.iter().any(|sensor| sensor.name == "rpi_volt");
    if is_told { found(State::Good, "The board gets the voltage it needs.".to_owned()) } else { None }
}
