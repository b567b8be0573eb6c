//! A loaded head.

use super::layers::HeadLayer;

/// Turns the hidden states that a trunk gives into logits.
pub enum ScoreHead {
    /// A linear function of the hidden state. A difference of two logits is one, too: that of the difference of their
    /// rows.
    Linear(Vec<f32>),
    /// Layers, the last of which gives one value.
    Layers(Vec<HeadLayer>),
}

impl ScoreHead {
    /// The logit of `rows[0]`, minus that of `rows[1]`.
    pub fn difference([positive, negative]: [Vec<f32>; 2]) -> Self {
        Self::Linear(positive.iter().zip(&negative).map(|(p, n)| p - n).collect())
    }

    /// The logit of a hidden state. It is summed in double precision on the host: the sum is short, and it decides the
    /// score.
    pub fn logit(&self, hidden: &[f32]) -> f64 {
        match self {
            Self::Linear(weight) => weight.iter().zip(hidden).map(|(&w, &h)| f64::from(w) * f64::from(h)).sum(),
            Self::Layers(layers) => {
                let hidden = hidden.iter().map(|&h| f64::from(h)).collect();
                layers.iter().fold(hidden, |x: Vec<f64>, layer| layer.forward(&x))[0]
            }
        }
    }
}
