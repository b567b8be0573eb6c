//! What `general.architecture` says: llama.cpp's name where llama.cpp computes the model rightly, else one of ours, so that
//! it refuses the file instead of giving wrong scores.

use super::model::EncoderModel;
use crate::model::{EncoderConfig, Family, HeadPlace, Pooling, Task, head_places};

/// llama.cpp's `bert` adds the first row of token types to every token, has `tanh` in its head and reads the first token;
/// its `modern-bert` has no biases, `gelu` in its head, and layers of both kinds in a regular order. Of an embedding model
/// it computes the pooling, and no layers behind that.
pub fn architecture(model: &EncoderModel) -> String {
    let Some(encoder) = model.config.encoder() else { unreachable!("an encoder's configuration") };
    let is_right = match model.config.family() {
        // All tokens of a text that stands alone have the first type.
        Family::Bert => model.task == Task::Embed && is_plain(encoder) && model.vocabulary.is_read_as_uncased,
        Family::Roberta | Family::JinaRoberta => {
            (model.task == Task::Embed || encoder.token_types <= 1) && is_plain(encoder)
        }
        Family::ModernBert => is_plain(encoder) && has_no_biases(model) && global_period(encoder).is_some(),
        _ => false,
    };
    let has_its_head = match model.task {
        Task::Rerank => model.config.head_modules.is_none(),
        Task::Embed => head_places(&model.config).is_empty(),
    };
    match model.config.family().spec().gguf_architecture {
        _ if !(is_right && has_its_head) => format!("secondpass-{}", model.config.family().name()),
        Some(name) => name.to_owned(),
        // Their specification is that of `bert` but for the names of tensors, or for the first position.
        None => "bert".to_owned(),
    }
}

/// The first of every so many layers sees everything, the others a window. None if the order is another.
pub fn global_period(encoder: &EncoderConfig) -> Option<usize> {
    let is_global = |layer: usize| encoder.layers[layer].window.is_none();
    let count = encoder.layers.len();
    let period = (1..count).find(|&layer| is_global(layer)).unwrap_or(count);
    (0..count).all(|layer| is_global(layer) == layer.is_multiple_of(period)).then_some(period)
}

fn is_plain(encoder: &EncoderConfig) -> bool {
    encoder.embedding_size == encoder.hidden_size && encoder.pooling != Pooling::LastToken
}

fn has_no_biases(model: &EncoderModel) -> bool {
    let Some(encoder) = model.config.encoder() else { return false };
    let biases = encoder.biases;
    let in_trunk = [biases.norm, biases.qkv, biases.attention_output, biases.mlp_input, biases.mlp_output];
    let places = head_places(&model.config);
    // The last layer's bias is the only one that the graph adds.
    let in_head = places.iter().take(places.len().saturating_sub(1));
    let has_bias = |place: &HeadPlace| model.checkpoint.mentions(&format!("{}.bias", place.at));
    !in_trunk.iter().any(|bias| bias.is_present()) && !in_head.into_iter().any(has_bias)
}
