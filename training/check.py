"""Compares the forward pass used in training with Transformers, in f32."""

import numpy as np
import torch

import export
import pictures


def ids_of(reranker, query, tokens):
    pads = "<|image_pad|>" * tokens
    text = f"{reranker.prompt.head}{query}\n<Document>:<|vision_start|>{pads}<|vision_end|><|im_end|>\n<|im_start|>assistant\n"
    return reranker.prompt.tokenizer.encode(text).ids


@torch.no_grad()
def by_transformers(hf, reranker, query, picture, side):
    rows = torch.from_numpy(pictures.rows(pictures.pixels(picture)[None]))[0]
    rows = rows.view(-1, 3, 1, 256).expand(-1, 3, 2, 256).reshape(-1, 1536)  # both frames
    grid = torch.tensor([[1, side // 16, side // 16]])
    ids = torch.tensor([ids_of(reranker, query, (side // 32) ** 2)])
    hidden = hf.model(input_ids=ids, attention_mask=torch.ones_like(ids), pixel_values=rows, image_grid_thw=grid).last_hidden_state[0, -1]
    head = hf.get_output_embeddings().weight
    return (hidden @ (head[reranker.yes] - head[reranker.no])).item()


@torch.no_grad()
def name_by_transformers(hf, reranker, query, name):
    text = f"{reranker.prompt.head}{query}\n<Document>:{name}<|im_end|>\n<|im_start|>assistant\n"
    ids = torch.tensor([reranker.prompt.tokenizer.encode(text).ids])
    hidden = hf.model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[0, -1]
    head = hf.get_output_embeddings().weight
    return (hidden @ (head[reranker.yes] - head[reranker.no])).item()


@torch.no_grad()
def main():
    reranker, library = export.trained()
    hf = export.expanded(reranker).eval()
    worst = 0.0
    queries = ["something to cut paper", "red heart", "(sad) face?", "dog"]
    for side in (64, 96):
        samples = [pictures.square(pictures.noto(library.emoji[i].text), side) for i in (3, 200, 700, 1200)]
        features, deep = reranker.look(np.stack([pictures.pixels(p) for p in samples]))
        ours = reranker.score([reranker.prompt.query(q) for q in queries], features, deep, torch.arange(4).expand(4, 4))
        theirs = torch.tensor([[by_transformers(hf, reranker, q, p, side) for p in samples] for q in queries])
        worst = max(worst, (ours - theirs).abs().max().item())
        print(side, ours.round(decimals=3).tolist(), theirs.round(decimals=3).tolist())
    names = ["scissors", "tomato", "crown"]
    ids = torch.tensor([reranker.prompt.name(n) for n in names])
    ours = reranker.score_names([reranker.prompt.query(q, "") for q in queries], ids, torch.arange(3).expand(4, 3))
    theirs = torch.tensor([[name_by_transformers(hf, reranker, q, n) for n in names] for q in queries])
    worst = max(worst, (ours - theirs).abs().max().item())
    print(f"largest difference of logits {worst:.1e}")
    assert worst < 1e-3


if __name__ == "__main__":
    main()
