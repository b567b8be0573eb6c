//! llama.cpp's names of tensors, in the terms of the published checkpoints without what these put before them.

/// The name that the model asks for. What has no counterpart there keeps its name.
pub fn canonical(name: &str, deepstack: &[usize]) -> String {
    whole(name).map(str::to_owned).or_else(|| numbered(name, deepstack)).unwrap_or_else(|| name.to_owned())
}

fn whole(name: &str) -> Option<&'static str> {
    Some(match name {
        "token_embd.weight" => "embed_tokens.weight",
        "output_norm.weight" => "norm.weight",
        "output.weight" => "lm_head.weight",
        "v.patch_embd.weight" => "visual.patch_embed.proj.weight.0",
        "v.patch_embd.weight.1" => "visual.patch_embed.proj.weight.1",
        "v.patch_embd.bias" => "visual.patch_embed.proj.bias",
        "v.position_embd.weight" => "visual.pos_embed.weight",
        "v.post_ln.weight" => "visual.merger.norm.weight",
        "v.post_ln.bias" => "visual.merger.norm.bias",
        "mm.0.weight" => "visual.merger.linear_fc1.weight",
        "mm.0.bias" => "visual.merger.linear_fc1.bias",
        "mm.2.weight" => "visual.merger.linear_fc2.weight",
        "mm.2.bias" => "visual.merger.linear_fc2.bias",
        _ => return None,
    })
}

/// `deepstack` are the numbers of the blocks from which features are taken; the file counts by them.
fn numbered(name: &str, deepstack: &[usize]) -> Option<String> {
    if let Some((number, leaf, kind)) = parts(name, "blk.") {
        let leaf = match leaf {
            "attn_norm" => "input_layernorm",
            "ffn_norm" => "post_attention_layernorm",
            "attn_q" => "self_attn.q_proj",
            "attn_k" => "self_attn.k_proj",
            "attn_v" => "self_attn.v_proj",
            "attn_output" => "self_attn.o_proj",
            "attn_q_norm" => "self_attn.q_norm",
            "attn_k_norm" => "self_attn.k_norm",
            "ffn_gate" => "mlp.gate_proj",
            "ffn_up" => "mlp.up_proj",
            "ffn_down" => "mlp.down_proj",
            _ => return None,
        };
        return Some(format!("layers.{number}.{leaf}.{kind}"));
    }
    if let Some((number, leaf, kind)) = parts(name, "v.blk.") {
        let leaf = match leaf {
            "ln1" => "norm1",
            "ln2" => "norm2",
            "attn_qkv" => "attn.qkv",
            "attn_out" => "attn.proj",
            "ffn_up" => "mlp.linear_fc1",
            "ffn_down" => "mlp.linear_fc2",
            _ => return None,
        };
        return Some(format!("visual.blocks.{number}.{leaf}.{kind}"));
    }
    let (number, leaf, kind) = parts(name, "v.deepstack.")?;
    let place = deepstack.iter().position(|&block| block == number)?;
    let leaf = match leaf {
        "norm" => "norm",
        "fc1" => "linear_fc1",
        "fc2" => "linear_fc2",
        _ => return None,
    };
    Some(format!("visual.deepstack_merger_list.{place}.{leaf}.{kind}"))
}

/// `blk.3.attn_q.weight` is 3, `attn_q`, `weight`.
fn parts<'a>(name: &'a str, prefix: &str) -> Option<(usize, &'a str, &'a str)> {
    let (number, rest) = name.strip_prefix(prefix)?.split_once('.')?;
    let (leaf, kind) = rest.rsplit_once('.')?;
    Some((number.parse().ok()?, leaf, kind))
}
