//! The trunk of a model: everything between tokens and the hidden states that its head reads.

use crate::model::config::{ModelConfig, Pooling, TrunkConfig};
use crate::model::decoder::{Decoder, PromptStart, Sweep};
use crate::model::encoder::Encoder;
use crate::model::error::ModelError;
use crate::model::family::TrunkKind;
use crate::model::forward::ForwardOptions;
use crate::model::layers::{StreamTimes, TensorScope, TensorSource};
use crate::model::prompt::{PromptBatch, TokenizedPrompt};
use crate::model::trace::TraceProbe;
use crate::model::vision::VisionTower;
use crate::weights::WeightsError;

/// The trunk of a model.
#[allow(clippy::large_enum_variant)] // one value a model
pub enum Trunk {
    /// A causal decoder.
    Decoder {
        /// Reads prompts.
        decoder: Decoder,
        /// Reads images and videos.
        vision: Option<VisionTower>,
    },
    /// A bidirectional encoder.
    Encoder(Encoder),
}

impl Trunk {
    /// All modules of the trunk. `on_part` is called as often as [`Trunk::parts`] says.
    pub async fn load(
        source: &dyn TensorSource,
        config: &ModelConfig,
        placeholders: [Option<u32>; 2],
        on_part: &mut dyn FnMut(),
    ) -> Result<Self, WeightsError> {
        let root = TensorScope::root(source);
        match (&config.trunk, config.family().spec().trunk) {
            (TrunkConfig::Encoder(encoder), TrunkKind::Encoder(spec)) => {
                Ok(Self::Encoder(Encoder::load(&root, encoder, spec, on_part).await?))
            }
            (TrunkConfig::Decoder { text, vision }, _) => {
                let decoder = Decoder::load(&root, text, placeholders, on_part).await?;
                let vision = match vision {
                    Some(vision) => Some(VisionTower::load(&root.at("visual"), vision, on_part).await?),
                    None => None,
                };
                Ok(Self::Decoder { decoder, vision })
            }
            (TrunkConfig::Encoder(_), _) => unreachable!("the family decides which configuration is read"),
        }
    }

    /// The embedding tables, the layers, and the blocks of the vision tower.
    pub fn parts(config: &ModelConfig) -> usize {
        1 + match &config.trunk {
            TrunkConfig::Decoder { text, vision } => {
                text.num_hidden_layers + vision.as_ref().map_or(0, |vision| vision.depth)
            }
            TrunkConfig::Encoder(encoder) => encoder.layers.len(),
        }
    }

    /// What a head with this pooling reads of each prompt, for each batch, and what was computed of a new start. An encoder has no start that
    /// prompts share: each token depends on all.
    pub async fn sweep(
        &self,
        start: PromptStart<'_>,
        batches: &[PromptBatch<'_>],
        pooling: Pooling,
        options: ForwardOptions<'_>,
    ) -> Result<Sweep, ModelError> {
        match self {
            Self::Decoder { decoder, .. } => decoder.sweep(start, batches, options).await,
            Self::Encoder(encoder) => {
                let mut hidden = Vec::with_capacity(batches.len());
                for batch in batches {
                    hidden.push(encoder.pooled(batch.prompts, pooling, options).await?);
                }
                Ok(Sweep { hidden, start: None })
            }
        }
    }

    /// How long reading layers again has taken, so far.
    pub fn stream_times(&self) -> StreamTimes {
        match self {
            Self::Decoder { decoder, .. } => decoder.stream_times(),
            Self::Encoder(_) => StreamTimes::default(),
        }
    }

    /// The vision tower, if there is one.
    pub fn vision(&self) -> Option<&VisionTower> {
        match self {
            Self::Decoder { vision, .. } => vision.as_ref(),
            Self::Encoder(_) => None,
        }
    }

    /// The result of every stage of one prompt, for comparison with the reference implementation.
    pub async fn trace(&self, prompt: TokenizedPrompt<'_>, probe: TraceProbe<'_>) -> Result<(), ModelError> {
        match self {
            Self::Decoder { decoder, .. } => decoder.trace(prompt, probe).await,
            Self::Encoder(encoder) => encoder.trace(prompt, probe).await,
        }
    }
}
