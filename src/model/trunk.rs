//! The trunk of a model: everything between tokens and the hidden states that its head reads.

use burn::tensor::Tensor;

use crate::model::config::{ModelConfig, Pooling, TrunkConfig};
use crate::model::decoder::{Decoder, KvCache};
use crate::model::encoder::Encoder;
use crate::model::error::ModelError;
use crate::model::family::TrunkKind;
use crate::model::forward::ForwardOptions;
use crate::model::layers::{TensorScope, TensorSource};
use crate::model::prompt::TokenizedPrompt;
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
    pub async fn load<S: TensorSource>(
        source: &S,
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

    /// Computes the start of prompts once for all of them. An encoder has nothing to share: each token depends on all.
    pub async fn prefix(&self, start: TokenizedPrompt<'_>, options: ForwardOptions<'_>) -> Result<KvCache, ModelError> {
        match self {
            Self::Decoder { decoder, .. } => decoder.prefix(start, options).await,
            Self::Encoder(_) => Ok(KvCache::default()),
        }
    }

    /// What a head with this pooling reads of each prompt, `[prompts, hidden]`. That of a decoder reads its last token.
    pub async fn pooled(
        &self,
        prefix: &KvCache,
        prompts: &[TokenizedPrompt<'_>],
        pooling: Pooling,
        options: ForwardOptions<'_>,
    ) -> Result<Tensor<2>, ModelError> {
        match self {
            Self::Decoder { decoder, .. } => decoder.last_hidden_states(prefix, prompts, options).await,
            Self::Encoder(encoder) => encoder.pooled(prompts, pooling, options).await,
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
            Self::Decoder { decoder, .. } => decoder.trace(prompt, probe),
            Self::Encoder(encoder) => encoder.trace(prompt, probe).await,
        }
    }
}
