//! llama.cpp's tensor names, and those of the published checkpoints without their prefixes.

/// A name in a GGUF file, and the one in a checkpoint.
type NamePair = (&'static str, &'static str);

const WHOLE: [NamePair; 13] = [
    ("token_embd.weight", "embed_tokens.weight"),
    ("output_norm.weight", "norm.weight"),
    ("output.weight", "lm_head.weight"),
    ("v.patch_embd.weight", "visual.patch_embed.proj.weight.0"),
    ("v.patch_embd.weight.1", "visual.patch_embed.proj.weight.1"),
    ("v.patch_embd.bias", "visual.patch_embed.proj.bias"),
    ("v.position_embd.weight", "visual.pos_embed.weight"),
    ("v.post_ln.weight", "visual.merger.norm.weight"),
    ("v.post_ln.bias", "visual.merger.norm.bias"),
    ("mm.0.weight", "visual.merger.linear_fc1.weight"),
    ("mm.0.bias", "visual.merger.linear_fc1.bias"),
    ("mm.2.weight", "visual.merger.linear_fc2.weight"),
    ("mm.2.bias", "visual.merger.linear_fc2.bias"),
];

const LAYER: NamePair = ("blk.", "layers.");
const LAYER_LEAVES: [NamePair; 11] = [
    ("attn_norm", "input_layernorm"),
    ("ffn_norm", "post_attention_layernorm"),
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("attn_q_norm", "self_attn.q_norm"),
    ("attn_k_norm", "self_attn.k_norm"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

const BLOCK: NamePair = ("v.blk.", "visual.blocks.");
const BLOCK_LEAVES: [NamePair; 6] = [
    ("ln1", "norm1"),
    ("ln2", "norm2"),
    ("attn_qkv", "attn.qkv"),
    ("attn_out", "attn.proj"),
    ("ffn_up", "mlp.linear_fc1"),
    ("ffn_down", "mlp.linear_fc2"),
];

const DEEPSTACK: NamePair = ("v.deepstack.", "visual.deepstack_merger_list.");
const DEEPSTACK_LEAVES: [NamePair; 3] = [("norm", "norm"), ("fc1", "linear_fc1"), ("fc2", "linear_fc2")];

/// The checkpoint's name of a tensor in a GGUF file; one without a counterpart keeps its name. `deepstack` are the
/// vision blocks from which features are taken: the file numbers its mergers by them.
///
/// ```
/// use secondpass::weights::gguf::canonical;
///
/// assert_eq!(canonical("blk.3.attn_q.weight", &[]), "layers.3.self_attn.q_proj.weight");
/// ```
pub fn canonical(name: &str, deepstack: &[usize]) -> String {
    to_canonical(name, deepstack).unwrap_or_else(|| name.to_owned())
}

fn to_canonical(name: &str, deepstack: &[usize]) -> Option<String> {
    if let Some((_, ours)) = WHOLE.iter().find(|(theirs, _)| *theirs == name) {
        return Some((*ours).to_owned());
    }
    let leaf_of =
        |table: &[NamePair], leaf: &str| table.iter().find(|(theirs, _)| *theirs == leaf).map(|(_, ours)| *ours);
    if let Some((number, leaf, kind)) = parts(name, LAYER.0) {
        return Some(format!("{}{number}.{}.{kind}", LAYER.1, leaf_of(&LAYER_LEAVES, leaf)?));
    }
    if let Some((number, leaf, kind)) = parts(name, BLOCK.0) {
        return Some(format!("{}{number}.{}.{kind}", BLOCK.1, leaf_of(&BLOCK_LEAVES, leaf)?));
    }
    let (number, leaf, kind) = parts(name, DEEPSTACK.0)?;
    let place = deepstack.iter().position(|&block| block == number)?;
    Some(format!("{}{place}.{}.{kind}", DEEPSTACK.1, leaf_of(&DEEPSTACK_LEAVES, leaf)?))
}

/// llama.cpp's name of a checkpoint's tensor; none if GGUF files of this architecture do not have it.
pub fn llama_name(name: &str, deepstack: &[usize]) -> Option<String> {
    if let Some((theirs, _)) = WHOLE.iter().find(|(_, ours)| *ours == name) {
        return Some((*theirs).to_owned());
    }
    let leaf_of =
        |table: &[NamePair], leaf: &str| table.iter().find(|(_, ours)| *ours == leaf).map(|(theirs, _)| *theirs);
    if let Some((number, leaf, kind)) = parts(name, LAYER.1) {
        return Some(format!("{}{number}.{}.{kind}", LAYER.0, leaf_of(&LAYER_LEAVES, leaf)?));
    }
    if let Some((number, leaf, kind)) = parts(name, BLOCK.1) {
        return Some(format!("{}{number}.{}.{kind}", BLOCK.0, leaf_of(&BLOCK_LEAVES, leaf)?));
    }
    let (place, leaf, kind) = parts(name, DEEPSTACK.1)?;
    let block = deepstack.get(place)?;
    Some(format!("{}{block}.{}.{kind}", DEEPSTACK.0, leaf_of(&DEEPSTACK_LEAVES, leaf)?))
}

/// Splits `blk.3.attn_q.weight` into 3, `attn_q` and `weight`.
fn parts<'a>(name: &'a str, prefix: &str) -> Option<(usize, &'a str, &'a str)> {
    let (number, rest) = name.strip_prefix(prefix)?.split_once('.')?;
    let (leaf, kind) = rest.rsplit_once('.')?;
    Some((number.parse().ok()?, leaf, kind))
}
