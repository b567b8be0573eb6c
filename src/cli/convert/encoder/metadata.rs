//! The metadata of an encoder's file: llama.cpp's keys, and the model's own small files.

use super::super::error::ConvertError;
use super::super::file_type::FileType;
use super::super::metadata::{MetadataFields, POOLING_RANK, general_fields, number, pooling_number};
use super::architecture::{architecture, global_period};
use super::model::EncoderModel;
use crate::model::{EncoderConfig, Family, Task};
use crate::prompt::PairLayout;
use crate::weights::gguf::{Field, embedded_fields};

/// Keys and values in the order of the file.
pub fn encoder_fields(model: &EncoderModel, file_type: FileType) -> Result<MetadataFields, ConvertError> {
    let Some(encoder) = model.config.encoder() else { unreachable!("an encoder's configuration") };
    let arch = architecture(model);
    let mut fields = general_fields(&arch, "model", &model.name, file_type);
    let mut add = |leaf: &str, field: Field| fields.push((format!("{arch}.{leaf}"), field));
    add("block_count", number(encoder.layers.len()));
    add("context_length", number(encoder.max_tokens));
    add("embedding_length", number(encoder.hidden_size));
    add("feed_forward_length", number(encoder.intermediate_size));
    add("vocab_size", number(encoder.vocab_size));
    add("attention.head_count", number(encoder.num_attention_heads));
    add("attention.layer_norm_epsilon", Field::F32(encoder.norm_eps as f32));
    add("attention.causal", Field::Bool(false));
    let pooling = pooling_number(encoder.pooling);
    match model.task {
        Task::Embed => add("pooling_type", pooling),
        Task::Rerank => {
            add("pooling_type", Field::U32(POOLING_RANK));
            add("classifier.output_labels", Field::Strings(vec![label(model)]));
            if model.config.family() == Family::ModernBert {
                add("classifier.pooling_type", pooling);
            }
        }
    }
    if model.config.family() == Family::ModernBert {
        add("hidden_activation", Field::String("gelu".to_owned()));
        add_windows(encoder, &mut add);
    }
    add_tokenizer(model, encoder, &mut fields);
    fields.extend(embedded_fields(&model.files).map_err(ConvertError::FileTooLong)?);
    Ok(fields)
}

/// The name of the only class.
fn label(model: &EncoderModel) -> String {
    let label = model.json.pointer("/id2label/0").and_then(serde_json::Value::as_str);
    label.unwrap_or("LABEL_0").to_owned()
}

/// The window, which layers have it, and the rotary bases of both kinds of layers.
fn add_windows(encoder: &EncoderConfig, add: &mut impl FnMut(&str, Field)) {
    if let Some(window) = encoder.layers.iter().find_map(|layer| layer.window) {
        add("attention.sliding_window", number(2 * window));
    }
    if let Some(period) = global_period(encoder) {
        add("attention.sliding_window_pattern", number(period));
    }
    let theta = |is_local: bool| {
        let layer = encoder.layers.iter().find(|layer| layer.window.is_some() == is_local)?;
        Some(Field::F32(layer.rotary?.theta as f32))
    };
    add("rope.scaling.type", Field::String("none".to_owned()));
    for (leaf, theta) in [("rope.freq_base", theta(false)), ("rope.freq_base_swa", theta(true))] {
        if let Some(theta) = theta {
            add(leaf, theta);
        }
    }
}

fn add_tokenizer(model: &EncoderModel, encoder: &EncoderConfig, fields: &mut MetadataFields) {
    let vocabulary = &model.vocabulary;
    let mut add = |leaf: &str, field: Field| fields.push((format!("tokenizer.ggml.{leaf}"), field));
    add("model", Field::String(vocabulary.model.to_owned()));
    add("pre", Field::String(vocabulary.splits.to_owned()));
    add("tokens", Field::Strings(vocabulary.tokens.clone()));
    add("token_type", Field::I32s(vocabulary.token_types.clone()));
    add("token_type_count", number(encoder.token_types));
    if let Some(scores) = &vocabulary.scores {
        add("scores", Field::F32s(scores.clone()));
        add("add_space_prefix", Field::Bool(true));
        add("remove_extra_whitespaces", Field::Bool(true));
    }
    if let Some(charsmap) = &vocabulary.charsmap {
        add("precompiled_charsmap", Field::U8s(charsmap.clone()));
    }
    if let Some(merges) = &vocabulary.merges {
        add("merges", Field::Strings(merges.clone()));
    }
    for (leaf, id) in special_ids(model) {
        if let Some(id) = id {
            add(&format!("{leaf}_token_id"), Field::U32(id));
        }
    }
    // llama.cpp joins a pair as: first, query, last, separator if asked for, document, last.
    let PairLayout { before, between, after, .. } = &model.layout;
    add("add_bos_token", Field::Bool(!before.is_empty()));
    add("add_eos_token", Field::Bool(!after.is_empty()));
    add("add_sep_token", Field::Bool(between.len() > 1));
}

/// The special tokens by llama.cpp's names for them, one of which is misspelled in every file.
fn special_ids(model: &EncoderModel) -> [(&'static str, Option<u32>); 7] {
    let PairLayout { before, between, after, .. } = &model.layout;
    let padding = model.json.get("pad_token_id").and_then(serde_json::Value::as_u64);
    [
        ("bos", before.first().copied()),
        ("eos", after.first().copied()),
        ("seperator", between.last().copied()),
        ("cls", before.first().copied()),
        ("unknown", model.vocabulary.unknown),
        ("padding", padding.and_then(|id| u32::try_from(id).ok())),
        ("mask", model.vocabulary.mask),
    ]
}
