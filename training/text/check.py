"""Checks the questions and the measures; exits with 1 if something is wrong.

    python check.py                  # frozen files, form and division of the questions
    python check.py --measures       # nDCG@10 and MRR@10 compared with pytrec_eval, on random rankings
    python check.py --freeze         # writes FROZEN; only before any training
"""

import argparse
import hashlib
import random
import sys
from pathlib import Path

import add
import collect
import evaluate
import extra
import measure
import sample

HERE = Path(__file__).resolve().parent
FROZEN = HERE / "FROZEN"
FILES = ("questions/test.jsonl", "collections.json")


def frozen():
    for line in FROZEN.read_text().splitlines():
        expected, name = line.split()
        found = hashlib.sha256((HERE / name).read_bytes()).hexdigest()
        if found != expected:
            yield f"{name} is not as it was frozen: {found} instead of {expected}"


def questions(cache):
    seen, units = {}, {}
    for split in ("test", "dev", "train"):
        for row in add.load(split):
            if not 1 <= len(row["relevant"]) <= add.MOST_RELEVANT or len(set(row["relevant"])) != len(row["relevant"]):
                yield f"{row['id']}: one to five different passages"
            if split == "train" and row["collection"] == "git":
                yield f"{row['id']}: Git is never trained on"
            key = (row["collection"], row["question"].lower())
            if seen.setdefault(key, split) != split:
                yield f"{row['id']}: the question is also in {seen[key]}"
    for name in (*evaluate.NAMES, *extra.NAMES):
        known = {p["id"]: p for p in collect.load(name, cache)}
        for split in ("test", "dev", "train"):
            for row in add.load(split):
                if row["collection"] != name:
                    continue
                missing = [p for p in row["relevant"] if p not in known]
                if missing:
                    yield f"{row['id']}: no passage {missing}"
                elif sample.split_of(name, known[row["relevant"][0]]) != split:
                    yield f"{row['id']}: its page belongs to {sample.split_of(name, known[row['relevant'][0]])}"
                else:
                    units.setdefault((name, split), set()).add(sample.unit_of(known[row["relevant"][0]]))
    for name in (*evaluate.NAMES, *extra.NAMES):
        print(name, ", ".join(f"{split}: {sum(r['collection'] == name for r in add.load(split))} questions about {len(units.get((name, split), ()))} pages" for split in ("test", "dev", "train")))


def measures(tries=200):
    import pytrec_eval

    rng = random.Random(1)
    for _ in range(tries):
        passages = [f"p{n}" for n in range(rng.randint(1, 40))]
        relevant = rng.sample([f"p{n}" for n in range(45)], rng.randint(1, 5))
        ranking = rng.sample(passages, len(passages))
        judge = pytrec_eval.RelevanceEvaluator({"q": dict.fromkeys(relevant, 1)}, {"ndcg_cut_10", "recip_rank"})
        found = judge.evaluate({"q": {p: float(-n) for n, p in enumerate(ranking)}})["q"]
        first = judge.evaluate({"q": {p: float(-n) for n, p in enumerate(ranking[:10])}})["q"]["recip_rank"]
        ours = measure.ndcg(ranking, relevant), measure.reciprocal_rank(ranking, relevant)
        if abs(ours[0] - found["ndcg_cut_10"]) > 1e-9 or abs(ours[1] - first) > 1e-9:
            yield f"{ranking[:10]}, {relevant}: {ours} instead of {found['ndcg_cut_10']}, {first}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measures", action="store_true")
    parser.add_argument("--freeze", action="store_true")
    parser.add_argument("--cache", type=Path, default=collect.DEFAULT_CACHE)
    options = parser.parse_args()
    if options.freeze:
        FROZEN.write_text("".join(f"{hashlib.sha256((HERE / name).read_bytes()).hexdigest()}  {name}\n" for name in FILES))
    wrong = [*frozen(), *(measures() if options.measures else questions(options.cache))]
    print("\n".join(wrong) if wrong else "Everything is in order")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
