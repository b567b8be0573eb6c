"""Phrases of our own about what an emoji is for or does (`purposes.txt`), and which of them may be trained on.

Whole emoji are kept out, so that what is measured on theirs was not learned by heart; and nothing may say what
`phrase_cases.py` asks, or give a held-out keyword of its emoji away.

    python purposes.py          # what there is, and what is refused
"""

import re
from functools import lru_cache
from pathlib import Path

from emoji import draw, given_away
from phrase_cases import CASES
from words import content_words, stem

PATH = Path(__file__).with_name("purposes.txt")


def stems(text):
    """With one consonant for two at the end: "cutting" is "cut"."""
    return {re.sub(r"([^aeiou])\1$", r"\1", stem(w)) for w in content_words(text)}


@lru_cache(1)
def cases():
    return [(case.lower(), stems(case), set(wanted)) for case, wanted in CASES.items()]


def asks_a_case(text):
    """Has all content words of a case that has several; or is a case, word for word."""
    there = stems(text)
    return any(text.lower() == case or (len(own) > 1 and own <= there) for case, own, _ in cases())


def near_a_case(text, names):
    """The case that it is too much like, where the emoji is an answer to it: shares two of its content words, or its only one."""
    there = stems(text)
    return next((case for case, own, wanted in cases() if wanted & set(names) and len(own & there) >= min(2, len(own))), None)


def hidden_in(text, right, emoji, held):
    """The held-out keywords of these emoji that the text gives away."""
    return sorted({k for i in right for k in emoji[i].keywords if k in held and given_away(k, text)})


def lines():
    for line in PATH.read_text().splitlines():
        if line and not line.startswith("#"):
            names, *phrases = (part.strip() for part in line.split("|"))
            yield [n.strip() for n in names.split(",")], phrases


def load(emoji, held):
    """([(phrase, emoji that are right, split)], [(phrase, why it is refused)]), of emoji that are not held out themselves."""
    by_name = {e.name: i for i, e in enumerate(emoji)}
    found, refused = [], []
    for names, phrases in lines():
        right = {by_name[n] for n in names if emoji[by_name[n]].split == "train"}
        for phrase in phrases if right else []:
            gives = hidden_in(phrase, right, emoji, held)
            case = near_a_case(phrase, names)
            if gives or case or asks_a_case(phrase):
                refused.append((phrase, f"gives away {gives}" if gives else f"near \u201c{case}\u201d"))
            else:
                found.append((phrase, right, draw("phrase", names[0])))
    return found, refused


def main():
    import emoji as emoji_data
    emoji, held = emoji_data.load()
    found, refused = load(emoji, held)
    for phrase, why in refused:
        print(f"refused: {phrase}: {why}")
    for split in ("train", "dev", "test"):
        own = [(p, frozenset(r)) for p, r, s in found if s == split]
        print(split, len(own), "phrases of", len({r for _, r in own}), "lines")


if __name__ == "__main__":
    main()
