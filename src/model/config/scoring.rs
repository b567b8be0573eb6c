//! What turns a logit into the score that a checkpoint's authors publish, and the order in which files say so.

use serde_json::Value;

use crate::model::error::ConfigError;

/// Where a GGUF file says it: `secondpass convert` writes the name, and no other program has a key for it.
pub const ACTIVATION_KEY: &str = "secondpass.activation";

/// What turns a logit into a published score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScoreActivation {
    /// The logistic function.
    Sigmoid,
    /// Nothing: the logit is the score.
    Identity,
    /// The hyperbolic tangent.
    Tanh,
    /// The logistic function of the logit less 2.65: jina-reranker-m0's.
    LoweredSigmoid,
}

/// What [`ScoreActivation::LoweredSigmoid`] subtracts.
const LOWERED_BY: f64 = 2.65;

impl ScoreActivation {
    /// As sentence-transformers decides: by its own configuration file, then by two keys of `config.json`, and the
    /// logistic function if none of them says anything.
    pub fn from_configs(config: &Value, sentence_transformers: Option<&Value>) -> Result<Self, ConfigError> {
        let own = sentence_transformers.and_then(|value| value.get("activation_fn"));
        let nested = config.get("sentence_transformers").and_then(|value| value.get("activation_fn"));
        let legacy = config.get("sbert_ce_default_activation_function");
        let class = [own, nested, legacy].into_iter().flatten().find_map(Value::as_str);
        match class.map(|class| class.rsplit('.').next().unwrap_or_default()) {
            None | Some("Sigmoid") => Ok(Self::Sigmoid),
            Some("Identity") => Ok(Self::Identity),
            Some("Tanh") => Ok(Self::Tanh),
            Some(other) => Err(ConfigError::Unsupported(format!(
                "its scores are made by {other}; Sigmoid, Identity and Tanh are supported"
            ))),
        }
    }

    /// By its name in `info`.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Sigmoid, Self::Identity, Self::Tanh, Self::LoweredSigmoid]
            .into_iter()
            .find(|activation| activation.name() == name)
    }

    /// The name in `info`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sigmoid => "sigmoid",
            Self::Identity => "identity",
            Self::Tanh => "tanh",
            Self::LoweredSigmoid => "lowered_sigmoid",
        }
    }

    /// The score that the checkpoint's authors publish.
    pub fn published(self, logit: f64) -> f64 {
        match self {
            Self::Sigmoid => sigmoid(logit),
            Self::Identity => logit,
            Self::Tanh => logit.tanh(),
            Self::LoweredSigmoid => sigmoid(logit - LOWERED_BY),
        }
    }
}

/// `1 / (1 + e^-x)`.
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
