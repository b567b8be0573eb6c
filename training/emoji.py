"""The emoji, their English names and keywords, and the held-out split.

Whole keywords are held out (removed from every emoji) and whole emoji (together with their other genders). Each has a part
for choosing between recipes (dev) and one that is only measured for the model card (test).
"""

import hashlib
import json
import re
from dataclasses import dataclass, field

import paths
from words import content_words, stem

SHARES = {"keyword": (0.05, 0.08), "emoji": (0.03, 0.06), "phrase": (0.07, 0.13)}  # dev, test; phrases by their emoji
COMMON = 25  # a keyword of more emoji is a category and is not held out
FLAGS, SYMBOLS = 9, 8


@dataclass
class Emoji:
    text: str
    name: str
    group: int
    keywords: list = field(default_factory=list)  # all of CLDR's
    split: str = "train"

    def training_keywords(self, held):
        """The keywords that are not held out."""
        return [k for k in self.keywords if k not in held]

    @property
    def code(self):
        return "-".join(f"{ord(c):x}" for c in self.text if c != "\ufe0f")


def draw(kind, key, seed=1):
    """Assigns dev, test or train by a hash of the key alone."""
    value = int(hashlib.sha256(f"{seed}:{kind}:{key}".encode()).hexdigest()[:12], 16) / 16**12
    dev, test = SHARES[kind]
    return "dev" if value < dev else "test" if value < dev + test else "train"


def family(name):
    """The name without gender words, equal for all genders of a person."""
    return re.sub(r"\b(men|man|woman|women|person|people|mr\.?|mrs\.?)\b", "", name).strip(" ,:-") or name


def annotations():
    found = {}
    for path, key in ((paths.CLDR_DERIVED, "annotationsDerived"), (paths.CLDR, "annotations")):
        found |= json.loads(path.read_text())[key]["annotations"]
    return {k.replace("\ufe0f", ""): v for k, v in found.items()}


def load():
    """All emoji without skin tones, and the held-out keywords as {keyword: split}."""
    known, result = annotations(), []
    for entry in json.loads(paths.EMOJIBASE.read_text()):
        note = known.get(entry["emoji"].replace("\ufe0f", ""))
        if note is None or entry.get("group") is None or entry["version"] > 15:
            continue
        name = note["tts"][0].lower()
        keywords = [k.lower() for k in note.get("default", []) if k.lower() != name]
        result.append(Emoji(entry["emoji"], name, entry["group"], list(dict.fromkeys(keywords)), draw("emoji", family(name))))
    return result, hold_out(result)


def given_away(keyword, text):
    there = {stem(w) for w in content_words(text)}
    return all(stem(w) in there for w in content_words(keyword))


def hold_out(emoji):
    """The held-out keywords, drawn from those that no name of their emoji gives away."""
    owners = {}
    for e in emoji:
        for k in e.keywords:
            owners.setdefault(k, []).append(e)
    fit = [k for k, own in owners.items() if len(own) <= COMMON and re.search("[a-z]{2}", k) and not any(given_away(k, e.name) for e in own)]
    return {k: s for k in fit if (s := draw("keyword", k)) != "train"}
