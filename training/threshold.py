"""Finds the score above which at least half of the pictures that the demo shows are right, on the development split, and measures it on the test split.

    python threshold.py                                # the shipped files; writes ../www/model/pictures.json and build/threshold.json

A search shows the pictures whose score is at least the threshold. The queries are of three kinds, and each kind has a fixed
share whatever the number of its queries. Half are keywords of the training set, because most of what a visitor types are words
that emoji have, and the model was trained on seven of eight of those; three tenths are held-out keywords, for words that it was
never taught; two tenths are phrases about emoji without phrases in training. Training keywords have no split: a sample is drawn
and each split gets half of it.

Over the gallery the training keywords are those of its pictures, as a visitor sees them. Held-out keywords and phrases are
asked whether or not the gallery has an answer: without one, all that is shown is wrong. A picture is right if CLDR gives it the
keyword, or if the phrase was written for it.

Two precisions are measured. *Pooled*: the right share of all that is shown, in which a search that shows much counts much. *By
search*: the mean over the searches that show something. The threshold is the lowest from which on the 95 % intervals of both lie
above one half on the development split. The means alone are not enough: a threshold at which they just reach one half there is
as likely as not to miss it elsewhere.
"""

import argparse
import hashlib
import json
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import emoji as emoji_data
import evaluate
import from_gguf
import make_gallery
import pictures
import purposes

SHARES = {"training keyword": 0.5, "held-out keyword": 0.3, "phrase": 0.2}
GRID = np.round(np.arange(0.02, 0.981, 0.01), 2)
SHOWN_IN_TABLE = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
WANTED = 0.5
PRECISIONS = ("pooled", "by search")
FEWEST = 20  # precision at a threshold that fewer searches pass says nothing
MODEL = Path("../www/model")
SIDE = 64  # of the pictures that the model reads


@dataclass
class Search:
    kind: str
    query: str
    right: set  # indices of the candidates that answer it


def held_out(emoji, held, split):
    """The held-out keywords that some training emoji has."""
    return [k for k, s in held.items() if s == split and any(e.split == "train" and k in e.keywords for e in emoji)]


def known_words(candidates, emoji, held, split, count):
    """Training keywords of the candidates; the splits have none in common."""
    taught = {k for e in emoji if e.split == "train" for k in e.training_keywords(held)}
    pool = sorted(taught.intersection(k for e in candidates for k in e.keywords))
    drawn = random.Random(11).sample(pool, 2 * count)
    return drawn[:count] if split == "dev" else drawn[count:]


def searches(candidates, emoji, held, split, known, most=None):
    """`known`: the number of training keywords. `most`: the size of a random sample of each other kind; None for all."""
    place = {e.text: n for n, e in enumerate(candidates)}
    sample = lambda found: found if most is None or len(found) <= most else random.Random(7).sample(found, most)
    having = lambda k: {n for n, e in enumerate(candidates) if k in e.keywords}
    phrases = [(p, {place[emoji[i].text] for i in right if emoji[i].text in place}) for p, right, s in purposes.load(emoji, held)[0] if s == split]
    return [*(Search("training keyword", k, having(k)) for k in known_words(candidates, emoji, held, split, known)),
            *(Search("held-out keyword", k, having(k)) for k in sample(held_out(emoji, held, split))),
            *(Search("phrase", p, right) for p, right in sample(phrases))]


def candidate_sets(emoji, gallery):
    """The gallery in the order of its file, and all training emoji."""
    by_text = {e.text: e for e in emoji}
    shown = [by_text[item["emoji"]] for item in json.loads(gallery.read_text())["items"]]
    return {"gallery": shown, "training emoji": [e for e in emoji if e.split == "train" and pictures.noto(e.text) is not None]}


