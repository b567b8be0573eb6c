"""BERT, ELECTRA, DistilBERT, RoBERTa, XLM-RoBERTa and ModernBERT, as Transformers computes them. Used by make_encoder_fixtures.py."""

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
from encoder_models import Family

TOKENS = {"[PAD]": "pad_token_id", "[CLS]": "cls_token_id", "[SEP]": "sep_token_id"}


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
