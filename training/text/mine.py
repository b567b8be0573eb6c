"""Training examples: the written questions, and pairs that the documentation itself gives, each with hard negatives.

    python mine.py --out examples.jsonl

A heading is a question for the passages below it, a first sentence one for the passage without it. Only pages of the training division are used,
and never Git's. Negatives are what keywords and vectors rank high, without passages under the same anchor as an answer and without near copies of one.
Written as JSONL: {"kind", "collection", "question", "positives": [ids], "negatives": [ids, the hardest first], "without": text to leave out of the positive}.
"""

import argparse
import json
import random
import re
from pathlib import Path

import numpy as np

import add
import collect
import evaluate
import extra
import retrieve
import sample

COLLECTIONS = (*evaluate.TRAINED, *extra.NAMES)
ALIKE = 0.93  # cosine of a passage to an answer, above which it may well be another answer


def written(name):
    for row in add.load("train"):
        if row["collection"] == name:
            yield {"kind": "question", "collection": name, "question": row["question"], "positives": row["relevant"], "without": ""}


def from_headings(name, passages, count, rng):
    """One passage for each heading that says something; the page's name is added to short ones, as a person would."""
    below = {}
    for n, passage in enumerate(passages):
        if sample.split_of(name, passage) == "train" and sample.askable(passage):
            below.setdefault((passage["page"], passage["headings"][-1]), []).append(n)
    rows = []
    for (_, heading), numbers in below.items():
        words = heading.split()
        if len(words) < 2 or not re.search(r"[a-z]{3}", heading):
            continue
        headings = passages[numbers[0]]["headings"]
        question = heading if len(words) > 4 or len(headings) < 2 else f"{heading} {headings[-2]}"
        rows.append({"kind": "heading", "collection": name, "question": question, "positives": [passages[n]["id"] for n in numbers[: add.MOST_RELEVANT]]})
        # In every other example the passage does not have the heading, so that more than a look for the same words is learned.
        rows[-1]["without"] = heading if len(rows) % 2 else ""
    return rng.sample(rows, min(count, len(rows)))


def from_sentences(name, passages, count, rng):
    rows = []
    for passage in passages:
        match = re.search(r"(?:^|\n)([A-Z][^\n.]{30,160}\.)\s", passage["text"])
        if match and len(passage["text"].split()) >= 45 and sample.split_of(name, passage) == "train" and sample.askable(passage):
            rows.append({"kind": "sentence", "collection": name, "question": match.group(1), "positives": [passage["id"]], "without": match.group(1)})
    return rng.sample(rows, min(count, len(rows)))


def negatives(row, place, passages, matrix, keyword, vector, count):
    right = [place[p] for p in row["positives"]]
    anchors = {(passages[n]["page"], passages[n]["anchor"]) for n in right}
    # Keywords and vectors in turn, so that both kinds of mistake are seen.
    mixed = [n for pair in zip(keyword + [-1] * len(vector), vector + [-1] * len(keyword)) for n in pair if n >= 0]
    near = (matrix[mixed] @ matrix[right].T).max(axis=1) if mixed else []
    result = []
    for n, alike in zip(mixed, near):
        if n not in right and n not in result and alike < ALIKE and (passages[n]["page"], passages[n]["anchor"]) not in anchors:
            result.append(n)
    return [passages[n]["id"] for n in result[:count]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--collections", nargs="+", default=COLLECTIONS, choices=COLLECTIONS)
    parser.add_argument("--pairs", type=int, default=4000, help="headings, and as many sentences, of each collection with test questions")
    parser.add_argument("--extra-pairs", type=int, default=2500, help="the same of those that are only trained on")
    parser.add_argument("--negatives", type=int, default=40)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=collect.DEFAULT_CACHE)
    options = parser.parse_args()
    rng = random.Random(1)
    rows = []
    for name in options.collections:
        passages = collect.load(name, options.cache)
        pairs = options.pairs if name in evaluate.TRAINED else options.extra_pairs
        mine = [*written(name), *from_headings(name, passages, pairs, rng), *from_sentences(name, passages, pairs, rng)]
        questions = [{"question": row["question"]} for row in mine]
        _, found = evaluate.first_passes(name, questions, options.cache, options.threads)
        matrix = retrieve.vectors(name, retrieve.texts_of(passages), options.cache, None)
        place = {p["id"]: n for n, p in enumerate(passages)}
        for row, keyword, vector in zip(mine, found["keywords"], found["vectors"]):
            row["negatives"] = negatives(row, place, passages, matrix, keyword, vector, options.negatives)
        rows += [row for row in mine if row["negatives"]]
        print(name, len(mine), "examples,", f"{np.mean([len(r['negatives']) for r in mine]):.0f} negatives each", flush=True)
    options.out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
