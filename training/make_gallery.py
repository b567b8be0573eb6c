"""Draws the demo's gallery as one sprite sheet, with a list of names, keywords and what was held out from training.

    python make_gallery.py --out ../www/gallery --count 280
"""

import argparse
import json
import random
from pathlib import Path

from PIL import Image

import emoji as emoji_data
import pictures
from phrase_cases import CASES

SIDE, COLUMNS = 96, 20
SHARES = {0: 46, 1: 24, 3: 48, 4: 44, 5: 34, 6: 18, 7: 56, 8: 10}  # faces, people, animals, food, places, activities, objects, symbols
DULL = ("button", "clock", "o\u2019clock", "thirty", "square", "arrow", "woman", "man ", "men ", "circle", "zodiac", "white hair", "red hair", "keycap")


def chosen(emoji, count, seed=5):
    """The answers of the phrase cases, then held-out and other emoji of each group."""
    rng = random.Random(seed)
    shown = [e for e in emoji if pictures.noto(e.text) is not None and e.group in SHARES]
    wanted = {name for names in CASES.values() for name in names[:2]}
    found = [e for e in shown if e.name in wanted]
    names = {e.name for e in found}
    for group, share in SHARES.items():
        rest = [e for e in shown if e.group == group and e.name not in names and not any(d in e.name for d in DULL)]
        rng.shuffle(rest)
        rest.sort(key=lambda e: e.split == "train")
        fresh = [e for e in rest if e.split != "train"][: max(2, share // 8)]
        old = [e for e in rest if e.split == "train"]
        have = sum(e.group == group for e in found)
        found += (fresh + old)[: max(0, round(share * count / sum(SHARES.values())) - have)]
    order = {id(e): n for n, e in enumerate(emoji)}
    return sorted(found[:count], key=lambda e: order[id(e)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=280)
    options = parser.parse_args()
    emoji, held = emoji_data.load()
    items = chosen(emoji, options.count)
    options.out.mkdir(parents=True, exist_ok=True)
    rows = (len(items) + COLUMNS - 1) // COLUMNS
    sheet = Image.new("RGB", (COLUMNS * SIDE, rows * SIDE), (255, 255, 255))
    entries = []
    for n, e in enumerate(items):
        x, y = n % COLUMNS * SIDE, n // COLUMNS * SIDE
        sheet.paste(pictures.square(pictures.noto(e.text), SIDE), (x, y))
        kept = [k for k in e.keywords if k not in held]
        entries.append({"id": e.code, "emoji": e.text, "name": e.name, "keywords": kept, "x": x, "y": y,
                        "heldOutEmoji": e.split != "train", "heldOutKeywords": [k for k in e.keywords if k in held]})
    sheet.save(options.out / "emoji.webp", lossless=True, method=6)
    about = {"sprite": "emoji.webp", "side": SIDE, "columns": COLUMNS, "count": len(entries),
             "source": "Noto Color Emoji 2.042 (SIL Open Font License 1.1); names and keywords: Unicode CLDR 48.2 (Unicode License v3)",
             "note": "keywords: searched by the lexical first pass. heldOutEmoji: neither its pictures nor its words were in training. "
                     "heldOutKeywords: keywords of this emoji that were not in training.", "items": entries}
    (options.out / "gallery.json").write_text(json.dumps(about, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(len(entries), "pictures;", sum(e["heldOutEmoji"] for e in entries), "held out;", (options.out / "emoji.webp").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
