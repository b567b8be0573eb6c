"""MRR@10 and nDCG@10, and the lexical baseline."""

import math
from collections import Counter

import numpy as np

from words import content_words, stem


def at_ten(scores, relevant):
    """(reciprocal rank, nDCG), both at 10; ties are broken by a fixed random order."""
    scores = np.asarray(scores, np.float64) + 1e-9 * np.random.default_rng(0).random(len(scores))
    top = np.argsort(-scores)[:10]
    hits = [int(i) in relevant for i in top]
    first = next((1 / (r + 1) for r, hit in enumerate(hits) if hit), 0.0)
    best = sum(1 / math.log2(r + 2) for r in range(min(10, len(relevant))))
    return first, sum(1 / math.log2(r + 2) for r, hit in enumerate(hits) if hit) / best


def mean(rows):
    return tuple(float(x) for x in np.mean(rows, axis=0)) if len(rows) else (float("nan"),) * 2


class Bm25:
    """BM25 with light stemming, and prefix matches at half weight as in MiniSearch."""

    def __init__(self, texts, k1=1.2, b=0.75):
        self.documents = [Counter(stem(w) for w in content_words(t)) for t in texts]
        self.length = [sum(d.values()) for d in self.documents]
        self.average, self.k1, self.b = sum(self.length) / len(texts), k1, b
        df = Counter(w for d in self.documents for w in d)
        self.idf = {w: math.log(1 + (len(texts) - n + 0.5) / (n + 0.5)) for w, n in df.items()}

    def scores(self, query):
        result = np.zeros(len(self.documents))
        for q in (stem(w) for w in content_words(query)):
            for term, weight in [(q, 1.0)] + [(t, 0.5) for t in self.idf if t != q and len(q) > 2 and t.startswith(q)]:
                if term not in self.idf:
                    continue
                for i, d in enumerate(self.documents):
                    n = d.get(term, 0)
                    if n:
                        result[i] += weight * self.idf[term] * n * (self.k1 + 1) / (n + self.k1 * (1 - self.b + self.b * self.length[i] / self.average))
        return result
