"""The emoji, their English words, and what is kept from training.

Held out are whole keywords (the string is taken from every emoji) and whole emoji (with the same person of another gender).
Each has a part for choosing between recipes (dev) and one that is looked at for the card (test).
"""

import hashlib
import json
import re
from dataclasses import dataclass, field

import paths
from words import content_words, stem

SHARES = {"keyword": (0.05, 0.08), "emoji": (0.03, 0.06), "phrase": (0.07, 0.13)}  # dev, test; phrases by their emoji
COMMON = 25  # a keyword of more emoji is a category, and stays
FLAGS, SYMBOLS = 9, 8


@dataclass
class Emoji:
    text: str
    name: str
    group: int
    keywords: list = field(default_factory=list)  # all that CLDR gives
    split: str = "train"

    def seen(self, held):
        """The keywords that may be trained on."""
        return [k for k in self.keywords if k not in held]

    @property
    def code(self):
        return "-".join(f"{ord(c):x}" for c in self.text if c != "\ufe0f")


def draw(kind, key, seed=1):
    """dev, test or train: depends on the key alone, not on the order in which keys are asked for."""
    value = int(hashlib.sha256(f"{seed}:{kind}:{key}".encode()).hexdigest()[:12], 16) / 16**12
    dev, test = SHARES[kind]
    return "dev" if value < dev else "test" if value < dev + test else "train"


def family(name):
    """The same for all genders of a person, and for a flag's country no more than itself."""
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
    """Keywords that the name of none of their emoji gives away."""
    owners = {}
    for e in emoji:
        for k in e.keywords:
            owners.setdefault(k, []).append(e)
    fit = [k for k, own in owners.items() if len(own) <= COMMON and re.search("[a-z]{2}", k) and not any(given_away(k, e.name) for e in own)]
    return {k: s for k in fit if (s := draw("keyword", k)) != "train"}
