"""Evaluates a model on held-out data, with lexical search and chance as baselines. Prints Markdown.

    python evaluate.py                          # the checkpoint
    python evaluate.py --gguf TEXT.gguf MMPROJ.gguf --split test --json build/figures.json

(a) held-out keywords, over the emoji of the training set; (b) held-out emoji, over all emoji and among themselves; (c) a
sample of (a) with pictures drawn at 32 pixels, with Twemoji, and shown at 96 by 96; (d) phrases of `purposes.txt` about
emoji of the training set without phrases in training; and the phrases of `phrase_cases.py`.
"""

import argparse
import json
import random
from pathlib import Path

import numpy as np
import torch

import export
import from_gguf
import make_gallery
import metrics
import pictures
import purposes
import train
from phrase_cases import CASES


@torch.no_grad()
def features(reranker, emoji, side, drawn=None, style=pictures.noto):
    found, deep = [], []
    for at in range(0, len(emoji), 64):
        shown = [pictures.square(style(e.text), drawn or side) for e in emoji[at : at + 64]]
        shown = [p if p.size == (side, side) else p.resize((side, side), pictures.Image.BICUBIC) for p in shown]
        with torch.autocast("cpu", torch.bfloat16):
            f, d = reranker.look(np.stack([pictures.pixels(p) for p in shown]))
        found.append(f)
        deep.append(d)
    return torch.cat(found), [torch.cat(x) for x in zip(*deep)]


@torch.no_grad()
def scores(reranker, queries, seen, together=4, documents=128):
    """Logits [queries, pictures]."""
    result = []
    for at in range(0, len(queries), together):
        ids = [reranker.prompt.query(q) for q in queries[at : at + together]]
        row = []
        for first in range(0, len(seen[0]), documents):
            which = torch.arange(first, min(first + documents, len(seen[0]))).expand(len(ids), -1)
            with torch.autocast("cpu", torch.bfloat16):
                row.append(reranker.score(ids, *seen, which).float())
        result.append(torch.cat(row, 1))
    return torch.cat(result).numpy()


def chance(relevant_counts, candidates, seed=0):
    rng = np.random.default_rng(seed)
    return metrics.mean([metrics.at_ten(rng.random(candidates), set(rng.choice(candidates, n, replace=False).tolist())) for n in relevant_counts for _ in range(5)])


def lexical_of(known, held):
    return metrics.Bm25([" ".join([e.name, *e.training_keywords(held)]) for e in known])


def worst(queries, relevant, matrix, known, count=12):
    """(rank, query, wanted, ranked first) of the queries whose first relevant emoji has the worst rank."""
    rows = []
    for q, right, row in zip(queries, relevant, matrix):
        order = np.argsort(-row)
        rank = next(r for r, i in enumerate(order) if int(i) in right) + 1
        rows.append((rank, q, [known[i].name for i in sorted(right)][:3], [known[i].name for i in order[:3]]))
    return sorted(rows, reverse=True)[:count]


def keywords(reranker, emoji, held, split, side, drawn=None, style=pictures.noto, most=None):
    """`most`: the size of a random sample of the keywords; None for all."""
    known = [e for e in emoji if e.split == "train" and style(e.text) is not None]
    queries = [k for k, s in held.items() if s == split and any(k in e.keywords for e in known)]
    queries = queries if most is None else random.Random(7).sample(queries, most)
    relevant = [{i for i, e in enumerate(known) if k in e.keywords} for k in queries]
    matrix = scores(reranker, queries, features(reranker, known, side, drawn, style))
    lexical = lexical_of(known, held)
    words = [lexical.scores(k) for k in queries]
    found = {"model": [metrics.at_ten(s, r) for s, r in zip(matrix, relevant)], "lexical": [metrics.at_ten(s, r) for s, r in zip(words, relevant)]}
    blind = [n for n, (s, r) in enumerate(zip(words, relevant)) if not any(s[i] > 0 for i in r)]
    result = {k: metrics.mean(v) for k, v in found.items()}
    result |= {f"{k}, no common word": metrics.mean([v[n] for n in blind]) for k, v in found.items()}
    result |= {"chance": chance([len(r) for r in relevant], len(known)), "queries": len(queries), "of them without a common word": len(blind), "candidates": len(known)}
    return result, worst(queries, relevant, matrix, known)


def described(reranker, emoji, held, split, side):
    """Phrases of `purposes.txt` about emoji without phrases in training."""
    known = [i for i, e in enumerate(emoji) if e.split == "train" and pictures.noto(e.text) is not None]
    place = {i: n for n, i in enumerate(known)}
    asked = [(p, {place[i] for i in right if i in place}) for p, right, s in purposes.load(emoji, held)[0] if s == split]
    shown = [emoji[i] for i in known]
    matrix = scores(reranker, [p for p, _ in asked], features(reranker, shown, side))
    lexical = lexical_of(shown, held)
    return {"model": metrics.mean([metrics.at_ten(row, right) for row, (_, right) in zip(matrix, asked)]),
            "lexical": metrics.mean([metrics.at_ten(lexical.scores(p), right) for p, right in asked]),
            "chance": chance([len(right) for _, right in asked], len(shown)), "queries": len(asked), "candidates": len(shown)}


