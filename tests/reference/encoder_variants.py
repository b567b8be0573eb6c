"""Encoders that are published under other names than those of Transformers, or that Transformers does not have. Used by make_encoder_fixtures.py."""

import json
import shutil
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from transformers import (
    DebertaV2Config,
    DebertaV2ForSequenceClassification,
    GteConfig,
    GteForSequenceClassification,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)
from transformers.models.deberta_v2 import modeling_deberta_v2

from encoder_edits import Function, all_of, changed, edited, shift_rows, swap_halves
from encoder_families import Roberta
from encoder_models import Family


def fused(tensors, parts, whole):
    """Joins tensors whose names differ in one part, in the order of `parts`."""
    result = {}
    for name, tensor in tensors.items():
        found = next((p for p in parts if p in name), None)
        if found is None:
            result[name] = tensor
        elif found == parts[0]:
            result[name.replace(found, whole)] = torch.cat([tensors[name.replace(found, p)] for p in parts])
    return result


class JinaFlash(Roberta):
    """jina-reranker-v2: the arithmetic of XLM-RoBERTa with fused tensors under other names."""

    architecture, model_type, config_class, module_class = "XLMRobertaForSequenceClassification", "xlm-roberta", XLMRobertaConfig, XLMRobertaForSequenceClassification
    name, loads = "jina-v2", False
    NAMES = (("embeddings.LayerNorm", "emb_ln"), ("encoder.layer.", "encoder.layers."), ("attention.self.", "mixer."), ("attention.output.dense", "mixer.out_proj"), ("attention.output.LayerNorm", "norm1"),
             ("intermediate.dense", "mlp.fc1"), ("output.dense", "mlp.fc2"), ("output.LayerNorm", "norm2"))

    def make_config(self):
        return super().make_config() | {"auto_map": {"AutoModelForSequenceClassification": "modeling_xlm_roberta.XLMRobertaForSequenceClassification"}, "use_flash_attn": True}

    def publish(self, name, tensor):
        for old, new in self.NAMES:
            name = name.replace(old, new)
        return {name: tensor}

    def tensors(self):
        return fused(super().tensors(), ("mixer.query", "mixer.key", "mixer.value"), "mixer.Wqkv")

    def read(self, folder):
        state = {}
        for name, tensor in load_file(folder / "model.safetensors").items():
            for old, new in reversed(self.NAMES):
                name = name.replace(new, old)
            if "Wqkv" in name:
                state |= {name.replace("Wqkv", part): third for part, third in zip(("query", "key", "value"), tensor.chunk(3))}
            else:
                state[name] = tensor
        module = self.make_module()
        module.load_state_dict({k: v.float() for k, v in state.items()})
        return module


