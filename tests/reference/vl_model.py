"""Tiny random Qwen3-VL models: weights, scores, ablations and intermediate stages. Used by make_vl_fixtures.py."""

import torch
from safetensors.torch import save_file
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration


def make_config(shape, tokenizer, vocabulary):
    token = tokenizer.token_to_id
    text = dict(model_type="qwen3_vl_text", vocab_size=vocabulary, hidden_act="silu", attention_bias=False, attention_dropout=0.0, rms_norm_eps=1e-6, rope_theta=5e6,
                max_position_embeddings=262144, rope_scaling={"mrope_interleaved": True, "mrope_section": shape["mrope_section"], "rope_type": "default"},
                tie_word_embeddings=shape["tied"], **shape["text"])
    vision = dict(model_type="qwen3_vl", hidden_act="gelu_pytorch_tanh", in_channels=3, patch_size=16, spatial_merge_size=2, temporal_patch_size=2,
                  out_hidden_size=text["hidden_size"], **shape["vision"])
    return {"architectures": ["Qwen3VLForConditionalGeneration"], "model_type": "qwen3_vl", "text_config": text, "vision_config": vision,
            "tie_word_embeddings": shape["tied"], "image_token_id": token("<|image_pad|>"), "video_token_id": token("<|video_pad|>"),
            "vision_start_token_id": token("<|vision_start|>"), "vision_end_token_id": token("<|vision_end|>")}


def make_model(config, seed):
    torch.manual_seed(seed)
    config = Qwen3VLConfig(**{k: v for k, v in config.items() if k != "model_type"})
    config._attn_implementation = "eager"
    model = Qwen3VLForConditionalGeneration(config).eval()
    assert all(c._attn_implementation == "eager" for c in (model.model.visual.config, model.model.language_model.config))
    with torch.no_grad():
        for name, p in model.named_parameters():
            gain = 3.0 if "merge" in name and "fc2" in name else 1.0  # picture features must dominate the prompt around them
            if "q_norm" in name or "k_norm" in name:
                p.copy_(1.4 + 0.3 * torch.randn_like(p))  # attention with clear peaks
            elif p.ndim == 1:
                p.copy_(0.4 * gain * torch.randn_like(p) + (1 if "norm" in name and name.endswith("weight") else 0))
            elif "embed_tokens" in name or "lm_head" in name or "pos_embed" in name:
                p.copy_(0.5 * torch.randn_like(p))
            else:
                p.copy_(torch.randn_like(p) * 1.2 * gain / p[0].numel() ** 0.5)
    return model


@torch.no_grad()
def last_hidden(model, prepared, **more):
    tensors = {k: v.to(model.dtype) if v.is_floating_point() else v for k, v in prepared["tensors"].items()}
    ids = torch.tensor([prepared["ids"]])
    # Without a mask, Transformers interprets the repeated positions of an image as starts of packed sequences.
    return model.model(input_ids=ids, attention_mask=torch.ones_like(ids), **tensors, **more).last_hidden_state[0]


def logit(model, prepared, yes, no, **more):
    head = model.get_output_embeddings().weight.detach()
    return last_hidden(model, prepared, **more)[-1].double() @ (head[yes] - head[no]).double()


def score(*arguments, **more):
    return torch.sigmoid(logit(*arguments, **more)).item()


def normalise_head(model, prompts, yes, no, spread=1.0):
    """Sets the rows of `yes` and `no` so that the logits have mean zero and standard deviation `spread`.

    Iterates, because in a tied table the rows are also inputs: the prompt contains "yes" and "no"."""
    head = model.get_output_embeddings().weight
    for _ in range(6):
        hidden = torch.stack([last_hidden(model, p)[-1] for p in prompts]).double()
        mean = hidden.mean(0)
        with torch.no_grad():
            difference = (head[yes] - head[no]).double()
            difference -= mean * (difference @ mean) / (mean @ mean)
            difference *= spread / (hidden @ difference).std()
            middle = (head[yes] + head[no]) / 2
            head[yes], head[no] = middle + difference.float() / 2, middle - difference.float() / 2


def moved(model, prompts, before, yes, no, **more):
    return max(abs(score(model, p, yes, no, **more) - b) for p, b in zip(prompts, before))


@torch.no_grad()
def halved_parameters(model, prompts, yes, no):
    """For each parameter except the vocabulary: how far the most affected score moves when every second row is halved.

    Not all rows, because the norm after q_proj and k_proj would cancel a common factor."""
    before = [score(model, p, yes, no) for p in prompts]
    result = {}
    for name, p in model.named_parameters():
        if "embed_tokens" in name or "lm_head" in name:
            continue
        kept = p.clone()
        p[::2] *= 0.5
        result[name] = moved(model, prompts, before, yes, no)
        p.copy_(kept)
    return result


