"""Initial decoder weights that already compare query and picture: a small decoder does not discover this in an hour of
training, but improves on it.

The last eight dimensions of a row mark its role. Layer 0: <|vision_start|> gathers the content words of the query. Layer 1:
each picture token attends to that by similarity. Layer 2: the last token gathers both, and the gated MLP multiplies them
elementwise, silu(a) b + silu(-a) (-b) = a b, into one dimension in which `yes` and `no` differ.
"""

import math

import torch

from model import HEAD_DIM, HEADS, HIDDEN

MEANING = HIDDEN - 8
PICTURE, START, END, WEIGHT, MATCH, SCORE = MEANING, MEANING + 1, MEANING + 2, MEANING + 3, MEANING + 4, MEANING + 7
SLOW = HEAD_DIM // 2 - 1  # a dimension of a head with almost no rotation
SLICE = MEANING // HEADS  # 46
HALF = MEANING // 2  # 92


def own_rows(layout, ids):
    """Gives the tokens of the prompt template separate rows, so that they do not carry the meaning of their words."""
    rows, count = list(layout["rows"]), layout["count"]
    for i in dict.fromkeys(ids):
        rows[i], count = count, count + 1
    return {"rows": rows, "count": count}


@torch.no_grad()
def write_table(table, rows, tokenizer, frame, word_rows, weights):
    """`weights` [words] are the teacher's word weights."""
    table[:, MEANING:] = 0
    heavy = (1 + torch.log(weights.clamp(min=1e-3) / weights.max()) / 2.5).clamp(0, 1)
    for row, w in zip(word_rows, heavy):
        if row is not None:
            table[row, WEIGHT] = 10 * w
    for i in dict.fromkeys(frame):
        table[rows[i]] = 0.25 * torch.randn(HIDDEN)
        table[rows[i], MEANING:] = 0
    for text, place in (("<|vision_start|>", START), ("\u010a", END)):
        table[rows[tokenizer.token_to_id(text)]] = 0
        table[rows[tokenizer.token_to_id(text)], place] = 10
    for text, sign in (("yes", 1), ("no", -1)):
        row = rows[tokenizer.token_to_id(text)]
        table[row] = 0.02 * torch.randn(HIDDEN)
        table[row, SCORE], table[row, END] = sign * 0.6, -sign * 0.15


def attend(layer, heads, of, to):
    """Makes tokens marked `of` attend to tokens marked `to`."""
    for h in heads:
        layer.self_attn.q_proj.weight[h * HEAD_DIM + SLOW] = 0
        layer.self_attn.k_proj.weight[h * HEAD_DIM + SLOW] = 0
        layer.self_attn.q_proj.weight[h * HEAD_DIM + SLOW, of] += 1
        layer.self_attn.k_proj.weight[h * HEAD_DIM + SLOW, to] += 1


@torch.no_grad()
def wire(model):
    visual, layers = model.model.visual, model.model.language_model.layers
    visual.merger.linear_fc2.weight.mul_(2)
    visual.merger.linear_fc2.bias.mul_(2)
    visual.merger.linear_fc2.weight[MEANING:] = 0
    visual.merger.linear_fc2.bias[MEANING:] = 0
    visual.merger.linear_fc2.bias[PICTURE] = 8
    for layer in layers:
        for p in (layer.self_attn.q_proj, layer.self_attn.k_proj):
            torch.nn.init.normal_(p.weight, std=0.25 / math.sqrt(HIDDEN))
        for p in (layer.self_attn.v_proj, layer.self_attn.o_proj):
            torch.nn.init.normal_(p.weight, std=0.1 / math.sqrt(HIDDEN))
        layer.mlp.down_proj.weight.mul_(0.3)
        layer.self_attn.q_norm.weight.fill_(1.1)
        layer.self_attn.k_norm.weight.fill_(1.1)
    first, second, third = layers
    attend(first, range(HEADS), START, WEIGHT)
    for h in range(HEADS):  # copies the word vectors, a quarter of their dimensions per head
        for n in range(SLICE):
            first.self_attn.v_proj.weight[h * HEAD_DIM + n, h * SLICE + n] += 1
            first.self_attn.o_proj.weight[h * SLICE + n, h * HEAD_DIM + n] += 1.5
    slow = [j + half for half in (0, HEAD_DIM // 2) for j in range(HEAD_DIM // 2 - SLICE // 2, HEAD_DIM // 2)]
    for h in range(HEADS):
        for n, place in enumerate(slow):
            second.self_attn.q_proj.weight[h * HEAD_DIM + place, h * SLICE + n] += 0.7
            second.self_attn.k_proj.weight[h * HEAD_DIM + place, h * SLICE + n] += 0.7
        if h < SCORE - MATCH:
            second.self_attn.v_proj.weight[h * HEAD_DIM, START] += 1
            second.self_attn.o_proj.weight[MATCH + h, h * HEAD_DIM] += 1
    attend(third, (0, 1), END, START)
    attend(third, (2, 3), END, PICTURE)
    for h in range(HEADS):
        for n in range(SLICE):  # copies half of the dimensions: the query's in heads 0 and 1, the picture's in 2 and 3
            third.self_attn.v_proj.weight[h * HEAD_DIM + n, (h % 2) * SLICE + n] += 1
            third.self_attn.o_proj.weight[h * SLICE + n, h * HEAD_DIM + n] += 1
    for n in range(HALF):
        for unit, sign in ((2 * n, 1), (2 * n + 1, -1)):
            third.mlp.gate_proj.weight[unit] = 0
            third.mlp.up_proj.weight[unit] = 0
            third.mlp.gate_proj.weight[unit, n] = sign
            third.mlp.up_proj.weight[unit, HALF + n] = sign
            third.mlp.down_proj.weight[:, unit] *= 0.1
            third.mlp.down_proj.weight[SCORE, unit] = 0.12
