"""Query templates around names, keywords, definitions and purposes."""

from words import words

NAMES = ["{}", "{}", "{}", "a {}", "the {}", "{} emoji", "{} icon", "picture of a {}", "an image of {}", "a picture of {}", "show me a {}", "symbol of {}",
         "I need a {}", "looking for {}"]
KEYWORDS = ["{}"] * 10 + ["something about {}", "something with {}", "something {}", "a thing for {}", "something for {}", "{} emoji", "{} icon",
                          "about {}", "related to {}", "has to do with {}", "it is {}", "when you think of {}"]
PAIRS = ["{} {}"] * 6 + ["{} and {}", "{}, {}", "something to {} {}", "something for {} {}", "a thing to {} {}", "{} with {}", "{} of {}", "a {} for {}",
                         "something you use to {} {}", "a tool to {} {}", "used to {} {}", "how to {} {}", "{} in the {}", "a {} {}"]
DEFINITIONS = ["{}"] * 3 + ["something that is {}", "it is {}", "what do you call {}"]
# Templates for the phrases of purposes.txt, by how a phrase begins. They use only words of the templates above, so that the
# tokenizer does not change.
NOUN_PHRASES = ["{}"] * 6 + ["picture of {}", "it is {}", "something: {}", "{} emoji", "looking for {}"]
THIRD_PERSON = ["{}"] * 6 + ["something that {}", "it {}", "a thing that {}", "what {}"]  # "sweeps the floor"
INFINITIVE = ["{}"] * 3 + ["to {}", "something to {}", "used to {}", "a thing to {}", "you use it to {}"]  # "sweep the floor"
OTHERS = ["{}"] * 6 + ["{} emoji", "something: {}", "show me: {}", "it is {}"]
NOT_VERBS = {"scouts", "fans", "knights", "chips", "tears", "does", "jesus"}  # plural nouns that look like verbs


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
    """The base form of a verb in the third person: sweeps -> sweep."""
    known = {"has": "have", "goes": "go", "carries": "carry", "flies": "fly", "cries": "cry"}
    return known.get(verb) or (verb[:-2] if verb.endswith(("shes", "ches", "zzes")) else verb[:-1])


def about_purpose(purpose, verbs, rng):
    """A purpose in a template, sometimes with a word dropped, so that the model does not rely on a single word."""
    found = purpose.split()
    if len(found) > 4 and rng.random() < 0.35:
        del found[rng.randrange(1, len(found))]
    first = found[0]
    if first in ("a", "an", "the", "one"):
        frames = NOUN_PHRASES
    elif first.endswith("s") and bare(first) in verbs and first not in NOT_VERBS:
        frames = rng.choice([THIRD_PERSON, INFINITIVE])
        found[0] = bare(first) if frames is INFINITIVE else first
    else:
        frames = OTHERS
    return rng.choice(frames).format(" ".join(found))
