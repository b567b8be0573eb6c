"""Prints passages to write questions for, numbered by their line in the collection. Pages are divided among test, dev and train by a hash
of their names; of a division every page comes once before any comes twice.

    python sample.py postgresql --split train --seed 1 --from 100 --count 50
"""

import argparse
import hashlib
import random
import re
from pathlib import Path

import collect
import extra

SHARES = {"git": (("test", 60), ("dev", 40)), None: (("test", 22), ("dev", 18), ("train", 60)), **dict.fromkeys(extra.NAMES, (("train", 100),))}
UNASKED = re.compile(r"see also|synopsis|^index$|contents|^author|change ?log|release notes|history$|acknowledg|bibliograph|copyright|^git$|further reading|references$|reporting bugs", re.IGNORECASE)


def unit_of(passage):
    """What is never divided: a page. The error index of Rust is one page with hundreds of unrelated entries, each of which counts as a page."""
    return passage["id"].rsplit("/", 1)[0] if passage["page"] == "error-index.html" else passage["page"]


def split_of(collection, passage):
    number = int(hashlib.sha256(f"{collection}/{unit_of(passage)}".encode()).hexdigest(), 16) % 100
    for name, share in SHARES.get(collection, SHARES[None]):
        if number < share:
            return name
        number -= share
    return None


def askable(passage):
    words = re.findall(r"[a-z]{2,}", re.sub(r"\S*[(){}=;<>_|]\S*", "", passage["text"]))
    return len(words) >= 18 and not any(UNASKED.search(h) for h in passage["headings"][1:] or passage["headings"])


def ordered(collection, passages, split, seed):
    """Numbers of the passages, in rounds over the pages."""
    units = {}
    for n, passage in enumerate(passages):
        if split_of(collection, passage) == split and askable(passage):
            units.setdefault(unit_of(passage), []).append(n)
    rng = random.Random(seed)
    lists = [units[u] for u in sorted(units)]
    rng.shuffle(lists)
    for numbers in lists:
        rng.shuffle(numbers)
    return [numbers[r] for r in range(max(map(len, lists), default=0)) for numbers in lists if r < len(numbers)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collection")
    parser.add_argument("--split", default="train", choices=["test", "dev", "train"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", type=int, default=0, dest="start")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--page", default="", help="a regular expression: only pages whose name has a match")
    parser.add_argument("--letters", type=int, default=700, help="of each passage that are shown")
    parser.add_argument("--cache", type=Path, default=collect.DEFAULT_CACHE)
    options = parser.parse_args()
    passages = collect.load(options.collection, options.cache)
    order = ordered(options.collection, passages, options.split, options.seed)
    order = [n for n in order if re.search(options.page, passages[n]["page"])]
    print(len(order), "passages")
    for n in order[options.start : options.start + options.count]:
        text = " ".join(passages[n]["text"].split())[: options.letters]
        print(f"{n} [{' > '.join(passages[n]['headings'])}] {text}\n")


if __name__ == "__main__":
    main()
