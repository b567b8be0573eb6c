"""Preprocesses requests with the reference code and with vl_spec.py, and compares both. Used by make_vl_fixtures.py.

The reference code is qwen_vl_utils.process_vision_info followed by Qwen3VLProcessor without resizing. Its token ids, patch
rows and grids must equal those of vl_spec.py and the prompt template, except for ids of texts that look like control tokens,
which the reference would parse.
"""

import re

import numpy as np
import torch
from qwen_vl_utils import process_vision_info
from tokenizers import AddedToken
from transformers import Qwen2TokenizerFast, Qwen2VLImageProcessorFast, Qwen3VLProcessor, Qwen3VLVideoProcessor

import vl_spec
from make_text_fixtures import CORPUS, SPECIAL, SYSTEM, make_tokenizer

INSTRUCTION = "Given a search query, retrieve relevant candidates that answer the query."
MAX_LENGTH, MAX_FRAMES = 10240, 64
MIN_PIXELS, MAX_PIXELS, TOTAL_PIXELS = 4096, 1310720, 7864320
ADDED = ["<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>",
         "<tool_response>", "</tool_response>", "<think>", "</think>"]
PREPROCESSOR = {"image_processor_type": "Qwen2VLImageProcessorFast", "processor_class": "Qwen3VLProcessor", "do_convert_rgb": True,
                "do_rescale": True, "do_normalize": True, "rescale_factor": 1 / 255, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "resample": 3,
                "patch_size": 16, "temporal_patch_size": 2, "merge_size": 2, "size": {"shortest_edge": MIN_PIXELS, "longest_edge": MAX_PIXELS}}
TEMPLATE = ("{% for m in messages %}<|im_start|>{{ m.role }}\n{% for c in m.content %}"
            "{% if c.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
            "{% elif c.type == 'video' %}<|vision_start|><|video_pad|><|vision_end|>{% else %}{{ c.text }}{% endif %}"
            "{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}")
# Trains merges across the labels that the published vocabulary has: `.<`, `:(`, `?` and `.` with a line feed.
VL_CORPUS = CORPUS + [
    INSTRUCTION, ".<Query>:(x) [y]", ".<Query>: ?\n<Document>:(", "0.2 seconds 1.2 seconds <",
    ("which that when there where these for and with from"
     " into over under between page pages read reading reads order ordered ordering question answer search result results query document"
     " instruction picture pictures video moves moving disc stripes small large far near bright dark first best better other another")] * 4


def tokenizers(vocabulary):
    """The tokenizer with control tokens, and the one without, for user text."""
    tokenizer, plain = make_tokenizer(vocabulary, VL_CORPUS)
    tokenizer.add_tokens([AddedToken(t, special=False, normalized=False) for t in ADDED])
    return tokenizer, plain


def make_processor(tokenizer_file):
    tokenizer = Qwen2TokenizerFast(tokenizer_file=str(tokenizer_file), pad_token="<|endoftext|>", eos_token="<|im_end|>", unk_token=None,
                                   additional_special_tokens=SPECIAL[1:], padding_side="left")
    options = {k: v for k, v in PREPROCESSOR.items() if not k.endswith(("_type", "_class"))}
    return Qwen3VLProcessor(Qwen2VLImageProcessorFast(**options), tokenizer, Qwen3VLVideoProcessor(), chat_template=TEMPLATE)


def as_list(value):
    return [] if value is None else value if isinstance(value, list) else [value]


def content(side, folder, limits):
    """Videos, then images, then texts. Empty texts are dropped; empty content becomes NULL."""
    side = {"text": side} if isinstance(side, str) else side
    texts = [t for t in as_list(side.get("text")) if t]
    images = as_list(side.get("image"))
    items = []
    if side.get("video"):
        frames = [side["video"][i] for i in vl_spec.sample(len(side["video"]), limits["max_frames"])]
        items.append({"type": "video", "video": [f"file://{folder / f}" for f in frames], "total_pixels": TOTAL_PIXELS})
    items += [{"type": "image", "image": f"file://{folder / i}", "min_pixels": MIN_PIXELS, "max_pixels": limits["max_pixels"]} for i in images]
    items += [{"type": "text", "text": t} for t in texts]
    return items or [{"type": "text", "text": "NULL"}]


def messages(request, document, folder, limits):
    label = [{"type": "text", "text": t} for t in (f"<Instruct>: {request.get('instruction') or INSTRUCTION}", "<Query>:", "\n<Document>:")]
    user = label[:2] + content(request["query"], folder, limits) + label[2:] + content(document, folder, limits)
    return [{"role": "system", "content": [{"type": "text", "text": SYSTEM}]}, {"role": "user", "content": user}]


