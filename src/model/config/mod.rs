//! The sizes of a model, checked before anything is allocated.

mod gguf;
mod text;
mod vision;

use serde_json::Value;

pub use text::TextConfig;
pub use vision::VisionConfig;

use super::ModelError;
use crate::kernels::MAX_HEAD;

/// A `config.json` is a few kilobytes; more is not one.
pub const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// Bounds on every size in a configuration, well above the largest published model: a hostile file must not make us
/// multiply or allocate nonsense.
const MAX_DIMENSION: usize = 1 << 20;
const MAX_LAYERS: usize = 1 << 10;
const MAX_VOCABULARY: usize = 1 << 22;

/// Which of the published families a checkpoint belongs to, as its own configuration says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Qwen3-Reranker: text only.
    Qwen3Reranker,
    /// Qwen3-VL-Reranker: text, pictures, video.
    Qwen3VlReranker,
}

impl Family {
    /// The name shown to people and in `info`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Qwen3Reranker => "qwen3-reranker",
            Self::Qwen3VlReranker => "qwen3-vl-reranker",
        }
    }

    /// The rotary base of a configuration that names none.
    fn theta(self) -> f64 {
        match self {
            Self::Qwen3Reranker => 1e6,
            Self::Qwen3VlReranker => 5e6,
        }
    }
}

/// The sizes of a model.
#[derive(Debug, Clone)]
pub struct Config {
    /// The decoder.
    pub text: TextConfig,
    /// The tower that sees, in the family that has one.
    pub vision: Option<VisionConfig>,
    /// Whether the head is the embedding table; where the configuration does not say, the presence of a head does.
    pub tied: Option<bool>,
    family: Family,
}

impl Config {
    /// Reads and checks a `config.json`.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ModelError> {
        let value: Value =
            serde_json::from_slice(bytes).map_err(|e| ModelError::Config(format!("not valid JSON ({e})")))?;
        match value.get("model_type").and_then(Value::as_str) {
            Some("qwen3") => Self::new(Family::Qwen3Reranker, parse(&value)?, None, value.get("tie_word_embeddings")),
            Some("qwen3_vl") => {
                let part = |name: &str| value.get(name).ok_or_else(|| ModelError::Config(format!("it has no {name}")));
                let text = part("text_config")?;
                // Transformers reads the inner flag alone, and writes a head of its own beside an outer one that is true.
                let tied = text.get("tie_word_embeddings");
                Self::new(Family::Qwen3VlReranker, parse(text)?, Some(parse(part("vision_config")?)?), tied)
            }
            Some(other) => Err(ModelError::Unsupported(format!(
                "config.json says model_type \"{other}\"; secondpass runs \"qwen3\" (Qwen3-Reranker 0.6B, 4B, 8B) and \"qwen3_vl\" (Qwen3-VL-Reranker 2B, 8B). Give the URL of one of these."
            ))),
            None => Err(ModelError::Config("it has no model_type; is this the model's folder?".into())),
        }
    }

    fn new(
        family: Family,
        mut text: TextConfig,
        vision: Option<VisionConfig>,
        tied: Option<&Value>,
    ) -> Result<Self, ModelError> {
        text.assume_theta(family.theta());
        let config = Self { text, vision, tied: tied.and_then(Value::as_bool), family };
        config.check()?;
        Ok(config)
    }

    /// Which family this is.
    pub fn family(&self) -> Family {
        self.family
    }

    fn check(&self) -> Result<(), ModelError> {
        self.text.check(self.family == Family::Qwen3VlReranker)?;
        let Some(vision) = &self.vision else { return Ok(()) };
        vision.check()?;
        if vision.out_hidden_size != self.text.hidden_size {
            return Err(ModelError::Config(
                "the vision tower's out_hidden_size is not the decoder's hidden_size".into(),
            ));
        }
        Ok(())
    }
}

fn parse<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, ModelError> {
    T::deserialize(value).map_err(|e| ModelError::Config(e.to_string()))
}

/// Every size is at least one and at most its limit.
fn check_sizes(sizes: &[(&str, usize, usize)]) -> Result<(), ModelError> {
    match sizes.iter().find(|(_, value, limit)| *value == 0 || value > limit) {
        Some((name, value, limit)) => Err(ModelError::Config(format!("{name} is {value}; expected 1 to {limit}"))),
        None => Ok(()),
    }
}

/// What the attention kernel takes; every published model's heads are 64, 72 or 128 wide.
fn check_head(width: usize) -> Result<(), ModelError> {
    if width.is_multiple_of(4) && width <= MAX_HEAD {
        return Ok(());
    }
    Err(ModelError::Unsupported(format!("its heads are {width} wide; multiples of 4 up to {MAX_HEAD} are run")))
}
