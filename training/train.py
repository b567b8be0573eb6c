"""Trains the model: first the vision tower alone against the teacher's vectors, then the whole reranker.

    python train.py --minutes 45             # resumes from its checkpoint in $SECONDPASS_WORK
    python train.py --minutes 30 --rate 0.5 --phrases 14 --from TEXT.gguf MMPROJ.gguf     # continues from GGUF files
"""

import argparse
import json
import math
import os
import random
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

import from_gguf
import model as model_file
import paths
import pictures
import teacher as teacher_file
import tokenizer as tokens
import wiring
from queries import Source

POOL, SEEDS, QUERIES, CANDIDATES, POSITIVES, HARD = 96, 10, 32, 20, 5, 8
RIVALS = 4  # for each phrase, this many emoji that the teacher wrongly ranks high are put into the pool
PLAIN = 0.6  # share of pictures without augmentation: centred on white, three of four from Noto
EACH = 20  # augmented pictures of each emoji


def build():
    """(library, teacher, source, reranker), before training."""
    library, teacher, vocabulary, counts = teacher_file.load()
    tokenizer = Tokenizer.from_file(str(paths.WORK / "tokenizer.json"))
    layout = json.loads((paths.WORK / "pieces.json").read_text())
    torch.manual_seed(1)
    hf = model_file.make_transformers(model_file.make_config(tokenizer))
    model_file.initialise(hf)
    prompt = model_file.Prompt(tokenizer, tokens.SYSTEM, tokens.INSTRUCTION)
    smaller = projection(library, teacher)
    frame = [*prompt.start_ids[: prompt.shared], *prompt.end_ids, *prompt.query("")]
    layout = wiring.own_rows(layout, frame)
    table = first_table(tokenizer, layout, teacher, vocabulary, smaller)
    ones = [tokenizer.encode(w).ids for w in vocabulary]
    word_rows = [layout["rows"][i[0]] if len(i) == 1 else None for i in ones]
    wiring.write_table(table, layout["rows"], tokenizer, frame, word_rows, teacher.weight.detach().exp())
    source = Source(library, vocabulary, counts, seed=1)
    return library, teacher, source, model_file.Reranker(hf, tokenizer, prompt, layout["rows"], table)


@torch.no_grad()
def projection(library, teacher):
    """Projects the teacher's vectors to the model's width: the principal directions of the emoji and their words."""
    words = torch.tensor(sorted({w for i in library.train for w, _, _ in library.entries(i)}))
    meaning = F.normalize(teacher.table[words] @ teacher.query, dim=-1)
    both = torch.cat([meaning, teacher_file.all_documents(teacher, library, library.train)])
    return torch.linalg.svd(both, full_matrices=False)[2][: model_file.HIDDEN].T


@torch.no_grad()
def first_table(tokenizer, layout, teacher, vocabulary, smaller):
    """Initializes words with the teacher's query vectors, and pieces with the mean of the rarer words that contain them."""
    meaning = F.normalize(F.normalize(teacher.table @ teacher.query, dim=-1) @ smaller, dim=-1)
    size = meaning.shape[1]
    table = torch.randn(layout["count"], size) * 0.5
    sums, counts = torch.zeros_like(table), torch.zeros(layout["count"], 1)
    for word, vector in zip(vocabulary, meaning):
        ids = tokenizer.encode(word).ids
        if len(ids) == 1:
            table[layout["rows"][ids[0]]] = vector * math.sqrt(size)
            counts[layout["rows"][ids[0]]] = -1e9
        for i in ids if len(ids) > 1 else []:
            sums[layout["rows"][i]] += vector
            counts[layout["rows"][i]] += 1
    piece = (counts > 0).squeeze(1)
    table[piece] = 0.2 * torch.randn_like(table)[piece] + F.normalize(sums[piece], dim=-1) * math.sqrt(size) * 0.7
    return table


