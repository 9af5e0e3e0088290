//! What was learned, as weights: one number for each feature, and three anchors that turn their sum into points.
//!
//! Promises: of a fixed size; the sum is of whole numbers and the rest is plain arithmetic, so that every machine gives the
//! same points; [`Model::read`] gives back exactly what [`Model::write`] wrote, or says what is wrong.
//!
//! Never: a verdict. Points are added to those of the rules.

use super::features::Features;
use crate::limits;
use crate::signals::Script;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Points a message gets at each anchor.
pub(super) const POINTS: [u16; 3] = [20, 50, 80];

/// The most points the learner gives: it may block, and a rule that is sure is heavier.
pub const POINTS_MAX: u16 = 90;

/// Steps from nothing to the largest weight. Of what is below a step no verdict on labelled messages depends (`tests/coverage.rs`), and
/// it does not pack: a model of 32,767 steps takes 1.8 times the bytes.
const STEPS: i16 = 1_023;

/// For each script of [`Script::ALL`], the scores of three anchors.
pub(super) type Anchors = [[f32; 3]; Script::ALL.len()];

/// Weights learned from one source.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    weights: Box<[i16]>,
    /// What a weight of 1 is worth.
    scale: f32,
    bias: f32,
    /// By script: scores at which [`POINTS`] are reached.
    anchors: Anchors,
    examples: Examples,
    /// Share of a message's features it must have seen to have an opinion, in percent.
    known: u8,
    /// Scripts it may speak of, a bit each.
    scripts: u32,
}

/// How many examples a model was made from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Examples {
    /// Unwanted messages.
    pub spam: u32,
    /// Decent ones.
    pub ham: u32,
}

/// A model as stored: only weights that are not zero, each with the gap to the one before.
#[derive(Serialize, Deserialize)]
struct Stored {
    scale: f32,
    bias: f32,
    anchors: Anchors,
    examples: Examples,
    known: u8,
    scripts: u32,
    gaps: Vec<u32>,
    weights: Vec<i16>,
}

const MAGIC: &[u8; 8] = b"AEGISLM1";
const SUM_BYTES: usize = 8;

impl Model {
    /// A model from weights of any size.
    pub(super) fn new(
        weights: &[f32],
        bias: f32,
        anchors: Anchors,
        examples: Examples,
        known: u8,
        scripts: u32,
    ) -> Self {
        let largest = weights.iter().fold(0_f32, |most, weight| most.max(weight.abs()));
        let scale = if largest > 0.0 { largest / f32::from(STEPS) } else { 1.0 };
        // What was seen stays known: only a weight of nothing becomes 0.
        let nearest = |weight: &f32| match rounded(weight / scale) {
            0 if *weight > 0.0 => 1,
            0 if *weight < 0.0 => -1,
            steps => steps,
        };
        let weights = weights.iter().map(nearest).collect();
        Self { weights, scale, bias, anchors, examples, known, scripts }
    }

    /// What the model was made from.
    #[must_use]
    pub const fn examples(&self) -> Examples {
        self.examples
    }

    /// The score of a message; higher is worse. Only its place among the anchors means something.
    #[must_use]
    pub fn score(&self, features: &Features) -> f32 {
        let list = features.list();
        // Of what it never saw a model knows nothing, and the little it does know misleads.
        let known = list.iter().filter(|number| self.weight(**number) != 0).count();
        if known * 100 < list.len() * usize::from(self.known) || self.scripts & features.script().bit() == 0 {
            return f32::MIN;
        }
        let sum: i64 = list.iter().map(|number| i64::from(self.weight(*number))).sum();
        let count = f32::from(u16::try_from(list.len().max(1)).unwrap_or(u16::MAX));
        // The sum fits 32 bits: there are fewer features than 2^16, each below 2^15.
        let sum = i32::try_from(sum).unwrap_or(i32::MAX);
        whole_to_float(sum) * self.scale / count.sqrt() + self.bias
    }

