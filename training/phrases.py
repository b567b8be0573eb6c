"""How people ask for a picture: phrases around names, keywords and definitions."""

import random

from words import words

NAMES = ["{}", "{}", "{}", "a {}", "the {}", "{} emoji", "{} icon", "picture of a {}", "an image of {}", "a picture of {}", "show me a {}", "symbol of {}",
         "I need a {}", "looking for {}"]
KEYWORDS = ["{}"] * 10 + ["something about {}", "something with {}", "something {}", "a thing for {}", "something for {}", "{} emoji", "{} icon",
                          "about {}", "related to {}", "has to do with {}", "it is {}", "when you think of {}"]
PAIRS = ["{} {}"] * 6 + ["{} and {}", "{}, {}", "something to {} {}", "something for {} {}", "a thing to {} {}", "{} with {}", "{} of {}", "a {} for {}",
                         "something you use to {} {}", "a tool to {} {}", "used to {} {}", "how to {} {}", "{} in the {}", "a {} {}"]
DEFINITIONS = ["{}"] * 3 + ["something that is {}", "it is {}", "what do you call {}"]


def frame_words():
    return sorted({w for frame in NAMES + KEYWORDS + PAIRS + DEFINITIONS for w in words(frame) if w.isalpha()})


def about_keyword(keyword, rng):
    return rng.choice(KEYWORDS).format(keyword)


def about_name(name, rng):
    return rng.choice(NAMES).format(name)


def about_pair(first, second, rng):
    return rng.choice(PAIRS).format(first, second)


def about_definition(definition, rng):
    found = definition.split()
    if len(found) > 14:
        at = rng.randint(0, len(found) - 14)
        found = found[at : at + 14] if rng.random() < 0.5 else found[:14]
    return rng.choice(DEFINITIONS).format(" ".join(found))