def flattened_positions(model, prepared, axis):
    tensors = prepared["tensors"]
    ids, _ = model.model.get_rope_index(torch.tensor([prepared["ids"]]), tensors.get("image_grid_thw"), tensors.get("video_grid_thw"))
    ids = ids.clone()
    if axis is None:
        ids[:] = torch.arange(ids.shape[-1])
    else:
        ids[axis] = ids[(axis + 1) % 3] if axis == 0 else ids[0]
    return ids


def structural(model, prompts, yes, no):
    """How far scores move under typical bugs: one-dimensional or flattened positions, no rotary embedding in the tower, weakened deepstack, blocks and layers."""
    before, visual, result = [score(model, p, yes, no) for p in prompts], model.model.visual, {}
    for name, axis in (("positions 1-D", None), ("axis T", 0), ("axis H", 1), ("axis W", 2)):
        result[name] = max(abs(score(model, p, yes, no, position_ids=flattened_positions(model, p, axis)) - b) for p, b in zip(prompts, before))

    def with_hook(module, change):
        handle = module.register_forward_hook(change)
        try:
            return moved(model, prompts, before, yes, no)
        finally:
            handle.remove()

    result["tower rotary"] = with_hook(visual.rotary_pos_emb, lambda m, i, o: o * 0)
    result["merger"] = with_hook(visual.merger, lambda m, i, o: o * 0.5)
    for k, module in enumerate(visual.deepstack_merger_list):
        result[f"deepstack {k}"] = with_hook(module, lambda m, i, o: o * 0.5)
    for k, block in enumerate(visual.blocks):
        result[f"block {k} attention"] = with_hook(block.attn, lambda m, i, o: o * 0.5)
        result[f"block {k} mlp"] = with_hook(block.mlp, lambda m, i, o: o * 0.5)
    for k, layer in enumerate(model.model.language_model.layers):
        result[f"layer {k} attention"] = with_hook(layer.self_attn.o_proj, lambda m, i, o: o * 0.5)
        result[f"layer {k} mlp"] = with_hook(layer.mlp, lambda m, i, o: o * 0.5)
    return result


def watch(outputs, name, handles, module, before=False):
    """Records a module's output (or input). Copies it, because the deepstack addition changes a layer's output in place."""
    def keep(value):
        outputs[name] = (value[0] if isinstance(value, tuple) else value).detach().clone()
    handles.append(module.register_forward_pre_hook(lambda m, i: keep(i[0])) if before else module.register_forward_hook(lambda m, i, o: keep(o)))


def tower_stages(model, rows, grid, kind):
    visual, outputs, handles = model.model.visual, {}, []
    watch(outputs, f"out.vision.patch_embed.{kind}", handles, visual.patch_embed)
    watch(outputs, f"out.vision.merger.{kind}", handles, visual.merger)
    for k, block in enumerate(visual.blocks):
        watch(outputs, f"out.vision.block{k}.{kind}", handles, block)
    for k, merger in enumerate(visual.deepstack_merger_list):
        watch(outputs, f"out.vision.deepstack{k}.{kind}", handles, merger)
    visual(rows, grid_thw=grid)
    for handle in handles:
        handle.remove()
    return outputs | {f"out.vision.pos_embed.{kind}": visual.fast_pos_embed_interpolate(grid)}


def decoder_stages(model, prepared):
    decoder, outputs, handles = model.model.language_model, {}, []
    layers, deep = decoder.layers, len(model.model.visual.deepstack_merger_list)
    watch(outputs, "out.text.input", handles, layers[0].input_layernorm, before=True)
    for k, layer in enumerate(layers):
        following = layers[k + 1].input_layernorm if k + 1 < len(layers) else decoder.norm
        watch(outputs, f"out.text.layer{k}", handles, following, before=True)
        if k < deep:
            watch(outputs, f"out.text.layer{k}_before_deepstack_add", handles, layer)
    hidden = last_hidden(model, prepared)
    for handle in handles:
        handle.remove()
    return {k: v[0] for k, v in outputs.items()} | {"out.last_hidden": hidden}


@torch.no_grad()
def golden(model, prepared, position_ids, path):
    """Writes every stage of one prompt. Patch rows are rounded to f16 before use, to halve their size in the file."""
    tensors = prepared["tensors"]
    for key in ("pixel_values", "pixel_values_videos"):
        tensors[key] = tensors[key].half().float()
    file = {"in.ids": torch.tensor(prepared["ids"]), "out.position_ids": position_ids[:, 0]}
    for kind, rows, grid in (("images", "pixel_values", "image_grid_thw"), ("videos", "pixel_values_videos", "video_grid_thw")):
        file |= {f"in.pixel_values_{kind}": tensors[rows].half(), f"in.grid_{kind}": tensors[grid]}
        file |= tower_stages(model, tensors[rows], tensors[grid], kind)
    file |= decoder_stages(model, prepared)
    save_file({k: (v if v.dtype == torch.float16 else v.float()).contiguous() for k, v in file.items()}, path)
