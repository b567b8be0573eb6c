"""Appends questions to a set. Standard input: lines `NUMBER[,NUMBER…] | question`, numbers of passages as `sample.py` prints them, the best first.

    python add.py git test < lines.txt
"""

import argparse
import json
import sys
from pathlib import Path

import collect
import sample

QUESTIONS = Path(__file__).resolve().parent / "questions"
MOST_RELEVANT = 5


def load(split):
    file = QUESTIONS / f"{split}.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def dump(split, rows):
    QUESTIONS.mkdir(exist_ok=True)
    (QUESTIONS / f"{split}.jsonl").write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")


def parse(lines, collection, split, passages):
    for line in lines:
        if not line.strip():
            continue
        numbers, question = line.split("|", 1)
        named = [passages[int(n)] for n in numbers.replace(",", " ").split()]
        chosen = [p for p in named if sample.split_of(collection, p) == split]
        if len(chosen) < len(named):
            print("left out, not of this split:", [p["id"] for p in named if p not in chosen])
        if not 1 <= len(chosen) <= MOST_RELEVANT:
            raise SystemExit(f"{line.strip()}: wants one to five passages of {split}")
        yield " ".join(question.split()), [p["id"] for p in chosen]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collection")
    parser.add_argument("split", choices=["test", "dev", "train"])
    parser.add_argument("--cache", type=Path, default=collect.DEFAULT_CACHE)
    options = parser.parse_args()
    rows = load(options.split)
    known = {(r["collection"], r["question"].lower()) for r in rows}
    number = sum(r["collection"] == options.collection for r in rows)
    for question, relevant in parse(sys.stdin, options.collection, options.split, collect.load(options.collection, options.cache)):
        if (options.collection, question.lower()) in known:
            print("already there:", question)
            continue
        known.add((options.collection, question.lower()))
        number += 1
        rows.append({"id": f"{options.collection}-{options.split}-{number:04d}", "collection": options.collection, "question": question, "relevant": relevant})
    dump(options.split, rows)
    print(number, options.collection, "of", len(rows), options.split)


if __name__ == "__main__":
    main()
