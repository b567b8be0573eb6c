//! Configurations of encoders in the metadata of GGUF files that other programs wrote. Files of `secondpass convert` hold
//! the model's own configuration, and are read by that.

use super::encoder::{EncoderBiases, EncoderConfig, LayerAttention, Pooling, Positions, Rotary};
use crate::model::error::{ConfigError, ModelError};
use crate::model::family::{Family, POSITION_TABLE};
use crate::model::layers::{Bias, MlpActivation};
use crate::weights::WeightsError;
use crate::weights::gguf::{GgufHeader, GgufTensor, Metadata, Value};

const TYPE_TABLE: &str = "token_types.weight";
/// The first stage of a head, and the second.
const HEAD_STAGES: [&str; 2] = ["cls.weight", "cls.output.weight"];

/// Values of llama.cpp's `LLAMA_POOLING_TYPE`.
const POOLING_MEAN: usize = 1;
const POOLING_FIRST_TOKEN: usize = 2;

/// What llama.cpp takes where a file of ModernBERT says nothing.
const DEFAULT_PATTERN: usize = 3;
const DEFAULT_GLOBAL_THETA: f64 = 160_000.0;
const DEFAULT_LOCAL_THETA: f64 = 10_000.0;

/// Where every file of this kind may differ from the model it was made of, and what was assumed.
pub struct ForeignEncoder {
    pub config: EncoderConfig,
    pub warnings: Vec<String>,
}

/// The metadata and tensors of a file and its other parts.
struct EncoderFile<'a> {
    metadata: &'a Metadata,
    architecture: &'a str,
    tensors: Vec<&'a GgufTensor>,
}

/// Reads the sizes of an encoder, and refuses files that llama.cpp's converter made incomplete.
pub fn foreign_encoder(
    header: &GgufHeader,
    other_parts: &[&GgufHeader],
    family: Family,
    vocab_size: usize,
) -> Result<ForeignEncoder, ModelError> {
    let file = EncoderFile {
        metadata: &header.metadata,
        architecture: family.spec().gguf_architecture.unwrap_or_default(),
        tensors: header.tensors.iter().chain(other_parts.iter().flat_map(|part| &part.tensors)).collect(),
    };
    let in_file = |e: ConfigError| e.in_file(header.metadata.file());
    file.check_head(family).map_err(in_file)?;
    let mut warnings = Vec::new();
    let config = file.config(family, vocab_size, &mut warnings)?;
    config.check().map_err(in_file)?;
    Ok(ForeignEncoder { config, warnings })
}

