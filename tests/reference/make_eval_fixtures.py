"""Generates the figures that `secondpass eval` is compared with.

    python3 -m venv venv-eval && venv-eval/bin/pip install -r requirements-eval.txt
    venv-eval/bin/python make_eval_fixtures.py

metrics.json: random runs and judgments with the figures of pytrec_eval, which is trec_eval. Scores are tied or differ only beyond single precision, grades are negative and high, some queries have nothing
relevant, some are missing from the run or from the judgments. The intervals are numpy's percentiles of the same draws.

keywords.json: the BM25 scores of the collection in planets/, by bm25s in its "lucene" form and by the formula.
"""

import json
import math
import random
import re
from pathlib import Path

import bm25s
import numpy as np
import pytrec_eval

OUT = Path(__file__).parent.parent / "fixtures" / "eval"
MEASURES = {"ndcg@10": "ndcg_cut_10", "mrr@10": "recip_rank", "recall@10": "recall_10", "recall@100": "recall_100"}
K1, B = 1.2, 0.75
RESAMPLES, MASK = 2000, (1 << 64) - 1


def order(results):
    """trec_eval's: by score in single precision, of equal scores the later id first."""
    return sorted(results, key=lambda document: (np.float32(results[document]), document), reverse=True)


def measured(judgments, run):
    run = {query: run.get(query, {}) for query in judgments}
    evaluator = pytrec_eval.RelevanceEvaluator(judgments, {"ndcg_cut.10", "recall.10,100"})
    figures = evaluator.evaluate(run)
    # trec_eval has no cut for the reciprocal rank: it is given the first ten alone.
    first = {query: {document: results[document] for document in order(results)[:10]} for query, results in run.items()}
    ranks = pytrec_eval.RelevanceEvaluator(judgments, {"recip_rank"}).evaluate(first)
    every = {query: {**figures.get(query, {}), **ranks.get(query, {})} for query in judgments}
    return {query: {name: every[query].get(measure, 0.0) for name, measure in MEASURES.items()} for query in judgments}


def splitmix(state):
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def intervals(values, seed):
    draws = splitmix(seed)
    means = [sum(values[(next(draws) * len(values)) >> 64] for _ in values) / len(values) for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return {"mean": sum(values) / len(values), "low": low, "high": high}


def case(seed):
    draw = random.Random(seed)
    documents = [f"d{n}" for n in range(140)]
    judgments, run = {}, {}
    for query in (f"q{n}" for n in range(9)):
        grades = [0, 0, -1] if query == "q1" else [-2, 0, 0, 1, 1, 2, 3, 7]
        judged = draw.sample(documents, draw.randint(3, 25))
        judgments[query] = {document: draw.choice(grades) for document in judged}
        found = {*draw.sample(judged, len(judged) * 2 // 3), *draw.sample(documents, draw.choice([1, 8, 30, 120]))}
        ties = [0.5, 0.5 + 1e-12, -0.0, 0.0, 16777216.0, 16777217.0]
        if query != "q2":
            run[query] = {document: draw.choice([*ties, *(draw.gauss(0, 3) for _ in range(6))]) for document in sorted(found)}
    # A query that was not judged does not count.
    run["unjudged"] = {"d1": 1.0}
    figures = measured(judgments, run)
    means = {name: intervals([figures[query][name] for query in judgments], seed) for name in MEASURES}
    return {"seed": seed, "judgments": judgments, "run": run, "queries": figures, "metrics": means}


def read(name):
    return [json.loads(line) for line in (OUT / "planets" / name).read_text().splitlines()]


def words(text):
    return re.findall(r"[a-z0-9]+", text.lower())


def keywords():
    corpus = {entry["_id"]: words(f"{entry.get('title', '')} {entry.get('text', '')}") for entry in read("corpus.jsonl")}
    average = sum(map(len, corpus.values())) / len(corpus)
    retriever = bm25s.BM25(k1=K1, b=B, method="lucene", dtype="float64")
    retriever.index(list(corpus.values()), show_progress=False)
    scores = {}
    for query in read("queries.jsonl"):
        asked = words(query["text"])
        theirs = dict(zip(corpus, retriever.get_scores(asked)))
        found = {}
        for document, held in corpus.items():
            score = 0.0
            for word in asked:
                having = sum(word in other for other in corpus.values())
                times = held.count(word)
                rarity = math.log(1 + (len(corpus) - having + 0.5) / (having + 0.5))
                score += rarity * times / (times + K1 * (1 - B + B * len(held) / average))
            assert abs(score - theirs[document]) < 1e-9, (document, score, theirs[document])
            if score > 0 and document != query["_id"]:
                found[document] = score
        scores[query["_id"]] = {document: found[document] for document in order(found)}
    return scores


def write(name, value):
    (OUT / name).write_text(json.dumps(value, separators=(",", ":")) + "\n")


write("metrics.json", [case(seed) for seed in range(3)])
write("keywords.json", keywords())
