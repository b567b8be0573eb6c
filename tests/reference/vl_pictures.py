"""Draws the pictures of the fixtures: smooth waves and shapes, which compress well as PNG. Used by make_vl_fixtures.py.

    from vl_pictures import draw_all
    draw_all(folder)
"""

import numpy as np
from PIL import Image, ImageDraw

# name: (height, width, mode). 64x96 needs no resizing; 80x112 is half-way between multiples of 32 on both axes;
# 5x9 is smaller than one patch.
PICTURES = {"gradient": (40, 56, "RGB"), "shapes": (100, 75, "RGB"), "wide": (33, 200, "RGB"), "alpha": (130, 64, "RGBA"),
            "grey": (48, 48, "L"), "halves": (80, 112, "RGB"), "tiny": (5, 9, "RGB"), "exact": (64, 96, "RGB")}
FRAMES = (7, 48, 80)


def waves(height, width, rng):
    """Three channels of smooth waves, in which neighbouring pixels differ slightly."""
    y, x = np.mgrid[0:height, 0:width]
    channels = []
    for _ in range(3):
        a, b, phase = rng.uniform(0.02, 0.25), rng.uniform(0.02, 0.25), rng.uniform(0, 6.28)
        channels.append(127.5 + 100 * np.sin(a * y + b * x + phase) + rng.uniform(-20, 20))
    return np.clip(np.rint(np.stack(channels, -1)), 0, 255).astype(np.uint8)


def shapes(picture, rng, count=3):
    draw = ImageDraw.Draw(picture)
    for i in range(count):
        x0, y0 = rng.integers(0, picture.width * 3 // 4 + 1), rng.integers(0, picture.height * 3 // 4 + 1)
        box = [int(x0), int(y0), int(x0 + 1 + rng.integers(1, picture.width // 2 + 2)), int(y0 + 1 + rng.integers(1, picture.height // 2 + 2))]
        colour = tuple(int(c) for c in rng.integers(0, 256, 3))
        (draw.ellipse if i % 2 else draw.rectangle)(box, fill=colour)
    return picture


def draw(height, width, mode, rng):
    picture = shapes(Image.fromarray(waves(height, width, rng)), rng)
    if mode == "RGBA":
        y, x = np.mgrid[0:height, 0:width]
        picture.putalpha(Image.fromarray(((3 * x + 2 * y) % 256).astype(np.uint8)))
        return picture
    return picture.convert(mode)


def draw_frames(count, height, width, rng):
    """Frames of a disc that crosses a slowly brightening background."""
    background, frames = waves(height, width, rng).astype(np.int32), []
    for i in range(count):
        frame = Image.fromarray(np.clip(background + 9 * i - 30, 0, 255).astype(np.uint8))
        x = int(width * (i + 0.5) / count)
        ImageDraw.Draw(frame).ellipse([x - 9, height // 2 - 9, x + 9, height // 2 + 9], fill=(250, 40 + 20 * (i % 10), 10))
        frames.append(frame)
    return frames


def draw_all(folder, pictures=PICTURES, frames=FRAMES, seed=3):
    """Writes every picture; returns the names of the stills and of the frames, relative to a model's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for name, (height, width, mode) in pictures.items():
        draw(height, width, mode, rng).save(folder / f"{name}.png", optimize=True)
    for i, frame in enumerate(draw_frames(*frames, rng)):
        frame.save(folder / f"frame{i}.png", optimize=True)
    return ([f"../{folder.name}/{name}.png" for name in pictures], [f"../{folder.name}/frame{i}.png" for i in range(frames[0])])
