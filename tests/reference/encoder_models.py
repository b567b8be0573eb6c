"""Tiny random cross-encoders: configurations, weights, published tensor names and intermediate stages. Used by make_encoder_fixtures.py.

A family is a class with the configuration of a shape, the module of Transformers that computes it, the names under which its tensors are published, and the places of its stages.
"""

import re

import torch
from torch import nn
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    ElectraConfig,
    ElectraForSequenceClassification,
    ModernBertConfig,
    ModernBertForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

from encoder_edits import Function, all_of, changed, edited, shift_rows, swap_halves

TOKENS = {"[PAD]": "pad_token_id", "[CLS]": "cls_token_id", "[SEP]": "sep_token_id"}
QUERY_OR_KEY = re.compile(r"(query|key|q_lin|k_lin|q_proj|k_proj|query_proj|key_proj)\.weight$")
THIRDS = re.compile(r"(Wqkv|qkv_proj|qkv)\.weight$")
# A bias of the keys adds the same amount to all logits of a query, which the softmax removes, unless keys are rotated or compared with positions.
KEY_BIAS = re.compile(r"(attention\.self\.key|k_lin)\.bias$")


class Family:
    """One architecture. `paths` names the modules of the stages: embeddings, list of layers, final norm (or ""), last linear layer."""

    pooling = "cls"
    loads = True  # whether sentence-transformers loads the folder
    paths = ()
    types = False  # whether token types are an input
    rotated = False  # whether a bias of the keys matters

    def __init__(self, shape, tokenizer):
        self.shape, self.tokenizer = shape, tokenizer
        self.config = self.make_config()
        self.module = self.make_module()

    def base(self, **more):
        """Keys of a published config.json that all classifiers have."""
        config = dict(architectures=[self.architecture], model_type=self.model_type, vocab_size=self.vocabulary(), id2label={"0": "LABEL_0"}, label2id={"LABEL_0": 0}, torch_dtype=str(self.shape.get("dtype", torch.float32)).split(".")[-1])
        return config | more | self.shape.get("config", {})

    def vocabulary(self):
        return self.tokenizer.get_vocab_size() + self.shape.get("padding", 3)  # published tables have unused rows, too

    def make_module(self):
        config = self.config_class(**{k: v for k, v in self.config.items() if k not in ("model_type", "id2label", "label2id", "torch_dtype")}, num_labels=len(self.config.get("id2label", "1")))
        config._attn_implementation = "eager"
        return self.module_class(config).eval()

    def forward(self, ids, mask, types):
        """The logits of a batch of tensors."""
        return self.module(input_ids=ids, attention_mask=mask, **({"token_type_ids": types} if self.types else {})).logits

    @torch.no_grad()
    def logits(self, pairs):
        """One logit per pair of ids and types."""
        length = max(len(ids) for ids, _ in pairs)

        def padded(rows, filler):
            return torch.tensor([row + [filler] * (length - len(row)) for row in rows])

        ids = padded([ids for ids, _ in pairs], self.config.get("pad_token_id") or 0)
        mask, types = padded([[1] * len(ids) for ids, _ in pairs], 0), padded([types for _, types in pairs], 0)
        return self.forward(ids, mask, types)[:, 0]

    def linear(self):
        """The last linear layer."""
        return self.module.get_submodule(self.paths[3])

    def publish(self, name, tensor):
        """The published names and tensors of a parameter."""
        return {name: tensor}

    def tensors(self):
        named = {}
        for name, tensor in self.module.state_dict().items():
            named |= self.publish(name, tensor)
        return {k: v.to(self.dtype(k)).contiguous() for k, v in named.items()}

    def dtype(self, name):
        return self.shape.get("norm_dtype", self.shape.get("dtype", torch.float32)) if "norm" in name.lower() else self.shape.get("dtype", torch.float32)

    def round(self):
        """Parameters become the values that are stored. Buffers such as rotary frequencies are not stored."""
        with torch.no_grad():
            for name, p in self.module.named_parameters():
                p.copy_(p.to(self.dtype(name)).float())

    def stages(self):
        """Names of stages and the modules whose output they are; the last linear layer's input is `pooled`."""
        embeddings, layers, final, _ = self.paths
        places = {"embeddings": embeddings} | {f"layer{k}": f"{layers}.{k}" for k in range(len(self.module.get_submodule(layers)))}
        return places | ({"last_hidden": final} if final else {})

    @torch.no_grad()
    def set_head(self, pairs, spread=1.5, middle=0.3):
        """Sets the last linear layer so that logits have this deviation and mean."""
        pooled, linear = pooled_states(self, pairs), self.linear()
        linear.weight[0] = spread_out(pooled, linear.weight[0].double(), spread, 0.0 if linear.bias is not None else middle).float()
        if linear.bias is not None:
            linear.bias[0] = middle

    def more_files(self, folder):
        """Writes files beside the usual ones."""

    def reload(self, folder, pairs):
        """Reads the written files again, for families that sentence-transformers does not load: the logits must be the same."""
        some = pairs[::7]
        kept, expected = self.module, [self.logits([pair]).item() for pair in some]
        self.module = self.read(folder)
        worst = max(abs(self.logits([pair]).item() - e) for pair, e in zip(some, expected))
        self.module = kept
        assert worst < 1e-5, (self.name, worst)
        print(f"{self.name}: the written files give the same logits")

    @property
    def name(self):
        return self.model_type

    def weakened(self):
        """Typical bugs of this family: pairs of a name and a context in which the model has the bug."""
        return []


