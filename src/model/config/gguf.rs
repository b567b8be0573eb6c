//! Configurations in the metadata of GGUF files.

use super::encoder::{Pooling, Positions};
use super::gguf_encoder::{ForeignEncoder, foreign_encoder};
use super::model::{ConfigOrigin, ModelConfig, TrunkConfig};
use super::scoring::{ACTIVATION_KEY, ScoreActivation};
use super::text::{TextConfig, mrope_sections};
use super::vision::VisionConfig;
use crate::model::error::{ConfigError, ModelError};
use crate::model::family::{Family, TowerSpec};
use crate::weights::WeightsError;
use crate::weights::gguf::{GgufHeader, GgufTensor, Metadata, Value};

/// Frames of a patch in every published tower. The file holds one tensor for each of the two, and no number.
const TEMPORAL_PATCH_SIZE: usize = 2;

/// The epsilon of files that do not give one.
const DEFAULT_RMS_NORM_EPS: f64 = 1e-6;

const TOKEN_TABLE: &str = "token_embd.weight";
const POSITION_TABLE: &str = "v.position_embd.weight";
const PROJECTOR_OUTPUT: &str = "mm.2.weight";

impl ModelConfig {
    /// From the header of the text model, those of its other parts if it was split, and that of the vision tower if there
    /// is one.
    pub fn from_gguf(
        text: &GgufHeader,
        other_parts: &[&GgufHeader],
        vision: Option<&GgufHeader>,
    ) -> Result<Self, ModelError> {
        let file = text.metadata.file();
        let family = family(&text.metadata).map_err(|e| e.in_file(file))?;
        if let (false, Some(vision)) = (family.has_vision(), vision) {
            let message = "a vision file was given, but the model reads text only";
            return Err(ConfigError::Unsupported(message.to_owned()).in_file(vision.metadata.file()));
        }
        if family.is_encoder() {
            let vocab_size = vocab_size(text, other_parts)?;
            let ForeignEncoder { config, warnings } = foreign_encoder(text, other_parts, family, vocab_size)?;
            let mut config = Self::encoder_from(family, config, None, family.spec().activation);
            config.warnings = warnings;
            return Ok(config);
        }
        let origin = ConfigOrigin { text: file, vision: vision.map_or(file, |header| header.metadata.file()) };
        let vision = vision.zip(family.tower()).map(|(header, tower)| vision_config(header, tower)).transpose()?;
        let mut config = Self::decoder_from(family, text_config(text, other_parts, family)?, vision, None, &origin)?;
        config.activation = activation(&text.metadata, config.activation).map_err(|e| e.in_file(file))?;
        Ok(config)
    }

    /// The same model in a GGUF file, where the table of positions begins with the first token's.
    pub fn in_gguf(mut self) -> Self {
        if let TrunkConfig::Encoder(encoder) = &mut self.trunk
            && let Positions::Learned { rows, first } = encoder.positions
        {
            encoder.positions = Positions::Learned { rows: rows.saturating_sub(first), first: 0 };
        }
        self
    }
}

/// What `secondpass convert` says of a classifier's scores, or what the family's are made by.
fn activation(metadata: &Metadata, of_family: ScoreActivation) -> Result<ScoreActivation, ConfigError> {
    match metadata.get(ACTIVATION_KEY) {
        None => Ok(of_family),
        Some(value) => {
            let name = if let Value::String(name) = value { name.as_str() } else { "no text" };
            ScoreActivation::from_name(name).ok_or_else(|| {
                ConfigError::Unsupported(format!(
                    "its {ACTIVATION_KEY} is {name}; sigmoid, identity and tanh are supported"
                ))
            })
        }
    }
}

