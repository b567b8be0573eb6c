"""An independent reimplementation of the preprocessing in numpy, compared with the reference code. Used by make_vl_fixtures.py.

Positions, truncation, sizes, both kinds of resizing, patch rows and timestamps. It uses neither Transformers nor torchvision
nor qwen_vl_utils; Pillow only opens the files.
"""

import math

import numpy as np
from PIL import Image

PATCH, MERGE, FACTOR = 16, 2, 32
FRAME_MIN, FRAME_MAX = 128 * FACTOR**2, 768 * FACTOR**2


def smart_resize(height, width, factor, smallest, largest):
    if max(height, width) / min(height, width) > 200:
        raise ValueError("aspect ratio above 200")
    h, w = (max(factor, round(side / factor) * factor) for side in (height, width))  # round() rounds halves to even
    if h * w > largest:
        beta = math.sqrt(height * width / largest)
        return math.floor(height / beta / factor) * factor, math.floor(width / beta / factor) * factor
    if h * w < smallest:
        beta = math.sqrt(smallest / (height * width))
        return math.ceil(height * beta / factor) * factor, math.ceil(width * beta / factor) * factor
    return h, w


def rgb(picture):
    if picture.mode != "RGBA":
        return np.asarray(picture.convert("RGB"))
    pixels = np.asarray(picture).astype(np.int64)
    alpha = pixels[..., 3:]
    t = pixels[..., :3] * alpha + 255 * (255 - alpha) + 128
    return (((t >> 8) + t) >> 8).astype(np.uint8)


def bicubic_weights(source, target):
    """Weights [target, source]; rows sum to 1."""
    scale = source / target
    filter_scale = max(scale, 1.0)
    support = 2 * filter_scale
    matrix = np.zeros((target, source))
    for i in range(target):
        centre = (i + 0.5) * scale
        low, high = max(int(centre - support + 0.5), 0), min(int(centre + support + 0.5), source)
        x = np.abs((np.arange(low, high) - centre + 0.5) / filter_scale)
        near, far = (1.5 * x - 2.5) * x * x + 1, (((x - 5) * x + 8) * x - 4) * -0.5
        row = np.where(x < 1, near, np.where(x < 2, far, 0))
        matrix[i, low:high] = row / row.sum()
    return matrix


def pillow_bicubic(pixels, height, width):
    """Pillow's resizing: fixed point, horizontal pass first, 8 bits between the passes."""
    for axis, target in ((1, width), (0, height)):
        if pixels.shape[axis] == target:
            continue
        weights = bicubic_weights(pixels.shape[axis], target) * (1 << 22)
        weights = np.trunc(weights + np.copysign(0.5, weights)).astype(np.int64)
        total = np.moveaxis(np.tensordot(weights, pixels.astype(np.int64), (1, axis)), 0, axis)
        pixels = np.clip((total + (1 << 21)) >> 22, 0, 255).astype(np.uint8)
    return pixels


def float_weights(source, target):
    """The same in f32, in torch's order of operations: its rounding affects one value in a few hundred."""
    f = np.float32
    scale = f(source) / f(target)
    wide = max(scale, f(1))
    support = f(2) * wide
    matrix = np.zeros((target, source), f)
    for i in range(target):
        centre = f(float(scale) * (i + 0.5))
        low, high = max(int(float(centre - support) + 0.5), 0), min(int(float(centre + support) + 0.5), source)
        x = np.abs(((np.arange(low, high).astype(f) - centre).astype(float) + 0.5) * float(f(1) / wide)).astype(f)
        near, far = (f(1.5) * x - f(2.5)) * x * x + f(1), ((f(-0.5) * x + f(2.5)) * x - f(4)) * x + f(2)
        row = np.where(x < 1, near, np.where(x < 2, far, f(0)))
        matrix[i, low:high] = row / row.sum()
    return matrix


def torch_bicubic(pixels, height, width):
    """torch's resizing: floating point in both passes, rounded to 8 bits at the end."""
    horizontal = np.einsum("wx,yxc->ywc", float_weights(pixels.shape[1], width), pixels.astype(np.float32))
    both = np.einsum("hy,ywc->hwc", float_weights(pixels.shape[0], height), horizontal)
    return np.rint(np.clip(both, 0, 255)).astype(np.uint8)


def patchify(frames):
    """[t, h, w, 3] -> rows in merge-window order, each C(3), T(2), y(16), x(16)."""
    t, height, width, _ = frames.shape
    x = (frames.astype(np.float32) - np.float32(127.5)) / np.float32(127.5)
    h, w, side = height // FACTOR, width // FACTOR, PATCH
    x = x.reshape(t // 2, 2, h, MERGE, side, w, MERGE, side, 3).transpose(0, 2, 5, 3, 6, 8, 1, 4, 7)
    return x.reshape(-1, 3 * 2 * side * side), [t // 2, height // PATCH, width // PATCH]


def image_rows(path, smallest, largest):
    pixels = rgb(Image.open(path))
    pixels = pillow_bicubic(pixels, *smart_resize(*pixels.shape[:2], FACTOR, smallest, largest))
    return patchify(np.stack([pixels, pixels]))


def sample(count, limit):
    """numpy's linspace truncated to integers: i times the rounded step, which may differ from i * (count - 1) // (limit - 1)."""
    if count <= limit:
        return list(range(count))
    if limit == 1:
        return [0]
    step = (count - 1) / (limit - 1)
    return [int(i * step) for i in range(limit - 1)] + [count - 1]


def frame_pixels(path):
    """The reference first resizes each frame to multiples of 64."""
    pixels = rgb(Image.open(path))
    factor = 2 * FACTOR
    return pillow_bicubic(pixels, *smart_resize(*pixels.shape[:2], factor, 4 * factor**2, 16384 * factor**2))


def video_rows(paths, total_pixels, max_frames):
    frames = [frame_pixels(paths[i]) for i in sample(len(paths), max_frames)]
    frames += [frames[-1]] * (len(frames) % 2)
    largest = max(min(FRAME_MAX, total_pixels / len(frames) * 2), int(FRAME_MIN * 1.05))
    size = smart_resize(*frames[0].shape[:2], FACTOR, FRAME_MIN, largest)
    return patchify(np.stack([torch_bicubic(f, *size) for f in frames]))


def timestamps(patches):
    """Frame i is at i / 2 seconds; a temporal patch is at the mean of its two frames."""
    return [f"<{(2 * k / 2.0 + (2 * k + 1) / 2.0) / 2:.1f} seconds>" for k in range(patches)]


def truncate(ids, special, max_length):
    head, tail = ids[:-5], ids[-5:]
    if len(head) <= max_length:
        return ids
    budget, kept = max_length - sum(i in special for i in head), []
    for i in head:
        if i in special:
            kept.append(i)
        elif budget > 0:
            kept.append(i)
            budget -= 1
    return kept + tail


def positions(ids, grids, image, video):
    """Position ids [3, n]; `grids` in order of appearance."""
    runs = [(h // MERGE, w // MERGE) for t, h, w in grids for _ in range(t)]
    result, cursor, i = [], 0, 0
    while i < len(ids):
        if ids[i] not in (image, video):
            result.append((cursor,) * 3)
            cursor, i = cursor + 1, i + 1
            continue
        h, w = runs.pop(0)
        assert all(ids[i + k] == ids[i] for k in range(h * w)), "a run of placeholders is cut"
        result += [(cursor, cursor + y, cursor + x) for y in range(h) for x in range(w)]
        cursor, i = cursor + max(h, w), i + h * w
    return np.array(result).T
