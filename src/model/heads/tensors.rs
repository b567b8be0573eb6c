//! Where a checkpoint keeps its head.

use super::classifier::ClassifierRows;
use super::score::ScoreHead;
use super::yes_no::YesNoRows;
use crate::model::config::ModelConfig;
use crate::model::error::ModelError;
use crate::model::family::HeadKind;
use crate::weights::Checkpoint;
use crate::weights::WeightsError;

/// A head that was found in a checkpoint and checked, without reading its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeadTensors {
    /// A classifier's own tensor.
    Classifier(ClassifierRows),
    /// Two rows of the vocabulary.
    YesNo(YesNoRows),
}

impl HeadTensors {
    /// The first head of the family that the checkpoint holds.
    pub fn find(checkpoint: &Checkpoint, config: &ModelConfig, yes: u32, no: u32) -> Result<Self, ModelError> {
        let rows = config.text.vocab_size;
        if let Some(id) = [yes, no].into_iter().find(|&id| id as usize >= rows) {
            return Err(ModelError::TokenOutOfRange { id, rows });
        }
        let width = config.text.hidden_size;
        for kind in config.family().spec().heads {
            match *kind {
                HeadKind::Classifier { tensor, relevant } if checkpoint.mentions(tensor) => {
                    return Ok(Self::Classifier(ClassifierRows::find(checkpoint, tensor, relevant, width)?));
                }
                HeadKind::Classifier { .. } => {}
                HeadKind::YesNo => return Ok(Self::YesNo(YesNoRows::find(checkpoint, config, yes, no)?)),
            }
        }
        let detail = "the file holds no head that this family has".to_owned();
        Err(WeightsError::Tensor { tensor: "head".to_owned(), detail }.into())
    }

    /// What it is, for people.
    pub fn describe(&self) -> String {
        match self {
            Self::Classifier(rows) => rows.describe(),
            Self::YesNo(rows) => rows.describe().to_owned(),
        }
    }

    /// The rows of the answers `yes` and `no`, whose difference is the logit.
    pub async fn read_rows(&self, checkpoint: &Checkpoint) -> Result<[Vec<f32>; 2], WeightsError> {
        match self {
            Self::Classifier(rows) => rows.read(checkpoint).await,
            Self::YesNo(rows) => rows.read(checkpoint).await,
        }
    }

    /// The head, ready to compute.
    pub(in crate::model) async fn load(&self, checkpoint: &Checkpoint) -> Result<ScoreHead, WeightsError> {
        Ok(ScoreHead::difference(self.read_rows(checkpoint).await?))
    }
}
