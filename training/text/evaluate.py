"""nDCG@10 and MRR@10 on the questions of a split, over the whole of each collection. Prints Markdown.

    python evaluate.py --split dev                                # keywords, vectors, fused
    python evaluate.py --split test --rerank small=FOLDER         # and the fused candidates reranked by a model in Hugging Face's layout
    python evaluate.py --split test --run quantized=FILE          # and a ranking made elsewhere, in TREC's format: question Q0 passage rank score name
    python evaluate.py --split test --run quantized=FILE --blend quantized    # and its order fused with those of keywords and vectors, as the page does it
    python evaluate.py --split test --write FOLDER                # writes each ranking in that format, with the candidates for other rerankers

What a reranker leaves out of the candidates keeps the order of the first pass, below.
"""

import argparse
import json
from pathlib import Path

import numpy as np

import add
import collect
import measure
import retrieve

NAMES = ("python", "postgresql", "rust", "git")
TRAINED = ("python", "postgresql", "rust")
BLEND_CONSTANT = 10  # as in pkg/src/search/fusion.ts


def first_passes(name, questions, cache, threads):
    """The collection, and of every first pass the positions of the best 100 passages for each question."""
    passages = collect.load(name, cache)
    texts = retrieve.texts_of(passages)
    encoders = []

    def encoder():
        if not encoders:
            encoders.append(retrieve.Encoder(threads=threads))
        return encoders[0]

    lexical = retrieve.Bm25(texts)
    matrix = retrieve.vectors(name, texts, cache, encoder)
    asked = retrieve.vectors(f"{name}-questions", [q["question"] for q in questions], cache, encoder)
    found = {"keywords": [retrieve.best(lexical.scores(q["question"])) for q in questions], "vectors": [retrieve.best(matrix @ v) for v in asked]}
    found["fused"] = [retrieve.fused(pair) for pair in zip(found["keywords"], found["vectors"])]
    return passages, found


def read_run(file):
    """{question: [passages]}"""
    rows = {}
    for line in Path(file).read_text(encoding="utf-8").splitlines():
        question, _, passage, _, score, *_ = line.split("\t") if "\t" in line else line.split()
        rows.setdefault(question, []).append((-float(score), len(rows.get(question, [])), passage))
    return {q: [passage for *_, passage in sorted(found)] for q, found in rows.items()}


def write_run(file, questions, rankings, name):
    lines = [f"{q['id']}\tQ0\t{passage}\t{rank + 1}\t{len(ranking) - rank}\t{name}\n" for q, ranking in zip(questions, rankings) for rank, passage in enumerate(ranking)]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(lines), encoding="utf-8")


def reranked(reranker, questions, passages, candidates, depth):
    result = []
    for question, found in zip(questions, candidates):
        head = found[:depth]
        order = reranker.order(question["question"], [retrieve.document(passages[n]) for n in head])
        result.append([head[n] for n in order] + found[depth:])
    return result


def blended(found, questions, passages, ranked, depth):
    """The reranked order fused with those of keywords and vectors: `blend` of `secondpass/search`."""
    place = {p["id"]: n for n, p in enumerate(passages)}
    result = []
    for keywords, vectors, order, first in zip(found["keywords"], found["vectors"], ranked, found["fused"]):
        read = [place[p] for p in order[:depth]]
        total = {}
        for ranking in (keywords, vectors, read):
            for rank, n in enumerate(ranking):
                total[n] = total.get(n, 0) + 1 / (BLEND_CONSTANT + rank + 1)
        inside = set(read)
        result.append([n for n in sorted(total, key=lambda n: -total[n]) if n in inside] + [n for n in first if n not in inside])
    return result


def evaluated(options):
    """{collection: {ranker: [[passage ids]]}}, the questions and the passages by id."""
    questions, rankings, known = {}, {}, {}
    models = dict(entry.split("=", 1) for entry in options.rerank)
    if models:
        from rerank import Reranker  # torch is not needed before

        models = {label: Reranker(folder, options.threads) for label, folder in models.items()}
    runs = {label: read_run(file) for label, file in (entry.split("=", 1) for entry in options.run)}
    for name in options.collections:
        questions[name] = [q for q in add.load(options.split) if q["collection"] == name][: options.most]
        if not questions[name]:
            continue
        passages, found = first_passes(name, questions[name], options.cache, options.threads)
        for label, model in models.items():
            found[label] = reranked(model, questions[name], passages, found["fused"], options.depth)
        rankings[name] = {label: [[passages[n]["id"] for n in ranking] for ranking in ranked] for label, ranked in found.items()}
        for label, rows in runs.items():
            rankings[name][label] = [rows.get(q["id"], []) + [p for p in first if p not in set(rows.get(q["id"], []))]
                                     for q, first in zip(questions[name], rankings[name]["fused"])]
        if options.blend:
            mixed = blended(found, questions[name], passages, rankings[name][options.blend], options.depth)
            rankings[name]["blended"] = [[passages[n]["id"] for n in ranking] for ranking in mixed]
        known.update({(name, p["id"]): p for p in passages})
    return questions, rankings, known


