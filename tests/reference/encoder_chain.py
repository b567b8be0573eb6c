"""Ettin: a ModernBERT trunk and a chain of sentence-transformers modules (pooling, dense, norm, dense). Used by make_encoder_fixtures.py."""

import json
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import CrossEncoder
from sentence_transformers.base.modules import Dense, Transformer
from sentence_transformers.sentence_transformer.modules import LayerNorm, Pooling
from torch import nn
from transformers import ModernBertConfig, ModernBertModel

from encoder_edits import changed
from encoder_families import ModernBert


class Chain(nn.Module):
    """The arithmetic of the module chain."""

    def __init__(self, config, pooling):
        super().__init__()
        self.trunk, self.pooling = ModernBertModel(config), pooling
        width = config.hidden_size
        self.dense, self.norm, self.score, self.activation = nn.Linear(width, width, bias=False), nn.LayerNorm(width), nn.Linear(width, 1), nn.GELU()

    def forward(self, ids, mask):
        states = self.trunk(input_ids=ids, attention_mask=mask).last_hidden_state
        pooled = states[:, 0] if self.pooling == "cls" else (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return self.score(self.norm(self.activation(self.dense(pooled))))


class Ettin(ModernBert):
    architecture, name = "ModernBertModel", "ettin"
    paths = ("trunk.embeddings", "trunk.layers", "trunk.final_norm", "score")

    def make_config(self):
        return {k: v for k, v in super().make_config().items() if k not in ("id2label", "label2id")}

    def make_module(self):
        config = ModernBertConfig(**{k: v for k, v in self.config.items() if k not in ("model_type", "torch_dtype")})
        config._attn_implementation = "eager"
        return Chain(config, self.pooling).eval()

    def forward(self, ids, mask, types):
        return self.module(ids, mask)

    def stages(self):
        return super().stages() | {"dense": "dense"}

    @property
    def trunk(self):
        return self.module.trunk

    def weak_pooling(self):
        yield "pooling", changed(self.module, "pooling", "mean" if self.pooling == "cls" else "cls")
        yield "dense without gelu", changed(self.module, "activation", nn.Identity())

    def tensors(self):
        """The trunk only, without a prefix."""
        return {k.removeprefix("trunk."): v for k, v in super().tensors().items() if k.startswith("trunk.")}

    def more_files(self, folder):
        """sentence-transformers writes the modules; the trunk and the tokenizer stay as they are."""
        trunk = Transformer(str(folder), model_kwargs={"dtype": torch.float32})
        width = self.config["hidden_size"]
        chain = [trunk, Pooling(width, pooling_mode=self.pooling), Dense(width, width, bias=False, activation_function=nn.GELU()), LayerNorm(width),
                 Dense(width, 1, bias=True, activation_function=nn.Identity(), module_output_name="scores")]
        state = self.module.state_dict()
        chain[2].linear.weight.data = state["dense.weight"]
        chain[3].norm.load_state_dict({"weight": state["norm.weight"], "bias": state["norm.bias"]})
        chain[4].linear.load_state_dict({"weight": state["score.weight"], "bias": state["score.bias"]})
        model = CrossEncoder(modules=chain, device="cpu", activation_fn=nn.Identity())
        with tempfile.TemporaryDirectory() as written:
            model.save_pretrained(written, create_model_card=False)
            for file in sorted(Path(written).rglob("*.*")):
                relative = file.relative_to(written)
                if len(relative.parts) > 1 or "sentence" in file.name or file.name == "modules.json":
                    (folder / relative).parent.mkdir(exist_ok=True)
                    (folder / relative).write_bytes(file.read_bytes())
        for file in folder.glob("*_*/model.safetensors"):
            save_file({k: v.to(self.dtype(k)) for k, v in load_file(file).items()}, file, metadata={"format": "pt"})
        edit(folder / "sentence_bert_config.json", lambda settings: settings | {"max_seq_length": self.shape["limit"]})
        if self.shape.get("old_modules"):
            self.old_modules(folder)

    def old_modules(self, folder):
        """The class names and flags of sentence-transformers before version 5.4."""
        width = self.config["hidden_size"]
        flags = {f"pooling_mode_{mode}": mode.startswith(self.pooling) for mode in ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken")}
        edit(folder / "1_Pooling" / "config.json", lambda settings: {"word_embedding_dimension": width} | flags | {"pooling_mode_mean_sqrt_len_tokens": False, "include_prompt": True})
        edit(folder / "modules.json", lambda modules: [m | {"type": f"sentence_transformers.models.{m['type'].rpartition('.')[2]}"} for m in modules])


def edit(path, change):
    path.write_text(json.dumps(change(json.loads(path.read_text())), indent=2) + "\n")
