"""Word splitting, stop words and a light stemmer."""

import re

WORD = re.compile(r"[a-z0-9]+(?:['\u2019][a-z]+)?")
STOP = set("a an the of to for with and or in on at by from as is are be was it its that this which who whom whose into used something someone some thing"
           " things you your i my me we our one not no very such than other others any etc usually often having have has what when where how can may".split())


def words(text):
    return WORD.findall(text.lower())


def content_words(text):
    """The words without stop words, or all words if nothing else is left."""
    found = words(text)
    return [w for w in found if w not in STOP] or found


def stem(word):
    """A light stemmer, for lexical search and for detecting held-out keywords in other texts."""
    for end, rest in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ers", ""), ("er", ""), ("ed", ""), ("es", ""), ("s", ""), ("ly", "")):
        if word.endswith(end) and len(word) - len(end) >= 3 and not (end == "s" and word.endswith("ss")):
            word = word[: len(word) - len(end)] + rest
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word
