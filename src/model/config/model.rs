//! The configuration of a whole model.

use super::text::TextConfig;
use super::vision::VisionConfig;
use crate::model::error::{ConfigError, ModelError};
use crate::model::family::Family;

/// The configuration of a whole model.
#[derive(Debug, Clone)]
pub struct ModelConfig {
    /// The decoder.
    pub text: TextConfig,
    /// The vision tower, in a family that has one.
    pub vision: Option<VisionConfig>,
    /// Whether the head is the embedding table. If the configuration does not say so, it is when there is no head.
    pub tied: Option<bool>,
    family: Family,
}

/// The files that hold a configuration, for messages.
pub(super) struct ConfigOrigin<'a> {
    pub text: &'a str,
    pub vision: &'a str,
}

impl ModelConfig {
    pub(super) fn new(
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
        Ok(Self { text, vision, tied, family })
    }

    /// The family of the model.
    pub fn family(&self) -> Family {
        self.family
    }
}
