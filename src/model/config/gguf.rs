//! The sizes of a model from the metadata of its GGUF files.

use super::text::TextConfig;
use super::vision::VisionConfig;
use super::{Config, Family};
use crate::model::ModelError;
use crate::weights::WeightsError;
use crate::weights::gguf::{GgufHeader, Metadata, Value};

/// Frames of a patch in every published tower; the file keeps them as two tensors and names no number.
const TEMPORAL_PATCH: usize = 2;

impl Config {
    /// From the header of the text model, those of its other parts if it was split, and that of the vision tower where
    /// there is one.
    pub fn from_gguf(
        text: &GgufHeader,
        others: &[&GgufHeader],
        vision: Option<&GgufHeader>,
    ) -> Result<Self, ModelError> {
        let metadata = &text.metadata;
        let family = match metadata.string("general.architecture") {
            Some("qwen3") => Family::Qwen3Reranker,
            Some("qwen3vl") => Family::Qwen3VlReranker,
            Some("clip") => {
                return Err(ModelError::Unsupported(
                    "this GGUF file is a vision tower (mmproj); give it as the vision file, beside the text model"
                        .into(),
                ));
            }
            other => {
                return Err(ModelError::Unsupported(format!(
                    "this GGUF file's architecture is {}; secondpass runs qwen3 and qwen3vl rerankers",
                    other.unwrap_or("not named")
                )));
            }
        };
        if family == Family::Qwen3Reranker && vision.is_some() {
            return Err(ModelError::Unsupported("a vision file was given, but the model reads text only".into()));
        }
        let vision = vision.map(vision_config).transpose()?;
        Self::new(family, text_config(text, others)?, vision, None)
    }
}

fn text_config(header: &GgufHeader, others: &[&GgufHeader]) -> Result<TextConfig, ModelError> {
    let m = &header.metadata;
    let arch = m.string("general.architecture").unwrap_or_default();
    let key = |leaf: &str| format!("{arch}.{leaf}");
    let number = |leaf: &str| m.required_number(&key(leaf));
    let heads = number("attention.head_count")?;
    let hidden_size = number("embedding_length")?;
    // The first part of a split file may hold no tensor at all.
    let mut tensors = header.tensors.iter().chain(others.iter().flat_map(|part| &part.tensors));
    let table = tensors.find(|t| t.name == "token_embd.weight");
    let vocab_size = table.and_then(|t| t.shape.first().copied()).ok_or_else(|| WeightsError::Tensor {
        tensor: "token_embd.weight".into(),
        detail: "the file does not hold it".into(),
    })?;
    let eps = m.float(&key("attention.layer_norm_rms_epsilon"));
    let sections = m.numbers(&key("rope.dimension_sections"));
    Ok(TextConfig::new(
        [
            hidden_size,
            number("block_count")?,
            heads,
            m.number(&key("attention.head_count_kv")).unwrap_or(heads),
            m.number(&key("attention.key_length")).unwrap_or(hidden_size / heads.max(1)),
            number("feed_forward_length")?,
            vocab_size,
        ],
        eps.unwrap_or(1e-6),
        m.float(&key("rope.freq_base")),
        sections.map(|s| s.iter().take(3).map(|&n| n as usize).collect()),
    ))
}

fn vision_config(header: &GgufHeader) -> Result<VisionConfig, ModelError> {
    let m = &header.metadata;
    match m.string("clip.projector_type").or(m.string("clip.vision.projector_type")) {
        Some("qwen3vl_merger") => {}
        other => {
            return Err(ModelError::Unsupported(format!(
                "the vision file's projector is {}; secondpass runs qwen3vl_merger",
                other.unwrap_or("not named")
            )));
        }
    }
    let number = |leaf: &str| m.required_number(&format!("clip.vision.{leaf}"));
    let table = header.tensors.iter().find(|t| t.name == "v.position_embd.weight");
    let merger = header.tensors.iter().find(|t| t.name == "mm.2.weight");
    let first = |tensor: Option<&crate::weights::gguf::GgufTensor>| tensor.and_then(|t| t.shape.first().copied());
    Ok(VisionConfig::new(
        [
            number("block_count")?,
            number("embedding_length")?,
            number("feed_forward_length")?,
            number("attention.head_count")?,
            number("patch_size")?,
            TEMPORAL_PATCH,
            m.number("clip.vision.spatial_merge_size").unwrap_or(2),
            first(merger).unwrap_or(number("projection_dim")?),
            first(table).ok_or_else(|| m.missing("v.position_embd.weight"))?,
        ],
        deepstack(m),
    ))
}

/// The numbers of the blocks after which features are taken.
fn deepstack(metadata: &Metadata) -> Vec<usize> {
    match metadata.get("clip.vision.is_deepstack_layers") {
        Some(Value::Numbers(flags)) => flags.iter().enumerate().filter(|(_, f)| **f != 0.0).map(|(i, _)| i).collect(),
        _ => Vec::new(),
    }
}
