"""From which best score on a question is taken for answered: what the demo's "nothing here seems to answer this" rests on. Prints Markdown.

    python threshold.py --binary secondpass --model documentation-reranker-Q8_0.gguf --runs build/runs --json build/threshold.json

Three kinds of questions are asked to Python's documentation: its own of the development split, of which the engine's ranking is there (engine.py),
everyday ones that no documentation answers (foreign.txt), and Git's of the development split. The engine scores them all.
"""

import argparse
import json
import random
import subprocess
from pathlib import Path

import add
import collect
import engine
import retrieve

HERE = Path(__file__).resolve().parent
LEVELS = (0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.9)
GIT_QUESTIONS = 14


def best_scores(options, questions):
    """The engine's highest score for each of them, among the fused candidates of Python's documentation."""
    passages = collect.load("python", options.cache)
    texts = retrieve.texts_of(passages)
    lexical, encoder = retrieve.Bm25(texts), retrieve.Encoder(threads=options.threads)
    matrix = retrieve.vectors("python", texts, options.cache, lambda: encoder)
    for question, vector in zip(questions, encoder.encode(questions)):
        found = retrieve.fused([retrieve.best(lexical.scores(question)), retrieve.best(matrix @ vector)])[: options.depth]
        request = json.dumps({"query": question, "documents": [texts[n] for n in found], "top_n": 1})
        answer = subprocess.run([options.binary, "rerank", "--model", options.model, "--request", "-"], input=request, capture_output=True, text=True, check=True)
        yield json.loads(answer.stdout)["results"][0]["relevance_score"]


def own_scores(options):
    """(best score, whether its passage is an answer, whether any candidate is one) of the development questions about Python and Rust."""
    rows = []
    for name in ("python", "rust"):
        folder = options.runs / f"dev-{name}"
        run = next((folder / "runs").glob("*rerank*"))
        ranked = {}
        for line in run.read_text(encoding="utf-8").splitlines():
            question, _, passage, *_ = line.split()
            ranked.setdefault(question, []).append(passage)
        questions = [q for q in add.load("dev") if q["id"] in ranked]
        for question, (score, right) in zip(questions, engine.best_scores(questions, run)):
            rows.append((score, right, any(p in question["relevant"] for p in ranked[question["id"]][: options.depth])))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, required=True, help="the secondpass command")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True, help="of engine.py, for the development split")
    parser.add_argument("--depth", type=int, default=30)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=collect.DEFAULT_CACHE)
    options = parser.parse_args()
    foreign = (HERE / "foreign.txt").read_text(encoding="utf-8").split("\n")[:-1]
    git = [q["question"] for q in random.Random(1).sample([q for q in add.load("dev") if q["collection"] == "git"], GIT_QUESTIONS)]
    scores = list(best_scores(options, foreign + git))
    own, foreign, git = own_scores(options), scores[: len(foreign)], scores[len(foreign) :]
    answered = [score for score, _, any_right in own if any_right]
    rows = []
    for level in LEVELS:
        kept = [right for score, right, _ in own if score >= level]
        rows.append({"score": level, "own": len(kept), "right": sum(kept) / max(1, len(kept)), "answered": sum(s >= level for s in answered),
                     "foreign": sum(s < level for s in foreign), "git": sum(s < level for s in git)})
    found = {"own": len(own), "answerable": len(answered), "foreign": len(foreign), "git": len(git), "rows": rows}
    options.json.write_text(json.dumps(found, indent=1) + "\n")
    print(table(found))


def table(found):
    lines = [f"| best score at least | first passage is an answer, of its own {found['own']} | kept of the {found['answerable']} with an answer among the candidates "
             f"| everyday questions below it, of {found['foreign']} | Git's below it, of {found['git']} |", "|---|---|---|---|---|"]
    lines += [f"| {r['score']} | {r['right']:.2f} of {r['own']} | {r['answered']} | {r['foreign']} | {r['git']} |" for r in found["rows"]]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
