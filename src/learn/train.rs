//! Learning from labelled messages: two linear classifiers over the same features, one of them led by how often each
//! feature is in spam and in decent messages, put together.
//!
//! Promises: the same examples give the same model on every machine; the anchors are set on messages that the weights in
//! question were not made from; at most `limits::LEARN_EXAMPLES_MAX` examples.
//!
//! Never: a clock, chance, or a thread.

use super::model::{Examples, Model};
use crate::limits;
use crate::signals::Script;

/// One example: its features, and whether it is unwanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// As [`super::Features::list`] has them.
    pub features: Vec<u32>,
    /// Whether it is spam.
    pub is_spam: bool,
    /// The script it is written in.
    pub script: Script,
}

/// Parts of the examples of which each in turn is kept out, to set the anchors.
const PARTS: usize = 5;

/// Rounds over all examples. More change nothing that can be measured.
const ROUNDS: usize = 24;

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// For messages of where the examples come from: as sharp as the examples allow.
    Own,
    /// For messages of anywhere: what few examples share is not believed.
    Any,
}

/// How much an example that is on the wrong side weighs against small weights.
const PENALTY: f32 = 1.0;
const PENALTY_LED: f32 = 3.0;
const PENALTY_ANY: f32 = 0.02;

/// Shares of decent messages, in thousandths, that pass each anchor.
const PASSING: [usize; 3] = [50, 15, 5];
const PASSING_ANY: [usize; 3] = [100, 35, 6];

/// Decent messages in a script from which it has anchors of its own.
const HAM_OF_SCRIPT_MIN: usize = 200;

/// Scores that the anchors lie at or above: where decent and unwanted messages hardly touch, what lies between them is
/// not known to be unwanted.
const FLOORS: [f32; 3] = [-0.5, -0.2, 0.1];

/// Why nothing can be learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFew(pub Examples);

/// Learns from examples.
///
/// # Errors
/// When there are fewer than `limits::LEARN_EXAMPLES_MIN` of either kind.
pub fn train(examples: &[Example], reach: Reach) -> Result<Model, TooFew> {
    let examples = examples.get(..limits::LEARN_EXAMPLES_MAX).unwrap_or(examples);
    let spam = u32::try_from(examples.iter().filter(|example| example.is_spam).count()).unwrap_or(u32::MAX);
    let count = Examples { spam, ham: u32::try_from(examples.len()).unwrap_or(u32::MAX).saturating_sub(spam) };
    if count.spam < limits::LEARN_EXAMPLES_MIN || count.ham < limits::LEARN_EXAMPLES_MIN {
        return Err(TooFew(count));
    }
    let mut kept_out: Vec<(f32, &Example)> = Vec::with_capacity(examples.len());
    for part in 0..PARTS {
        let of = |at: usize| at % PARTS == part;
        let others: Vec<&Example> =
            examples.iter().enumerate().filter(|(at, _)| !of(*at)).map(|(_, example)| example).collect();
        let line = Line::learn(&others, reach);
        let part = examples.iter().enumerate().filter(|(at, _)| of(*at));
        kept_out.extend(part.map(|(_, example)| (line.score(&example.features), example)));
    }
    let line = Line::learn(&examples.iter().collect::<Vec<_>>(), reach);
    let anchors = Script::ALL.map(|script| match reach {
        Reach::Own => anchors(&kept_out, None, PASSING),
        Reach::Any => anchors(&kept_out, Some(script), PASSING_ANY),
    });
    let scripts = scripts(examples, reach);
    let known = if reach == Reach::Any { limits::LEARN_KNOWN_PERCENT } else { 0 };
    Ok(Model::new(&line.weights, line.bias, anchors, count, known, scripts))
}

/// The scripts a model may speak of: those it has enough examples of.
fn scripts(examples: &[Example], reach: Reach) -> u32 {
    let enough = |script: &&Script| {
        let of_script = examples.iter().filter(|example| example.script == **script);
        let spam = of_script.clone().filter(|example| example.is_spam).count();
        let least = usize::try_from(limits::LEARN_EXAMPLES_MIN).unwrap_or(usize::MAX);
        reach == Reach::Own || (spam >= least && of_script.count().saturating_sub(spam) >= least)
    };
    Script::ALL.iter().filter(enough).fold(0, |bits, script| bits | script.bit())
}

