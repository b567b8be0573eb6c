"""Pictures of emoji from Noto and Twemoji, and their augmentation for training."""

import random
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

import paths

WIDTH, HEIGHT, POINTS = 136, 128, 109  # of the bitmaps in Noto Color Emoji


@lru_cache(1)
def font():
    return ImageFont.truetype(str(paths.NOTO), POINTS, layout_engine=ImageFont.Layout.RAQM)


def noto(text):
    """RGBA 136 x 128, or None if the font has no single glyph for it."""
    if font().getbbox(text)[2] != WIDTH:
        return None
    picture = Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0))
    ImageDraw.Draw(picture).text((0, 0), text, font=font(), embedded_color=True)
    return picture if picture.getextrema()[3][1] > 0 else None


def twemoji(text):
    code = "-".join(f"{ord(c):04x}" for c in text)
    for name in (code, code.replace("-fe0f", ""), code + "-fe0f"):
        path = paths.TWEMOJI / f"{name}.png"
        if path.exists():
            return Image.open(path).convert("RGBA")
    return None


def square(picture, side, background=(255, 255, 255)):
    """Fits a picture into a square on a plain background, as the gallery and the evaluation show it."""
    scale = side / max(picture.size)
    size = tuple(max(1, round(s * scale)) for s in picture.size)
    result = Image.new("RGB", (side, side), background)
    small = picture.resize(size, Image.BICUBIC)
    result.paste(small, ((side - size[0]) // 2, (side - size[1]) // 2), small)
    return result


def augmented(picture, side, rng):
    """Augments a picture: random size, position, rotation, background, colour and sharpness."""
    background = rng.choice([(255, 255, 255)] * 4 + [(0, 0, 0), (24, 26, 32), (245, 246, 248)] + [tuple(rng.randint(0, 255) for _ in range(3))] * 2)
    if rng.random() < 0.3:
        picture = picture.rotate(rng.uniform(-14, 14), Image.BICUBIC, expand=False)
    drawn = rng.choice([48, 64, 72, 96, 128, 136])
    scale = drawn / max(picture.size)
    picture = picture.resize(tuple(max(1, round(s * scale * rng.uniform(0.93, 1.07))) for s in picture.size), rng.choice([Image.BICUBIC, Image.BILINEAR, Image.LANCZOS]))
    frame = round(max(picture.size) * rng.choice([1.0, 1.0, rng.uniform(1.0, 1.35)]))
    result = Image.new("RGB", (frame, frame), background)
    free = [frame - s for s in picture.size]
    result.paste(picture, tuple(rng.randint(min(0, f), max(0, f)) for f in free), picture)
    result = result.resize((side, side), Image.BICUBIC)
    if rng.random() < 0.4:
        for kind in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
            result = kind(result).enhance(rng.uniform(0.8, 1.2))
    return result


def pixels(picture):
    return np.asarray(picture.convert("RGB"), np.uint8)


def rows(batch):
    """[n, side, side, 3] uint8 -> [n, patches, 3 * 16 * 16] in the processor's order, for one of the two equal frames."""
    n, side = batch.shape[0], batch.shape[1]
    cells = side // 32
    x = (batch.astype(np.float32) - 127.5) / 127.5
    x = x.reshape(n, cells, 2, 16, cells, 2, 16, 3).transpose(0, 1, 4, 2, 5, 7, 3, 6)
    return x.reshape(n, cells * cells * 4, 3 * 16 * 16)


def renderings(emoji):
    """[(style, picture)] of one emoji."""
    found = [("noto", noto(emoji.text)), ("twemoji", twemoji(emoji.text))]
    return [(style, p) for style, p in found if p is not None]


def bank(originals, side, each, seed):
    """Precomputed augmented pictures [n, each, side, side, 3]; `originals` holds a list of pictures for each emoji."""
    rng = random.Random(seed)
    return np.stack([np.stack([pixels(augmented(rng.choice(p), side, rng)) for _ in range(each)]) for p in originals])