/// The pooling that a file of an embedding model names.
pub fn embedding_pooling(metadata: &Metadata) -> Result<Option<Pooling>, ModelError> {
    let architecture = metadata.string("general.architecture").unwrap_or_default();
    let refuse = |message: String| Err(ConfigError::Unsupported(message).in_file(metadata.file()));
    match metadata.number(&format!("{architecture}.pooling_type")) {
        None => Ok(None),
        Some(1) => Ok(Some(Pooling::Mean)),
        Some(2) => Ok(Some(Pooling::FirstToken)),
        Some(3) => Ok(Some(Pooling::LastToken)),
        Some(4) => refuse("its pooling is \"rank\": it is a reranker, not an embedding model".to_owned()),
        Some(other) => refuse(format!("its pooling_type is {other}; 1 (mean), 2 (cls) and 3 (last) are supported")),
    }
}

fn family(metadata: &Metadata) -> Result<Family, ConfigError> {
    let architecture = metadata.string("general.architecture");
    if architecture == Some("clip") {
        let message = "this GGUF file is a vision tower (mmproj); give it as the vision file, beside the text model";
        return Err(ConfigError::Unsupported(message.to_owned()));
    }
    architecture.and_then(Family::from_gguf_architecture).ok_or_else(|| {
        let known: Vec<&str> = Family::ALL.iter().filter_map(|family| family.spec().gguf_architecture).collect();
        ConfigError::Unsupported(format!(
            "this GGUF file's architecture is {}; secondpass runs {} rerankers",
            architecture.unwrap_or("not named"),
            known.join(", ")
        ))
    })
}

/// Rows of the embedding table. The first part of a split file may hold no tensors.
fn vocab_size(header: &GgufHeader, other_parts: &[&GgufHeader]) -> Result<usize, WeightsError> {
    let mut tensors = header.tensors.iter().chain(other_parts.iter().flat_map(|part| &part.tensors));
    let table = tensors.find(|tensor| tensor.name == TOKEN_TABLE);
    table.and_then(|tensor| tensor.shape.first().copied()).ok_or_else(|| WeightsError::Tensor {
        tensor: TOKEN_TABLE.to_owned(),
        detail: "the file does not hold it".to_owned(),
    })
}

fn text_config(header: &GgufHeader, other_parts: &[&GgufHeader], family: Family) -> Result<TextConfig, ModelError> {
    let metadata = &header.metadata;
    let key = |leaf: &str| format!("{}.{leaf}", family.spec().gguf_architecture.unwrap_or_default());
    let number = |leaf: &str| metadata.required_number(&key(leaf));
    let num_attention_heads = number("attention.head_count")?;
    let hidden_size = number("embedding_length")?;
    let default_head_dim = hidden_size / num_attention_heads.max(1);
    let head_dim = metadata.number(&key("attention.key_length")).unwrap_or(default_head_dim);
    let sections: Option<Vec<usize>> = metadata
        .numbers(&key("rope.dimension_sections"))
        .map(|sections| sections.iter().take(3).map(|&n| n as usize).collect());
    check_sections(sections.as_deref(), family).map_err(|e| e.in_file(metadata.file()))?;
    Ok(TextConfig {
        attention: family.attention_style(),
        hidden_size,
        num_hidden_layers: number("block_count")?,
        num_attention_heads,
        num_key_value_heads: metadata.number(&key("attention.head_count_kv")).unwrap_or(num_attention_heads),
        head_dim,
        intermediate_size: number("feed_forward_length")?,
        vocab_size: vocab_size(header, other_parts)?,
        rms_norm_eps: metadata.float(&key("attention.layer_norm_rms_epsilon")).unwrap_or(DEFAULT_RMS_NORM_EPS),
        rope_theta: metadata.float(&key("rope.freq_base")).unwrap_or(family.default_rope_theta()),
        mrope_sections: mrope_sections(head_dim, sections.as_deref()),
        rotary_order: family.rotary_order(),
    })
}

