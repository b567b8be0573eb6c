//! The score: one vector, one dot product, one sigmoid.

use crate::weights::{Checkpoint, WeightsError};

/// `W[yes] - W[no]` of the language-model head. The other rows are never used and never read.
pub struct ScoreHead {
    direction: Vec<f32>,
}

impl ScoreHead {
    pub async fn load(
        checkpoint: &Checkpoint,
        name: &str,
        [rows, width]: [usize; 2],
        yes: u32,
        no: u32,
    ) -> Result<Self, WeightsError> {
        let shape = [rows, width];
        let row = |id: u32| checkpoint.f32_rows(name, &shape, id as usize, 1);
        let (yes, no) = (row(yes).await?, row(no).await?);
        Ok(Self { direction: yes.iter().zip(&no).map(|(y, n)| y - n).collect() })
    }

    /// A sequence-classification checkpoint holds the difference itself.
    pub async fn load_difference(checkpoint: &Checkpoint, name: &str, width: usize) -> Result<Self, WeightsError> {
        Ok(Self { direction: checkpoint.f32(name, &[1, width]).await? })
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
