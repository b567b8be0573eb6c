"""Decoder rerankers of the Qwen family: prompts and heads. Used by make_encoder_fixtures.py."""

import torch
from torch import nn
from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen2ForSequenceClassification, Qwen3Config, Qwen3ForSequenceClassification

from encoder_edits import Function, all_of, changed
from encoder_models import Family, pooled_states, spread_out
from make_text_fixtures import INSTRUCTION, SYSTEM

MXBAI_PREFIX = "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n<|im_start|>user\n"
MXBAI_SUFFIX = "<|im_end|>\n<|im_start|>assistant\n"
MXBAI_TASK = ("You are a search relevance expert who evaluates how well documents match search queries. For each query-document pair, carefully analyze the semantic relationship "
              "between them, then provide your binary relevance judgment (0 for not relevant, 1 for relevant).\nRelevance:")
QWEN3_PREFIX = f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n"
QWEN3_SUFFIX = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"


def mxbai_ids(tokenizer, copy, request, document, limit):
    """As `prepare_inputs` of mxbai_rerank: pieces are tokenised apart; the limit holds for query, line break and document without the frame around them, and the query gets 3/4 of it."""
    def text(t):
        return copy.encode(t, add_special_tokens=False).ids

    def frame(t):
        return tokenizer.encode(t, add_special_tokens=False).ids

    query = f"query: {request['query']}"
    if request.get("instruction"):
        query = f"instruction: {request['instruction']}\n{query}"
    query = text(query)[: limit * 3 // 4]
    body = (query + frame("\n") + text(f"document: {document}")[:limit])[:limit]
    return frame(MXBAI_PREFIX) + body + frame("\n") + frame(MXBAI_TASK) + frame(MXBAI_SUFFIX), []


def qwen3_ids(tokenizer, copy, request, document, limit):
    """The prompt of Qwen3-Reranker; the limit holds for all of it, and the text between prefix and suffix is cut on the right."""
    prefix, suffix = (tokenizer.encode(t, add_special_tokens=False).ids for t in (QWEN3_PREFIX, QWEN3_SUFFIX))
    body = f"<Instruct>: {request.get('instruction') or INSTRUCTION}\n<Query>: {request['query']}\n<Document>: {document}"
    return prefix + copy.encode(body, add_special_tokens=False).ids[: limit - len(prefix) - len(suffix)] + suffix, []


class LastToken(nn.Module):
    """A decoder whose head reads the state of the last token."""

    def __init__(self, model, head):
        super().__init__()
        self.whole, self.head = model, head

    def forward(self, ids, mask):
        states = self.whole.model(input_ids=ids, attention_mask=mask).last_hidden_state
        return self.head(states[torch.arange(len(ids)), mask.sum(1) - 1])


class Decoder(Family):
    paths = ("whole.model.embed_tokens", "whole.model.layers", "whole.model.norm", "head")
    pooling, loads, rotated = "last", False, True

    def vocabulary(self):
        return self.tokenizer.get_vocab_size() + self.shape.get("padding", 4)

    def make_config(self):
        s, token = self.shape, self.tokenizer.token_to_id
        return self.base(hidden_size=s["hidden"], num_hidden_layers=s["layers"], num_attention_heads=s["heads"], num_key_value_heads=s["kv"], intermediate_size=s["inner"], hidden_act="silu", rms_norm_eps=1e-6,
                         max_position_embeddings=32768, rope_theta=1e6, tie_word_embeddings=s.get("tied", False), use_sliding_window=False, bos_token_id=token("<|endoftext|>"), eos_token_id=token("<|im_end|>"), pad_token_id=token("<|endoftext|>"))

    def make_module(self):
        config = {k: v for k, v in self.config.items() if k not in ("model_type", "id2label", "label2id", "torch_dtype", "rope_theta")}
        config = self.config_class(**config, rope_parameters={"rope_type": "default", "rope_theta": self.config["rope_theta"]}, num_labels=len(self.config.get("id2label", "12")))
        config._attn_implementation = "eager"
        model = self.module_class(config).eval()
        return LastToken(model, self.head(model))

    def forward(self, ids, mask, types):
        outputs = self.module(ids, mask)
        return outputs if outputs.shape[1] == 1 else outputs[:, 1:] - outputs[:, :1]

    def tensors(self):
        tied = self.config["tie_word_embeddings"]
        return {k.removeprefix("whole."): v for k, v in super().tensors().items() if k.startswith("whole.") and not (tied and k == "whole.lm_head.weight")}

    def read(self, folder):
        model, info = self.module_class.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
        assert not info["missing_keys"] and not info["unexpected_keys"], info
        return LastToken(model.eval(), self.head(model))

    def weakened(self):
        rotary = self.module.whole.model.rotary_emb
        yield "theta", changed(rotary, "inv_freq", 10000 ** (-torch.arange(len(rotary.inv_freq)) / len(rotary.inv_freq)))
        layers = self.module.whole.model.layers
        yield "head size in the scale", all_of([changed(layer.self_attn, "scaling", layer.self_attn.scaling * 2**0.5) for layer in layers])


class QwenAnswers(Decoder):
    """mxbai-rerank-v2: the logit of the token 1 minus that of the token 0, from a tied table."""

    architecture, model_type, config_class, module_class, name = "Qwen2ForCausalLM", "qwen2", Qwen2Config, Qwen2ForCausalLM, "qwen2-mxbai"

    def make_config(self):
        return {k: v for k, v in super().make_config().items() if k not in ("id2label", "label2id")}

    def head(self, model):
        yes, no = (self.tokenizer.token_to_id(t) for t in "10")
        return Function(lambda states: states @ (model.lm_head.weight[yes] - model.lm_head.weight[no])[:, None])

    @torch.no_grad()
    def set_head(self, pairs, spread=1.5, middle=0.3):
        """Iterates, because the rows of the answers are also inputs: the prompt contains 0 and 1."""
        rows, table = [self.tokenizer.token_to_id(t) for t in "10"], self.module.whole.lm_head.weight
        for _ in range(6):
            difference = spread_out(pooled_states(self, pairs), (table[rows[0]] - table[rows[1]]).double(), spread, middle)
            center = (table[rows[0]] + table[rows[1]]) / 2
            table[rows[0]], table[rows[1]] = center + difference.float() / 2, center - difference.float() / 2


class QwenLabels(Decoder):
    """Two labels 0 and 1 with the prompt of mxbai-rerank-v2: the difference of their outputs is the logit."""

    architecture, model_type, config_class, module_class, name = "Qwen2ForSequenceClassification", "qwen2", Qwen2Config, Qwen2ForSequenceClassification, "qwen2-seq"

    def make_config(self):
        return super().make_config() | {"id2label": {"0": "0", "1": "1"}, "label2id": {"0": 0, "1": 1}}

    def head(self, model):
        return model.score

    @torch.no_grad()
    def set_head(self, pairs, spread=1.5, middle=0.3):
        weight = self.module.head.weight
        weight[1] = weight[0] + spread_out(pooled_states(self, pairs), (weight[1] - weight[0]).double(), spread, middle).float()


class Qwen3Score(Decoder):
    """Qwen3-Reranker with one row `score.weight`."""

    architecture, model_type, config_class, module_class, name = "Qwen3ForSequenceClassification", "qwen3", Qwen3Config, Qwen3ForSequenceClassification, "qwen3-score"

    def make_config(self):
        return super().make_config() | {"head_dim": self.shape["head"], "attention_bias": False}

    def head(self, model):
        return model.score
