"""Scores of a BertForSequenceClassification for pairs of question and passage."""

from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForSequenceClassification

LONGEST = 256


def tokenizer_of(folder, longest=LONGEST):
    tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    tokenizer.enable_truncation(longest, strategy="only_second")
    tokenizer.enable_padding()
    return tokenizer


def tensors(tokenizer, pairs):
    found = tokenizer.encode_batch(pairs)
    return {"input_ids": torch.tensor([f.ids for f in found]), "token_type_ids": torch.tensor([f.type_ids for f in found]),
            "attention_mask": torch.tensor([f.attention_mask for f in found])}


class Reranker:
    def __init__(self, folder, threads=1, longest=LONGEST):
        torch.set_num_threads(threads)
        self.model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
        self.tokenizer = tokenizer_of(folder, longest)

    def scores(self, question, documents, batch=16):
        order = sorted(range(len(documents)), key=lambda n: len(documents[n]))
        result = [0.0] * len(documents)
        with torch.inference_mode():
            for at in range(0, len(order), batch):
                chosen = order[at : at + batch]
                logits = self.model(**tensors(self.tokenizer, [(question, documents[n]) for n in chosen])).logits[:, -1]
                for n, score in zip(chosen, logits.tolist()):
                    result[n] = score
        return result

    def order(self, question, documents):
        scores = self.scores(question, documents)
        return sorted(range(len(documents)), key=lambda n: -scores[n])
