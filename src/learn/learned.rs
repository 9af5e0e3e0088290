//! All that is learned at one moment: the shipped prior, and a layer for each source that was taught on the board.
//!
//! Promises: at most `limits::LEARN_LAYERS_MAX` layers; a layer of one chat is asked in that chat only; taking a layer away
//! takes away all it taught.
//!
//! Never: a mixing of weights. Each layer is asked by itself, so that each can be undone and named.

use super::features::Features;
use super::model::{Examples, Model};
use crate::message::ChatId;
use crate::packed::carried;

/// What one source taught.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The source's name.
    pub name: String,
    /// The chat it is for; `None` means all.
    pub chat: Option<ChatId>,
    /// Its weights.
    pub model: Model,
}

/// All layers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Learned {
    layers: Vec<Layer>,
}

/// What the learner says of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Opinion<'l> {
    /// Points to add to those of the rules.
    pub points: u16,
    /// The layer that gave them.
    pub layer: Option<&'l Layer>,
}

impl Learned {
    /// These layers.
    #[must_use]
    pub const fn new(layers: Vec<Layer>) -> Self {
        Self { layers }
    }

    /// The layers.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Whether nothing was learned.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// Heap bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.layers.iter().map(|layer| layer.model.bytes() + layer.name.len() + size_of::<Layer>()).sum()
    }

    /// The highest opinion of all layers that are for the chat.
    #[must_use]
    pub fn opinion(&self, chat: ChatId, features: &Features) -> Opinion<'_> {
        let mut highest = Opinion::default();
        for layer in self.layers.iter().filter(|layer| layer.chat.is_none_or(|own| own == chat)) {
            let points = layer.model.points(features);
            if points > highest.points {
                highest = Opinion { points, layer: Some(layer) };
            }
        }
        highest
    }

    /// Examples of all layers.
    #[must_use]
    pub fn examples(&self) -> Examples {
        self.layers.iter().fold(Examples::default(), |sum, layer| {
            let Examples { spam, ham } = layer.model.examples();
            Examples { spam: sum.spam.saturating_add(spam), ham: sum.ham.saturating_add(ham) }
        })
    }
}

/// The layer that comes with the program.
#[must_use]
pub fn prior() -> Option<Layer> {
    let model = Model::read(&carried!("prior.model")).ok()?;
    Some(Layer { name: "prior".to_owned(), chat: None, model })
}