class Scores:
    """Sigmoid scores, as the page's `relevance_score`; kept in a folder, so that only what is new is computed."""

    def __init__(self, reranker, files, folder):
        self.reranker, self.folder, self.seen = reranker, folder, {}
        self.model = [hashlib.sha256(f.read_bytes()).hexdigest() for f in files]
        folder.mkdir(parents=True, exist_ok=True)

    def of(self, name, asked, candidates):
        queries, texts = [s.query for s in asked], tuple(e.text for e in candidates)
        made_of = np.array([*self.model, *queries, *texts])
        path = self.folder / f"{name}.npz".replace(" ", "-")
        if path.exists() and np.array_equal((stored := np.load(path))["made of"], made_of):
            return stored["scores"]
        if texts not in self.seen:  # drawn like a cell of the gallery's sheet, then resized as the engine does
            self.seen[texts] = evaluate.features(self.reranker, candidates, SIDE, drawn=make_gallery.SIDE)
        found = torch.sigmoid(torch.from_numpy(evaluate.scores(self.reranker, queries, self.seen[texts]))).numpy()
        np.savez_compressed(path, **{"made of": made_of, "scores": found})
        return found


class Counts:
    """For each search and each threshold of the grid, how many pictures are shown and how many of them are right."""

    def __init__(self, asked, scores):
        right = np.zeros_like(scores, dtype=bool)
        for row, search in enumerate(asked):
            right[row, list(search.right)] = True
        above = scores[:, None, :] >= GRID[None, :, None]
        self.kinds = np.array([s.kind for s in asked])
        self.shown, self.right = above.sum(2), (above & right[:, None, :]).sum(2)
        self.answers = np.array([len(s.right) for s in asked])

    def weights(self, which):
        """Of the searches `which`, with sum one: each kind that occurs has its share."""
        kinds = self.kinds[which]
        found = np.array([SHARES[k] / np.sum(kinds == k) for k in kinds])
        return found / found.sum()

    def measures(self, which):
        """By threshold: precision pooled and by search, recall, the share of searches that show something, and pictures shown in a search."""
        weight = self.weights(which)[:, None]
        shown, right, answers = self.shown[which], self.right[which], self.answers[which][:, None]
        some, answered = shown > 0, answers > 0
        divide = lambda a, b: np.divide(a, b, out=np.full(len(GRID), np.nan), where=b > 0)
        return {"pooled": divide((weight * right).sum(0), (weight * shown).sum(0)),
                "by search": divide((weight * right / np.maximum(shown, 1)).sum(0), (weight * some).sum(0)),
                "recall": (weight * right / np.maximum(answers, 1)).sum(0) / (weight * answered).sum(),
                "with results": (weight * some).sum(0), "pictures": (weight * shown).sum(0), "showing": some.sum(0)}

    def resampled(self, rng):
        """Searches drawn with replacement, as many of each kind as there are."""
        return np.concatenate([rng.choice(own := np.flatnonzero(self.kinds == k), len(own)) for k in SHARES if np.any(self.kinds == k)])

    def only(self, kind):
        return np.flatnonzero(self.kinds == kind)

    def all(self):
        return np.arange(len(self.kinds))


def lowest(pooled, by_search, showing):
    """The position in the grid from which on both precisions are at least one half, as far as enough searches show something; None if there is none."""
    told, found = showing >= FEWEST, None
    enough = np.minimum(pooled, by_search) >= WANTED
    for at in np.flatnonzero(told)[::-1]:
        if not enough[at]:
            break
        found = int(at)
    return found


def middle(values):
    """The middle 95 %."""
    return [float(v) for v in np.nanpercentile(np.asarray(values, float), [2.5, 97.5])]


def by_means(measures):
    """The threshold that the means alone would give, or None."""
    at = lowest(*(measures[k] for k in (*PRECISIONS, "showing")))
    return None if at is None else float(GRID[at])


def row(measures, at):
    return {k: float(v[at]) for k, v in measures.items()}