    /// The points of a message, 0 to [`POINTS_MAX`].
    #[must_use]
    pub fn points(&self, features: &Features) -> u16 {
        let score = self.score(features);
        let script = Script::ALL.iter().zip(&self.anchors).find(|(script, _)| **script == features.script());
        let [low, middle, high] = script.map_or([f32::MAX; 3], |(_, anchors)| *anchors);
        let between = |from: f32, to: f32, points: u16, more: u16| {
            let share = if to > from { ((score - from) / (to - from)).clamp(0.0, 1.0) } else { 1.0 };
            points + small(share * f32::from(more))
        };
        if score < low {
            0
        } else if score < middle {
            between(low, middle, POINTS[0], POINTS[1] - POINTS[0])
        } else if score < high {
            between(middle, high, POINTS[1], POINTS[2] - POINTS[1])
        } else {
            between(high, high + (high - middle), POINTS[2], POINTS_MAX - POINTS[2])
        }
    }

    /// The weight of a feature; above zero speaks against a message.
    #[must_use]
    pub fn weight(&self, number: u32) -> i16 {
        usize::try_from(number).ok().and_then(|at| self.weights.get(at)).copied().unwrap_or(0)
    }

    /// Heap bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.weights.len() * size_of::<i16>()
    }

    /// The model as bytes, with a checksum.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut stored = Stored {
            scale: self.scale,
            bias: self.bias,
            anchors: self.anchors,
            examples: self.examples,
            known: self.known,
            scripts: self.scripts,
            gaps: Vec::new(),
            weights: Vec::new(),
        };
        let mut before = 0;
        for (at, weight) in (0_u32..).zip(self.weights.iter()).filter(|(_, weight)| **weight != 0) {
            stored.gaps.push(at - before);
            stored.weights.push(*weight);
            before = at;
        }
        let body = postcard::to_stdvec(&stored).unwrap_or_default();
        let mut bytes = MAGIC.to_vec();
        bytes.extend(Sha256::digest(&body).iter().take(SUM_BYTES));
        bytes.extend(body);
        bytes
    }

    /// Reads what [`Model::write`] wrote.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        let rest = bytes.strip_prefix(MAGIC.as_slice()).ok_or("this is no learned model of this version")?;
        let (sum, body) = rest.split_at_checked(SUM_BYTES).ok_or("the model ends too early")?;
        if !Sha256::digest(body).iter().take(SUM_BYTES).eq(sum) {
            return Err("the model is damaged: its checksum does not fit");
        }
        let stored: Stored = postcard::from_bytes(body).map_err(|_| "the model is damaged")?;
        let mut weights = vec![0_i16; limits::LEARN_WEIGHTS].into_boxed_slice();
        let mut at = 0_usize;
        for (gap, weight) in stored.gaps.iter().zip(&stored.weights) {
            at = at.saturating_add(usize::try_from(*gap).unwrap_or(usize::MAX));
            *weights.get_mut(at).ok_or("the model has more weights than this program")? = *weight;
        }
        let numbers = [stored.scale, stored.bias].into_iter().chain(stored.anchors.into_iter().flatten());
        if !numbers.into_iter().all(f32::is_finite) {
            return Err("the model has a number that is none");
        }
        let Stored { scale, bias, anchors, examples, known, scripts, .. } = stored;
        Ok(Self { weights, scale, bias, anchors, examples, known, scripts })
    }
}

/// The nearest whole number; `as` is exact here, since the value was clamped.
#[expect(clippy::as_conversions, reason = "there is no other way from a float to an integer")]
fn rounded(value: f32) -> i16 {
    value.round().clamp(-32_767.0, 32_767.0) as i16
}

#[expect(clippy::as_conversions, reason = "there is no other way from a float to an integer")]
fn small(value: f32) -> u16 {
    value.round().clamp(0.0, 1_000.0) as u16
}

#[expect(clippy::as_conversions, reason = "a sum past 2^24 loses its last bits, the same on every machine")]
const fn whole_to_float(value: i32) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_stays_known_however_little_it_weighs() {
        let anchors = Anchors::default();
        let model = Model::new(&[2.0, 1e-9, -1e-9, 0.0, -1.0], 0.0, anchors, Examples::default(), 70, u32::MAX);
        assert_eq!([0, 1, 2, 3, 4].map(|number| model.weight(number)), [STEPS, 1, -1, 0, -512]);
    }
}
