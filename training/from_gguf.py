"""Loads the dequantized weights of GGUF files into the model, so that the shipped weights are evaluated."""

import json

import numpy as np
import torch
from gguf import GGUFReader
from gguf.quants import dequantize
from tokenizers import Tokenizer, models

import model as model_file
import tokenizer as tokens

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
    """Maps a GGUF tensor name to the parameter name below `model.`."""
    stem, kind = name.rsplit(".", 1)
    if stem in WHOLE:
        return f"{WHOLE[stem]}.{kind}"
    parts = stem.split(".")
    if parts[0] == "blk":
        return f"language_model.layers.{parts[1]}.{LAYER[parts[2]]}.{kind}"
    if parts[1] == "blk":
        return f"visual.blocks.{parts[2]}.{BLOCK[parts[3]]}.{kind}"
    return f"visual.deepstack_merger_list.{deepstack.index(int(parts[2]))}.{DEEP[parts[3]]}.{kind}"


def copy_into(model, found):
    """Copies everything except the embedding table into the Transformers model below `.model`."""
    parameters = dict(model.named_parameters())
    kernel = model.visual.patch_embed.proj
    for frame, name in enumerate(("v.patch_embd.weight", "v.patch_embd.weight.1")):
        kernel.weight[:, :, frame] = found.pop(name).view_as(kernel.weight[:, :, frame])
    kernel.bias.copy_(found.pop("v.patch_embd.bias"))
    for name, value in found.items():
        target = parameters[named(name, list(model.visual.deepstack_visual_indexes))]
        target.copy_(value.view_as(target))


@torch.no_grad()
def load(reranker, text, vision):
    """For evaluation: every token has its own row."""
    found = tensors(text) | tensors(vision)
    table, head = found.pop("token_embd.weight"), found.pop("cls.output.weight")
    copy_into(reranker.hf.model, found)
    reranker.rows = torch.arange(len(table))
    reranker.table = torch.nn.Parameter(table)
    return head


def whole(text, vision):
    """The model of two files with their own tokenizer, for evaluation: nothing that training made is needed."""
    tokenizer = own_tokenizer(text)
    config = model_file.make_config(tokenizer)
    prompt = model_file.Prompt(tokenizer, tokens.SYSTEM, tokens.INSTRUCTION)
    size = tokenizer.get_vocab_size()
    reranker = model_file.Reranker(model_file.make_transformers(config), tokenizer, prompt, list(range(size)), torch.zeros(size, model_file.HIDDEN))
    load(reranker, text, vision)
    return reranker


def own_tokenizer(text):
    fields = GGUFReader(text).fields
    listed, merges = (fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "merges"))
    words = {token: number for number, token in enumerate(listed) if token not in tokens.SPECIAL}
    tokenizer = tokens.assemble(Tokenizer(models.BPE(vocab=words, merges=[tuple(m.split(" ")) for m in merges])))
    check_tokens(tokenizer, text)
    return tokenizer


@torch.no_grad()
def load_tied(reranker, text, vision):
    """For further training: a shared row is the mean of its tokens' rows; `yes` and `no` take the more precise rows of the classifier."""
    check_tokens(reranker.prompt.tokenizer, text)
    found = tensors(text) | tensors(vision)
    table, head = found.pop("token_embd.weight"), found.pop("cls.output.weight")
    copy_into(reranker.hf.model, found)
    count = torch.bincount(reranker.rows, minlength=len(reranker.table)).clamp(min=1)[:, None]
    reranker.table.copy_(torch.zeros_like(reranker.table).index_add_(0, reranker.rows, table) / count)
    spread = (reranker.table[reranker.rows] - table).abs().max().item()
    assert spread < 1e-3, f"tokens that share a row differ by {spread}"
    for token, row in zip((reranker.yes, reranker.no), head):
        reranker.table[reranker.rows[token]] = row


def check_tokens(tokenizer, text):
    """Asserts that the tokenizer is the file's: the same tokens, and merges in the same order."""
    fields, own = GGUFReader(text).fields, json.loads(tokenizer.to_str())["model"]
    assert fields["tokenizer.ggml.tokens"].contents() == [tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size())], "tokens differ"
    assert fields["tokenizer.ggml.merges"].contents() == [m if isinstance(m, str) else " ".join(m) for m in own["merges"]], "merges differ"
