//! The configuration of a whole model.

use super::encoder::{EncoderConfig, Pooling};
use super::scoring::ScoreActivation;
use super::text::TextConfig;
use super::vision::VisionConfig;
use crate::model::error::{ConfigError, ModelError};
use crate::model::family::Family;
use crate::model::heads::HeadModules;

/// The configuration of a whole model.
#[derive(Debug, Clone)]
pub struct ModelConfig {
    /// What turns tokens into hidden states.
    pub trunk: TrunkConfig,
    /// Whether the head is the embedding table. If the configuration does not say so, it is when there is no head.
    pub tied: Option<bool>,
    /// The modules of a sentence-transformers model. Without them the head is the family's.
    pub head_modules: Option<HeadModules>,
    /// What turns a logit into the published score.
    pub activation: ScoreActivation,
    /// What the files leave open, and what was assumed.
    pub warnings: Vec<String>,
    family: Family,
}

/// The configuration of a trunk.
#[derive(Debug, Clone, PartialEq)]
pub enum TrunkConfig {
    /// A decoder, and the vision tower of a family that has one.
    Decoder {
        /// The decoder.
        text: TextConfig,
        /// The vision tower.
        vision: Option<VisionConfig>,
    },
    /// An encoder.
    Encoder(EncoderConfig),
}

/// The files that hold a configuration, for messages.
pub(super) struct ConfigOrigin<'a> {
    pub text: &'a str,
    pub vision: &'a str,
}

impl ModelConfig {
    /// A decoder's.
    pub(super) fn decoder_from(
        family: Family,
        text: TextConfig,
        vision: Option<VisionConfig>,
        tied: Option<bool>,
        origin: &ConfigOrigin<'_>,
    ) -> Result<Self, ModelError> {
        text.check().map_err(|e| e.in_file(origin.text))?;
        if let Some(vision) = &vision {
            vision.check().map_err(|e| e.in_file(origin.vision))?;
            if vision.out_hidden_size != text.hidden_size {
                let message = "the vision tower's out_hidden_size is not the decoder's hidden_size".to_owned();
                return Err(ConfigError::Invalid(message).in_file(origin.vision));
            }
        }
        let trunk = TrunkConfig::Decoder { text, vision };
        let activation = family.spec().activation;
        Ok(Self { trunk, tied, head_modules: None, activation, warnings: Vec::new(), family })
    }

    /// An encoder's.
    pub(super) fn encoder_from(
        family: Family,
        mut encoder: EncoderConfig,
        head_modules: Option<HeadModules>,
        activation: ScoreActivation,
    ) -> Self {
        if let Some(modules) = &head_modules {
            encoder.pooling = modules.pooling;
        }
        let trunk = TrunkConfig::Encoder(encoder);
        Self { trunk, tied: None, head_modules, activation, warnings: Vec::new(), family }
    }

    /// The same trunk with the head of an embedding model: the modules that its files list, else pooling as the family
    /// does it, and unit length.
    pub fn into_embedder(mut self, modules: Option<HeadModules>) -> Result<Self, ConfigError> {
        let spec = self.family.spec();
        if spec.embedding.is_none() {
            return Err(ConfigError::Unsupported(format!("{} models make no embeddings here", spec.name)));
        }
        let usual = match self.trunk {
            TrunkConfig::Decoder { .. } => Pooling::LastToken,
            TrunkConfig::Encoder(_) => Pooling::Mean,
        };
        let modules = modules.unwrap_or_else(|| HeadModules::pooled(usual));
        match &mut self.trunk {
            TrunkConfig::Encoder(encoder) => encoder.pooling = modules.pooling,
            TrunkConfig::Decoder { .. } if modules.pooling == Pooling::LastToken => {}
            TrunkConfig::Decoder { .. } => {
                let message = "a decoder's last token is its vector; its files ask for another pooling";
                return Err(ConfigError::Unsupported(message.to_owned()));
            }
        }
        self.head_modules = Some(modules);
        Ok(self)
    }

    /// The family of the model.
    pub fn family(&self) -> Family {
        self.family
    }

    /// With the family that the checkpoint's tensors tell, where the configuration alone does not.
    pub fn with_tensors(mut self, has_tensor: impl Fn(&str) -> bool) -> Self {
        self.family = self.family.from_tensors(has_tensor);
        self
    }

    /// The same, by the tensors of a GGUF file.
    pub fn with_gguf_tensors(mut self, has_tensor: impl Fn(&str) -> bool) -> Self {
        self.family = self.family.from_gguf_tensors(has_tensor);
        self
    }

    /// Whether a trunk that was loaded by another configuration of the same files serves this one. Which of the hidden
    /// states a head reads is not the trunk's.
    pub fn has_trunk_of(&self, other: &Self) -> bool {
        self.family == other.family
            && match (&self.trunk, &other.trunk) {
                (TrunkConfig::Encoder(own), TrunkConfig::Encoder(other)) => {
                    *own == EncoderConfig { pooling: own.pooling, ..other.clone() }
                }
                (own, other) => own == other,
            }
    }

    /// The decoder, if the trunk is one.
    pub fn decoder(&self) -> Option<&TextConfig> {
        match &self.trunk {
            TrunkConfig::Decoder { text, .. } => Some(text),
            TrunkConfig::Encoder(_) => None,
        }
    }

    /// The encoder, if the trunk is one.
    pub fn encoder(&self) -> Option<&EncoderConfig> {
        match &self.trunk {
            TrunkConfig::Decoder { .. } => None,
            TrunkConfig::Encoder(encoder) => Some(encoder),
        }
    }

    /// The vision tower, in a family that has one.
    pub fn vision(&self) -> Option<&VisionConfig> {
        match &self.trunk {
            TrunkConfig::Decoder { vision, .. } => vision.as_ref(),
            TrunkConfig::Encoder(_) => None,
        }
    }

    /// Width of the hidden states that the head reads.
    pub fn hidden_size(&self) -> usize {
        match &self.trunk {
            TrunkConfig::Decoder { text, .. } => text.hidden_size,
            TrunkConfig::Encoder(encoder) => encoder.hidden_size,
        }
    }

    /// Rows of the embedding table.
    pub fn vocab_size(&self) -> usize {
        match &self.trunk {
            TrunkConfig::Decoder { text, .. } => text.vocab_size,
            TrunkConfig::Encoder(encoder) => encoder.vocab_size,
        }
    }

    /// Epsilon of the norms in the head.
    pub fn head_norm_eps(&self) -> f64 {
        match &self.trunk {
            TrunkConfig::Decoder { text, .. } => text.rms_norm_eps,
            TrunkConfig::Encoder(encoder) => encoder.norm_eps,
        }
    }

    /// Which hidden states the head reads.
    pub fn pooling(&self) -> Pooling {
        match &self.trunk {
            TrunkConfig::Decoder { .. } => Pooling::LastToken,
            TrunkConfig::Encoder(encoder) => encoder.pooling,
        }
    }
}