fn check_sections(sections: Option<&[usize]>, family: Family) -> Result<(), ConfigError> {
    match sections {
        Some(_) if !family.has_vision() => {
            Err(ConfigError::Unsupported("it asks for rope.dimension_sections, which no text reranker uses".to_owned()))
        }
        Some(sections) if sections.len() < 3 => Err(ConfigError::Invalid(
            "rope.dimension_sections must be three numbers: time, height and width".to_owned(),
        )),
        _ => Ok(()),
    }
}

fn vision_config(header: &GgufHeader, style: &'static TowerSpec) -> Result<VisionConfig, ModelError> {
    let metadata = &header.metadata;
    match metadata.string("clip.projector_type").or(metadata.string("clip.vision.projector_type")) {
        Some("qwen3vl_merger") => {}
        other => {
            let message = format!(
                "the vision file's projector is {}; secondpass runs qwen3vl_merger",
                other.unwrap_or("not named")
            );
            return Err(ConfigError::Unsupported(message).in_file(metadata.file()));
        }
    }
    let number = |leaf: &str| metadata.required_number(&format!("clip.vision.{leaf}"));
    let first_dimension = |name: &str| {
        let tensor: Option<&GgufTensor> = header.tensors.iter().find(|tensor| tensor.name == name);
        tensor.and_then(|tensor| tensor.shape.first().copied())
    };
    Ok(VisionConfig {
        depth: number("block_count")?,
        hidden_size: number("embedding_length")?,
        intermediate_size: number("feed_forward_length")?,
        num_heads: number("attention.head_count")?,
        patch_size: number("patch_size")?,
        temporal_patch_size: TEMPORAL_PATCH_SIZE,
        spatial_merge_size: metadata.number("clip.vision.spatial_merge_size").unwrap_or(2),
        out_hidden_size: match first_dimension(PROJECTOR_OUTPUT) {
            Some(width) => width,
            None => number("projection_dim")?,
        },
        num_position_embeddings: first_dimension(POSITION_TABLE).ok_or_else(|| metadata.missing(POSITION_TABLE))?,
        deepstack_visual_indexes: deepstack_blocks(metadata),
        style,
        limits: style.limits,
    })
}

/// The blocks whose output the deepstack mergers take.
fn deepstack_blocks(metadata: &Metadata) -> Vec<usize> {
    match metadata.get("clip.vision.is_deepstack_layers") {
        Some(Value::Numbers(flags)) => flags.iter().enumerate().filter(|(_, f)| **f != 0.0).map(|(i, _)| i).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::bytes::MemorySource;
    use crate::weights::gguf::read_header;

    /// A file without tensors that names an architecture.
    fn header(file: &str, architecture: &str) -> GgufHeader {
        const STRING: u32 = 8;
        let text = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
        let bytes = [
            b"GGUF".to_vec(),
            3u32.to_le_bytes().to_vec(),
            0u64.to_le_bytes().to_vec(),
            1u64.to_le_bytes().to_vec(),
            text("general.architecture"),
            STRING.to_le_bytes().to_vec(),
            text(architecture),
        ];
        block_on(read_header(&MemorySource::new(file, bytes.concat()))).expect("a header")
    }

    #[test]
    fn errors_name_the_file_that_is_at_fault() {
        let refused = |architecture: &str, vision: Option<&str>| {
            let vision = vision.map(|architecture| header("mmproj.gguf", architecture));
            let error = ModelConfig::from_gguf(&header("model.gguf", architecture), &[], vision.as_ref());
            let error = error.expect_err("a refusal");
            (error.to_string(), error.code())
        };
        for (architecture, vision, file) in [
            ("llama", None, "model.gguf"),
            ("clip", None, "model.gguf"),
            ("qwen3", Some("clip"), "mmproj.gguf"),
            ("qwen3vl", Some("clip"), "mmproj.gguf"),
        ] {
            let (message, code) = refused(architecture, vision);
            assert!(message.starts_with(&format!("{file}: ")), "{message}");
            assert_eq!(code, "unsupported_model", "{message}");
        }
    }
}
