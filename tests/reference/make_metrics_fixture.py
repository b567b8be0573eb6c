"""Random runs with trec_eval's measures of them, for the metrics of the search index.

    pip install pytrec-eval-terrier
    python tests/reference/make_metrics_fixture.py

Relevance is graded and sometimes negative, scores are tied, some queries are not in the run and some have nothing relevant.
"""

import json
import random
from pathlib import Path

import pytrec_eval

OUT = Path(__file__).parent.parent / "fixtures" / "metrics" / "random.json"
CUTS = [1, 5, 10, 100]


def case(seed: int) -> dict:
    draw = random.Random(seed)
    documents = [f"d{n}" for n in range(120)]
    qrels, run = {}, {}
    for number in range(25):
        query = f"q{number}"
        judged = draw.sample(documents, draw.randint(1, 30))
        grades = [-1, 0, 0, 1, 1, 2, 3] if number % 8 else [0]
        qrels[query] = {document: draw.choice(grades) for document in judged}
        if number % 11 == 5:
            continue
        found = draw.sample(documents, draw.randint(1, 110))
        # Few different scores, some of which differ only beyond single precision.
        run[query] = {document: draw.choice([draw.random(), 0.5, 0.25, 0.25 + 1e-12]) for document in found}
    measures = {f"ndcg_cut.{','.join(map(str, CUTS))}", f"recall.{','.join(map(str, CUTS))}", "recip_rank"}
    results = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
    return {"qrels": qrels, "run": run, "results": results}


OUT.parent.mkdir(parents=True, exist_ok=True)
OUT.write_text(json.dumps({"cuts": CUTS, "cases": [case(seed) for seed in range(3)]}, separators=(",", ":"), sort_keys=True) + "\n")
