"""Word vectors from WordNet, the Moby thesaurus and the emoji of the training set.

Every synset, thesaurus entry and emoji is a document; word vectors are the SVD of the positive pointwise mutual information
of words and documents. Texts of held-out emoji and held-out keywords of emoji are excluded.
"""

import math
from collections import Counter, defaultdict

import numpy as np
import scipy.sparse as sp

import paths
from words import content_words, stem, words

FILES = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}


def synsets():
    """{(part, offset): (lemmas, gloss, [pointers])}; a pointer is (symbol, part, offset)."""
    found = {}
    for name, part in FILES.items():
        for line in (paths.WORDNET / f"data.{name}").read_text().splitlines():
            if line.startswith("  "):
                continue
            head, _, gloss = line.partition("|")
            f = head.split()
            count = int(f[3], 16)
            lemmas = [f[4 + 2 * i].split("(")[0].replace("_", " ").lower() for i in range(count)]
            at = 4 + 2 * count
            pointers = [(f[at + 1 + 4 * i], f[at + 3 + 4 * i], f[at + 2 + 4 * i]) for i in range(int(f[at]))]
            found[part, f[0]] = (lemmas, gloss.strip(), pointers)
    return found


def nouns(nets):
    """{noun: definition of its most frequent sense}, in the order of WordNet's index."""
    found = {}
    for line in (paths.WORDNET / "index.noun").read_text().splitlines():
        if not line.startswith("  "):
            f = line.split()
            found[f[0].replace("_", " ")] = definition(nets["n", f[-int(f[2])]][1])  # the line ends with the offsets of the senses
    return found


def verbs(nets):
    return {lemma for (part, _), (lemmas, _, _) in nets.items() if part == "v" for lemma in lemmas}


def definition(gloss):
    return gloss.split('"')[0].split("; ")[0].strip(" ;:")


def wordnet_documents(nets):
    for lemmas, gloss, pointers in nets.values():
        bag = Counter()
        for lemma in lemmas:
            for w in content_words(lemma):
                bag[w] += 3
        for w in content_words(gloss):
            bag[w] += 1
        for symbol, p, o in pointers:
            weight = {"@": 1.0, "~": 0.3}.get(symbol, 0.7)
            for lemma in nets.get((p if p != "s" else "a", o), ([],))[0][:4]:
                for w in content_words(lemma):
                    bag[w] += weight
        yield bag


def moby_documents():
    for line in paths.MOBY.read_text(errors="replace").lower().splitlines():
        root, *others = line.split(",")
        bag = Counter()
        for w in content_words(root):
            bag[w] += 4
        for other in others:
            found = content_words(other)
            if len(found) <= 2:
                for w in found:
                    bag[w] += 1.0 / len(found)
        yield bag


def emoji_documents(emoji, held):
    for e in emoji:
        if e.split == "train":
            bag = Counter()
            for w in content_words(e.name):
                bag[w] += 2
            for k in e.training_keywords(held):
                for w in content_words(k):
                    bag[w] += 1
            yield bag


def stem_documents(vocabulary):
    groups = defaultdict(list)
    for w in vocabulary:
        groups[stem(w)].append(w)
    for group in groups.values():
        if len(group) > 1:
            yield Counter(group)


def information(documents, index, weight, shift=0.0):
    """Positive pointwise mutual information, words by documents."""
    rows, columns, values = [], [], []
    for d, bag in enumerate(documents):
        for w, n in bag.items():
            if w in index:
                rows.append(index[w])
                columns.append(d)
                values.append(1 + math.log(n) if n >= 1 else n)
    m = sp.csr_matrix((values, (rows, columns)), shape=(len(index), max(columns) + 1))
    total, by_word, by_document = m.sum(), np.asarray(m.sum(1)).ravel(), np.asarray(m.sum(0)).ravel()
    m = m.tocoo()
    smooth = by_document**0.75 * (by_document.sum() / (by_document**0.75).sum())
    pmi = np.log(m.data * total / (by_word[m.row] * smooth[m.col])) - shift
    m = sp.csr_matrix((np.maximum(pmi, 0), (m.row, m.col)), shape=m.shape)
    norm = math.sqrt(m.multiply(m).sum() / len(index))
    return m * (weight / norm)


def choose(emoji, nets, limit):
    """The words that get a vector: all words of the emoji, then the most frequent ones of glosses and thesaurus."""
    must = dict.fromkeys(w for e in emoji for text in [e.name, *e.keywords] for w in words(text))
    counts = Counter()
    for lemmas, gloss, _ in nets.values():
        counts.update(w for w in words(gloss))
        counts.update(w for lemma in lemmas for w in words(lemma))
    for line in paths.MOBY.read_text(errors="replace").lower().splitlines():
        counts.update(w for entry in line.split(",")[:40] if " " not in entry for w in words(entry)[:1])
    ranked = [w for w, n in counts.most_common() if not w.isdigit() and w.isascii() and len(w) > 1 and "'" not in w]
    return list(dict.fromkeys([*must, *ranked]))[:limit], counts


def factor(m, size, rounds=3, seed=0):
    """Leading left singular vectors and values of a sparse matrix, by randomized subspace iteration."""
    m = m.astype(np.float32).tocsr()
    back = m.T.tocsr()
    q = np.random.default_rng(seed).standard_normal((m.shape[1], size + 24), np.float32)
    for n in range(rounds):
        y = np.linalg.qr(m @ q)[0]
        q = back @ y
        if n < rounds - 1:
            q = q / np.linalg.norm(q, axis=0)
    squared, turn = np.linalg.eigh((q.T @ q).astype(np.float64))
    order = np.argsort(-squared)[:size]
    return y @ turn[:, order], np.sqrt(squared[order])


def vectors(emoji, held, limit=24000, size=256, weights=(1.0, 1.0, 1.0, 0.5), power=0.5):
    """(words, unit vectors, word counts)"""
    nets = synsets()
    vocabulary, counts = choose(emoji, nets, limit)
    index = {w: i for i, w in enumerate(vocabulary)}
    sources = [wordnet_documents(nets), moby_documents(), emoji_documents(emoji, held), stem_documents(vocabulary)]
    m = sp.hstack([information(s, index, w) for s, w in zip(sources, weights) if w > 0])
    u, s = factor(m, size)
    v = u * s**power
    v /= np.linalg.norm(v, axis=1, keepdims=True) + 1e-9
    return vocabulary, v.astype(np.float32), counts
