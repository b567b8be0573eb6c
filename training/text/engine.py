"""Reranks the fused candidates with the shipped file, by the engine that pages run, and writes the rankings for `evaluate.py --run`.

    python engine.py --binary secondpass --model documentation-reranker-Q8_0.gguf --split test --out build/runs

Each collection becomes one in BEIR's layout, and `secondpass eval` reranks the candidates.
"""

import argparse
import json
import math
import subprocess
from pathlib import Path

import add
import collect
import evaluate
from passages import document


def write_beir(folder, questions, passages, candidates):
    folder.mkdir(parents=True, exist_ok=True)
    used = {n for ranking in candidates for n in ranking}
    wanted = {p for q in questions for p in q["relevant"]}
    lines = [json.dumps({"_id": p["id"], "text": document(p)}, ensure_ascii=False) for n, p in enumerate(passages) if n in used or p["id"] in wanted]
    (folder / "corpus.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "queries.jsonl").write_text("".join(json.dumps({"_id": q["id"], "text": q["question"]}) + "\n" for q in questions), encoding="utf-8")
    judged = [f"{q['id']}\t{p}\t1\n" for q in questions for p in q["relevant"]]
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(judged), encoding="utf-8")
    rows = [f"{q['id']} Q0 {passages[n]['id']} {rank + 1} {1 / (rank + 1):.6f} fused\n" for q, ranking in zip(questions, candidates) for rank, n in enumerate(ranking)]
    (folder / "fused.trec").write_text("".join(rows), encoding="utf-8")


def reranked(options, name):
    """The questions, and the file of the engine's ranking."""
    questions = [q for q in add.load(options.split) if q["collection"] == name][: options.most]
    passages, found = evaluate.first_passes(name, questions, options.cache, options.threads)
    folder = options.out / f"{options.split}-{name}"
    write_beir(folder, questions, passages, [ranking[: options.depth] for ranking in found["fused"]])
    command = [options.binary, "eval", "--corpus", folder / "corpus.jsonl", "--queries", folder / "queries.jsonl", "--qrels", folder / "qrels.tsv", "--candidates", folder / "fused.trec",
               "--model", options.model, "--top", str(options.depth), "--run-out", folder / "runs", "--state", folder / "state"]
    subprocess.run(command, check=True)
    return questions, next((folder / "runs").glob("*rerank*"))


def best_scores(questions, run):
    """Of each question, the highest `relevance_score` and whether its passage is an answer. The ranking has logits."""
    rows = {}
    for line in run.read_text(encoding="utf-8").splitlines():
        question, _, passage, rank, score, *_ = line.split()
        if rank == "1":
            rows[question] = (1 / (1 + math.exp(-float(score))), passage)
    return [(rows[q["id"]][0], rows[q["id"]][1] in q["relevant"]) for q in questions]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, required=True, help="the secondpass command")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--split", default="test", choices=["dev", "test"])
    parser.add_argument("--collections", nargs="+", default=evaluate.NAMES)
    parser.add_argument("--depth", type=int, default=30)
    parser.add_argument("--most", type=int)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=collect.DEFAULT_CACHE)
    options = parser.parse_args()
    merged = [reranked(options, name)[1].read_text(encoding="utf-8") for name in options.collections]
    file = options.out / f"{options.split}-engine.run"
    file.write_text("".join(merged), encoding="utf-8")
    print(file)


if __name__ == "__main__":
    main()
