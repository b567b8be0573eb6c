//! Where a checkpoint keeps its head.

use super::classifier::ClassifierRows;
use super::layers::{HeadLayer, HeadLayerTensors, find_layers};
use super::score::ScoreHead;
use super::yes_no::YesNoRows;
use crate::model::config::ModelConfig;
use crate::model::error::ModelError;
use crate::model::family::HeadKind;
use crate::model::prompt::AnswerIds;
use crate::weights::Checkpoint;
use crate::weights::WeightsError;

/// A head that was found in a checkpoint and checked, without reading its values.
#[derive(Debug, Clone, PartialEq)]
pub enum HeadTensors {
    /// A classifier's own tensor.
    Classifier(ClassifierRows),
    /// Two rows of the vocabulary.
    YesNo(YesNoRows),
    /// Layers of its own.
    Layers(Vec<HeadLayerTensors>),
}

impl HeadTensors {
    /// The modules that the configuration lists, or the first head of the family that the checkpoint holds.
    pub fn find(checkpoint: &Checkpoint, config: &ModelConfig, answers: Option<AnswerIds>) -> Result<Self, ModelError> {
        let (width, rows) = (config.hidden_size(), config.vocab_size());
        if let Some(id) =
            answers.and_then(|answers| [answers.yes, answers.no].into_iter().find(|&id| id as usize >= rows))
        {
            return Err(ModelError::TokenOutOfRange { id, rows });
        }
        if let Some(modules) = &config.head_modules {
            return Ok(Self::Layers(modules.find(checkpoint, width)?));
        }
        for kind in config.family().spec().heads {
            match *kind {
                HeadKind::Classifier { tensor, relevant } if checkpoint.mentions(tensor) => {
                    return Ok(Self::Classifier(ClassifierRows::find(checkpoint, tensor, relevant, width)?));
                }
                HeadKind::Classifier { .. } => {}
                HeadKind::YesNo => {
                    let Some(answers) = answers else { continue };
                    return Ok(Self::YesNo(YesNoRows::find(checkpoint, config, answers)?));
                }
                HeadKind::Layers(specs) => {
                    return Ok(Self::Layers(find_layers(checkpoint, specs, width, config.head_norm_eps())?));
                }
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
            Self::Layers(layers) => {
                let layers: Vec<String> = layers.iter().map(HeadLayerTensors::describe).collect();
                layers.join(", ")
            }
        }
    }

    /// The rows of the answers `yes` and `no`, whose difference is the logit. None if the head has layers.
    pub async fn read_rows(&self, checkpoint: &Checkpoint) -> Result<Option<[Vec<f32>; 2]>, WeightsError> {
        Ok(match self {
            Self::Classifier(rows) => Some(rows.read(checkpoint).await?),
            Self::YesNo(rows) => Some(rows.read(checkpoint).await?),
            Self::Layers(_) => None,
        })
    }

    /// The head, ready to compute.
    pub(in crate::model) async fn load(&self, checkpoint: &Checkpoint) -> Result<ScoreHead, WeightsError> {
        if let Some(rows) = self.read_rows(checkpoint).await? {
            return Ok(ScoreHead::difference(rows));
        }
        let Self::Layers(tensors) = self else { unreachable!("only layers have no rows") };
        let mut layers = Vec::with_capacity(tensors.len());
        for layer in tensors {
            layers.push(HeadLayer::load(layer, checkpoint).await?);
        }
        Ok(ScoreHead::Layers(layers))
    }
}