def table(questions, rankings):
    groups = [(name, [name]) for name in rankings] + [("trained on", [n for n in TRAINED if n in rankings]), ("all", list(rankings))]
    groups = [(label, names) for label, names in groups if names and (label in rankings or len(names) > 1)]
    values = {name: {label: measure.measured(ranked, [q["relevant"] for q in questions[name]]) for label, ranked in rankings[name].items()} for name in rankings}
    labels = list(next(iter(values.values())))
    lines = ["| collection | questions | " + " | ".join(f"{label}: nDCG@10 | MRR@10" for label in labels) + " |", "|---" * (2 + 2 * len(labels)) + "|"]
    figures = {}
    for group, names in groups:
        cells = []
        for label in labels:
            rows = np.concatenate([values[n][label] for n in names])
            gain, rank = measure.interval(rows[:, 0]), measure.interval(rows[:, 1])
            figures.setdefault(group, {})[label] = {"ndcg": gain, "mrr": rank}
            cells.append(f"{gain[0]:.3f} ({gain[1]:.2f} to {gain[2]:.2f}) | {rank[0]:.3f}")
        lines.append(f"| {group} | {sum(len(questions[n]) for n in names)} | " + " | ".join(cells) + " |")
    for label in labels[3:]:
        for base in ("keywords", "vectors", "fused"):
            for group, names in groups:
                mean, low, high = measure.interval(np.concatenate([values[n][label][:, 0] - values[n][base][:, 0] for n in names]))
                figures[group][label][f"over {base}"] = (mean, low, high)
                lines.append(f"\n{label} over {base}, {group}: nDCG@10 {mean:+.3f} ({low:+.3f} to {high:+.3f})")
    return "\n".join(lines), figures


def failures(questions, rankings, known, label, count):
    """Of each collection as many questions whose best relevant passage has the worst rank."""
    for name in rankings:
        rows = []
        for question, ranking in zip(questions[name], rankings[name][label]):
            rank = next((r + 1 for r, passage in enumerate(ranking) if passage in question["relevant"]), 999)
            rows.append((rank, question, ranking))
        rows.sort(key=lambda row: -row[0])
        for rank, question, ranking in rows[: max(1, count // len(rankings))]:
            wanted, first = (" > ".join(known[name, p]["headings"]) for p in (question["relevant"][0], ranking[0] if ranking else question["relevant"][0]))
            yield f"| {name} | {question['question']} | {wanted} | {'not in 100' if rank == 999 else rank} | {first} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", default="dev", choices=["dev", "test", "train"])
    parser.add_argument("--collections", nargs="+", default=NAMES)
    parser.add_argument("--rerank", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--run", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--blend", metavar="NAME", help="of a reranker or run: adds its order fused with keywords and vectors")
    parser.add_argument("--depth", type=int, default=30, help="of the fused candidates that are reranked")
    parser.add_argument("--most", type=int, help="questions of each collection")
    parser.add_argument("--failures", type=int, default=0, help="rows of the list of failures, of the last ranking")
    parser.add_argument("--failures-out", type=Path)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=collect.DEFAULT_CACHE)
    options = parser.parse_args()
    questions, rankings, known = evaluated(options)
    text, figures = table(questions, rankings)
    print(text)
    last = list(next(iter(rankings.values())))[-1]
    if options.failures:
        rows = [f"| collection | question | wanted | rank ({last}) | ranked first |\n|---|---|---|---|---|", *failures(questions, rankings, known, last, options.failures)]
        print("\n" + "\n".join(rows))
        if options.failures_out:
            options.failures_out.write_text("\n".join(rows) + "\n", encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    if options.write:
        for name, found in rankings.items():
            for label, ranked in found.items():
                write_run(options.write / f"{options.split}-{name}-{label}.run", questions[name], ranked, label)


if __name__ == "__main__":
    main()
