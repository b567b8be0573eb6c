"""The Transformers model, and an equivalent forward pass for training that shares work: the start of the prompt is computed
once, a query once for its candidates, and a picture once for all queries. `check.py` compares the two."""

import json
import math

import numpy as np
import torch
import torch.nn.functional as F
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

HIDDEN, LAYERS, HEADS, KV, HEAD_DIM, MLP = 192, 3, 4, 4, 64, 512
VISION = dict(depth=4, hidden_size=160, num_heads=5, intermediate_size=480, deepstack_visual_indexes=[1, 2], num_position_embeddings=36)
SECTIONS = [12, 10, 10]
THETA = 5e6


def make_config(tokenizer):
    token = tokenizer.token_to_id
    text = dict(model_type="qwen3_vl_text", vocab_size=tokenizer.get_vocab_size(), hidden_size=HIDDEN, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
                num_key_value_heads=KV, head_dim=HEAD_DIM, intermediate_size=MLP, hidden_act="silu", attention_bias=False, attention_dropout=0.0,
                rms_norm_eps=1e-6, rope_theta=THETA, max_position_embeddings=8192, tie_word_embeddings=True,
                rope_scaling={"mrope_interleaved": True, "mrope_section": SECTIONS, "rope_type": "default"})
    vision = dict(model_type="qwen3_vl", hidden_act="gelu_pytorch_tanh", in_channels=3, patch_size=16, spatial_merge_size=2, temporal_patch_size=2,
                  out_hidden_size=HIDDEN, **VISION)
    return {"architectures": ["Qwen3VLForConditionalGeneration"], "model_type": "qwen3_vl", "text_config": text, "vision_config": vision,
            "tie_word_embeddings": True, "image_token_id": token("<|image_pad|>"), "video_token_id": token("<|video_pad|>"),
            "vision_start_token_id": token("<|vision_start|>"), "vision_end_token_id": token("<|vision_end|>")}


def make_transformers(config, seed=1):
    torch.manual_seed(seed)
    config = Qwen3VLConfig(**{k: v for k, v in json.loads(json.dumps(config)).items() if k != "model_type"})
    config._attn_implementation = "eager"
    return Qwen3VLForConditionalGeneration(config)


def initialise(model):
    """Starts with small residual branches, almost no deepstack, and equal query and key projections in the first layers."""
    decoder, visual = model.model.language_model, model.model.visual
    with torch.no_grad():
        for p in model.parameters():
            if p.ndim >= 2:
                torch.nn.init.normal_(p, std=1 / math.sqrt(p[0].numel()))
        for merger in visual.deepstack_merger_list:
            merger.linear_fc2.weight.mul_(0.05)
        for block in visual.blocks:
            block.attn.proj.weight.mul_(0.4)
            block.mlp.linear_fc2.weight.mul_(0.4)
        visual.pos_embed.weight.mul_(2)
        for n, layer in enumerate(decoder.layers):
            layer.self_attn.o_proj.weight.mul_(0.3)
            layer.mlp.down_proj.weight.mul_(0.3)
            if n < 2:
                same = torch.cat([torch.linalg.qr(torch.randn(HIDDEN, HEAD_DIM))[0].T for _ in range(HEADS)])
                layer.self_attn.q_proj.weight.copy_(same)
                layer.self_attn.k_proj.weight.copy_(same[: KV * HEAD_DIM])


class NormTurn(torch.autograd.Function):
    """RMS norm with an optional rotary embedding; written by hand because it dominates the time of a training step."""

    @staticmethod
    def forward(context, x, weight, cos, sin):
        x = x.float()
        scale = torch.rsqrt(torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(1e-6))
        unit = x * scale
        context.save_for_backward(unit, scale, weight, cos, sin)
        return turned(unit * weight, cos, sin)

    @staticmethod
    def backward(context, gradient):
        unit, scale, weight, cos, sin = context.saved_tensors
        gradient = turned(gradient.float(), cos, None if sin is None else -sin)
        weighted = (gradient * unit).flatten(0, -2).sum(0)
        gradient = gradient * weight
        along = (gradient * unit).mean(-1, keepdim=True)
        return (gradient.addcmul_(unit, along, value=-1)).mul_(scale), weighted, None, None


