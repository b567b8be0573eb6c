"""Puts the weights of GGUF files, as they are after quantization, into the model; so that what is measured is what is shipped."""

import numpy as np
import torch
from gguf import GGUFReader
from gguf.quants import dequantize

LAYER = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
         "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm",
         "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
BLOCK = {"ln1": "norm1", "ln2": "norm2", "attn_qkv": "attn.qkv", "attn_out": "attn.proj", "ffn_up": "mlp.linear_fc1", "ffn_down": "mlp.linear_fc2"}
DEEP = {"norm": "norm", "fc1": "linear_fc1", "fc2": "linear_fc2"}
WHOLE = {"output_norm": "language_model.norm", "v.post_ln": "visual.merger.norm", "mm.0": "visual.merger.linear_fc1", "mm.2": "visual.merger.linear_fc2",
         "v.position_embd": "visual.pos_embed"}


def tensors(path):
    return {t.name: torch.tensor(np.array(dequantize(t.data, t.tensor_type), dtype=np.float32)) for t in GGUFReader(path).tensors}


def named(name, deepstack):
    """The parameter of the Transformers model below `model.`."""
    stem, kind = name.rsplit(".", 1)
    if stem in WHOLE:
        return f"{WHOLE[stem]}.{kind}"
    parts = stem.split(".")
    if parts[0] == "blk":
        return f"language_model.layers.{parts[1]}.{LAYER[parts[2]]}.{kind}"
    if parts[1] == "blk":
        return f"visual.blocks.{parts[2]}.{BLOCK[parts[3]]}.{kind}"
    return f"visual.deepstack_merger_list.{deepstack.index(int(parts[2]))}.{DEEP[parts[3]]}.{kind}"


@torch.no_grad()
def load(reranker, text, vision):
    found = tensors(text) | tensors(vision)
    model = reranker.hf.model
    parameters = dict(model.named_parameters())
    kernel = model.visual.patch_embed.proj
    for frame, name in enumerate(("v.patch_embd.weight", "v.patch_embd.weight.1")):
        kernel.weight[:, :, frame] = found.pop(name).view_as(kernel.weight[:, :, frame])
    kernel.bias.copy_(found.pop("v.patch_embd.bias"))
    table, head = found.pop("token_embd.weight"), found.pop("cls.output.weight")
    reranker.rows = torch.arange(len(table))  # every token has its own row now
    reranker.table = torch.nn.Parameter(table)
    for name, value in found.items():
        target = parameters[named(name, list(model.visual.deepstack_visual_indexes))]
        target.copy_(value.view_as(target))
    return head
