"""Fine-tunes a BertForSequenceClassification with one score, on the examples of `mine.py`. Can be stopped and resumed.

    python train.py --base FOLDER --examples examples.jsonl --work FOLDER --minutes 120 --threads 2
    python train.py … --steps 20 --no-evaluation            # a smoke run

Each step has some examples with one answer and several negatives each. The loss is listwise, softmax over them, with a small pointwise term, so that
the score itself says whether a passage answers. On the development set the fused candidates are reranked from time to time; the weights with
the best nDCG@10 are in WORK/best, in Hugging Face's layout, as `secondpass convert` takes it.
"""

import argparse
import json
import math
import random
import shutil
import time
from pathlib import Path

import torch
from torch.nn import functional
from transformers import BertForSequenceClassification

import collect
import evaluate
import measure
import rerank
from passages import document

COPIED = ("tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json")
POINTWISE = 0.2


class Examples:
    """Draws by kind, and within a kind without repeating one before all have been seen."""

    def __init__(self, rows, passages, shares, negatives, seed):
        self.passages, self.count, self.rng = passages, negatives, random.Random(seed)
        self.kinds = {kind: [r for r in rows if r["kind"] == kind] for kind in shares}
        self.shares = {kind: share for kind, share in shares.items() if self.kinds[kind]}
        self.left = {kind: [] for kind in self.kinds}

    def text(self, row, name):
        text = document(self.passages[row["collection"], name])
        return text.replace(row["without"], "", 1) if row["without"] and name in row["positives"] else text

    def draw(self):
        """(question, [documents]), the first of which is right."""
        kind = self.rng.choices(list(self.shares), list(self.shares.values()))[0]
        if not self.left[kind]:
            self.left[kind] = self.rng.sample(self.kinds[kind], len(self.kinds[kind]))
        row = self.left[kind].pop()
        # The first answer is the best one, and is drawn as often as all the others together.
        right = row["positives"][0] if self.rng.random() < 0.5 else self.rng.choice(row["positives"])
        # Half of the negatives from the ten hardest.
        hard, rest = row["negatives"][:10], row["negatives"][10:]
        chosen = self.rng.sample(hard, min(len(hard), (self.count + 1) // 2))
        chosen += self.rng.sample(rest, min(len(rest), self.count - len(chosen)))
        others = [(c, p) for c, p in self.rng.sample(list(self.passages), self.count - len(chosen) + 8) if c == row["collection"] and p not in row["positives"]]
        chosen += [p for _, p in others[: self.count - len(chosen)]]
        return row["question"], [self.text(row, p) for p in [right, *chosen]]


def loss_of(model, tokenizer, batch):
    pairs = [(question, text) for question, texts in batch for text in texts]
    logits = model(**rerank.tensors(tokenizer, pairs)).logits[:, 0]
    total, at = 0.0, 0
    for _, texts in batch:
        scores = logits[at : at + len(texts)]
        at += len(texts)
        labels = torch.zeros(len(texts))
        labels[0] = 1
        weights = torch.where(labels > 0, 1.0, 1 / (len(texts) - 1))
        total = total - functional.log_softmax(scores, 0)[0] + POINTWISE * functional.binary_cross_entropy_with_logits(scores, labels, weight=weights, reduction="sum")
    return total / len(batch)


class Judge:
    """nDCG@10 on a part of the development set. The candidates are computed once."""

    def __init__(self, cache, threads, most, depth):
        self.sets = []
        for name in evaluate.NAMES:
            questions = [q for q in evaluate.add.load("dev") if q["collection"] == name]
            questions = random.Random(3).sample(questions, min(most, len(questions)))
            passages, found = evaluate.first_passes(name, questions, cache, threads)
            self.sets.append((name, questions, passages, [ranking[:depth] for ranking in found["fused"]]))

    def __call__(self, model, tokenizer):
        reranker = rerank.Reranker.__new__(rerank.Reranker)
        reranker.model, reranker.tokenizer = model.eval(), tokenizer
        figures = {}
        for name, questions, passages, candidates in self.sets:
            ranked = evaluate.reranked(reranker, questions, passages, candidates, len(candidates[0]))
            figures[name] = float(measure.measured([[passages[n]["id"] for n in r] for r in ranked], [q["relevant"] for q in questions])[:, 0].mean())
        model.train()
        return figures


def rate_at(step, share, options):
    """Warm-up, then a cosine down to a tenth over the time budget."""
    return options.rate * min(1, (step + 1) / options.warm) * (0.1 + 0.9 * (1 + math.cos(math.pi * min(1, share))) / 2)


def save_folder(model, base, folder):
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    for name in COPIED:
        if (base / name).exists():
            shutil.copy(base / name, folder / name)


def save_checkpoint(file, **state):
    """Written beside and renamed, so that a stop while writing leaves the last one."""
    torch.save(state, file.with_suffix(".part"))
    file.with_suffix(".part").rename(file)


def train(options):
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    model = BertForSequenceClassification.from_pretrained(options.base, num_labels=1)
    tokenizer = rerank.tokenizer_of(options.base, options.longest)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.rate, weight_decay=0.01)
    passages = {(name, p["id"]): p for name in evaluate.TRAINED for p in collect.load(name, options.cache)}
    rows = [json.loads(line) for line in options.examples.read_text(encoding="utf-8").splitlines()]
    step, spent, best, log = 0, 0.0, 0.0, []
    checkpoint = options.work / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=False)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        step, spent, best, log = state["step"], state["spent"], state["best"], state["log"]
        print(f"Goes on at step {step}, after {spent / 60:.0f} minutes")
    examples = Examples(rows, passages, {"question": options.questions, "heading": (1 - options.questions) / 2, "sentence": (1 - options.questions) / 2}, options.negatives, options.seed + step)
    judge = None if options.no_evaluation else Judge(options.cache, options.threads, options.dev_questions, options.depth)
    budget = options.minutes * 60
    since = {"checkpoint": time.time(), "evaluation": time.time()}
    recent = []
    model.train()
    while spent < budget and (options.steps is None or step < options.steps):
        started = time.time()
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, spent / budget, options)
        loss = loss_of(model, tokenizer, [examples.draw() for _ in range(options.batch)])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        spent += time.time() - started
        recent.append(loss.item())
        if step % 20 == 0:
            print(f"step {step}, {spent / 60:.1f} min, loss {sum(recent) / len(recent):.3f}", flush=True)
            recent = []
        last = spent >= budget or step == options.steps
        if judge and (last or time.time() - since["evaluation"] > options.evaluate_minutes * 60):
            figures = judge(model, tokenizer)
            mean = sum(figures[n] for n in evaluate.TRAINED) / len(evaluate.TRAINED)
            log.append({"step": step, "minutes": round(spent / 60, 1), **{n: round(v, 4) for n, v in figures.items()}})
            print("dev nDCG@10:", " ".join(f"{n} {v:.3f}" for n, v in figures.items()), flush=True)
            if mean > best:
                best = mean
                save_folder(model, options.base, options.work / "best")
            since["evaluation"] = time.time()
        if last or time.time() - since["checkpoint"] > options.checkpoint_minutes * 60:
            save_checkpoint(checkpoint, model=model.state_dict(), optimizer=optimizer.state_dict(), step=step, spent=spent, best=best, log=log)
            since["checkpoint"] = time.time()
    save_folder(model, options.base, options.work / "last")
    (options.work / "log.json").write_text(json.dumps(log, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, required=True, help="folder of `prune.py`, or any other BERT in Hugging Face's layout")
    parser.add_argument("--examples", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="for checkpoints and results")
    parser.add_argument("--minutes", type=float, default=120, help="of training in all, evaluations not counted")
    parser.add_argument("--steps", type=int, help="stop after that many steps")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=4, help="examples of a step")
    parser.add_argument("--negatives", type=int, default=7, help="of an example")
    parser.add_argument("--questions", type=float, default=0.6, help="share of the written questions; the rest is headings and sentences, half each")
    parser.add_argument("--rate", type=float, default=5e-5)
    parser.add_argument("--warm", type=int, default=200)
    parser.add_argument("--longest", type=int, default=224, help="tokens of a pair in training")
    parser.add_argument("--evaluate-minutes", type=float, default=20)
    parser.add_argument("--checkpoint-minutes", type=float, default=5)
    parser.add_argument("--dev-questions", type=int, default=40, help="of each collection, for the evaluations in between")
    parser.add_argument("--depth", type=int, default=30, help="candidates that are reranked in them")
    parser.add_argument("--no-evaluation", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=collect.DEFAULT_CACHE)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    train(options)


if __name__ == "__main__":
    main()
