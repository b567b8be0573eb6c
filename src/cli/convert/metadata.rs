//! The metadata of the output files, with the keys, types and values that llama.cpp's own converter writes.

use super::error::ConvertError;
use super::file_type::FileType;
use super::hugging_face::{HuggingFaceModel, Purpose};
use crate::model::{ACTIVATION_KEY, Family, Pooling, TextConfig, VisionConfig, head_places};
use crate::prompt::TextLayout;
use crate::weights::gguf::{Field, embedded_fields};

/// `GGML_QNT_VERSION`: the version of the block formats, the same in every GGUF file so far.
const QUANTIZATION_VERSION: u32 = 2;
/// `LLAMA_POOLING_TYPE_RANK`: the last token goes through a classifier.
pub const POOLING_RANK: u32 = 4;
/// Transformers hard-codes the epsilon of the tower's layer norms; no configuration names it.
const VISION_LAYER_NORM_EPSILON: f32 = 1e-6;
/// Mean and standard deviation of each colour in the reference's preprocessing.
const IMAGE_MEAN_STD: f32 = 0.5;

/// The template of llama.cpp's server: the published prompt with its default instruction.
const TEXT_TEMPLATE: &str = "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n<|im_start|>user\n<Instruct>: Given a web search query, retrieve relevant passages that answer the query\n<Query>: {query}\n<Document>: {document}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n";
/// The published prompt of the vision model. llama.cpp's converter writes the text model's instead, which differs.
const VISION_TEMPLATE: &str = "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n<|im_start|>user\n<Instruct>: Given a search query, retrieve relevant candidates that answer the query.<Query>:{query}\n<Document>:{document}<|im_end|>\n<|im_start|>assistant\n";

/// Keys and values in the order of the file.
pub type MetadataFields = Vec<(String, Field)>;

/// Metadata of the text model.
pub fn text_fields(model: &HuggingFaceModel, file_type: FileType) -> Result<MetadataFields, ConvertError> {
    let arch = &architecture(model);
    let mut fields = general_fields(arch, "model", &model.name, file_type);
    push_sizes(arch, &model.text, model.context_length, &mut fields);
    if let Some(vision) = model.config.vision() {
        let [t, h, w] = model.text.mrope_sections;
        let sections = [t, h, w, 0].map(|n| n as i32).to_vec();
        fields.push((format!("{arch}.rope.dimension_sections"), Field::I32s(sections)));
        fields.push((format!("{arch}.n_deepstack_layers"), number(vision.deepstack().count())));
    }
    push_tokenizer(model, &mut fields);
    match &model.purpose {
        Purpose::Rerank(_) => push_scoring(arch, model, &mut fields),
        Purpose::Embed { layout, files } => {
            fields.push((format!("{arch}.pooling_type"), pooling_number(model.config.pooling())));
            push_text_layout(layout, &mut fields);
            if !files.is_empty() {
                fields.extend(embedded_fields(files).map_err(ConvertError::FileTooLong)?);
            }
        }
    }
    Ok(fields)
}

/// llama.cpp's name of the decoder. It would leave out the modules behind the pooling of an embedding model, so such a file
/// has a name that it refuses.
fn architecture(model: &HuggingFaceModel) -> String {
    let family = model.config.family();
    match family.spec().gguf_architecture {
        Some(name) if head_places(&model.config).is_empty() => name.to_owned(),
        _ => format!("secondpass-{}", family.name()),
    }
}

/// The pooling by llama.cpp's numbers.
pub fn pooling_number(pooling: Pooling) -> Field {
    Field::U32(match pooling {
        Pooling::Mean => 1,
        Pooling::FirstToken => 2,
        Pooling::LastToken => 3,
    })
}

/// What the answers are, and the prompt that asks for them.
fn push_scoring(arch: &str, model: &HuggingFaceModel, fields: &mut MetadataFields) {
    let family = model.config.family();
    fields.push((format!("{arch}.pooling_type"), Field::U32(POOLING_RANK)));
    let answers = ["yes", "no"].map(str::to_owned).to_vec();
    fields.push((format!("{arch}.classifier.output_labels"), Field::Strings(answers)));
    let template = match family {
        Family::Qwen3Reranker => Some(TEXT_TEMPLATE),
        Family::Qwen3VlReranker => Some(VISION_TEMPLATE),
        // llama.cpp has no head for it.
        _ => None,
    };
    if let Some(template) = template {
        fields.push(("tokenizer.chat_templates".to_owned(), Field::Strings(vec!["rerank".to_owned()])));
        fields.push(("tokenizer.chat_template.rerank".to_owned(), Field::String(template.to_owned())));
    }
    if model.config.activation != family.spec().activation {
        fields.push((ACTIVATION_KEY.to_owned(), Field::String(model.config.activation.name().to_owned())));
    }
}

