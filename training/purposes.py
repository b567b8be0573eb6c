"""Hand-written phrases about what an emoji is for or does (`purposes.txt`), and their split.

The split is by emoji, so that evaluation phrases are about emoji without phrases in training. Phrases that resemble a case
of `phrase_cases.py` or contain a held-out keyword of their emoji are rejected.

    python purposes.py          # prints the number of phrases and what is rejected
"""

import re
from functools import lru_cache
from pathlib import Path

from emoji import draw, given_away
from phrase_cases import CASES
from words import content_words, stem

PATH = Path(__file__).with_name("purposes.txt")


def stems(text):
    """Stems of the content words, with a final double consonant reduced: "cutting" gives "cut"."""
    return {re.sub(r"([^aeiou])\1$", r"\1", stem(w)) for w in content_words(text)}


@lru_cache(1)
def cases():
    return [(case.lower(), stems(case), set(wanted)) for case, wanted in CASES.items()]


def asks_a_case(text):
    """Whether a text equals a case, or has all content words of a case with several."""
    there = stems(text)
    return any(text.lower() == case or (len(own) > 1 and own <= there) for case, own, _ in cases())


def near_a_case(text, names):
    """A case with one of these emoji as an answer that shares two content words with the text (or its only one), or None."""
    there = stems(text)
    return next((case for case, own, wanted in cases() if wanted & set(names) and len(own & there) >= min(2, len(own))), None)


def hidden_in(text, right, emoji, held):
    """The held-out keywords of these emoji that the text contains."""
    return sorted({k for i in right for k in emoji[i].keywords if k in held and given_away(k, text)})


def lines():
    for line in PATH.read_text().splitlines():
        if line and not line.startswith("#"):
            names, *phrases = (part.strip() for part in line.split("|"))
            yield [n.strip() for n in names.split(",")], phrases


def load(emoji, held):
    """([(phrase, relevant emoji, split)], [(phrase, reason for rejection)]), without held-out emoji."""
    by_name = {e.name: i for i, e in enumerate(emoji)}
    found, rejected = [], []
    for names, phrases in lines():
        right = {by_name[n] for n in names if emoji[by_name[n]].split == "train"}
        for phrase in phrases if right else []:
            gives = hidden_in(phrase, right, emoji, held)
            case = near_a_case(phrase, names)
            if gives or case or asks_a_case(phrase):
                rejected.append((phrase, f"contains {gives}" if gives else f"near \u201c{case}\u201d"))
            else:
                found.append((phrase, right, draw("phrase", names[0])))
    return found, rejected


def main():
    import emoji as emoji_data
    emoji, held = emoji_data.load()
    found, rejected = load(emoji, held)
    for phrase, reason in rejected:
        print(f"rejected: {phrase}: {reason}")
    for split in ("train", "dev", "test"):
        own = [(p, frozenset(r)) for p, r, s in found if s == split]
        print(split, len(own), "phrases of", len({r for _, r in own}), "lines")


if __name__ == "__main__":
    main()
