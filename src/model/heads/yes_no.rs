//! The rows of the answers `yes` and `no` in the language model's head.

use crate::model::config::ModelConfig;
use crate::model::error::ModelError;
use crate::model::prompt::AnswerIds;
use crate::weights::Checkpoint;
use crate::weights::WeightsError;

const LM_HEAD: &str = "lm_head.weight";
const EMBEDDING: &str = "embed_tokens.weight";

/// Where the two rows are. The other rows of the matrix are never read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YesNoRows {
    tensor: &'static str,
    shape: [usize; 2],
    yes: usize,
    no: usize,
}

impl YesNoRows {
    /// In the language model's head; if that is tied, in the embedding table.
    pub fn find(
        checkpoint: &Checkpoint,
        config: &ModelConfig,
        AnswerIds { yes, no }: AnswerIds,
    ) -> Result<Self, ModelError> {
        // A configuration may leave open whether the head is tied; then it is if the checkpoint holds no head.
        let tied = config.tied.unwrap_or(!checkpoint.mentions(LM_HEAD));
        let tensor = if tied { EMBEDDING } else { LM_HEAD };
        let shape = [config.vocab_size(), config.hidden_size()];
        checkpoint.check(tensor, &shape)?;
        Ok(Self { tensor, shape, yes: yes as usize, no: no as usize })
    }

    /// For people.
    pub fn describe(&self) -> &'static str {
        if self.tensor == LM_HEAD { "two rows of the language model's head" } else { "two rows of the embedding table" }
    }

    /// The rows of `yes` and `no`.
    pub async fn read(&self, checkpoint: &Checkpoint) -> Result<[Vec<f32>; 2], WeightsError> {
        let yes = checkpoint.f32_rows(self.tensor, &self.shape, self.yes, 1).await?;
        Ok([yes, checkpoint.f32_rows(self.tensor, &self.shape, self.no, 1).await?])
    }
}
