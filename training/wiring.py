"""First weights that already compare: a small decoder does not find out in an hour how to, but improves on it from the first step.

The last eight numbers of a row say what it is. Layer 0: <|vision_start|> gathers the words of the question that carry meaning.
Layer 1: each token of the picture looks at that by likeness. Layer 2: the last token gathers both, and its gated product
multiplies them number by number, silu(a) b + silu(-a) (-b) = a b, into one number, in which `yes` and `no` differ.
"""

import math

import torch

from model import HEAD_DIM, HEADS, HIDDEN

MEANING = HIDDEN - 8
PICTURE, START, END, WEIGHT, MATCH, SCORE = MEANING, MEANING + 1, MEANING + 2, MEANING + 3, MEANING + 4, MEANING + 7
SLOW = HEAD_DIM // 2 - 1  # a number of a head that positions do not turn
SLICE = MEANING // HEADS  # 46
HALF = MEANING // 2  # 92


def own_rows(layout, ids):
    """The words of the prompt's frame get rows of their own, so that they need not mean what they say."""
    rows, count = list(layout["rows"]), layout["count"]
    for i in dict.fromkeys(ids):
        rows[i], count = count, count + 1
    return {"rows": rows, "count": count}


@torch.no_grad()
def write_table(table, rows, tokenizer, frame, word_rows, weights):
    """`weights` [words] is how much the teacher takes each word to mean."""
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


def look_for(layer, heads, of, at):
    """Tokens marked `of` look for tokens marked `at`."""
    for h in heads:
        layer.self_attn.q_proj.weight[h * HEAD_DIM + SLOW] = 0
        layer.self_attn.k_proj.weight[h * HEAD_DIM + SLOW] = 0
        layer.self_attn.q_proj.weight[h * HEAD_DIM + SLOW, of] += 1
        layer.self_attn.k_proj.weight[h * HEAD_DIM + SLOW, at] += 1


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
    look_for(first, range(HEADS), START, WEIGHT)
    for h in range(HEADS):  # the words, a quarter of their numbers in each head
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
    look_for(third, (0, 1), END, START)
    look_for(third, (2, 3), END, PICTURE)
    for h in range(HEADS):
        for n in range(SLICE):  # the first half of the numbers, of the question in heads 0 and 1, of the picture in 2 and 3
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
