"""Fine-tunes a BertForSequenceClassification with one score, on the examples of `mine.py`. Can be stopped and resumed.

    python train.py --base FOLDER --examples examples.jsonl --work FOLDER --threads 2
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
import mine
import rerank
from passages import document

COPIED = ("tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json")
POINTWISE = 0.2


class Examples:
    """Draws by kind, and within a kind without repeating one before all have been seen."""

    def __init__(self, rows, passages, shares, negatives, seed):
        self.passages, self.count, self.rng = passages, negatives, random.Random(seed)
        self.names = {}
        for collection, name in passages:
            self.names.setdefault(collection, []).append(name)
        self.kinds = {kind: [r for r in rows if r["kind"] == kind] for kind in shares}
        self.shares = {kind: share for kind, share in shares.items() if self.kinds[kind]}
        self.left = {kind: [] for kind in self.kinds}

    def text(self, row, name):
        text = document(self.passages[row["collection"], name])
        return text.replace(row["without"], "", 1) if row["without"] and name in row["positives"] else text

    def draw(self, hard_share=1.0):
        """(question, [documents]), the first of which is right. `hard_share` of the others are mined ones, the rest any passages."""
        kind = self.rng.choices(list(self.shares), list(self.shares.values()))[0]
        if not self.left[kind]:
            self.left[kind] = self.rng.sample(self.kinds[kind], len(self.kinds[kind]))
        row = self.left[kind].pop()
        # The first answer is the best one, and is drawn as often as all the others together.
        right = row["positives"][0] if self.rng.random() < 0.5 else self.rng.choice(row["positives"])
        # Half of the mined negatives from the ten hardest.
        hard, rest = row["negatives"][:10], row["negatives"][10:]
        wanted = sum(self.rng.random() < hard_share for _ in range(self.count))
        chosen = self.rng.sample(hard, min(len(hard), (wanted + 1) // 2))
        chosen += self.rng.sample(rest, min(len(rest), wanted - len(chosen)))
        while len(chosen) < self.count:
            other = self.rng.choice(self.names[row["collection"]])
            if other not in row["positives"] and other not in chosen:
                chosen.append(other)
        return row["question"], [self.text(row, p) for p in [right, *chosen]]


def has_bfloat16():
    """Whether the processor multiplies bfloat16: one and a half times as fast here, with weights and optimizer in float32 all the same."""
    return torch.backends.cpu.get_cpu_capability().startswith("AVX512") and bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())


def scores_of(model, tokenizer, pairs, groups):
    """Logits of all pairs, in `groups` runs of pairs of like length: padded to the longest of all, half of the work would be on padding."""
    order = sorted(range(len(pairs)), key=lambda n: len(pairs[n][0]) + len(pairs[n][1]))
    size = -(-len(pairs) // groups)
    parts = [order[at : at + size] for at in range(0, len(order), size)]
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=has_bfloat16()):
        logits = torch.cat([model(**rerank.tensors(tokenizer, [pairs[n] for n in part])).logits[:, 0].float() for part in parts])
    back = torch.empty(len(order), dtype=torch.long)
    back[torch.tensor(order)] = torch.arange(len(order))
    return logits[back]


def loss_of(model, tokenizer, batch, groups=4):
    logits = scores_of(model, tokenizer, [(question, text) for question, texts in batch for text in texts], groups)
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


class Training:
    """Model, optimizer and what has been reached; `checkpoint.pt` holds all of it."""

    def __init__(self, options):
        self.options, self.file = options, options.work / "checkpoint.pt"
        # With dropout of the attention a third of the time would go into random numbers, and PyTorch's fused attention would not be used.
        self.model = BertForSequenceClassification.from_pretrained(options.base, num_labels=1, attention_probs_dropout_prob=0.0)
        self.tokenizer = rerank.tokenizer_of(options.base, options.longest)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=options.rate, weight_decay=0.01)
        self.reached = {"step": 0, "spent": 0.0, "best": 0.0, "log": []}
        if self.file.exists():
            state = torch.load(self.file, weights_only=False)
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.reached = state["reached"]
            print(f"Goes on at step {self.reached['step']}, after {self.reached['spent'] / 60:.0f} minutes")
        self.model.train()

    def over(self):
        step, spent = self.reached["step"], self.reached["spent"]
        return spent >= self.options.minutes * 60 or (self.options.steps is not None and step >= self.options.steps)

    def step(self, batch):
        started = time.time()
        for group in self.optimizer.param_groups:
            group["lr"] = rate_at(self.reached["step"], self.reached["spent"] / 60 / self.options.minutes, self.options)
        loss = loss_of(self.model, self.tokenizer, batch)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.reached["step"] += 1
        self.reached["spent"] += time.time() - started
        return loss.item()

    def judge(self, judge):
        """Keeps the weights with the best mean over the collections that are trained on; Git's figure is only shown."""
        figures = judge(self.model, self.tokenizer)
        print("dev nDCG@10:", " ".join(f"{name} {value:.3f}" for name, value in figures.items()), flush=True)
        self.reached["log"].append({"step": self.reached["step"], "minutes": round(self.reached["spent"] / 60, 1), **{n: round(v, 4) for n, v in figures.items()}})
        mean = sum(figures[name] for name in evaluate.TRAINED) / len(evaluate.TRAINED)
        if mean > self.reached["best"]:
            self.reached["best"] = mean
            save_folder(self.model, self.options.base, self.options.work / "best")

    def save(self):
        """Written beside and renamed, so that a stop while writing leaves the last one."""
        torch.save({"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "reached": self.reached}, self.file.with_suffix(".part"))
        self.file.with_suffix(".part").rename(self.file)


class Every:
    """True once in so many minutes, evaluations and all."""

    def __init__(self, minutes):
        self.seconds, self.since = minutes * 60, time.time()

    def __call__(self):
        due = time.time() - self.since > self.seconds
        if due:
            self.since = time.time()
        return due


def train(options):
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    training = Training(options)
    passages = {(name, p["id"]): p for name in mine.COLLECTIONS for p in collect.load(name, options.cache)}
    rows = [json.loads(line) for line in options.examples.read_text(encoding="utf-8").splitlines()]
    others = (1 - options.questions) / 2
    shares = {"question": options.questions, "heading": others, "sentence": others}
    # After a resumption the draw goes on with another seed: the order need not be the same, but the first examples shall not come twice.
    examples = Examples(rows, passages, shares, options.negatives, options.seed + training.reached["step"])
    judge = None if options.no_evaluation else Judge(options.cache, options.threads, options.dev_questions, options.depth)
    evaluation_due, checkpoint_due = Every(options.evaluate_minutes), Every(options.checkpoint_minutes)
    losses = []
    while not training.over():
        # Hard negatives alone teach nothing to a model that cannot tell a passage from any other yet: its loss stays at chance for hundreds of steps.
        hard_share = min(1.0, training.reached["step"] / max(1, options.easy_steps))
        losses.append(training.step([examples.draw(hard_share) for _ in range(options.batch)]))
        if len(losses) == 20:
            print(f"step {training.reached['step']}, {training.reached['spent'] / 60:.1f} min, loss {sum(losses) / 20:.3f}", flush=True)
            losses = []
        if judge and (evaluation_due() or training.over()):
            training.judge(judge)
        if checkpoint_due() or training.over():
            training.save()
    save_folder(training.model, options.base, options.work / "last")
    (options.work / "log.json").write_text(json.dumps(training.reached["log"], indent=1) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, required=True, help="folder of `prune.py`, or any other BERT in Hugging Face's layout")
    parser.add_argument("--examples", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="for checkpoints and results")
    parser.add_argument("--minutes", type=float, default=75, help="of training in all, evaluations not counted")
    parser.add_argument("--steps", type=int, help="stop after that many steps")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=6, help="examples of a step")
    parser.add_argument("--negatives", type=int, default=4, help="of an example")
    parser.add_argument("--questions", type=float, default=0.72, help="share of the written questions; the rest is headings and sentences, half each")
    parser.add_argument("--rate", type=float, default=1.5e-4)
    parser.add_argument("--warm", type=int, default=100)
    parser.add_argument("--easy-steps", type=int, default=500, help="over which mined negatives take the place of random ones")
    parser.add_argument("--longest", type=int, default=224, help="tokens of a pair in training")
    parser.add_argument("--evaluate-minutes", type=float, default=20)
    parser.add_argument("--checkpoint-minutes", type=float, default=5)
    parser.add_argument("--dev-questions", type=int, default=30, help="of each collection, for the evaluations in between")
    parser.add_argument("--depth", type=int, default=30, help="candidates that are reranked in them")
    parser.add_argument("--no-evaluation", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=collect.DEFAULT_CACHE)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    train(options)


if __name__ == "__main__":
    main()
