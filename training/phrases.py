"""How people ask for a picture: phrases around names, keywords and definitions."""


from words import words

NAMES = ["{}", "{}", "{}", "a {}", "the {}", "{} emoji", "{} icon", "picture of a {}", "an image of {}", "a picture of {}", "show me a {}", "symbol of {}",
         "I need a {}", "looking for {}"]
KEYWORDS = ["{}"] * 10 + ["something about {}", "something with {}", "something {}", "a thing for {}", "something for {}", "{} emoji", "{} icon",
                          "about {}", "related to {}", "has to do with {}", "it is {}", "when you think of {}"]
PAIRS = ["{} {}"] * 6 + ["{} and {}", "{}, {}", "something to {} {}", "something for {} {}", "a thing to {} {}", "{} with {}", "{} of {}", "a {} for {}",
                         "something you use to {} {}", "a tool to {} {}", "used to {} {}", "how to {} {}", "{} in the {}", "a {} {}"]
DEFINITIONS = ["{}"] * 3 + ["something that is {}", "it is {}", "what do you call {}"]
# Frames of our own phrases, by how these begin; all their words are in those above, so the tokenizer stays as it is.
THINGS = ["{}"] * 6 + ["picture of {}", "it is {}", "something: {}", "{} emoji", "looking for {}"]
DEEDS = ["{}"] * 6 + ["something that {}", "it {}", "a thing that {}", "what {}"]  # "sweeps the floor"
USES = ["{}"] * 3 + ["to {}", "something to {}", "used to {}", "a thing to {}", "you use it to {}"]  # "sweep the floor"
ASIDE = ["{}"] * 6 + ["{} emoji", "something: {}", "show me: {}", "it is {}"]
NOT_DEEDS = {"scouts", "fans", "knights", "chips", "tears", "does", "jesus"}  # nouns that are verbs, too


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


def bare(verb):
    """sweeps: sweep"""
    known = {"has": "have", "goes": "go", "carries": "carry", "flies": "fly", "cries": "cry"}
    return known.get(verb) or (verb[:-2] if verb.endswith(("shes", "ches", "zzes")) else verb[:-1])


def about_purpose(purpose, verbs, rng):
    """Now and then without one of its words: what is left must do, so that no single word is learned by heart."""
    found = purpose.split()
    if len(found) > 4 and rng.random() < 0.35:
        del found[rng.randrange(1, len(found))]
    first = found[0]
    if first in ("a", "an", "the", "one"):
        frames = THINGS
    elif first.endswith("s") and bare(first) in verbs and first not in NOT_DEEDS:
        frames = rng.choice([DEEDS, USES])
        found[0] = bare(first) if frames is USES else first
    else:
        frames = ASIDE
    return rng.choice(frames).format(" ".join(found))
