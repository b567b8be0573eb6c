"""Tiny random cross-encoders: what a family of models is, weights and intermediate stages. Used by make_encoder_fixtures.py.

A family is a class with the configuration of a shape, the module of Transformers that computes it, the names under which its tensors are published, and the places of its stages.
"""

import re

import torch
from torch import nn

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
