"""Makes tests/fixtures/pictures/: small files of every kind that is decoded, and what Pillow gives for them.

    venv/bin/python make_picture_fixtures.py

`expected.json` holds for each file its size and the SHA-256 of its red, green and blue bytes: true colour with alpha
laid on white by the reference's integer formula, everything else through `convert("RGB")`. Also hashes of resized
pictures, and numpy's choice of video frames.
"""

import functools
import hashlib
import io
import json
import struct
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageOps

from picture_writers import bmp, bmp_rows, chunk, gif, gif_frame, png

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "pictures"
WIDTH, HEIGHT = 29, 19


def formula(height, width):
    """The picture of the resize table."""
    y, x, c = np.mgrid[0:height, 0:width, 0:3]
    return ((7 * y + 13 * x + 29 * c + (y * x) % 17 + 40 * ((y // 8 + x // 8) % 2)) % 256).astype(np.uint8)


def scene(height, width):
    """Slow waves with hard edges in it: both strain what a lossy format leaves to its decoder."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    waves = [127.5 + 110 * np.sin(x * a + y * b + p) for a, b, p in ((0.21, 0.13, 0), (0.11, 0.31, 2), (0.05, 0.23, 4))]
    out = np.clip(np.rint(np.stack(waves, -1)), 0, 255).astype(np.uint8)
    out[height // 4:height // 2, width // 3:width // 2] = (250, 10, 30)
    out[height // 2:, width // 2:width * 2 // 3] = (20, 220, 240)
    out[(y * 2).astype(int) == x.astype(int)] = (255, 255, 255)
    return out


def flatten(image):
    """Red, green and blue as the reference makes them."""
    if image.mode != "RGBA":
        return np.asarray(image.convert("RGB"))
    pixels = np.asarray(image).astype(np.uint32)
    alpha = pixels[:, :, 3:]
    total = pixels[:, :, :3] * alpha + 255 * (255 - alpha) + 128
    return (((total >> 8) + total) >> 8).astype(np.uint8)


def pngs(rng):
    samples = lambda bits, channels: rng.integers(0, 1 << bits, (HEIGHT, WIDTH, channels))
    colours = lambda count: rng.integers(0, 256, (count, 3))
    for interlaced in (False, True):
        end = "-interlaced" if interlaced else ""
        make = functools.partial(png, interlaced=interlaced)
        for bits in (1, 2, 4, 8, 16):
            yield f"grey{bits}{end}.png", make(samples(bits, 1), bits, 0)
        for bits in (8, 16):
            yield f"grey-alpha{bits}{end}.png", make(samples(bits, 2), bits, 4)
            yield f"rgb{bits}{end}.png", make(samples(bits, 3), bits, 2)
            yield f"rgba{bits}{end}.png", make(samples(bits, 4), bits, 6)
        for bits in (1, 2, 4, 8):
            yield f"palette{bits}{end}.png", make(samples(bits, 1), bits, 3, palette=colours(1 << bits))
    for bits in (1, 2, 4, 8):
        alphas = bytes(rng.integers(0, 256, 1 << bits).tolist())
        yield f"palette{bits}-trns.png", png(samples(bits, 1), bits, 3, palette=colours(1 << bits), trns=alphas)
    for bits in (1, 2, 4, 8, 16):
        yield f"grey{bits}-trns.png", png(samples(bits, 1), bits, 0, trns=struct.pack(">H", 1))
    for bits in (8, 16):
        picture = samples(bits, 3)
        yield f"rgb{bits}-trns.png", png(picture, bits, 2, trns=struct.pack(">HHH", *picture[3, 4].tolist()))
    short = rng.integers(0, 3, (HEIGHT, WIDTH, 1))
    yield "palette4-short.png", png(short, 4, 3, palette=colours(3))
    yield "smallest.png", png(samples(8, 3)[:1, :1], 8, 2)


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


def jpegs():
    picture = Image.fromarray(scene(61, 83))
    for name, sampling in (("444", 0), ("422", 1), ("420", 2)):
        for quality in (30, 90):
            yield f"{name}-q{quality}.jpg", saved(picture, "JPEG", subsampling=sampling, quality=quality)
    yield "420-even.jpg", saved(Image.fromarray(scene(64, 96)), "JPEG", subsampling=2, quality=80)
    yield "420-noise.jpg", saved(Image.fromarray(formula(50, 70)), "JPEG", subsampling=2, quality=60)
    yield "420-thin.jpg", saved(Image.fromarray(scene(40, 3)), "JPEG", subsampling=2)
    yield "420-flat.jpg", saved(Image.fromarray(scene(3, 40)), "JPEG", subsampling=2)
    yield "422-thin.jpg", saved(Image.fromarray(scene(40, 1)), "JPEG", subsampling=1)
    yield "grey.jpg", saved(picture.convert("L"), "JPEG")
    for name, sampling in (("444", 0), ("420", 2)):
        yield f"progressive-{name}.jpg", saved(picture, "JPEG", progressive=True, subsampling=sampling)
    yield "progressive-grey.jpg", saved(picture.convert("L"), "JPEG", progressive=True, quality=95)
    yield "progressive-restarts.jpg", saved(picture, "JPEG", progressive=True, restart_marker_blocks=3)
    yield "optimised.jpg", saved(picture, "JPEG", optimize=True)
    yield "restarts.jpg", saved(picture, "JPEG", restart_marker_blocks=2)
    yield "restart-rows.jpg", saved(picture, "JPEG", restart_marker_rows=1, subsampling=0)
    yield "rgb-kept.jpg", saved(picture, "JPEG", keep_rgb=True)
    inks = Image.fromarray(np.concatenate([255 - scene(61, 83), scene(61, 83)[:, :, 1:2] // 2], -1), "CMYK")
    cmyk = saved(inks, "JPEG", quality=60)
    yield "cmyk.jpg", cmyk
    at = cmyk.index(b"Adobe") + 11
    assert cmyk[at] == 0
    # The same numbers, read as luminance, two differences and black.
    yield "ycck.jpg", cmyk[:at] + b"\x02" + cmyk[at + 1:]
    start = cmyk.index(b"\xff\xee")
    yield "cmyk-plain.jpg", cmyk[:start] + cmyk[start + 2 + int.from_bytes(cmyk[start + 2:start + 4], "big"):]
    yield "progressive-422.jpg", saved(picture, "JPEG", subsampling=1, progressive=True)
    # Other factors arrange the same blocks otherwise, and pad them where they run out.
    vertical = bytearray(saved(picture, "JPEG", subsampling=1, quality=85))
    vertical[vertical.index(b"\xff\xc0") + 11] = 0x12
    yield "440.jpg", bytes(vertical)
    for name, factors in (("411", 0x41), ("114", 0x14)):
        quarters = bytearray(saved(Image.fromarray(scene(32, 64)), "JPEG", subsampling=2))
        quarters[quarters.index(b"\xff\xc0") + 11] = factors
        yield f"{name}.jpg", bytes(quarters)


def webps(rng):
    picture = Image.fromarray(scene(61, 83))
    fading = np.concatenate([scene(45, 38), (np.mgrid[0:45, 0:38][1] * 6 + 20).astype(np.uint8)[:, :, None]], -1)
    alpha = Image.fromarray(fading)
    yield "lossy-q30.webp", saved(picture, "WEBP", quality=30)
    yield "lossy-q90.webp", saved(picture, "WEBP", quality=90, method=6)
    yield "lossy-noise.webp", saved(Image.fromarray(formula(50, 70)), "WEBP", quality=60)
    yield "lossy-alpha.webp", saved(alpha, "WEBP", quality=80)
    yield "lossless.webp", saved(Image.fromarray(scene(40, 33)), "WEBP", lossless=True)
    yield "lossless-noise.webp", saved(Image.fromarray(rng.integers(0, 256, (20, 21, 3)).astype(np.uint8)), "WEBP", lossless=True)
    yield "lossless-alpha.webp", saved(alpha, "WEBP", lossless=True, exact=True)
    frames = [Image.fromarray(scene(40, 33)), Image.fromarray(scene(40, 33)[::-1].copy())]
    yield "animated.webp", saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    turned = Image.fromarray(fading[:, ::-1].copy())
    yield "animated-alpha.webp", saved(alpha, "WEBP", save_all=True, append_images=[turned], quality=70, background=(9, 99, 199, 255))
    for name, body in (("small-frame", saved(picture.crop((0, 0, 20, 16)), "WEBP", lossless=True)),
                       ("small-frame-alpha", saved(alpha.crop((0, 0, 20, 16)), "WEBP", lossless=True, exact=True))):
        yield f"animated-{name}.webp", animation((40, 30), (6, 8), (20, 16), body, "alpha" in name)


def animation(canvas, offset, size, still, alpha):
    """One frame, the bitstream of a lossless `still`, on a larger canvas."""
    three = lambda value: struct.pack("<I", value)[:3]
    part = lambda kind, body: kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    frame = b"".join(three(v) for v in (offset[0] // 2, offset[1] // 2, size[0] - 1, size[1] - 1, 100)) + b"\0"
    start = still.index(b"VP8L")
    body = part(b"VP8X", bytes([0x02 | alpha << 4, 0, 0, 0]) + three(canvas[0] - 1) + three(canvas[1] - 1))
    body += part(b"ANIM", bytes([200, 150, 100, 255, 0, 0])) + part(b"ANMF", frame + still[start:])
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def gifs(rng):
    colours = lambda count: rng.integers(0, 256, (count, 3))
    indices = lambda bits, h=HEIGHT, w=WIDTH: rng.integers(0, 1 << bits, (h, w))
    size = (WIDTH, HEIGHT)
    for bits in (1, 2, 4, 8):
        yield f"palette{bits}.gif", gif(size, [gif_frame(indices(bits), bits)], colours(1 << bits))
    yield "interlaced.gif", gif(size, [gif_frame(indices(4), 4, interlaced=True)], colours(16))
    yield "transparent.gif", gif(size, [gif_frame(indices(4), 4, transparent=3)], colours(16))
    yield "local.gif", gif(size, [gif_frame(indices(3), 3, palette=colours(8))], colours(16))
    yield "local-alone.gif", gif(size, [gif_frame(indices(3), 3, palette=colours(8))])
    yield "no-palette.gif", gif(size, [gif_frame(indices(8), 8)])
    small = lambda **more: gif_frame(indices(4, 9, 11), 4, offset=(5, 7), **more)
    yield "offset.gif", gif(size, [small()], colours(16), background=5)
    yield "offset-transparent.gif", gif(size, [small(transparent=6)], colours(16), background=5)
    yield "offset-local.gif", gif(size, [small(palette=colours(16))], colours(16), background=5)
    yield "offset-no-palette.gif", gif(size, [gif_frame(indices(8, 9, 11), 8, offset=(5, 7))], background=5)
    yield "outside.gif", gif((12, 12), [small()], colours(16), background=5)
    yield "animated.gif", gif(size, [gif_frame(indices(4), 4, disposal=2), small(transparent=1)], colours(16))
    yield "beyond-palette.gif", gif(size, [gif_frame(indices(4), 4)], colours(8))
    yield "grey-ramp.gif", gif(size, [gif_frame(indices(4), 4)], np.repeat(np.arange(16)[:, None], 3, 1))


def bmps(rng):
    colours = lambda count: rng.integers(0, 256, (count, 3))
    samples = lambda bits, channels=1: rng.integers(0, 1 << bits, (HEIGHT, WIDTH, channels))
    size = (WIDTH, HEIGHT)
    for bits in (1, 4, 8):
        for top_down in (False, True):
            body = bmp_rows(samples(bits), bits, top_down)
            yield f"palette{bits}{'-top' if top_down else ''}.bmp", bmp(size, bits, body, colours(1 << bits), top_down=top_down)
    yield "palette8-short.bmp", bmp(size, 8, bmp_rows(samples(4), 8), colours(20))
    yield "beyond-palette.bmp", bmp(size, 8, bmp_rows(samples(5), 8), colours(20))
    yield "grey8.bmp", bmp(size, 8, bmp_rows(samples(8), 8), np.repeat(np.arange(256)[:, None], 3, 1))
    yield "core.bmp", bmp(size, 4, bmp_rows(samples(4), 4), colours(16), header=12)
    yield "core24.bmp", bmp(size, 24, bmp_rows(samples(8, 3), 8), header=12)
    for top_down in (False, True):
        end = "-top" if top_down else ""
        yield f"rgb24{end}.bmp", bmp(size, 24, bmp_rows(samples(8, 3), 8, top_down), top_down=top_down)
        yield f"rgb32{end}.bmp", bmp(size, 32, bmp_rows(samples(8, 4), 8, top_down), top_down=top_down)
    words = bmp_rows(rng.integers(0, 1 << 8, (HEIGHT, WIDTH, 2)), 8)
    yield "rgb555.bmp", bmp(size, 16, words)
    yield "rgb565.bmp", bmp(size, 16, words, compression=3, masks=(0xF800, 0x7E0, 0x1F))
    quads = bmp_rows(samples(8, 4), 8)
    yield "fields-x.bmp", bmp(size, 32, quads, compression=3, masks=(0xFF0000, 0xFF00, 0xFF))
    yield "fields-bgra.bmp", bmp(size, 32, quads, compression=3, masks=(0xFF0000, 0xFF00, 0xFF, 0xFF000000), header=108)
    yield "fields-rgba.bmp", bmp(size, 32, quads, compression=3, masks=(0xFF, 0xFF00, 0xFF0000, 0xFF000000), header=124)
    eight, four = b"", b""
    for _ in range(HEIGHT):
        v = lambda count: bytes(rng.integers(0, 16, count).tolist())
        eight += b"\x0c" + v(1) + b"\x00\x05" + v(5) + b"\0" + bytes([WIDTH - 17]) + v(1) + b"\0\0"
        four += b"\x0c" + v(1) + b"\x00\x08" + v(4) + bytes([WIDTH - 20]) + v(1) + b"\0\0"
    yield "rle8.bmp", bmp(size, 8, eight + b"\0\1", colours(16), compression=1)
    yield "rle4.bmp", bmp(size, 4, four + b"\0\1", colours(16), compression=2)
    # Rows that end early: Pillow gives the rest the first colour. It reads jumps wrongly, so there are none.
    early = b"".join(bytes([3 + y, y % 16]) + b"\0\0" for y in range(HEIGHT)) + b"\0\1"
    yield "rle8-early.bmp", bmp(size, 8, early, colours(16), compression=1)


def turned(rng):
    """Pictures that say how to turn them; what is expected is them turned."""
    picture = Image.fromarray(rng.integers(0, 256, (8, 16, 3)).astype(np.uint8).repeat(2, 0).repeat(2, 1))
    for orientation in range(1, 9):
        yield f"turned{orientation}.jpg", saved(picture, "JPEG", subsampling=0, quality=85, exif=exif(orientation))
    small = Image.fromarray(rng.integers(0, 256, (5, 9, 3)).astype(np.uint8))
    for orientation in (3, 6):
        body = chunk(b"eXIf", exif(orientation)[6:])
        yield f"turned{orientation}.png", png(np.asarray(small), 8, 2, extra=body)
        yield f"turned{orientation}.webp", saved(small, "WEBP", lossless=True, exif=exif(orientation))


def resizes():
    sizes = [(40, 30, 96, 64), (100, 75, 64, 96), (200, 33, 96, 33), (33, 200, 33, 64), (33, 200, 96, 200), (1, 1, 64, 64), (3, 500, 64, 32),
             (640, 427, 352, 512), (300, 2, 32, 64), (97, 101, 1, 1), (64, 64, 64, 64), (50, 40, 64, 32), (31, 37, 29, 41), (1200, 5, 32, 3)]
    for width, height, to_width, to_height in sizes:
        picture = Image.fromarray(formula(height, width)).resize((to_width, to_height))
        yield {"from": [width, height], "to": [to_width, to_height], "sha256": hashlib.sha256(picture.tobytes()).hexdigest()}


def choices():
    """The frames of lists (cut off) and of videos (rounded), and the texts of times."""
    lists = [{"count": n, "most": m, "frames": np.linspace(0, n - 1, m).astype(int).tolist()}
             for n, m in ((5, 4), (65, 64), (100, 7), (1000, 64), (9, 2), (3, 1), (127, 64))]
    videos = []
    for count, fps, wanted in ((100, 25.0, 1.0), (300, 29.97, 1.0), (3000, 30.0, 1.0), (7, 30.0, 1.0), (5, 2.0, 2.0), (250, 24.0, 2.0), (64, 1.0, 1.0)):
        frames = min(max(count / fps * wanted, 4 if count >= 4 else count), min(64, count // 2 * 2))
        frames = int(frames) // 2 * 2
        videos.append({"count": count, "fps": fps, "wanted": wanted, "frames": np.round(np.linspace(0, count - 1, frames)).astype(int).tolist()})
    times = [i / 20 for i in range(60)] + [0.25, 1.25, 2.25, 59.95, 3599.96, 100.05]
    return {"lists": lists, "videos": videos, "times": [[t, f"<{t:.1f} seconds>"] for t in times]}


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*"):
        if old.name != "pillow_bicubic_golden.json":
            old.unlink()
    rng = np.random.default_rng(20240)
    files = {}
    sources = [pngs(rng), jpegs(), webps(rng), gifs(rng), bmps(rng), turned(rng)]
    for name, body in (pair for source in sources for pair in source):
        assert name not in files, name
        (FOLDER / name).write_bytes(body)
        image = Image.open(io.BytesIO(body))
        if name.startswith("turned"):
            image = ImageOps.exif_transpose(image)
        rgb = flatten(image)
        files[name] = {"width": rgb.shape[1], "height": rgb.shape[0], "sha256": hashlib.sha256(rgb.tobytes()).hexdigest()}
    expected = {"pillow": PIL.__version__, "files": files, "resize": list(resizes()), "video": choices()}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in files.items())
    rest = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in expected.items() if key != "files")
    (FOLDER / "expected.json").write_text(f"{{\n{rest},\n \"files\": {{\n{lines}\n }}\n}}\n")
    total = sum(path.stat().st_size for path in FOLDER.glob("*"))
    print(f"{len(files)} files, {total // 1024} KiB")


if __name__ == "__main__":
    main()
