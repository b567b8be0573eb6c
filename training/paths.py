"""Folders of the downloaded data and of intermediate files. Both can be set in the environment."""

import os
from pathlib import Path

DATA = Path(os.environ.get("SECONDPASS_DATA", "build/data"))
WORK = Path(os.environ.get("SECONDPASS_WORK", "build/work"))
CLDR = DATA / "cldr-annotations-full/annotations/en/annotations.json"
CLDR_DERIVED = DATA / "cldr-annotations-derived-full/annotationsDerived/en/annotations.json"
EMOJIBASE = DATA / "emojibase-data/en/data.json"
MOBY = DATA / "moby/words.txt"
WORDNET = DATA / "wordnet-base/usr/share/wordnet"
NOTO = DATA / "fonts-noto-color-emoji/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
TWEMOJI = DATA / "emoji-datasource-twitter/img/twitter/64"
