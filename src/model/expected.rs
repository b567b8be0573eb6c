//! Every tensor that a model needs, so that an incomplete file is refused before any of its gigabytes is read.

use super::{Config, ModelError, TextConfig, VisionConfig};
use crate::weights::Checkpoint;
use crate::weights::WeightsError;

/// How many missing tensors a message names.
const NAMED: usize = 5;

/// A tensor's name, and the shape that it must have.
pub type Expected = (String, Vec<usize>);

/// All of them but the head, which has several forms.
pub fn expected(config: &Config) -> Vec<Expected> {
    let mut list = decoder(&config.text);
    if let Some(vision) = &config.vision {
        list.extend(tower(vision));
    }
    list
}

/// Refuses a checkpoint that lacks a tensor, naming the first few.
pub fn check_complete(checkpoint: &Checkpoint, config: &Config) -> Result<(), ModelError> {
    let missing: Vec<Expected> = expected(config)
        .into_iter()
        .filter(|(name, _)| !checkpoint.mentions(name) && !is_split_patch(checkpoint, name))
        .collect();
    let Some((first, _)) = missing.first() else { return Ok(()) };
    let names: Vec<&str> = missing.iter().take(NAMED).map(|(name, _)| name.as_str()).collect();
    let more = if missing.len() > NAMED { format!(" and {} more", missing.len() - NAMED) } else { String::new() };
    let detail = format!("the file lacks {}{more}; is it a complete checkpoint of this model?", names.join(", "));
    Err(WeightsError::Tensor { tensor: first.clone(), detail }.into())
}

/// GGUF keeps the patches' weights as a tensor for each frame.
fn is_split_patch(checkpoint: &Checkpoint, name: &str) -> bool {
    name == "visual.patch_embed.proj.weight" && checkpoint.mentions(&format!("{name}.0"))
}

fn decoder(c: &TextConfig) -> Vec<Expected> {
    let (d, hd, inner) = (c.hidden_size, c.head_dim, c.intermediate_size);
    let (q, kv) = (c.num_attention_heads * hd, c.num_key_value_heads * hd);
    let leaves: [(&str, Vec<usize>); 11] = [
        ("input_layernorm", vec![d]),
        ("self_attn.q_proj", vec![q, d]),
        ("self_attn.k_proj", vec![kv, d]),
        ("self_attn.v_proj", vec![kv, d]),
        ("self_attn.o_proj", vec![d, q]),
        ("self_attn.q_norm", vec![hd]),
        ("self_attn.k_norm", vec![hd]),
        ("post_attention_layernorm", vec![d]),
        ("mlp.gate_proj", vec![inner, d]),
        ("mlp.up_proj", vec![inner, d]),
        ("mlp.down_proj", vec![d, inner]),
    ];
    let mut list = vec![("embed_tokens.weight".into(), vec![c.vocab_size, d]), ("norm.weight".into(), vec![d])];
    for i in 0..c.num_hidden_layers {
        list.extend(leaves.iter().map(|(leaf, shape)| (format!("layers.{i}.{leaf}.weight"), shape.clone())));
    }
    list
}

fn tower(c: &VisionConfig) -> Vec<Expected> {
    let (width, inner, merged) = (c.hidden_size, c.intermediate_size, c.merged_width());
    let (t, p) = (c.temporal_patch_size, c.patch_size);
    let mut list = vec![
        ("visual.patch_embed.proj.weight".into(), vec![width, 3, t, p, p]),
        ("visual.patch_embed.proj.bias".into(), vec![width]),
        ("visual.pos_embed.weight".into(), vec![c.num_position_embeddings, width]),
    ];
    let mut both = |name: String, shape: Vec<usize>| {
        list.push((format!("{name}.bias"), vec![shape[0]]));
        list.push((format!("{name}.weight"), shape));
    };
    for i in 0..c.depth {
        let name = |leaf: &str| format!("visual.blocks.{i}.{leaf}");
        both(name("norm1"), vec![width]);
        both(name("attn.qkv"), vec![3 * width, width]);
        both(name("attn.proj"), vec![width, width]);
        both(name("norm2"), vec![width]);
        both(name("mlp.linear_fc1"), vec![inner, width]);
        both(name("mlp.linear_fc2"), vec![width, inner]);
    }
    let levels = c.deepstack().map(|(k, _)| (format!("visual.deepstack_merger_list.{k}"), merged));
    for (name, normed) in levels.chain([("visual.merger".to_owned(), width)]) {
        both(format!("{name}.norm"), vec![normed]);
        both(format!("{name}.linear_fc1"), vec![merged, merged]);
        both(format!("{name}.linear_fc2"), vec![c.out_hidden_size, merged]);
    }
    list
}
