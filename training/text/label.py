"""Adds further passages to questions that have been written. Standard input: lines `QUESTION: NUMBER[,NUMBER…]`, the question by the number
at the end of its id, passages as `sample.py` numbers them. They may lie on any page: what counts for the division is the page a question was written for.

    python label.py git test < lines.txt
"""

import argparse
import sys
from pathlib import Path

import add
import collect


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collection")
    parser.add_argument("split", choices=["test", "dev", "train"])
    parser.add_argument("--cache", type=Path, default=collect.DEFAULT_CACHE)
    options = parser.parse_args()
    passages = collect.load(options.collection, options.cache)
    rows = add.load(options.split)
    known = {r["id"]: r for r in rows}
    added = 0
    for line in filter(str.strip, sys.stdin):
        question, numbers = line.split(":")
        row = known[f"{options.collection}-{options.split}-{int(question):04d}"]
        for number in numbers.replace(",", " ").split():
            name = passages[int(number)]["id"]
            if name not in row["relevant"] and len(row["relevant"]) < add.MOST_RELEVANT:
                row["relevant"].append(name)
                added += 1
    add.dump(options.split, rows)
    print(added, "passages added")


if __name__ == "__main__":
    main()