class Gte(Family):
    """gte-multilingual-reranker: Transformers computes it as `gte`, with the static NTK scaling written as a linear one."""

    architecture, model_type, config_class, module_class = "NewForSequenceClassification", "new", GteConfig, GteForSequenceClassification
    paths = ("gte.embeddings", "gte.layers", "", "classifier")
    name, rotated, loads = "gte", True, False
    NAMES = (("gte.", "new."), (".layers.", ".encoder.layer."), ("self_attn.", "attention."), ("post_attention_layernorm", "attn_ln"), ("post_mlp_layernorm", "mlp_ln"))

    def make_config(self):
        s = self.shape
        return self.base(hidden_size=s["hidden"], num_hidden_layers=s["layers"], num_attention_heads=s["heads"], intermediate_size=s["inner"], hidden_act="gelu", layer_norm_eps=1e-12, layer_norm_type="layer_norm",
                         max_position_embeddings=8192, type_vocab_size=1, pad_token_id=1, position_embedding_type="rope", rope_theta=s["theta"], rope_scaling=s.get("scaling"), pack_qkv=True, logn_attention_scale=False)

    def computed_config(self):
        """The keys of Transformers' `gte`."""
        kept = "vocab_size hidden_size num_hidden_layers num_attention_heads intermediate_size hidden_act layer_norm_eps max_position_embeddings type_vocab_size pad_token_id".split()
        scaling, head = self.config["rope_scaling"], self.config["hidden_size"] // self.config["num_attention_heads"]
        rope = {"rope_type": "default", "rope_theta": self.config["rope_theta"]}
        if scaling:
            rope = {"rope_type": "linear", "rope_theta": self.config["rope_theta"] * scaling["factor"], "factor": scaling["factor"] ** (2 / head)}
        return {k: self.config[k] for k in kept} | {"rope_parameters": rope}

    def make_module(self):
        config = GteConfig(num_labels=1, **self.computed_config())
        config._attn_implementation = "eager"
        return GteForSequenceClassification(config).eval()

    def publish(self, name, tensor):
        for old, new in self.NAMES:
            name = name.replace(old, new)
        return {name: tensor}

    def tensors(self):
        tensors = fused(super().tensors(), ("attention.q_proj", "attention.k_proj", "attention.v_proj"), "attention.qkv_proj")
        return fused(tensors, ("mlp.up_proj", "mlp.gate_proj"), "mlp.up_gate_proj")

    def read(self, folder):
        """Transformers loads a copy under its own model type: it must find all tensors under the published names."""
        config = self.computed_config() | {"model_type": "gte", "architectures": ["GteForSequenceClassification"], "id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}
        with tempfile.TemporaryDirectory() as copy:
            shutil.copy(folder / "model.safetensors", copy)
            (Path(copy) / "config.json").write_text(json.dumps(config))
            module, info = GteForSequenceClassification.from_pretrained(copy, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
        assert not info["missing_keys"] and not info["unexpected_keys"], info
        return module.eval()

    def weakened(self):
        trunk = self.module.gte
        theta, head = self.config["rope_theta"], self.config["hidden_size"] // self.config["num_attention_heads"]
        plain = theta ** (-torch.arange(0, head, 2) / head)
        if self.config["rope_scaling"]:
            yield "no NTK", changed(trunk.rotary_emb, "inv_freq", plain)
            yield "NTK without division", changed(trunk.rotary_emb, "inv_freq", (theta * self.config["rope_scaling"]["factor"]) ** (-torch.arange(0, head, 2) / head))
        yield "no rotation", changed(trunk.rotary_emb, "inv_freq", plain * 0)
        yield "gate order", all_of([all_of([changed(layer.mlp, "gate_proj", layer.mlp.up_proj), changed(layer.mlp, "up_proj", layer.mlp.gate_proj)]) for layer in trunk.layers])
        yield "no type row", edited([trunk.embeddings.token_type_embeddings.weight], lambda p: p.zero_())
        yield "no pooler", changed(trunk, "pooler", Function(lambda states: states[:, 0]))
        yield "pooler without tanh", changed(trunk.pooler, "activation", nn.Identity())


def slopes(heads):
    """ALiBi's slopes; for a number of heads that is no power of two, every second slope of twice the next smaller power fills up."""
    power = 2 ** (heads.bit_length() - 1)
    first = [2 ** (-8 * (k + 1) / power) for k in range(power)]
    return first if power == heads else first + slopes(2 * power)[0::2][: heads - power]


class JinaLayer(nn.Module):
    """The names of the submodules are the published ones."""

    def __init__(self, c):
        super().__init__()
        width, inner, eps = c["hidden_size"], c["intermediate_size"], c["layer_norm_eps"]
        attention = {k: nn.Linear(width, width) for k in ("query", "key", "value")}
        self.attention = nn.ModuleDict({"self": nn.ModuleDict(attention), "output": nn.ModuleDict({"dense": nn.Linear(width, width), "LayerNorm": nn.LayerNorm(width, eps)})})
        self.mlp = nn.ModuleDict({"gated_layers": nn.Linear(width, 2 * inner, bias=False), "wo": nn.Linear(inner, width), "layernorm": nn.LayerNorm(width, eps)})
        self.heads, self.activation = c["num_attention_heads"], nn.GELU()

    def forward(self, x, bias):
        batch, length, width = x.shape
        q, k, v = (self.attention["self"][n](x).view(batch, length, self.heads, -1).transpose(1, 2) for n in ("query", "key", "value"))
        mixed = torch.softmax(q @ k.transpose(2, 3) / (width // self.heads) ** 0.5 + bias, -1) @ v
        output = self.attention["output"]
        x = output["LayerNorm"](x + output["dense"](mixed.transpose(1, 2).reshape(batch, length, width)))
        gate, value = self.mlp["gated_layers"](x).chunk(2, -1)
        return self.mlp["layernorm"](x + self.mlp["wo"](self.activation(gate) * value))


class JinaModule(nn.Module):
    def __init__(self, c):
        super().__init__()
        width = c["hidden_size"]
        embeddings = nn.ModuleDict({"word_embeddings": nn.Embedding(c["vocab_size"], width), "token_type_embeddings": nn.Embedding(c["type_vocab_size"], width), "LayerNorm": nn.LayerNorm(width, c["layer_norm_eps"])})
        layers = nn.ModuleList(JinaLayer(c) for _ in range(c["num_hidden_layers"]))
        self.bert = nn.ModuleDict({"embeddings": embeddings, "encoder": nn.ModuleDict({"layer": layers}), "pooler": nn.ModuleDict({"dense": nn.Linear(width, width)})})
        self.classifier, self.activation = nn.Linear(width, 1), nn.Tanh()
        self.slopes = torch.tensor(slopes(c["num_attention_heads"]))

    def forward(self, ids, mask):
        e = self.bert["embeddings"]
        x = e["LayerNorm"](e["word_embeddings"](ids) + e["token_type_embeddings"].weight[0])
        place = torch.arange(ids.shape[1])
        bias = -self.slopes[:, None, None] * (place[:, None] - place[None]).abs() + torch.where(mask[:, None, None] == 1, 0.0, -torch.inf)
        for layer in self.bert["encoder"]["layer"]:
            x = layer(x, bias)
        return self.classifier(self.activation(self.bert["pooler"]["dense"](x[:, 0])))


class JinaAlibi(Family):
    """jina-reranker-v1: ALiBi and GEGLU, computed by the module above."""

    architecture, model_type, name, loads = "JinaBertModel", "bert", "jina-v1", False
    paths = ("bert.embeddings.LayerNorm", "bert.encoder.layer", "", "classifier")

    def make_config(self):
        s = self.shape
        config = self.base(hidden_size=s["hidden"], num_hidden_layers=s["layers"], num_attention_heads=s["heads"], intermediate_size=s["inner"], hidden_act="gelu", layer_norm_eps=1e-12, max_position_embeddings=8192,
                           type_vocab_size=2, position_embedding_type="alibi", feed_forward_type="geglu", emb_pooler="mean", attn_implementation=None, pad_token_id=1, _name_or_path="jinaai/jina-bert-implementation",
                           auto_map={"AutoConfig": "jinaai/jina-bert-implementation--configuration_bert.JinaBertConfig", "AutoModelForSequenceClassification": "jinaai/jina-bert-implementation--modeling_bert.JinaBertForSequenceClassification"})
        return {k: v for k, v in config.items() if k not in ("id2label", "label2id")}

    def make_module(self):
        return JinaModule(self.config).eval()

    def forward(self, ids, mask, types):
        return self.module(ids, mask)

    def read(self, folder):
        module = self.make_module()
        module.load_state_dict({k: v.float() for k, v in load_file(folder / "model.safetensors").items()})
        return module

    def weakened(self):
        m, layers = self.module, self.module.bert["encoder"]["layer"]
        heads = self.config["num_attention_heads"]
        yield "no ALiBi", changed(m, "slopes", m.slopes * 0)
        if heads & (heads - 1):
            yield "slopes of a power of two", changed(m, "slopes", torch.tensor([2 ** (-8 * (k + 1) / heads) for k in range(heads)]))
        yield "gate order", edited([layer.mlp["gated_layers"].weight for layer in layers], swap_halves)
        yield "GELU", all_of([changed(layer, "activation", nn.GELU(approximate="tanh")) for layer in layers])
        yield "no type row", edited([m.bert["embeddings"]["token_type_embeddings"].weight], lambda p: p.zero_())
        yield "types of the second text", edited([m.bert["embeddings"]["token_type_embeddings"].weight], shift_rows)
        yield "pooler without tanh", changed(m, "activation", nn.Identity())


class Deberta(Family):
    architecture, model_type, config_class, module_class = "DebertaV2ForSequenceClassification", "deberta-v2", DebertaV2Config, DebertaV2ForSequenceClassification
    paths = ("deberta.embeddings", "deberta.encoder.layer", "", "classifier")
    rotated = True

    def make_config(self):
        s = self.shape
        return self.base(hidden_size=s["hidden"], num_hidden_layers=s["layers"], num_attention_heads=s["heads"], intermediate_size=s["inner"], hidden_act="gelu", layer_norm_eps=1e-7, max_position_embeddings=s["positions"],
                         max_relative_positions=-1, position_buckets=s["buckets"], relative_attention=True, pos_att_type=s.get("pos_att_type", ["p2c", "c2p"]), share_att_key=True, norm_rel_ebd="layer_norm",
                         position_biased_input=False, type_vocab_size=0, pad_token_id=0, pooler_dropout=0, pooler_hidden_act="gelu", pooler_hidden_size=s["hidden"])

    def weakened(self):
        m, encoder, config = modeling_deberta_v2, self.module.deberta.encoder, self.module.config
        attention = [layer.attention.self for layer in encoder.layer]
        kept = m.make_log_bucket_position
        yield "linear buckets", changed(m, "make_log_bucket_position", lambda r, size, most: r)
        yield "one position more", changed(m, "make_log_bucket_position", lambda r, size, most: kept(r, size, most + 8))
        yield "negated buckets", changed(m, "make_log_bucket_position", lambda r, size, most: -kept(r, size, most))
        yield "p2c not negated", changed(m, "build_rpos", lambda q, k, r, *more: -r)
        for only in ("c2p", "p2c"):
            yield f"{only} only", all_of([changed(a, "pos_att_type", [only]) for a in attention])
        yield "scale", changed(m, "scaled_size_sqrt", lambda q, factor: torch.tensor(q.shape[-1] ** 0.5))
        yield "norm of relative embeddings", changed(encoder, "norm_rel_ebd", ["none"])
        yield "pooler with tanh", changed(config, "pooler_hidden_act", "tanh")
        yield "pooler with the other gelu", changed(config, "pooler_hidden_act", "gelu_new")