class Table:
    """The measures at each threshold, with intervals by drawing searches with replacement."""

    def __init__(self, counts, resamples, seed=0):
        rng = np.random.default_rng(seed)
        self.counts, self.own = counts, counts.measures(counts.all())
        self.drawn = [counts.measures(counts.resampled(rng)) for _ in range(resamples)]
        spread = {f"{k}, interval": [middle([d[k][at] for d in self.drawn]) for at in range(len(GRID))] for k in PRECISIONS}
        self.rows = [{"threshold": float(t), **row(self.own, at), **{k: v[at] for k, v in spread.items()}} for at, t in enumerate(GRID)]

    def safe(self):
        """The position of the lowest threshold from which on both intervals lie above one half, or None."""
        return lowest(*(np.array([r[f"{k}, interval"][0] for r in self.rows]) for k in PRECISIONS), self.own["showing"])

    def summary(self, at):
        """Facts about the searches, and each kind at a threshold."""
        kinds = {k: self.counts.measures(self.counts.only(k)) for k in SHARES}
        about = lambda own: {"searches": len(own), "without an answer": int(np.sum(self.counts.answers[own] == 0))}
        resampled = [t for d in self.drawn if (t := by_means(d)) is not None]
        return {"rows": self.rows, "chosen": self.rows[at], "by means": by_means(self.own), "by means, interval": middle(resampled) if resampled else None,
                "kinds": {k: {**about(self.counts.only(k)), **row(m, at), "by means": by_means(m)} for k, m in kinds.items()}}


def spread(r, key):
    low, high = r[f"{key}, interval"]
    return f"{r[key]:.2f} ({low:.2f} to {high:.2f})"


def show(title, rows, chosen):
    print(f"\n### {title}\n\n| score at least | precision, pooled | precision, by search | recall | searches with results | pictures a search |\n|---|---|---|---|---|---|")
    for r in rows:
        if r["threshold"] in (*SHOWN_IN_TABLE, chosen):
            print(f"| {r['threshold']:.2f} | {spread(r, 'pooled')} | {spread(r, 'by search')} | {r['recall']:.2f} | {r['with results']:.2f} | {r['pictures']:.1f} |")


def measure(scores, sets, emoji, held, split, options):
    """{candidates: Table} of one split."""
    sizes = {"gallery": (options.known, None), "training emoji": (options.most, options.most)}
    result = {}
    for name, candidates in sets.items():
        asked = searches(candidates, emoji, held, split, *sizes[name])
        result[name] = Table(Counts(asked, scores.of(f"{split}-{name}", asked, candidates)), options.resamples)
    return result


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gguf", nargs=2, type=Path, metavar=("TEXT", "MMPROJ"), default=[MODEL / "demo-emoji-Q8_0.gguf", MODEL / "mmproj-demo-emoji-Q8_0.gguf"])
    parser.add_argument("--gallery", type=Path, default=Path("../www/gallery/gallery.json"))
    parser.add_argument("--known", type=int, default=150, help="number of training keywords over the gallery, in each split")
    parser.add_argument("--most", type=int, default=60, help="number of queries of each kind over all training emoji")
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--scores", type=Path, default=Path("build/threshold"), help="folder in which computed scores are kept")
    parser.add_argument("--json", type=Path, default=Path("build/threshold.json"), help="figures for card.py")
    parser.add_argument("--out", type=Path, default=MODEL / "pictures.json", help="what the demo reads")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    emoji, held = emoji_data.load()
    sets, scores = candidate_sets(emoji, options.gallery), Scores(from_gguf.whole(*options.gguf), options.gguf, options.scores)
    dev = measure(scores, sets, emoji, held, "dev", options)
    at = dev["gallery"].safe()
    if at is None:
        raise SystemExit("No threshold reaches the precision on the development split: nothing was written.")
    chosen, results = float(GRID[at]), {}
    for split, tables in (("dev", dev), ("test", measure(scores, sets, emoji, held, "test", options))):
        for name, table in tables.items():
            found = results[f"{name}, {split}"] = {"candidates": len(sets[name]), **table.summary(at)}
            show(f"{name}, {split}", found["rows"], chosen)
            print("\nby the means alone:", found["by means"], found["by means, interval"])
            for kind, facts in found["kinds"].items():
                print(f"{kind}: " + ", ".join(f"{k} {v:.2f}" if isinstance(v, float) else f"{k} {v}" for k, v in facts.items()), flush=True)
    print(f"\nthreshold {chosen:.2f}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"threshold": chosen, "shares": SHARES, "fewest": FEWEST, **results}, indent=1, ensure_ascii=False) + "\n")
    options.out.write_text(json.dumps({"threshold": chosen}) + "\n")


if __name__ == "__main__":
    main()