/// Scores that at most the given shares of decent messages pass: of those in a script, where there are enough, or of all.
fn anchors(kept_out: &[(f32, &Example)], script: Option<Script>, passing: [usize; 3]) -> [f32; 3] {
    let ham = || kept_out.iter().filter(|(_, example)| !example.is_spam);
    let mut scores: Vec<f32> = ham()
        .filter(|(_, example)| script.is_some_and(|script| example.script == script))
        .map(|(score, _)| *score)
        .collect();
    if scores.len() < HAM_OF_SCRIPT_MIN {
        scores = ham().map(|(score, _)| *score).collect();
    }
    scores.sort_by(|a, b| b.total_cmp(a));
    let mut floors = FLOORS.into_iter();
    let mut before = f32::MIN;
    passing.map(|share| {
        let at = (scores.len() * share / 1_000).min(scores.len().saturating_sub(1));
        let score = scores.get(at).copied().unwrap_or(0.0).max(floors.next().unwrap_or(0.0));
        // Each anchor lies a little above the one before, also where few examples put them on one place.
        before = if score > before { score } else { before + 0.05 };
        before
    })
}

/// A linear classifier.
struct Line {
    weights: Vec<f32>,
    bias: f32,
}

impl Line {
    fn learn(examples: &[&Example], reach: Reach) -> Self {
        if reach == Reach::Any {
            let line = Self::fit(examples, None, PENALTY_ANY);
            let one = 2.0 / line.spread(examples);
            let weights = line.weights.iter().map(|weight| weight * one).collect();
            return Self { weights, bias: line.bias * one };
        }
        let plain = Self::fit(examples, None, PENALTY);
        let ratios = ratios(examples);
        let led = Self::fit(examples, Some(&ratios), PENALTY_LED);
        let (one, two) = (1.0 / plain.spread(examples), 1.0 / led.spread(examples));
        let weights = plain.weights.iter().zip(&led.weights).map(|(a, b)| a * one + b * two).collect();
        Self { weights, bias: plain.bias * one + led.bias * two }
    }

    fn score(&self, features: &[u32]) -> f32 {
        let sum: f32 = features.iter().map(|number| self.weight(*number)).sum();
        sum * unit(features) + self.bias
    }

    fn weight(&self, number: u32) -> f32 {
        usize::try_from(number).ok().and_then(|at| self.weights.get(at)).copied().unwrap_or(0.0)
    }

    /// How far scores lie from each other: their standard deviation.
    fn spread(&self, examples: &[&Example]) -> f32 {
        let count = number(examples.len());
        let scores: Vec<f32> = examples.iter().map(|example| self.score(&example.features)).collect();
        let mean = scores.iter().sum::<f32>() / count;
        let square = scores.iter().map(|score| (score - mean) * (score - mean)).sum::<f32>() / count;
        square.sqrt().max(1e-3)
    }

    /// A support vector machine with squared loss, by dual coordinate descent. With `ratios`, each feature counts as
    /// much as its ratio says.
    fn fit(examples: &[&Example], ratios: Option<&[f32]>, penalty: f32) -> Self {
        let ratio = |number: u32| match ratios {
            None => 1.0,
            Some(ratios) => usize::try_from(number).ok().and_then(|at| ratios.get(at)).copied().unwrap_or(0.0),
        };
        let mut line = Self { weights: vec![0.0; limits::LEARN_WEIGHTS], bias: 0.0 };
        let diagonal = 0.5 / penalty;
        let mut alphas = vec![0_f32; examples.len()];
        let lengths: Vec<f32> = examples
            .iter()
            .map(|example| {
                let unit = unit(&example.features);
                let squares: f32 = example.features.iter().map(|number| ratio(*number) * ratio(*number)).sum();
                squares * unit * unit + 1.0 + diagonal
            })
            .collect();
        let mut order: Vec<usize> = (0..examples.len()).collect();
        let mut seed = 1_u64;
        for _ in 0..ROUNDS {
            shuffle(&mut order, &mut seed);
            for at in &order {
                let (Some(example), Some(alpha), Some(length)) =
                    (examples.get(*at), alphas.get_mut(*at), lengths.get(*at))
                else {
                    continue;
                };
                let side = if example.is_spam { 1.0 } else { -1.0 };
                let unit = unit(&example.features);
                let sum: f32 = example.features.iter().map(|number| line.weight(*number) * ratio(*number)).sum();
                let slope = side * (sum * unit + line.bias) - 1.0 + diagonal * *alpha;
                let next = (*alpha - slope / length).max(0.0);
                let change = (next - *alpha) * side;
                *alpha = next;
                if change == 0.0 {
                    continue;
                }
                for number in &example.features {
                    if let Some(weight) = usize::try_from(*number).ok().and_then(|at| line.weights.get_mut(at)) {
                        *weight += change * unit * ratio(*number);
                    }
                }
                line.bias += change;
            }
        }
        for (number, weight) in (0_u32..).zip(line.weights.iter_mut()) {
            *weight *= ratio(number);
        }
        line
    }
}

