"""Draws training queries: (text, relevant emoji or None, weight of the teacher in the target)."""

import random

import lexicon
import phrases
import purposes
from words import STOP, content_words

KINDS = {"keyword": 0.34, "name": 0.14, "pair": 0.17, "definition": 0.10, "free": 0.25}
PHRASES = {"purpose": 0.7, "defined": 0.12, "meant": 0.18}
LEAN = {"meant": 0.5, "defined": 0.25, "purpose": 0.25}  # low, because the teacher sees a bag of words: "cut paper" is near newspapers
FEW = 3  # keywords of at most this many emoji are assumed to have WordNet's first sense


class Source:
    """Draws queries about given emoji. Held-out keywords never occur as a query with a known answer."""

    def __init__(self, library, vocabulary, counts, seed):
        self.library, self.rng = library, random.Random(seed)
        self.nets = lexicon.synsets()
        self.nouns, self.verbs = lexicon.nouns(self.nets), lexicon.verbs(self.nets)
        found, _ = purposes.load(library.emoji, library.held)
        self.phrases = {"purpose": [(p, right) for p, right, split in found if split == "train"], "defined": self.definitions(), "meant": self.meanings()}
        self.defined = {i: text for text, (i,) in self.phrases["defined"]}
        self.glosses = [lexicon.definition(g) for _, g, _ in self.nets.values()]
        self.glosses = [g for g in self.glosses if 2 <= len(g.split()) <= 16]
        self.vocabulary = [w for w in vocabulary if w.isalpha() and w not in STOP]
        self.weights = [counts.get(w, 1) ** 0.25 for w in self.vocabulary]
        self.keywords = list(library.keywords)

    def allowed(self, text, right):
        return not purposes.asks_a_case(text) and not purposes.hidden_in(text, right, self.library.emoji, self.library.held)

    def definitions(self):
        """WordNet's definitions of the names of the training emoji."""
        names = [(self.library.emoji[i].name, i) for i in self.library.train]
        return [(self.nouns[n], (i,)) for n, i in names if n in self.nouns and self.allowed(self.nouns[n], (i,))]

    def meanings(self):
        """WordNet's definitions of keywords that few emoji have."""
        few = [(self.nouns[k], own) for k, own in self.library.keywords.items() if len(own) <= FEW and k in self.nouns]
        return [(text, own) for text, own in few if len(text.split()) > 2 and self.allowed(text, own)]

    def owners(self, keywords):
        sets = [self.library.keywords[k] for k in keywords]
        return set.intersection(*sets)

    def about(self, i):
        """One query about emoji i, redrawn if it is a test phrase."""
        while purposes.asks_a_case((found := self.drawn(i))[0]):
            pass
        return found

    def drawn(self, i):
        rng, e = self.rng, self.library.emoji[i]
        seen = [k for k in e.training_keywords(self.library.held) if k in self.library.keywords]
        kind = rng.choices(list(KINDS), KINDS.values())[0]
        if kind == "free":
            return *self.free(), 1.0
        if kind == "definition" and i in self.defined:
            return phrases.about_definition(self.defined[i], rng), {i}, 1.0
        if kind == "pair" and len(seen) >= 2:
            pair = rng.sample(seen, 2)
            return phrases.about_pair(*pair, rng), self.owners(pair), 1.0
        if kind == "name" or not seen:
            return phrases.about_name(e.name, rng), {i}, 1.0
        weights = [len(self.library.keywords[k]) ** -0.5 for k in seen]
        k = rng.choices(seen, weights)[0]
        return phrases.about_keyword(k, rng), self.library.keywords[k], 1.0

    def phrase(self):
        """A phrase that describes an emoji without naming it; the pool is drawn around its answer."""
        kind = self.rng.choices(list(PHRASES), PHRASES.values())[0]
        text, right = self.rng.choice(self.phrases[kind])
        framed = phrases.about_purpose(text, self.verbs, self.rng) if kind == "purpose" else phrases.about_definition(text, self.rng)
        return framed, set(right), LEAN[kind]

    def free(self):
        """A query without a known answer; the teacher alone gives the target."""
        rng = self.rng
        draw = rng.random()
        if draw < 0.5:
            found = rng.choices(self.vocabulary, self.weights, k=rng.choice([1, 1, 1, 2, 3]))
            text = " ".join(found)
            return (phrases.about_keyword(text, rng) if rng.random() < 0.3 else text), None
        if draw < 0.8:
            return phrases.about_definition(rng.choice(self.glosses), rng), None
        pair = rng.sample(self.keywords, 2)
        return phrases.about_pair(*pair, rng), None

    def teacher_ids(self, text):
        return self.library.ids(text) or [0]

    def clean(self, text):
        """Randomly drops stop words, capitalizes, or adds punctuation."""
        rng = self.rng
        if rng.random() < 0.15:
            text = " ".join(w for w in text.split() if w not in STOP or rng.random() < 0.5) or text
        if rng.random() < 0.05:
            text = text[:1].upper() + text[1:]
        if rng.random() < 0.05:
            text += rng.choice([".", "?", "!"])
        return text


def has_words(text):
    return bool(content_words(text))
