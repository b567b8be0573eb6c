"""nDCG@10 and MRR@10 of rankings, with binary relevance, and their bootstrap confidence intervals."""

import math

import numpy as np

CUT = 10


def ndcg(ranking, relevant):
    gain = sum(1 / math.log2(rank + 2) for rank, name in enumerate(ranking[:CUT]) if name in relevant)
    return gain / sum(1 / math.log2(rank + 2) for rank in range(min(CUT, len(relevant))))


def reciprocal_rank(ranking, relevant):
    return next((1 / (rank + 1) for rank, name in enumerate(ranking[:CUT]) if name in relevant), 0.0)


def interval(values, resamples=2000, seed=0):
    """Mean, and the middle 95 % of the means of samples drawn with replacement."""
    values = np.asarray(values, np.float64)
    drawn = np.random.default_rng(seed).integers(0, len(values), (resamples, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), [2.5, 97.5])
    return float(values.mean()), float(low), float(high)


def measured(rankings, relevant):
    """Of each question: (nDCG@10, MRR@10)."""
    return np.array([(ndcg(ranking, right), reciprocal_rank(ranking, right)) for ranking, right in zip(rankings, relevant)])