/// The special tokens around a text of which a vector is made.
fn push_text_layout(TextLayout { before, after }: &TextLayout, fields: &mut MetadataFields) {
    for (name, token) in [("bos", before.first()), ("eos", after.last())] {
        let key = format!("tokenizer.ggml.add_{name}_token");
        fields.retain(|(other, _)| *other != key);
        fields.push((key, Field::Bool(token.is_some())));
        if let Some(&id) = token {
            let key = format!("tokenizer.ggml.{name}_token_id");
            fields.retain(|(other, _)| *other != key);
            fields.push((key, Field::U32(id)));
        }
    }
}

/// The configuration's checks keep sizes far below `u32::MAX`.
pub fn number(n: usize) -> Field {
    Field::U32(u32::try_from(n).unwrap_or(u32::MAX))
}

/// The keys that every file begins with.
pub fn general_fields(arch: &str, general_type: &str, name: &str, file_type: FileType) -> MetadataFields {
    vec![
        ("general.architecture".to_owned(), Field::String(arch.to_owned())),
        ("general.type".to_owned(), Field::String(general_type.to_owned())),
        ("general.name".to_owned(), Field::String(name.to_owned())),
        ("general.file_type".to_owned(), Field::U32(file_type.ftype())),
        ("general.quantization_version".to_owned(), Field::U32(QUANTIZATION_VERSION)),
    ]
}

fn push_sizes(arch: &str, c: &TextConfig, context_length: u32, fields: &mut MetadataFields) {
    let mut add = |leaf: &str, field: Field| fields.push((format!("{arch}.{leaf}"), field));
    add("block_count", number(c.num_hidden_layers));
    add("context_length", Field::U32(context_length));
    add("embedding_length", number(c.hidden_size));
    add("feed_forward_length", number(c.intermediate_size));
    add("attention.head_count", number(c.num_attention_heads));
    add("attention.head_count_kv", number(c.num_key_value_heads));
    add("attention.key_length", number(c.head_dim));
    add("attention.value_length", number(c.head_dim));
    add("attention.layer_norm_rms_epsilon", Field::F32(c.rms_norm_eps as f32));
    add("rope.freq_base", Field::F32(c.rope_theta as f32));
}

fn push_tokenizer(model: &HuggingFaceModel, fields: &mut MetadataFields) {
    let vocab = &model.vocab;
    let mut add = |leaf: &str, field: Field| fields.push((format!("tokenizer.ggml.{leaf}"), field));
    add("model", Field::String("gpt2".to_owned()));
    add("pre", Field::String("qwen2".to_owned()));
    add("tokens", Field::Strings(vocab.tokens.clone()));
    add("token_type", Field::I32s(vocab.token_types.clone()));
    add("merges", Field::Strings(vocab.merges.clone()));
    if let Some(id) = vocab.eos_id {
        add("eos_token_id", Field::U32(id));
    }
    if let Some(id) = vocab.padding_id {
        add("padding_token_id", Field::U32(id));
    }
    add("add_bos_token", Field::Bool(false));
}

/// Metadata of the vision tower.
pub fn vision_fields(model: &HuggingFaceModel, c: &VisionConfig, file_type: FileType) -> MetadataFields {
    let mut fields = general_fields("clip", "mmproj", &model.name, file_type);
    let mut add = |leaf: &str, field: Field| fields.push((format!("clip.{leaf}"), field));
    add("has_vision_encoder", Field::Bool(true));
    add("projector_type", Field::String("qwen3vl_merger".to_owned()));
    add("use_gelu", Field::Bool(true));
    add("vision.image_size", number(c.position_side() * c.patch_size));
    add("vision.patch_size", number(c.patch_size));
    add("vision.embedding_length", number(c.hidden_size));
    add("vision.feed_forward_length", number(c.intermediate_size));
    add("vision.block_count", number(c.depth));
    add("vision.attention.head_count", number(c.num_heads));
    add("vision.projection_dim", number(c.out_hidden_size));
    add("vision.attention.layer_norm_epsilon", Field::F32(VISION_LAYER_NORM_EPSILON));
    add("vision.spatial_merge_size", number(c.spatial_merge_size));
    add("vision.image_mean", Field::F32s(vec![IMAGE_MEAN_STD; 3]));
    add("vision.image_std", Field::F32s(vec![IMAGE_MEAN_STD; 3]));
    let deepstack = (0..c.depth).map(|block| c.deepstack_visual_indexes.contains(&block)).collect();
    add("vision.is_deepstack_layers", Field::Bools(deepstack));
    fields
}

/// Metadata of one part of a split model. `index` counts from 0; `tensors` are those of all parts.
pub fn split_fields(index: usize, parts: usize, tensors: usize) -> MetadataFields {
    let short = |n: usize| Field::U16(u16::try_from(n).unwrap_or(u16::MAX));
    vec![
        ("split.no".to_owned(), short(index)),
        ("split.count".to_owned(), short(parts)),
        ("split.tensors.count".to_owned(), Field::I32(i32::try_from(tensors).unwrap_or(i32::MAX))),
    ]
}