def by_reference(processor, conversation, max_length):
    """Token ids and tensors, computed like the reference script does."""
    text = processor.apply_chat_template([conversation], tokenize=False, add_generation_prompt=True)
    images, videos, options = process_vision_info([conversation], image_patch_size=16, return_video_kwargs=True, return_video_metadata=True)
    videos, metadata = map(list, zip(*videos)) if videos else (None, None)
    inputs = processor(text=text, images=images, videos=videos, video_metadata=metadata, truncation=False, padding=False, do_resize=False, **options)
    ids = vl_spec.truncate(inputs["input_ids"][0], set(processor.tokenizer.all_special_ids), max_length)
    return ids, {k: inputs[k] for k in ("pixel_values", "image_grid_thw", "pixel_values_videos", "video_grid_thw") if k in inputs}


def media(conversation):
    return [c for m in conversation for c in m["content"] if c["type"] != "text"]


def rows_by_spec(item):
    if item["type"] == "image":
        return vl_spec.image_rows(item["image"][7:], item["min_pixels"], item["max_pixels"])
    return vl_spec.video_rows([f[7:] for f in item["video"]], item["total_pixels"], MAX_FRAMES)


def ids_by_spec(tokenizer, plain, conversation, grids, max_length):
    """Token ids of the prompt, split at the template's control tokens only, so that user text never becomes one."""
    pieces, remaining = [], list(grids)
    for message in conversation:
        pieces += ["<|im_start|>", message["role"] + "\n"]
        for item in message["content"]:
            if item["type"] == "text":
                pieces.append({"user": item["text"]})
                continue
            t, h, w = remaining.pop(0)
            pads = [f"<|{item['type']}_pad|>"] * (h * w // 4)
            for time in vl_spec.timestamps(t) if item["type"] == "video" else [""]:
                pieces += [{"user": time}, "<|vision_start|>", *pads, "<|vision_end|>"]
        pieces += ["<|im_end|>", "\n"]
    pieces += ["<|im_start|>", "assistant\n"]
    ids, text = [], ""
    for piece in [*pieces, None]:
        if isinstance(piece, dict) or (piece is not None and piece not in SPECIAL):
            text += piece["user"] if isinstance(piece, dict) else piece
            continue
        ids += plain.encode(text, add_special_tokens=False).ids
        ids += [tokenizer.token_to_id(piece)] if piece else []
        text = ""
    return vl_spec.truncate(ids, {tokenizer.token_to_id(t) for t in SPECIAL}, max_length)


def same_rows(name, real, described):
    """Images must agree exactly; frames may differ by one level where f32 and f64 round differently at one half."""
    levels = np.abs(np.rint((real.numpy() - described) * 127.5))
    wrong = int((levels > 0).sum())
    assert levels.max(initial=0) <= (1 if name == "videos" else 0), f"{name}: patch rows differ by {levels.max()} levels"
    if wrong == 0:
        assert np.array_equal(real.numpy(), described), f"{name}: normalisation differs"
    return wrong, real.numel()


def prepare(processor, tokenizer, plain, request, document, folder, limits, tally):
    """Ids, tensors and grids in order of appearance, checked against vl_spec.py."""
    conversation = messages(request, document, folder, limits)
    rows = [(item["type"], *rows_by_spec(item)) for item in media(conversation)]
    grids = [grid for _, _, grid in rows]
    ids = ids_by_spec(tokenizer, plain, conversation, grids, limits["max_length"])
    lookalike = any(t in c["text"] for m in conversation[1:] for c in m["content"] if c["type"] == "text" for t in SPECIAL + ADDED)
    harmless = [m | {"content": [c | {"text": re.sub(r"<[|/a-z]", "", c["text"])} if lookalike and c["type"] == "text" else c for c in m["content"]]}
                for m in conversation]
    real, tensors = by_reference(processor, harmless, limits["max_length"])
    assert lookalike or real == ids, f"ids differ:\n{real}\n{ids}"
    own = {}
    for kind, values, shapes in (("image", "pixel_values", "image_grid_thw"), ("video", "pixel_values_videos", "video_grid_thw")):
        described = [(r, g) for k, r, g in rows if k == kind]
        assert [g for _, g in described] == (tensors[shapes].tolist() if shapes in tensors else []), "grids differ"
        if described:
            rows_described = np.concatenate([r for r, _ in described])
            wrong, total = same_rows(kind + "s", tensors[values], rows_described)
            own[values] = torch.from_numpy(rows_described)
            tally[kind] = [a + b for a, b in zip(tally.get(kind, (0, 0)), (wrong, total))]
    return {"ids": ids, "tensors": tensors, "grids": grids, "described": tensors | own}


def check_positions(model, prepared):
    """Position ids [3, n] from the model's code, checked against vl_spec.py."""
    config, tensors = model.config, prepared["tensors"]
    real, _ = model.model.get_rope_index(torch.tensor([prepared["ids"]]), tensors.get("image_grid_thw"), tensors.get("video_grid_thw"))
    described = vl_spec.positions(prepared["ids"], prepared["grids"], config.image_token_id, config.video_token_id)
    assert np.array_equal(real[:, 0].numpy(), described), "positions differ"
    return real