class Bank:
    """Augmented pictures of the training emoji, in both sizes."""

    def __init__(self, library, seed):
        originals = [[p for _, p in pictures.renderings(library.emoji[i])] for i in library.train]
        self.known = [n for n, p in enumerate(originals) if p]
        path = paths.WORK / f"bank-{seed}.npz"
        if path.exists():
            self.sides = {int(k): v for k, v in np.load(path).items()}
        else:
            fill = [p or originals[self.known[0]] for p in originals]
            self.sides = {side: pictures.bank(fill, side, each, seed) for side, each in ((64, EACH), (96, EACH // 2))}
            np.savez(path, **{str(k): v for k, v in self.sides.items()})
        shown = [(p or originals[self.known[0]]) for p in originals]
        self.plain = {side: np.stack([np.stack([pictures.pixels(pictures.square(p[k], side)) for k in (0, -1)]) for p in shown]) for side in (64, 96)}

    def draw(self, which, side, rng):
        stored, plain = self.sides[side], self.plain[side]
        found = stored[which, [rng.randrange(stored.shape[1]) for _ in which]]
        for n, i in enumerate(which):
            if rng.random() < PLAIN:
                found[n] = plain[i, int(rng.random() < 0.25)]
        return np.where(np.array([rng.random() < 0.15 for _ in which])[:, None, None, None], found[:, :, ::-1], found)


class Views:
    """Precomputed features of a frozen tower for some pictures of each emoji."""

    @torch.no_grad()
    def __init__(self, reranker, bank, rng, count=8, together=128):
        self.place = {n: at for at, n in enumerate(bank.known)}
        found = []
        with torch.autocast("cpu", torch.bfloat16):
            for _ in range(count):
                parts = [reranker.look(bank.draw(bank.known[at : at + together], 64, rng)) for at in range(0, len(bank.known), together)]
                found.append([torch.cat(p) for p in zip(*[[f, *deep] for f, deep in parts])])
        self.levels = [torch.stack(level) for level in zip(*found)]  # [count, emoji, tokens, HIDDEN]

    def draw(self, which, rng):
        view = torch.tensor([rng.randrange(len(self.levels[0])) for _ in which])
        features, *deep = (level[view, torch.tensor([self.place[n] for n in which])] for level in self.levels)
        return features, deep


def save(reranker, optimizer, state, name):
    path = paths.WORK / name
    torch.save({"model": reranker.state_dict(), "optimizer": optimizer.state_dict() if optimizer else None, "state": state}, str(path) + ".partial")
    os.replace(str(path) + ".partial", path)


class Clock:
    """Measures training time; pauses of more than 20 seconds between steps are not counted."""

    def __init__(self, spent=0.0):
        self.spent, self.last = spent, time.time()

    def tick(self):
        now = time.time()
        self.spent += min(now - self.last, 20.0)
        self.last = now
        return self.spent / 60


def look_first(reranker, documents, bank, minutes, seed):
    """Trains the tower and its mergers: the mean of a picture's tokens is classified against the text vectors of all emoji."""
    rng, clock, step = random.Random(seed), Clock(), 0
    visual = reranker.hf.model.visual
    scale = torch.nn.Parameter(torch.tensor(math.log(16.0)))
    optimizer = torch.optim.AdamW([*visual.parameters(), scale], lr=1.6e-3, weight_decay=0.02, betas=(0.9, 0.98), fused=True)
    known = torch.tensor(bank.known)
    back = torch.full((len(documents),), -1, dtype=torch.long)
    back[known] = torch.arange(len(known))
    while (spent := clock.tick()) < minutes:
        side = 64
        which = rng.sample(bank.known, 192)
        for group in optimizer.param_groups:
            group["lr"] = 1.6e-3 * min(1, (step + 1) / 25) * (0.05 + 0.95 * (1 + math.cos(math.pi * spent / minutes)) / 2)
        with torch.autocast("cpu", torch.bfloat16):
            features, _ = reranker.look(bank.draw(which, side, rng))
        logits = scale.exp() * F.normalize(features.mean(1), dim=-1) @ documents[known].T
        target = back[torch.tensor(which)]
        size = features.pow(2).mean().sqrt()
        loss = F.cross_entropy(logits, target, label_smoothing=0.05) + 0.02 * (size - 1) ** 2
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(visual.parameters(), 1.0)
        optimizer.step()
        step += 1
        if step % 10 == 0:
            right = (logits.argmax(1) == target).float().mean().item()
            print(f"tower {spent:.1f} min step {step} loss {loss.item():.3f} right {right:.3f} size {size.item():.2f}", flush=True)
    save(reranker, None, {"step": 0, "spent": 0.0}, "tower.pt")


def first_look(reranker, targets, bank, options):
    """Loads the stored tower, or trains one."""
    tower = paths.WORK / "tower.pt"
    if tower.exists():
        stored = torch.load(tower)["model"]
        reranker.load_state_dict({k: v for k, v in stored.items() if ".visual." in k}, strict=False)
    if not tower.exists() or options.more_tower:
        look_first(reranker, targets, bank, options.tower_minutes, options.seed)


def neighbours(documents, known):
    near = documents[known] @ documents[known].T
    return near.topk(24, dim=1).indices[:, 1:]


def draw_pool(near, known, rng, first=()):
    """A pool of emoji: `first`, then random emoji with their neighbours, then random ones."""
    chosen = dict.fromkeys(first)
    for s in rng.sample(range(len(known)), SEEDS):
        if len(chosen) < POOL - 24:
            chosen |= dict.fromkeys([known[n] for n in [s, *near[s, rng.sample(range(near.shape[1]), 7)].tolist()]])
    rest = [n for n in rng.sample(known, POOL) if n not in chosen]
    return [*chosen, *rest][:POOL]


def around(asked, near, library, known, rng):
    """Answers of the phrases, and emoji that the teacher ranks high because of single words, like newspapers for paper."""
    place, found = {library.train[n]: n for n in known}, {}
    for (_, right, _), row in zip(asked, near):
        own = [place[i] for i in sorted(right) if i in place]
        rivals = [known[n] for n in row.topk(3 * RIVALS).indices.tolist()]
        found |= dict.fromkeys(rng.sample(own, min(2, len(own))) + rng.sample(rivals, RIVALS))
    return list(found)


def draw_names(names, rng):
    """A pool of emoji whose names have the same number of tokens, for documents that are texts."""
    length = len(names[rng.choice(list(names))])
    fit = [n for n, ids in names.items() if len(ids) == length]
    return rng.sample(fit, min(POOL, len(fit))) if len(fit) > CANDIDATES + POSITIVES + HARD else draw_names(names, rng)


def draw_queries(source, library, pool, count):
    found = []
    while len(found) < count:
        text, right, lean = source.about(library.train[source.rng.choice(pool)])
        found.append((source.clean(text), right, lean))
    return found


def draw_phrases(source, count):
    return [(source.clean(text), right, lean) for text, right, lean in (source.phrase() for _ in range(count))]


def candidates(near, right, rng):
    """Candidates of each query, as indices into the pool: relevant ones, hard negatives by the teacher, random ones."""
    rows = []
    for row, good in zip(near, right):
        good = rng.sample(sorted(good), min(POSITIVES, len(good)))
        hard = [n for n in row.topk(HARD + len(good)).indices.tolist() if n not in good][:HARD]
        taken = set(good) | set(hard)
        rest = [n for n in rng.sample(range(len(row)), CANDIDATES + len(taken)) if n not in taken]
        rows.append(([*good, *hard, *rest])[:CANDIDATES])
    return torch.tensor(rows)


def losses(logits, near, correct, labelled, lean, scale):
    """The listwise loss, with known labels softened by the teacher with weight `lean`, and the pointwise loss."""
    wanted = (scale * lean * near + 7.0 * correct).softmax(-1)
    listwise = -(wanted * logits.log_softmax(-1)).sum(-1) - -(wanted * wanted.clamp(min=1e-9).log()).sum(-1)
    soft = torch.where(correct > 0, 0.97, (lean * (near - 0.45) / 0.5).clamp(0.01, 0.6))
    single = F.binary_cross_entropy_with_logits(logits, soft, reduction="none").mean(-1)
    return listwise.mean(), (single * torch.where(labelled, 1.0, 0.4)).mean()


def optimizer_of(reranker, rate, frozen_tower):
    """`frozen_tower`: without the tower's parameters."""
    visual = list(reranker.hf.model.visual.parameters())
    decoder = list(reranker.hf.model.language_model.layers.parameters()) + list(reranker.hf.model.language_model.norm.parameters())
    groups = [{"params": [reranker.table], "top": 2.5e-3 * rate, "weight_decay": 0.0}, {"params": decoder, "top": 6e-4 * rate}] + ([] if frozen_tower else [{"params": visual, "top": 5e-4 * rate}])
    return torch.optim.AdamW(groups, lr=1e-3, weight_decay=0.02, betas=(0.9, 0.98), fused=True)


def judge(reranker, library, teacher, source, bank, documents, minutes, options):
    rng = random.Random(options.seed)
    optimizer = optimizer_of(reranker, options.rate, frozen_tower=bool(options.source))
    path, step, clock = paths.WORK / options.name, 0, Clock()
    if path.exists():
        stored = torch.load(path)
        reranker.load_state_dict(stored["model"])
        optimizer.load_state_dict(stored["optimizer"])
        step, clock = stored["state"]["step"], Clock(stored["state"]["spent"])
        rng.seed(options.seed + step)
        source.rng.seed(options.seed + step)
        print(f"resumed at step {step}", flush=True)

    @torch.no_grad()
    def likeness(asked, which):
        """The teacher's similarity of each query with these emoji."""
        return teacher.queries(*teacher_file.flat([source.teacher_ids(text) for text, _, _ in asked])) @ documents[which].T

    targets = F.normalize((documents @ projection(library, teacher))[:, : wiring.MEANING], dim=-1).detach()
    views = Views(reranker, bank, rng) if options.source else None
    near_list, average, saved = neighbours(documents, bank.known), {}, clock.spent
    names = {n: reranker.prompt.name(library.emoji[i].name) for n, i in enumerate(library.train) if library.emoji[i].name[0].isalpha()}
    parameters = [p for g in optimizer.param_groups for p in g["params"]]
    while (spent := clock.tick()) < minutes:
        for group in optimizer.param_groups:
            group["lr"] = group["top"] * min(1, (step + 1) / 15) * (0.02 + 0.98 * (1 + math.cos(math.pi * spent / minutes)) / 2)
        side = 64
        named_only = step % 6 == 5
        asked = [] if named_only else draw_phrases(source, options.phrases)
        pool = draw_names(names, rng) if named_only else draw_pool(near_list, bank.known, rng, around(asked, likeness(asked, bank.known) if asked else [], library, bank.known, rng))
        asked += draw_queries(source, library, pool, QUERIES - len(asked))
        ids = [reranker.prompt.query(text, "" if named_only else "<|vision_start|>") for text, _, _ in asked]
        place = {library.train[n]: i for i, n in enumerate(pool)}
        near, lean = likeness(asked, pool), torch.tensor([[much] for _, _, much in asked])
        right = [{place[i] for i in good if i in place} if good else set() for _, good, _ in asked]
        which = candidates(near, right, rng)
        correct = torch.tensor([[float(n in good) for n in row] for row, good in zip(which.tolist(), right)])
        labelled = torch.tensor([bool(good) for good in right])
        phrased = torch.tensor([n < options.phrases and not named_only for n in range(QUERIES)])
        with torch.autocast("cpu", torch.bfloat16):
            if named_only:
                logits = reranker.score_names(ids, torch.tensor([names[n] for n in pool]), which).float()
            else:
                features, deep = views.draw(pool, rng) if views else reranker.look(bank.draw(pool, side, rng))
                logits = reranker.score(ids, features, deep, which).float()
        named = 0.0 * logits.sum() if named_only or views else F.cross_entropy(18.0 * F.normalize(features.mean(1)[:, : wiring.MEANING], dim=-1) @ targets.T, torch.tensor(pool), label_smoothing=0.05)
        listwise, single = losses(logits, near.gather(1, which), correct, labelled, lean, teacher.scale.exp().item())
        loss = listwise + 0.3 * single + 0.5 * named
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        step += 1
        best = logits.argmax(1)
        hits = correct.gather(1, best[:, None])[:, 0]
        notes = {"list": listwise.item(), "single": single.item(), "first": hits[labelled & ~phrased].mean().item()}
        notes |= {} if named_only or not options.phrases else {"phrases first": hits[labelled & phrased].mean().item()}
        notes |= {} if named_only or views else {"named": named.item()}
        for key, value in notes.items():
            key = key + " of names" if named_only else key
            average[key] = value if key not in average else 0.96 * average[key] + 0.04 * value
        if step % 20 == 0 or step in (1, 5, 10):
            print(f"judge {spent:.1f} min step {step} " + " ".join(f"{k} {v:.3f}" for k, v in average.items()), flush=True)
        if clock.spent - saved > 90:
            save(reranker, optimizer, {"step": step, "spent": clock.spent}, options.name)
            saved = clock.spent
    save(reranker, optimizer, {"step": step, "spent": clock.spent}, options.name)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--tower-minutes", type=float, default=8)
    parser.add_argument("--more-tower", action="store_true", help="train the stored tower for --tower-minutes more")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=1.0, help="factor of the learning rates; below 1 for a trained model")
    parser.add_argument("--phrases", type=int, default=0, help=f"number of phrases among a step's {QUERIES} queries")
    parser.add_argument("--from", dest="source", nargs=2, type=Path, help="continue from these GGUF files, with a frozen tower")
    parser.add_argument("--name", default="judge.pt", help="file name of the checkpoint")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    os.nice(max(0, 10 - os.nice(0)))
    library, teacher, source, reranker = build()
    bank = Bank(library, options.seed)
    print(f"{len(bank.known)} emoji have pictures; {sum(p.numel() for p in reranker.hf.parameters()) / 1e6:.1f} M parameters", flush=True)
    with torch.no_grad():
        documents = teacher_file.all_documents(teacher, library, library.train)
    if options.source:
        from_gguf.load_tied(reranker, *options.source)
    else:
        first_look(reranker, F.normalize(documents @ projection(library, teacher), dim=-1), bank, options)
        wiring.wire(reranker.hf)
    judge(reranker, library, teacher, source, bank, documents, options.minutes, options)


if __name__ == "__main__":
    main()
