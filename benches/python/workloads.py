"""Writes the workloads with the token ids of their prompts: workloads.py TOKENIZER_JSON OUT"""

import json
import random
import sys
from pathlib import Path

from tokenizers import Tokenizer

# name: (documents, tokens of a document on average, tokens of the query)
WORKLOADS = {
    "32x160": (32, 160, 60),
    "32x100": (32, 100, 60),
    "8x600": (8, 600, 60),
    "1x160": (1, 160, 60),
}
# Search results differ in length; equal lengths would favour engines that pad.
SPREAD = 0.3
SEED = 7

INSTRUCTION = "Given a web search query, retrieve relevant passages that answer the query"
PREFIX = (
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. "
    'Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n'
)
SUFFIX = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"

SUBJECTS = "The river,A small engine,Our library,The old harbour,Each winter storm,The committee,A good recipe,The northern railway,His second novel,The night market,This vaccine,The orchestra".split(",")
VERBS = "carries,explains,replaced,measures,protects,reached,describes,follows,divides,supports,delays,improves".split(",")
OBJECTS = "the valley below,several thousand visitors,a careful record of rainfall,the price of copper,two rival theories,the shape of the coast,a network of canals,the first printed maps,most of its neighbours,the daily bread of the town,an early kind of glass,the language of sailors".split(",")
PLACES = "in Lisbon,near the Baltic,after 1848,during the drought,across the delta,for three decades,under new management,without much notice,despite the cost,at 40 degrees north,since the last census,by ferry".split(",")


def sentence(random_: random.Random) -> str:
    pick = random_.choice
    return f"{pick(SUBJECTS)} {pick(VERBS)} {pick(OBJECTS)} {pick(PLACES)}."


def text_of(tokens: int, random_: random.Random, tokenizer: Tokenizer) -> str:
    """Plausible sentences with about this many tokens."""
    text = sentence(random_)
    while len(tokenizer.encode(text).ids) < tokens:
        text += " " + sentence(random_)
    ids = tokenizer.encode(text).ids[:tokens]
    return tokenizer.decode(ids).strip()


def prompt(query: str, document: str) -> str:
    """The prompt of Qwen3-Reranker's model card."""
    return f"{PREFIX}<Instruct>: {INSTRUCTION}\n<Query>: {query}\n<Document>: {document}{SUFFIX}"


def workload(name: str, tokenizer: Tokenizer) -> dict:
    count, length, query_length = WORKLOADS[name]
    random_ = random.Random(f"{SEED} {name}")
    query = text_of(query_length, random_, tokenizer)
    lengths = [round(length * (1 + SPREAD * (2 * (i + 0.5) / count - 1))) for i in range(count)]
    random_.shuffle(lengths)
    documents = [text_of(n, random_, tokenizer) for n in lengths]
    ids = [tokenizer.encode(prompt(query, document)).ids for document in documents]
    return {"name": name, "query": query, "documents": documents, "ids": ids}


def main(tokenizer: str, out: Path) -> None:
    tokenizer_ = Tokenizer.from_file(tokenizer)
    out.write_text(json.dumps([workload(name, tokenizer_) for name in WORKLOADS]))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