def normal(shape, std, generator):
    return std * torch.randn(shape, generator=generator)


@torch.no_grad()
def lively(family, seed):
    """Weights far larger than those of an untrained model, so that every part affects the logit. Tables are small, as in published models, so that the epsilon of a norm matters."""
    g = torch.Generator().manual_seed(seed)
    for name, p in family.module.named_parameters():
        owner = family.module.get_submodule(name.rpartition(".")[0])
        if isinstance(owner, nn.Embedding):
            p.copy_(normal(p.shape, 0.02, g))
        elif "norm" in type(owner).__name__.lower() or "norm" in name.lower():
            p.copy_(normal(p.shape, 0.3, g) + (1 if name.endswith("weight") else 0))
        elif p.ndim == 1:
            p.copy_(normal(p.shape, 0.3, g))
        else:
            p.copy_(normal(p.shape, 1.2 / p.shape[1] ** 0.5, g))
            if QUERY_OR_KEY.search(name):
                p *= 1.5  # attention with clear peaks
            if THIRDS.search(name):
                p[: 2 * p.shape[0] // 3] *= 1.5


class Watch:
    """Records what modules return while the context is open."""

    def __init__(self, module, places, linear):
        self.values, self.hooks = {}, []
        for name, path in places.items():
            self.hooks.append(module.get_submodule(path).register_forward_hook(lambda m, i, o, name=name: self.keep(name, o)))
        self.hooks.append(linear.register_forward_pre_hook(lambda m, i: self.keep("pooled", i[0])))

    def keep(self, name, value):
        self.values[name] = (value[0] if isinstance(value, tuple) else value).detach().clone()

    def __enter__(self):
        return self.values

    def __exit__(self, *error):
        for hook in self.hooks:
            hook.remove()


@torch.no_grad()
def pooled_states(family, pairs):
    """What the last linear layer reads, of each pair."""
    rows = []
    for k in range(0, len(pairs), 8):
        with Watch(family.module, {}, family.linear()) as values:
            family.logits(pairs[k : k + 8])
        rows.append(values["pooled"])
    return torch.cat(rows).double()


def spread_out(pooled, weight, spread, middle):
    """A direction near `weight` in which the states have this deviation and mean. Their common part is removed first, because a cls state is alike for all texts."""
    mean = pooled.mean(0)
    weight = weight - mean * (weight @ mean) / (mean @ mean)
    return weight * spread / (pooled @ weight).std() + mean * (middle / (mean @ mean))


@torch.no_grad()
def golden(family, ids, types):
    with Watch(family.module, family.stages(), family.linear()) as values:
        logit = family.logits([(ids, types)])
    last = f"layer{sum(k.startswith('layer') for k in values) - 1}"
    values.setdefault("last_hidden", values[last])
    flat = {k: v.reshape(-1, v.shape[-1]).float().contiguous().clone() for k, v in values.items()}
    states = flat["last_hidden"]
    flat["state"] = (states.mean(0) if family.pooling == "mean" else states[-1 if family.pooling == "last" else 0]).clone()  # after pooling, before the head
    flat["pooled"] = flat["pooled"].reshape(-1)
    extra = {"types": torch.tensor(types, dtype=torch.float32)} if family.types else {}
    return flat | {"ids": torch.tensor(ids, dtype=torch.float32), "logit": logit.reshape(-1).float()} | extra


class Bert(Family):
    architecture, model_type, config_class, module_class = "BertForSequenceClassification", "bert", BertConfig, BertForSequenceClassification
    paths = ("bert.embeddings", "bert.encoder.layer", "", "classifier")
    types = True

    def make_config(self):
        s = self.shape
        return self.base(hidden_size=s["hidden"], num_hidden_layers=s["layers"], num_attention_heads=s["heads"], intermediate_size=s["inner"], hidden_act="gelu", layer_norm_eps=1e-12,
                         max_position_embeddings=s["limit"], type_vocab_size=2, position_embedding_type="absolute", pad_token_id=0, hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1)

    def publish(self, name, tensor):
        if self.shape.get("old_names"):
            name = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        return {name: tensor}

    def weakened(self):
        trunk = self.module.bert
        yield "no pooler", changed(trunk, "pooler", Function(lambda states: states[:, 0]))
        yield "pooler without tanh", changed(trunk.pooler, "activation", nn.Identity())
        yield "positions", edited([trunk.embeddings.position_embeddings.weight], shift_rows)


class Electra(Bert):
    architecture, model_type, config_class, module_class = "ElectraForSequenceClassification", "electra", ElectraConfig, ElectraForSequenceClassification
    paths = ("electra.embeddings", "electra.encoder.layer", "", "classifier.out_proj")

    def make_config(self):
        return super().make_config() | {"embedding_size": self.shape["embedding"]}

    def stages(self):
        projected = {"projected": "electra.embeddings_project"} if hasattr(self.module.electra, "embeddings_project") else {}
        return super().stages() | projected

    def weakened(self):
        yield "head tanh", changed(self.module.classifier, "activation", nn.Tanh())
        yield "positions", edited([self.module.electra.embeddings.position_embeddings.weight], shift_rows)


class DistilBert(Family):
    architecture, model_type, config_class, module_class = "DistilBertForSequenceClassification", "distilbert", DistilBertConfig, DistilBertForSequenceClassification
    paths = ("distilbert.embeddings", "distilbert.transformer.layer", "", "classifier")

    def make_config(self):
        s = self.shape
        return self.base(dim=s["hidden"], n_layers=s["layers"], n_heads=s["heads"], hidden_dim=s["inner"], activation="gelu", max_position_embeddings=s["limit"], pad_token_id=0, sinusoidal_pos_embds=False,
                         dropout=0.1, attention_dropout=0.1, seq_classif_dropout=0.2)

    def weakened(self):
        yield "positions", edited([self.module.distilbert.embeddings.position_embeddings.weight], shift_rows)


class Roberta(Family):
    architecture, model_type, config_class, module_class = "RobertaForSequenceClassification", "roberta", RobertaConfig, RobertaForSequenceClassification
    paths = ("roberta.embeddings", "roberta.encoder.layer", "", "classifier.out_proj")

    def make_config(self):
        s = self.shape
        return self.base(hidden_size=s["hidden"], num_hidden_layers=s["layers"], num_attention_heads=s["heads"], intermediate_size=s["inner"], hidden_act="gelu", layer_norm_eps=1e-5,
                         max_position_embeddings=s["limit"] + 2, type_vocab_size=1, position_embedding_type="absolute", pad_token_id=1, bos_token_id=0, eos_token_id=2)

    def weakened(self):
        embeddings = self.module.roberta.embeddings
        yield "positions from 0", edited([embeddings.position_embeddings.weight], lambda p: shift_rows(p, 2))
        yield "no type row", edited([embeddings.token_type_embeddings.weight], lambda p: p.zero_())


class XlmRoberta(Roberta):
    architecture, model_type, config_class, module_class = "XLMRobertaForSequenceClassification", "xlm-roberta", XLMRobertaConfig, XLMRobertaForSequenceClassification


class ModernBert(Family):
    architecture, model_type, config_class, module_class = "ModernBertForSequenceClassification", "modernbert", ModernBertConfig, ModernBertForSequenceClassification
    paths = ("model.embeddings", "model.layers", "model.final_norm", "classifier")

    rotated = True

    def make_config(self):
        s = self.shape
        rope = dict(global_rope_theta=s["global_theta"], local_rope_theta=s["local_theta"], global_attn_every_n_layers=s["every"])
        if s.get("new_style"):
            rope = dict(layer_types=["sliding_attention" if k % s["every"] else "full_attention" for k in range(s["layers"])],
                        rope_parameters={"full_attention": {"rope_theta": s["global_theta"], "rope_type": "default"}, "sliding_attention": {"rope_theta": s["local_theta"], "rope_type": "default"}})
        ids = {key: self.tokenizer.token_to_id(token) for token, key in TOKENS.items()}
        return self.base(hidden_size=s["hidden"], num_hidden_layers=s["layers"], num_attention_heads=s["heads"], intermediate_size=s["inner"], hidden_activation="gelu", norm_eps=1e-5, norm_bias=False,
                         attention_bias=False, mlp_bias=False, classifier_bias=False, classifier_activation="gelu", classifier_pooling=self.pooling, max_position_embeddings=8192,
                         local_attention=s["window"], bos_token_id=ids["cls_token_id"], eos_token_id=ids["sep_token_id"], **rope, **ids)

    @property
    def pooling(self):
        return self.shape.get("pooling", "cls")

    @property
    def trunk(self):
        return self.module.model

    def weakened(self):
        config, layers = self.trunk.config, self.trunk.layers
        for change in (-2, 2, 10000):
            yield f"window {change:+}", changed(config, "local_attention", config.local_attention + change)
        yield "window twice", changed(config, "local_attention", 2 * config.local_attention)
        yield "gate order", edited([p for n, p in self.trunk.named_parameters() if "mlp.Wi" in n], swap_halves)
        yield "norm before layer 0", changed(layers[0], "attn_norm", nn.LayerNorm(config.hidden_size))
        yield "all global", all_of([changed(layer, "attention_type", "full_attention") for layer in layers])
        rotary, types = self.trunk.rotary_emb, ("full_attention", "sliding_attention")
        for name, source in (("global theta", 1), ("local theta", 0)):
            yield name, changed(rotary, f"{types[1 - source]}_inv_freq", getattr(rotary, f"{types[source]}_inv_freq"))
        yield from self.weak_pooling()

    def weak_pooling(self):
        config = self.module.config
        yield "pooling", changed(config, "classifier_pooling", "mean" if config.classifier_pooling == "cls" else "cls")
