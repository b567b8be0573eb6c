"""Makes a smaller starting point of a BERT folder: the word pieces that the collections and the training questions use, all single characters, and
if asked fewer layers or positions. Rewrites the embeddings, tokenizer.json, vocab.txt and config.json.

    python prune.py --to FOLDER --pieces 14000              # from the true all-MiniLM-L6-v2
    python prune.py --from FOLDER --to FOLDER --layers 0 2 4 5
    python prune.py --to FOLDER --embedder              # stays an embedding model: no head, pooling and prompts as they are

Weights of all-MiniLM-L6-v2's six layers are 11.3 MB in GGUF's Q8_0, of each 1,000 word pieces 0.41 MB more.
"""

import argparse
import json
import shutil
from collections import Counter
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import BertForSequenceClassification

import add
import collect
import evaluate
import retrieve

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def counted(tokenizer, cache):
    """How often each piece occurs. Git is left out, so that its measurement says what happens to words that were not foreseen."""
    counts = Counter()
    for name in evaluate.TRAINED:
        for found in tokenizer.encode_batch(retrieve.texts_of(collect.load(name, cache)), add_special_tokens=False):
            counts.update(found.tokens)
    for row in add.load("train"):
        counts.update(dict.fromkeys(tokenizer.encode(row["question"], add_special_tokens=False).tokens, 5))
    return counts


def kept(vocabulary, counts, most):
    """Pieces in their old order. Whole words that are common English come first in the original file, and are kept before rare ones of the collections."""
    single = {t for t in vocabulary if len(t.removeprefix("##")) == 1}
    chosen = set(SPECIAL) | single
    order = sorted(vocabulary, key=lambda t: (-counts[t], vocabulary[t]))
    for token in order:
        if len(chosen) >= most:
            break
        if not token.startswith("[unused"):
            chosen.add(token)
    return sorted(chosen, key=lambda t: vocabulary[t])


def rewritten(data, tokens):
    """tokenizer.json with new numbers."""
    place = {t: n for n, t in enumerate(tokens)}
    data["model"]["vocab"] = place
    for added in data["added_tokens"]:
        added["id"] = place[added["content"]]
    for special in data["post_processor"].get("special_tokens", {}).values():
        special["ids"] = [place[t] for t in special["tokens"]]
    for key in ("sep", "cls"):  # BertProcessing instead of a template
        if isinstance(data["post_processor"].get(key), list):
            data["post_processor"][key][1] = place[data["post_processor"][key][0]]
    data["padding"] = data["truncation"] = None
    return data


def copy_modules(source, to):
    """What makes a folder a model of sentence-transformers: the chain of modules and its pooling."""
    for name in ("modules.json", "config_sentence_transformers.json", "sentence_bert_config.json"):
        shutil.copy(source / name, to / name)
    shutil.copytree(source / "1_Pooling", to / "1_Pooling", dirs_exist_ok=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", type=Path, dest="source")
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--pieces", type=int, default=14000)
    parser.add_argument("--layers", type=int, nargs="+", help="those that stay, from 0")
    parser.add_argument("--positions", type=int, help="tokens of a pair at most: the positions behind them go, which were not trained on")
    parser.add_argument("--embedder", action="store_true", help="keep it an embedding model, without a score head")
    parser.add_argument("--cache", type=Path, default=collect.DEFAULT_CACHE)
    options = parser.parse_args()
    source = options.source or retrieve.minilm_folder()
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    vocabulary = tokenizer.get_vocab()
    counts = counted(tokenizer, options.cache)
    tokens = kept(vocabulary, counts, options.pieces)

    torch.manual_seed(0)  # for the head, which all-MiniLM-L6-v2 does not have
    model = BertForSequenceClassification.from_pretrained(source, num_labels=1)
    table = model.bert.embeddings.word_embeddings
    rows = table.weight.data[[vocabulary[t] for t in tokens]].clone()
    model.bert.embeddings.word_embeddings = torch.nn.Embedding(len(tokens), rows.shape[1], padding_idx=tokens.index("[PAD]"))
    model.bert.embeddings.word_embeddings.weight.data = rows
    for config in (model.config, model.bert.config):
        config.vocab_size, config.pad_token_id = len(tokens), tokens.index("[PAD]")
    if options.layers:
        model.bert.encoder.layer = torch.nn.ModuleList(model.bert.encoder.layer[n] for n in options.layers)
        model.config.num_hidden_layers = len(options.layers)
    if options.positions:
        places = model.bert.embeddings.position_embeddings.weight.data[: options.positions].clone()
        model.bert.embeddings.position_embeddings = torch.nn.Embedding.from_pretrained(places)
        for config in (model.config, model.bert.config):
            config.max_position_embeddings = options.positions
    (model.bert if options.embedder else model).save_pretrained(options.to)
    if options.embedder:
        copy_modules(source, options.to)
    data = rewritten(json.loads((source / "tokenizer.json").read_text(encoding="utf-8")), tokens)
    (options.to / "tokenizer.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    (options.to / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        if (source / name).exists():
            shutil.copy(source / name, options.to / name)
    size = sum(p.numel() for p in model.parameters())
    share = sum(counts[t] for t in tokens) / counts.total()
    print(f"{len(vocabulary)} word pieces → {len(tokens)}, {100 * share:.2f} % of those in the texts; {size:,} parameters, about {size * 34 / 32 / 1e6:.1f} MB as Q8_0")


if __name__ == "__main__":
    main()