impl EncoderFile<'_> {
    fn key(&self, leaf: &str) -> String {
        format!("{}.{leaf}", self.architecture)
    }

    fn number(&self, leaf: &str) -> Result<usize, WeightsError> {
        self.metadata.required_number(&self.key(leaf))
    }

    fn tensor(&self, name: &str) -> Option<&GgufTensor> {
        self.tensors.iter().copied().find(|tensor| tensor.name == name)
    }

    /// Rows of a table whose only row may have lost its dimension.
    fn rows(&self, name: &str) -> Option<usize> {
        self.tensor(name).map(|tensor| if tensor.shape.len() < 2 { 1 } else { tensor.shape[0] })
    }

    /// llama.cpp's converter drops the pooler of BERT, so that a head of one stage computes something else than the model.
    fn check_head(&self, family: Family) -> Result<(), ConfigError> {
        let has = |name: &str| self.tensor(name).is_some();
        match HEAD_STAGES.map(has) {
            [true, true] if family == Family::JinaBert => unsupported(
                "files of this architecture are read only if `secondpass convert` wrote them: others lack what its tokenizer does",
            ),
            [true, true] => Ok(()),
            [false, false] => unsupported(
                "it has no head for scores (cls.output.weight): it is an embedding model, or lost its head in a conversion",
            ),
            _ => unsupported(
                "its head has one stage: the program that wrote the file dropped the model's pooler, without which scores are wrong. \
                 Load the model's own folder, or a file that `secondpass convert` made of it",
            ),
        }
    }

    fn config(
        &self,
        family: Family,
        vocab_size: usize,
        warnings: &mut Vec<String>,
    ) -> Result<EncoderConfig, ModelError> {
        let hidden_size = self.number("embedding_length")?;
        let is_modern = family == Family::ModernBert;
        let (positions, max_tokens) = match is_modern {
            true => (Positions::Rotary, self.number("context_length")?),
            false => {
                let rows = self.rows(POSITION_TABLE).ok_or_else(|| self.lacks(POSITION_TABLE))?;
                (Positions::Learned { rows, first: 0 }, rows)
            }
        };
        let bias = if is_modern { Bias::Absent } else { Bias::Present };
        Ok(EncoderConfig {
            hidden_size,
            embedding_size: hidden_size,
            num_attention_heads: self.number("attention.head_count")?,
            intermediate_size: self.number("feed_forward_length")?,
            vocab_size,
            token_types: self.rows(TYPE_TABLE).unwrap_or(0),
            norm_eps: self.epsilon()?,
            activation: self.activation().map_err(|e| e.in_file(self.metadata.file()))?,
            positions,
            layers: self.layers(is_modern)?,
            biases: EncoderBiases { norm: bias, qkv: bias, attention_output: bias, mlp_input: bias, mlp_output: bias },
            pooling: self.pooling(is_modern, warnings).map_err(|e| e.in_file(self.metadata.file()))?,
            max_tokens,
        })
    }

    fn lacks(&self, tensor: &str) -> WeightsError {
        WeightsError::Tensor { tensor: tensor.to_owned(), detail: "the file does not hold it".to_owned() }
    }

    fn epsilon(&self) -> Result<f64, WeightsError> {
        let key = self.key("attention.layer_norm_epsilon");
        self.metadata.float(&key).ok_or_else(|| self.metadata.missing(&key))
    }

    fn activation(&self) -> Result<MlpActivation, ConfigError> {
        match self.metadata.string(&self.key("hidden_activation")) {
            None | Some("gelu") => Ok(MlpActivation::Gelu),
            Some("gelu_new" | "gelu_pytorch_tanh") => Ok(MlpActivation::GeluTanh),
            Some(other) => {
                unsupported(&format!("its MLP's activation is {other}; gelu and its tanh forms are supported"))
            }
        }
    }

    fn layers(&self, is_modern: bool) -> Result<Vec<LayerAttention>, WeightsError> {
        // A hostile number of layers is refused by the check of sizes; here it must not allocate.
        let count = self.number("block_count")?.min(super::bounds::MAX_LAYERS + 1);
        if !is_modern {
            return Ok(vec![LayerAttention { window: None, rotary: None }; count]);
        }
        let window = self.number("attention.sliding_window")? / 2;
        let theta = |leaf: &str, default: f64| self.metadata.float(&self.key(leaf)).unwrap_or(default);
        let global = theta("rope.freq_base", DEFAULT_GLOBAL_THETA);
        let local = theta("rope.freq_base_swa", DEFAULT_LOCAL_THETA);
        let pattern = self.metadata.get(&self.key("attention.sliding_window_pattern"));
        let every = self.metadata.number(&self.key("attention.sliding_window_pattern")).unwrap_or(DEFAULT_PATTERN);
        let is_local = |layer: usize| match pattern {
            Some(Value::Numbers(flags)) => flags.get(layer).is_some_and(|&flag| flag != 0.0),
            _ => !layer.is_multiple_of(every.max(1)),
        };
        let layer = |layer: usize| {
            let (window, theta) = if is_local(layer) { (Some(window), local) } else { (None, global) };
            LayerAttention { window, rotary: Some(Rotary { theta, divisor: 1.0 }) }
        };
        Ok((0..count).map(layer).collect())
    }

    /// llama.cpp's converter names the pooling of ModernBERT since release b11273; files without it were run as the mean.
    fn pooling(&self, is_modern: bool, warnings: &mut Vec<String>) -> Result<Pooling, ConfigError> {
        if !is_modern {
            return Ok(Pooling::FirstToken);
        }
        let key = self.key("classifier.pooling_type");
        match self.metadata.get(&key).map(|_| self.metadata.number(&key)) {
            Some(Some(POOLING_FIRST_TOKEN)) => Ok(Pooling::FirstToken),
            Some(Some(POOLING_MEAN)) => Ok(Pooling::Mean),
            Some(_) => unsupported(&format!("its {key} is neither 1 (mean) nor 2 (first token)")),
            None => {
                warnings.push(format!(
                    "{} does not say which hidden states its head reads ({key}). The mean is taken, as llama.cpp does; scores are \
                     wrong if the model was trained with the first token. Files of `secondpass convert` say it.",
                    self.metadata.file()
                ));
                Ok(Pooling::Mean)
            }
        }
    }
}

fn unsupported<T>(message: &str) -> Result<T, ConfigError> {
    Err(ConfigError::Unsupported(message.to_owned()))
}
