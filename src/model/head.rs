//! The score: one vector, one dot product, one sigmoid.

use super::Config;
use crate::weights::{Checkpoint, WeightsError};

/// `W[yes] - W[no]` of the language-model head. The other rows are never used and never read.
pub struct ScoreHead {
    direction: Vec<f32>,
}

impl ScoreHead {
    /// A classifier's own vector where there is one; else two rows of the head, which a tied model keeps in the table.
    pub async fn load(checkpoint: &Checkpoint, config: &Config, yes: u32, no: u32) -> Result<Self, WeightsError> {
        let (rows, width) = (config.text.vocab_size, config.text.hidden_size);
        if checkpoint.info("score.weight").is_some() {
            return Ok(Self { direction: checkpoint.f32("score.weight", &[1, width]).await? });
        }
        if let Some(info) = checkpoint.info("cls.output.weight") {
            return Self::load_classifier(checkpoint, &info.shape.clone(), width).await;
        }
        // A file that says nothing is tied if it holds no head; one that says it is not must hold one.
        let tied = config.tied.unwrap_or(checkpoint.info("lm_head.weight").is_none());
        let name = if tied { "embed_tokens.weight" } else { "lm_head.weight" };
        let shape = [rows, width];
        let row = |id: u32| checkpoint.f32_rows(name, &shape, id as usize, 1);
        let (yes, no) = (row(yes).await?, row(no).await?);
        Ok(Self { direction: yes.iter().zip(&no).map(|(y, n)| y - n).collect() })
    }

    /// llama.cpp's classifier: a row for yes and one for no, or their difference alone.
    async fn load_classifier(checkpoint: &Checkpoint, shape: &[usize], width: usize) -> Result<Self, WeightsError> {
        let rows = if shape.len() == 1 { 1 } else { shape[0] };
        let expected: &[usize] = if shape.len() == 1 { &[width] } else { &[rows, width] };
        if rows == 0 || rows > 2 {
            let detail = format!("its shape is {shape:?}; a classifier of one or two rows is expected");
            return Err(WeightsError::Tensor { tensor: "cls.output.weight".into(), detail });
        }
        let values = checkpoint.f32("cls.output.weight", expected).await?;
        let (yes, no) = values.split_at(width);
        let difference = |i: usize| yes[i] - no.get(i).copied().unwrap_or(0.0);
        Ok(Self { direction: (0..width).map(difference).collect() })
    }

    /// The difference of the two logits at a final hidden state. On the CPU in double precision: the sum is short
    /// and it decides everything.
    pub fn logit(&self, hidden: &[f32]) -> f64 {
        self.direction.iter().zip(hidden).map(|(&w, &h)| f64::from(w) * f64::from(h)).sum()
    }
}

/// `1 / (1 + e^-x)`.
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