def known_keywords(reranker, emoji, held, side, count=80, seed=3):
    """Keywords of the training set: no evidence of generalization, but failures here show what was not learned."""
    known = [e for e in emoji if e.split == "train" and pictures.noto(e.text) is not None]
    pool = sorted({k for e in known for k in e.training_keywords(held)})
    queries = random.Random(seed).sample(pool, count)
    relevant = [{i for i, e in enumerate(known) if k in e.keywords} for k in queries]
    matrix = scores(reranker, queries, features(reranker, known, side))
    lexical = lexical_of(known, held)
    return {"model": metrics.mean([metrics.at_ten(s, r) for s, r in zip(matrix, relevant)]),
            "lexical": metrics.mean([metrics.at_ten(lexical.scores(k), r) for k, r in zip(queries, relevant)]),
            "queries": count, "candidates": len(known)}


def unseen_emoji(reranker, emoji, held, split, side, most=120):
    """By name and by keyword. Only held-out emoji count as relevant; other emoji with the query's word are removed from the candidates."""
    shown = [e for e in emoji if pictures.noto(e.text) is not None and e.split in ("train", split)]
    fresh = [i for i, e in enumerate(shown) if e.split == split]
    queries = sorted({t for i in fresh for t in [shown[i].name, *shown[i].keywords]})
    queries = random.Random(7).sample(queries, min(most, len(queries)))
    matrix = scores(reranker, queries, features(reranker, shown, side))
    everywhere, among, counts = [], [], []
    for q, row in zip(queries, matrix):
        right = {i for i in fresh if q == shown[i].name or q in shown[i].keywords}
        candidates = [i for i in range(len(shown)) if i in right or not (q == shown[i].name or q in shown[i].keywords)]
        everywhere.append(metrics.at_ten(row[candidates], {n for n, i in enumerate(candidates) if i in right}))
        among.append(metrics.at_ten(row[fresh], {n for n, i in enumerate(fresh) if i in right}))
        counts.append(len(right))
    return {"model, all emoji": metrics.mean(everywhere), "chance, all emoji": chance(counts, len(shown)), "model, held-out emoji only": metrics.mean(among),
            "chance, held-out emoji only": chance(counts, len(fresh)), "queries": len(queries), "candidates": len(shown), "held-out": len(fresh)}


def natural(reranker, shown, side):
    matrix = scores(reranker, list(CASES), features(reranker, shown, side))
    rows = []
    for (phrase, wanted), row in zip(CASES.items(), matrix):
        order = np.argsort(-row)
        rank = next((r + 1 for r, i in enumerate(order) if shown[i].name in wanted), 9999)
        rows.append((phrase, rank, [shown[i].name for i in order[:5]]))
    return rows


def show(title, result):
    print(f"\n### {title}\n\n| | MRR@10 | nDCG@10 |\n|---|---|---|")
    for key, value in result.items():
        if isinstance(value, tuple):
            print(f"| {key} | {value[0]:.3f} | {value[1]:.3f} |")
    print("\n" + ", ".join(f"{k}: {v}" for k, v in result.items() if not isinstance(v, tuple)), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", default="dev")
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--gguf", nargs=2, type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--gallery", action="store_true", help="only the hand-written phrases over the gallery")
    parser.add_argument("--most", type=int, default=60, help="number of queries in each of the smaller measurements")
    parser.add_argument("--quick", action="store_true", help="only held-out keywords and both kinds of phrases")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.gguf:
        library, _, _, reranker = train.build()
        from_gguf.load(reranker, *options.gguf)
    else:
        reranker, library = export.trained()
    emoji, held, results = library.emoji, library.held, {}

    def note(title, result):
        results[title] = result
        show(title, result)
        if options.json:  # partial results
            options.json.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")

    for kind, shown in (("gallery", make_gallery.chosen(emoji, 280)), ("all emoji", [e for e in emoji if pictures.noto(e.text) is not None])):
        if kind == "gallery" or not options.gallery:
            rows = natural(reranker, shown, options.side)
            for row in rows if kind == "gallery" else []:
                print(row)
            ranks = [r for _, r, _ in rows]
            results[f"phrases, {kind}"] = {"rows": rows, "first": sum(r == 1 for r in ranks), "in five": sum(r <= 5 for r in ranks), "of": len(ranks), "candidates": len(shown)}
            print(f"phrases, {kind} ({len(shown)}): first", sum(r == 1 for r in ranks), "in five", sum(r <= 5 for r in ranks), "of", len(ranks), flush=True)
    if options.gallery:
        return
    found, failures = keywords(reranker, emoji, held, options.split, options.side)
    note(f"Held-out keywords ({options.split}), {options.side} px", found)
    for row in failures:
        print(row)
    results["failures"] = failures
    note(f"Phrases about emoji without phrases in training ({options.split})", described(reranker, emoji, held, options.split, options.side))
    if not options.quick:
        note(f"Held-out emoji ({options.split})", unseen_emoji(reranker, emoji, held, options.split, options.side, options.most))
        for title, arguments in {f"{options.side} px": dict(side=options.side), "drawn at 32 px": dict(side=64, drawn=32), "Twemoji": dict(side=64, style=pictures.twemoji),
                                 "shown at 96 px": dict(side=96)}.items():
            note(f"{options.most} of the held-out keywords, {title}", keywords(reranker, emoji, held, options.split, **arguments, most=options.most)[0])
        note("Training keywords", known_keywords(reranker, emoji, held, options.side, options.most))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
