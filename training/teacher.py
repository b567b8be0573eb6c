"""A text-only bi-encoder between queries and emoji, the teacher of the reranker.

Queries and emoji are weighted sums of word vectors, each projected by its own matrix. It is trained to find an emoji by one
of its keywords from the name and the other keywords, so it learns to generalize beyond the word itself.

    python teacher.py          # writes words.npz and teacher.pt
"""

import math
import time

import numpy as np
import torch
import torch.nn.functional as F

import emoji as emoji_data
import lexicon
import metrics
import paths
from words import content_words

SIZE, STEPS, QUERIES = 384, 400, 256
SOURCES = (1.0, 1.0, 0.0, 0.5)  # without emoji: a keyword's vector must not contain its own emoji before training


class Teacher(torch.nn.Module):
    def __init__(self, vectors, weights):
        super().__init__()
        self.table = torch.nn.Parameter(torch.tensor(vectors))
        self.weight = torch.nn.Parameter(torch.log(torch.tensor(weights)))
        self.query, self.document = (torch.nn.Parameter(torch.eye(vectors.shape[1])) for _ in range(2))
        self.scale = torch.nn.Parameter(torch.tensor(math.log(12.0)))

    def bag(self, ids, offsets, per_sample=None):
        weight = self.weight.exp()[ids]
        weight = weight if per_sample is None else weight * per_sample
        return F.embedding_bag(ids, self.table, offsets, mode="sum", per_sample_weights=weight)

    def queries(self, ids, offsets):
        return F.normalize(self.bag(ids, offsets) @ self.query, dim=-1)

    def documents(self, ids, offsets, per_sample=None):
        return F.normalize(self.bag(ids, offsets, per_sample) @ self.document, dim=-1)


def flat(lists):
    offsets = np.cumsum([0] + [len(x) for x in lists[:-1]])
    return torch.tensor([i for x in lists for i in x], dtype=torch.long), torch.tensor(offsets)


class Library:
    """Word indices, and the emoji as lists of (word, keyword it comes from, weight)."""

    def __init__(self, emoji, held, vocabulary):
        self.emoji, self.held = emoji, held
        self.index = {w: i for i, w in enumerate(vocabulary)}
        self.train = [i for i, e in enumerate(emoji) if e.split == "train"]
        self.keywords = {}
        for i in self.train:
            for k in emoji[i].training_keywords(held):
                if self.ids(k):
                    self.keywords.setdefault(k, set()).add(i)
        self.number = {k: n for n, k in enumerate(self.keywords)}

    def ids(self, text):
        return [self.index[w] for w in content_words(text) if w in self.index]

    def entries(self, i):
        e = self.emoji[i]
        known = self.held if e.split == "train" else {}
        found = [(w, -1, 2.0) for w in self.ids(e.name)]
        return found + [(w, self.number.get(k, -1), 1.0) for k in e.training_keywords(known) for w in self.ids(k)]


def evaluate(model, library, split):
    """Held-out keywords over the training emoji."""
    rows = []
    with torch.no_grad():
        documents = all_documents(model, library, library.train)
        place = {i: n for n, i in enumerate(library.train)}
        for k, s in library.held.items():
            relevant = {place[i] for i in library.train if k in library.emoji[i].keywords}
            if s == split and relevant:
                ids = library.ids(k)
                scores = (model.queries(*flat([ids])) @ documents.T)[0].numpy() if ids else np.zeros(len(place))
                rows.append(metrics.at_ten(scores, relevant))
    return metrics.mean(rows)


def all_documents(model, library, which):
    entries = [library.entries(i) for i in which]
    ids, offsets = flat([[w for w, _, _ in e] for e in entries])
    return model.documents(ids, offsets, torch.tensor([x for e in entries for _, _, x in e]))


def train(model, library, steps=STEPS, seed=1):
    generator = torch.Generator().manual_seed(seed)
    entries = [library.entries(i) for i in library.train]
    ids, offsets = flat([[w for w, _, _ in e] for e in entries])
    source = torch.tensor([k for e in entries for _, k, _ in e])
    strength = torch.tensor([x for e in entries for _, _, x in e])
    keywords = list(library.keywords)
    place = {i: n for n, i in enumerate(library.train)}
    start = model.table.detach().clone()
    groups = [{"params": [model.table], "lr": 1.5e-3}, {"params": [model.weight, model.scale], "lr": 5e-3}, {"params": [model.query, model.document], "lr": 1e-3}]
    optimizer = torch.optim.Adam(groups)
    best, kept = (0, 0), None
    for step in range(steps):
        for group in optimizer.param_groups:
            group.setdefault("top", group["lr"])
            group["lr"] = group["top"] * min(1, step / 20) * (1 + math.cos(math.pi * step / steps)) / 2
        chosen = torch.randperm(len(keywords), generator=generator)[:QUERIES].tolist()
        queries = [keywords[n] for n in chosen]
        asked = torch.zeros(len(keywords) + 1, dtype=torch.bool)
        asked[chosen] = True
        keep = ~asked[source] & (torch.rand(len(source), generator=generator) > 0.2)  # source -1 (names) is the last entry, never a query
        documents = model.documents(ids, offsets, strength * keep)
        target = torch.zeros(len(queries), len(place))
        for row, k in enumerate(queries):
            target[row, [place[i] for i in library.keywords[k]]] = 1
        target /= target.sum(1, keepdim=True)
        logits = model.scale.exp() * model.queries(*flat([library.ids(k) for k in queries])) @ documents.T
        drift = (model.table - start)[ids.unique()].pow(2).sum(1).mean()
        loss = F.cross_entropy(logits, target) + 0.5 * drift
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 49:
            now = evaluate(model, library, "dev")
            print(f"step {step + 1} loss {loss.item():.3f} drift {drift.item():.3f} scale {model.scale.exp().item():.1f} dev MRR {now[0]:.3f} nDCG {now[1]:.3f}", flush=True)
            if now[1] > best[1]:
                best, kept = now, {k: v.clone() for k, v in model.state_dict().items()}
    model.load_state_dict(kept)
    return best


def load():
    """The stored results: (library, model, vocabulary, counts)."""
    emoji, held = emoji_data.load()
    stored = np.load(paths.WORK / "words.npz", allow_pickle=False)
    vocabulary = stored["vocabulary"].tolist()
    model = Teacher(stored["vectors"], stored["weights"])
    if (paths.WORK / "teacher.pt").exists():
        model.load_state_dict(torch.load(paths.WORK / "teacher.pt"))
    return Library(emoji, held, vocabulary), model, vocabulary, dict(zip(vocabulary, stored["counts"].tolist()))


def make_words():
    emoji, held = emoji_data.load()
    vocabulary, vectors, counts = lexicon.vectors(emoji, held, size=SIZE, weights=SOURCES)
    counted = np.array([counts.get(w, 0) for w in vocabulary])
    weights = (np.sqrt(20 / (20 + counted))).astype(np.float32)
    np.savez(paths.WORK / "words.npz", vocabulary=np.array(vocabulary), vectors=vectors, weights=weights, counts=counted)


def main():
    paths.WORK.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    started = time.time()
    if not (paths.WORK / "words.npz").exists():
        make_words()
    print(f"word vectors after {time.time() - started:.0f} s", flush=True)
    library, model, _, _ = load()
    for split in ("dev", "test"):
        print("before training", split, evaluate(model, library, split))
    train(model, library)
    for split in ("dev", "test"):
        print("after", split, evaluate(model, library, split))
    torch.save(model.state_dict(), paths.WORK / "teacher.pt")


if __name__ == "__main__":
    main()