/// How much more often each feature is in spam than in decent messages: the logarithm of the ratio.
fn ratios(examples: &[&Example]) -> Vec<f32> {
    let mut counts = vec![(1_f32, 1_f32); limits::LEARN_WEIGHTS];
    let mut seen = vec![false; limits::LEARN_WEIGHTS];
    for example in examples {
        for number in &example.features {
            let at = usize::try_from(*number).unwrap_or(usize::MAX);
            if let (Some((spam, ham)), Some(seen)) = (counts.get_mut(at), seen.get_mut(at)) {
                *(if example.is_spam { spam } else { ham }) += 1.0;
                *seen = true;
            }
        }
    }
    let (spam, ham) =
        counts.iter().fold((0_f64, 0_f64), |(spam, ham), (a, b)| (spam + f64::from(*a), ham + f64::from(*b)));
    let all = logarithm(spam / ham);
    counts
        .iter()
        .zip(seen)
        .map(|((spam, ham), seen)| if seen { logarithm(f64::from(*spam) / f64::from(*ham)) - all } else { 0.0 })
        .collect()
}

/// The natural logarithm, from plain arithmetic: those of system libraries differ in their last bits.
#[expect(clippy::as_conversions, reason = "there is no other way to a smaller float")]
fn logarithm(value: f64) -> f32 {
    let (mut mantissa, mut exponent) = (value.max(1e-30), 0_f64);
    while mantissa > 1.5 {
        mantissa *= 0.5;
        exponent += 1.0;
    }
    while mantissa < 0.75 {
        mantissa *= 2.0;
        exponent -= 1.0;
    }
    let ratio = (mantissa - 1.0) / (mantissa + 1.0);
    let square = ratio * ratio;
    let (mut term, mut sum) = (ratio, 0.0);
    for odd in [1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 13.0] {
        sum += term / odd;
        term *= square;
    }
    (2.0 * sum + exponent * std::f64::consts::LN_2) as f32
}

/// What makes a message's features one unit long.
fn unit(features: &[u32]) -> f32 {
    1.0 / number(features.len()).sqrt()
}

fn number(count: usize) -> f32 {
    f32::from(u16::try_from(count.max(1)).unwrap_or(u16::MAX))
}

/// The same order on every machine, another in every round.
fn shuffle(order: &mut [usize], seed: &mut u64) {
    for last in (1..order.len()).rev() {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let bound = u64::try_from(last).unwrap_or(u64::MAX) + 1;
        let at = usize::try_from((*seed >> 33) % bound).unwrap_or(0);
        order.swap(last, at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::Features;
    use crate::message::{ChatId, Message, MessageId, Sender, SurfaceKind, UserId};
    use crate::signals::Signals;
    use crate::text::Tally;

    fn features(text: &str) -> Features {
        let mut message = Message::empty(ChatId(-1), MessageId(1), Sender::Member(UserId(1)));
        message.push(SurfaceKind::Text, text);
        let mut features = Features::default();
        features.set(&message, text, &Signals::of(&message, Tally::default()));
        features
    }

    fn examples() -> Vec<Example> {
        (0..60)
            .map(|at| {
                let is_spam = at % 2 == 0;
                let text = if is_spam {
                    format!("earn {at}0 coins a day, write to @boss{at}")
                } else {
                    format!("the {at}th train leaves from the old bridge")
                };
                Example { features: features(&text).list().to_vec(), is_spam, script: features(&text).script() }
            })
            .collect()
    }

    #[test]
    fn what_was_taught_is_known_and_the_same_every_time() {
        let model = train(&examples(), Reach::Own).expect("enough examples");
        let points = |text: &str| model.points(&features(text));
        assert!(points("earn 77 coins a day, write to @boss99") >= 50);
        assert_eq!(points("the next train leaves from the old bridge"), 0);
        assert_eq!(train(&examples(), Reach::Own), Ok(model.clone()));
        assert_eq!(Model::read(&model.write()), Ok(model));
    }

    #[test]
    fn a_damaged_model_is_refused() {
        let bytes = train(&examples(), Reach::Own).expect("enough examples").write();
        for at in (0..bytes.len()).step_by(7) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(Model::read(&damaged).is_err(), "{at}");
            assert!(Model::read(&bytes[..at]).is_err(), "{at}");
        }
    }

    #[test]
    fn too_few_examples_are_said_to_be_too_few() {
        assert_eq!(train(&examples()[..6], Reach::Own), Err(TooFew(Examples { spam: 3, ham: 3 })));
    }

    #[test]
    fn the_logarithm_is_one() {
        for value in [0.001, 0.5, 0.9, 1.0, 1.4, 2.0, 10.0, 12_345.6] {
            assert!((logarithm(value) - value.ln() as f32).abs() < 1e-5, "{value}");
        }
    }
}
