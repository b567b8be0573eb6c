"""What is asked while training: (text, emoji that are right or None, words for the teacher)."""

import random

import lexicon
import phrases
from words import STOP, content_words

KINDS = {"keyword": 0.34, "name": 0.14, "pair": 0.17, "definition": 0.10, "free": 0.25}


class Source:
    """Draws queries about given emoji. Held-out keywords never appear as a question with an answer."""

    def __init__(self, library, vocabulary, counts, seed):
        self.library, self.rng = library, random.Random(seed)
        self.nets = lexicon.synsets()
        self.defined = self.definitions()
        self.glosses = [lexicon.definition(g) for l, g, _ in self.nets.values()]
        self.glosses = [g for g in self.glosses if 2 <= len(g.split()) <= 16]
        self.vocabulary = [w for w in vocabulary if w.isalpha() and w not in STOP]
        self.weights = [counts.get(w, 1) ** 0.25 for w in self.vocabulary]
        self.keywords = list(library.keywords)

    def definitions(self):
        """The first meaning in WordNet of an emoji's name, for each emoji that is trained on."""
        first = {}
        for (part, _), (lemmas, gloss, _) in self.nets.items():
            if part == "n":
                for lemma in lemmas[:2]:
                    first.setdefault(lemma, lexicon.definition(gloss))
        found = {}
        for i in self.library.train:
            e = self.library.emoji[i]
            text = first.get(e.name)
            if text:
                found[i] = text
        return found

    def owners(self, keywords):
        sets = [self.library.keywords[k] for k in keywords]
        return set.intersection(*sets)

    def about(self, i):
        """One query about emoji i."""
        rng, e = self.rng, self.library.emoji[i]
        seen = [k for k in e.seen(self.library.held) if k in self.library.keywords]
        kind = rng.choices(list(KINDS), KINDS.values())[0]
        if kind == "free":
            return self.free()
        if kind == "definition" and i in self.defined:
            return phrases.about_definition(self.defined[i], rng), {i}
        if kind == "pair" and len(seen) >= 2:
            pair = rng.sample(seen, 2)
            return phrases.about_pair(*pair, rng), self.owners(pair)
        if kind == "name" or not seen:
            return phrases.about_name(e.name, rng), {i}
        weights = [len(self.library.keywords[k]) ** -0.5 for k in seen]
        k = rng.choices(seen, weights)[0]
        return phrases.about_keyword(k, rng), self.library.keywords[k]

    def free(self):
        """No known answer: the teacher alone says what is near."""
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
        """Without some of the little words, at times."""
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