def turned(x, cos, sin):
    """Rotary embedding with halves (not interleaved)."""
    if cos is None:
        return x
    half, out = x.shape[-1] // 2, x * cos
    out[..., :half].addcmul_(x[..., half:], sin[..., :half], value=-1)
    out[..., half:].addcmul_(x[..., :half], sin[..., half:])
    return out


def norm(x, module, turn=(None, None)):
    with torch.autocast("cpu", enabled=False):
        return NormTurn.apply(x, module.weight, *turn)


class Tower:
    """The vision tower for batches of square pictures of one size."""

    def __init__(self, visual, side):
        self.visual, cells = visual, side // 16
        grid = torch.tensor([[1, cells, cells]])
        with torch.no_grad():
            angles = visual.rot_pos_emb(grid)
            self.cos, self.sin = (f(torch.cat([angles, angles], -1)) for f in (torch.cos, torch.sin))
        self.position_weights = self.interpolation(cells, round(VISION["num_position_embeddings"] ** 0.5))

    @staticmethod
    def interpolation(cells, side):
        """Weights [patches, table rows]: bilinear with aligned corners, in merge-window order."""
        at = torch.linspace(0, side - 1, cells)
        one = torch.zeros(cells, side)
        for i, x in enumerate(at):
            low = int(x)
            one[i, low] += 1 - (x - low)
            one[i, min(low + 1, side - 1)] += x - low
        full = torch.einsum("ya,xb->yxab", one, one).reshape(cells // 2, 2, cells // 2, 2, side * side)
        return full.permute(0, 2, 1, 3, 4).reshape(cells * cells, side * side)

    def __call__(self, rows):
        """[n, patches, 768] -> features and those of each deepstack level, each [n, patches / 4, HIDDEN]."""
        visual = self.visual
        kernel = visual.patch_embed.proj
        weight = kernel.weight.sum(2).flatten(1)  # both frames are the same picture
        x = F.linear(rows, weight, kernel.bias).float() + self.position_weights @ visual.pos_embed.weight
        deep = []
        for n, block in enumerate(visual.blocks):
            x = x + self.attention(block.attn, block.norm1(x))
            x = x + block.mlp(block.norm2(x)).float()
            if n in visual.deepstack_visual_indexes:
                deep.append(self.merge(visual.deepstack_merger_list[len(deep)], x, True))
        return self.merge(visual.merger, x, False), deep

    def attention(self, attn, x):
        n, patches, width = x.shape
        q, k, v = attn.qkv(x).view(n, patches, 3, attn.num_heads, -1).permute(2, 0, 3, 1, 4)
        q, k = (turned(t.float(), self.cos, self.sin).to(v.dtype) for t in (q, k))
        out = F.scaled_dot_product_attention(q, k, v)
        return attn.proj(out.transpose(1, 2).reshape(n, patches, width)).float()

    @staticmethod
    def merge(merger, x, after):
        n, patches, width = x.shape
        x = merger.norm(x.view(n, patches // 4, 4 * width)) if after else merger.norm(x).view(n, patches // 4, 4 * width)
        return merger.linear_fc2(F.gelu(merger.linear_fc1(x))).float()


class Rope:
    def __init__(self):
        self.inverse = 1 / THETA ** (torch.arange(0, HEAD_DIM, 2).float() / HEAD_DIM)
        self.axis = torch.zeros(HEAD_DIM // 2, dtype=torch.long)
        for axis in (1, 2):
            self.axis[axis : SECTIONS[axis] * 3 : 3] = axis

    def __call__(self, positions):
        """[..., 3] -> cos and sin [..., HEAD_DIM]"""
        angles = positions.float()[..., self.axis] * self.inverse
        angles = torch.cat([angles, angles], -1)
        return angles.cos(), angles.sin()


class KeysValues:
    """Keys and values of one layer, for the rows that follow."""

    def __init__(self, k, v):
        self.k, self.v = k, v


class Decoder:
    """Runs the start of the prompt, the queries and the candidates through the layers, each attending to the ones before."""

    def __init__(self, decoder):
        self.decoder, self.rope = decoder, Rope()

    def project(self, layer, x, turn):
        a, attn = norm(x, layer.input_layernorm), layer.self_attn
        shape = (*x.shape[:-1], -1, HEAD_DIM)
        q, k, v = (f(a).view(shape) for f in (attn.q_proj, attn.k_proj, attn.v_proj))
        turn = [t.unsqueeze(-2) for t in turn]
        q, k = norm(q, attn.q_norm, turn), norm(k, attn.k_norm, turn)
        return (t.to(v.dtype).transpose(-2, -3) for t in (q, k, v))

    def finish(self, layer, x, out):
        x = x + layer.self_attn.o_proj(out.transpose(-2, -3).flatten(-2)).float()
        b = norm(x, layer.post_attention_layernorm)
        mlp = layer.mlp
        return x + mlp.down_proj(F.silu(mlp.gate_proj(b)) * mlp.up_proj(b)).float()

    @staticmethod
    def causal(n):
        return torch.full((n, n), float("-inf")).triu(1)

    def start(self, x, positions):
        """x [n, HIDDEN], the common start of all prompts. Returns keys and values of each layer."""
        turn, parts = self.rope(positions), []
        for layer in self.decoder.layers:
            q, k, v = self.project(layer, x, turn)
            parts.append(KeysValues(k, v))
            weight = ((q @ k.transpose(-1, -2)).float() / math.sqrt(HEAD_DIM) + self.causal(len(x))).softmax(-1)
            x = self.finish(layer, x, weight.to(v.dtype) @ v)
        return parts

    def queries(self, start, x, positions, valid):
        """x [b, n, HIDDEN], padded where `valid` [b, n] is false. Returns keys and values of each layer."""
        turn, parts = self.rope(positions), []
        b, n, _ = x.shape
        mask = torch.zeros(b, 1, 1, n).masked_fill(~valid[:, None, None], float("-inf")) + self.causal(n)
        mask = mask.masked_fill(torch.eye(n, dtype=torch.bool), 0)
        for layer, before in zip(self.decoder.layers, start):
            q, k, v = self.project(layer, x, turn)
            parts.append(KeysValues(k, v))
            far = (q @ before.k.transpose(-1, -2)).float() / math.sqrt(HEAD_DIM)
            near = (q @ k.transpose(-1, -2)).float() / math.sqrt(HEAD_DIM) + mask
            weight = torch.cat([far, near], -1).softmax(-1).to(v.dtype)
            m = before.k.shape[-2]
            x = self.finish(layer, x, weight[..., :m] @ before.v + weight[..., m:] @ v)
        return parts

    def candidates(self, start, queries, valid, x, positions, deep, pads):
        """x [b, k, n, HIDDEN]; deepstack features [b, k, pads, HIDDEN] are added to the first `pads` rows. Returns the last row's hidden state."""
        turn = self.rope(positions)
        b, c, n, _ = x.shape
        hide = torch.zeros(b, 1, 1, valid.shape[1]).masked_fill(~valid[:, None, None], float("-inf"))
        own = self.causal(n)
        for number, (layer, first, second) in enumerate(zip(self.decoder.layers, start, queries)):
            q, k, v = self.project(layer, x, turn)
            if number == LAYERS - 1:
                q, x, own = q[..., -1:, :], x[..., -1:, :], own[-1:]
            rows = q.shape[-2]
            wide = q.transpose(1, 2).reshape(b, HEADS, c * rows, HEAD_DIM)  # all candidates of a query against their shared keys
            far = (wide @ first.k.transpose(-1, -2)).float()
            middle = (wide @ second.k.transpose(-1, -2)).float() + hide
            shared = torch.cat([far, middle], -1).view(b, HEADS, c, rows, -1).transpose(1, 2)
            near = (q @ k.transpose(-1, -2)).float() / math.sqrt(HEAD_DIM) + own
            weight = torch.cat([shared / math.sqrt(HEAD_DIM), near], -1).softmax(-1).to(v.dtype)
            m = shared.shape[-1]
            there = weight[..., :m].transpose(1, 2).reshape(b, HEADS, c * rows, m)
            p = first.k.shape[-2]
            out = (there[..., :p] @ first.v + there[..., p:] @ second.v).view(b, HEADS, c, rows, HEAD_DIM).transpose(1, 2)
            x = self.finish(layer, x, out + weight[..., m:] @ v)
            if number < len(deep):
                x = torch.cat([x[..., :pads, :] + deep[number], x[..., pads:, :]], -2)
        return norm(x[..., -1, :], self.decoder.norm)


class Prompt:
    """Token ids of the parts of a prompt. The tokens of a query do not depend on the picture that follows."""

    def __init__(self, tokenizer, system, instruction):
        self.tokenizer = tokenizer
        self.head = f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n<Instruct>: {instruction}<Query>:"
        self.start_ids = tokenizer.encode(self.head + "x").ids
        self.end_ids = tokenizer.encode("<|vision_end|><|im_end|>\n<|im_start|>assistant\n").ids
        self.shared = len(self.start_ids) - 2  # without the last token and the one that may merge with the query's first character

    def query(self, text, before="<|vision_start|>"):
        """Ids after the shared start, up to and including <|vision_start|> or whatever precedes a document."""
        ids = self.tokenizer.encode(f"{self.head}{text}\n<Document>:{before}").ids
        assert ids[: self.shared] == self.start_ids[: self.shared]
        return ids[self.shared :]

    def name(self, text):
        """Ids of a text document. It must begin with a letter, so that it does not merge with the label before it."""
        return self.tokenizer.encode(text).ids


class Reranker(torch.nn.Module):
    """Scores pictures for queries in training. `rows` maps each token to its row of the shared table."""

    def __init__(self, transformers_model, tokenizer, prompt, rows, table):
        super().__init__()
        self.hf, self.prompt = transformers_model, prompt
        self.table = torch.nn.Parameter(table)
        self.register_buffer("rows", torch.tensor(rows))
        self.towers = {side: Tower(transformers_model.model.visual, side) for side in (64, 96)}
        self.decoder = Decoder(transformers_model.model.language_model)
        self.yes, self.no = tokenizer.token_to_id("yes"), tokenizer.token_to_id("no")

    def embed(self, ids):
        return F.embedding(self.rows[torch.as_tensor(ids)], self.table)

    def parts(self, queries):
        """Keys and values of the start and of the queries; `queries` are lists of ids."""
        first = self.prompt.start_ids[: self.prompt.shared]
        line = torch.arange(len(first))
        start = self.decoder.start(self.embed(first), line[:, None].expand(-1, 3))
        longest = max(len(q) for q in queries)
        padded = torch.tensor([[0] * (longest - len(q)) + list(q) for q in queries])
        lengths = torch.tensor([len(q) for q in queries])
        place = torch.arange(longest)[None] - (longest - lengths)[:, None]
        positions = (place.clamp(min=0) + len(first))[..., None].expand(-1, -1, 3)
        valid = place >= 0
        return start, self.decoder.queries(start, self.embed(padded), positions, valid), valid, lengths + len(first)

    def score(self, queries, features, deep, which):
        """Logits [b, k]; features [pictures, pads, HIDDEN]; which [b, k] are indices of pictures."""
        pads = features.shape[1]
        side = round(pads**0.5)
        y, w = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
        picture = torch.stack([torch.zeros(pads, dtype=torch.long), y.flatten(), w.flatten()], -1)
        return self.compare(queries, features, deep, which, picture, self.prompt.end_ids)

    def score_names(self, queries, names, which):
        """Logits [b, k] of documents that are texts of equally many tokens; names [documents, tokens]."""
        line = torch.arange(names.shape[1])[:, None].expand(-1, 3)
        return self.compare(queries, self.embed(names), [], which, line, self.prompt.end_ids[1:])

    def compare(self, queries, features, deep, which, places, tail):
        start, parts, valid, ends = self.parts(queries)
        b, c = which.shape
        x = torch.cat([features[which], self.embed(tail).expand(b, c, -1, -1)], 2)
        after = (torch.arange(len(tail)) + places.max() + 1)[:, None].expand(-1, 3)
        positions = ends[:, None, None] + torch.cat([places, after])[None]
        hidden = self.decoder.candidates(start, parts, valid, x, positions[:, None], [d[which] for d in deep], features.shape[1])
        return hidden @ (self.embed(self.yes) - self.embed(self.no))

    def look(self, pixels):
        """[n, side, side, 3] uint8 -> features and deepstack features."""
        from pictures import rows
        return self.towers[pixels.shape[1]](torch.from_numpy(rows(np.asarray(pixels))))
