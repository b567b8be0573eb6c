//! What GGUF files call the tensors of encoders. The names are llama.cpp's; what it does not have has names of ours.

use super::spec::NormOrder;
use crate::model::tensor_map::TensorMap;

/// The table of which GGUF files leave out the rows before the first token's.
pub const POSITION_TABLE: &str = "position_embd.weight";

/// Norms behind the sums: llama.cpp's `bert` and `jina-bert-v2`.
static NORMS_AFTER: TensorMap = TensorMap::new(&[
    ("embeddings.word.", "token_embd."),
    ("embeddings.position.", "position_embd."),
    ("embeddings.token_type.", "token_types."),
    ("embeddings.norm.", "token_embd_norm."),
    ("embeddings.projection.", "token_embd_proj."),
    ("relative.", "relative_embd."),
    ("relative_norm.", "relative_embd_norm."),
    ("layers.", "blk."),
    (".attention.query.", ".attn_q."),
    (".attention.key.", ".attn_k."),
    (".attention.value.", ".attn_v."),
    (".attention.qkv.", ".attn_qkv."),
    (".attention.output.", ".attn_output."),
    (".attention_norm.", ".attn_output_norm."),
    (".mlp.up.", ".ffn_up."),
    (".mlp.gate_up.", ".ffn_up."),
    (".mlp.up_gate.", ".ffn_up."),
    (".mlp.down.", ".ffn_down."),
    (".mlp_norm.", ".layer_output_norm."),
]);

/// Norms before attention and MLP: llama.cpp's `modern-bert`.
static NORMS_BEFORE: TensorMap = TensorMap::new(&[
    ("embeddings.word.", "token_embd."),
    ("embeddings.norm.", "token_embd_norm."),
    ("final_norm.", "output_norm."),
    ("layers.", "blk."),
    (".attention.qkv.", ".attn_qkv."),
    (".attention.output.", ".attn_output."),
    (".attention_norm.", ".attn_norm."),
    (".mlp.gate_up.", ".ffn_up."),
    (".mlp.down.", ".ffn_down."),
    (".mlp_norm.", ".ffn_norm."),
]);

/// The names of an encoder's tensors.
pub fn encoder_tensors(norms: NormOrder) -> TensorMap {
    match norms {
        NormOrder::After => NORMS_AFTER,
        NormOrder::Before => NORMS_BEFORE,
    }
}
