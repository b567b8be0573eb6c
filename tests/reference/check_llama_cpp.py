"""Compares llama.cpp's scores of a converted model with the scores of Transformers in the fixtures, for the same token ids.

    python3 -m venv venv-llama
    venv-llama/bin/pip install llama-cpp-python          # compiles llama.cpp: some minutes
    secondpass convert tests/fixtures/text/tiny-tied --type f16 --out models
    venv-llama/bin/python tests/reference/check_llama_cpp.py models/tiny-tied-F16.gguf tests/fixtures/text/tiny-tied

For cases with the default instruction it also reports whether llama.cpp's tokenization of the file's rerank template gives
the reference ids; it does not for texts that are not in NFC, because llama.cpp does not normalize. Exit status 1 if a
score differs by more than --tolerance: the weights are quantized and llama.cpp rounds activations to a matching type, so
use 0.05 for Q8_0 and 0.3 for Q4_0. Only texts are compared, also for vision models.
"""

import argparse
import json
import sys
from pathlib import Path

import llama_cpp as ll

CONTROL = "<|"


class Reranker:
    """A llama.cpp model that scores token ids."""

    def __init__(self, path, quiet=True):
        if quiet:
            self.silence = ll.llama_log_callback(lambda *_: None)
            ll.llama_log_set(self.silence, None)
        ll.llama_backend_init()
        self.model = ll.llama_model_load_from_file(str(path).encode(), ll.llama_model_default_params())
        if not self.model:
            raise SystemExit(f"llama.cpp does not load {path}; --loud shows why")
        self.vocab = ll.llama_model_get_vocab(self.model)
        params = ll.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = 2048
        params.embeddings = True
        # Taken from the file, so that a file without a classifier fails.
        params.pooling_type = ll.LLAMA_POOLING_TYPE_UNSPECIFIED
        # F16, the default for keys and values, would add a larger error than the weights' rounding.
        params.type_k = params.type_v = ll.GGML_TYPE_F32
        params.flash_attn_type = ll.LLAMA_FLASH_ATTN_TYPE_DISABLED
        params.n_threads = params.n_threads_batch = 1
        self.context = ll.llama_init_from_model(self.model, params)
        if ll.llama_pooling_type(self.context) != ll.LLAMA_POOLING_TYPE_RANK:
            raise SystemExit(f"{path} does not say that it is a reranker")
        self.outputs = ll.llama_model_n_cls_out(self.model)

    def labels(self):
        return [(ll.llama_model_cls_label(self.model, i) or b"").decode() for i in range(self.outputs)]

    def score(self, ids):
        """The probability of the label `yes`; llama.cpp has applied the softmax."""
        ll.llama_memory_clear(ll.llama_get_memory(self.context), True)
        batch = ll.llama_batch_init(len(ids), 0, 1)
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = token, i, 1, True
            batch.seq_id[i][0] = 0
        failed = ll.llama_decode(self.context, batch)
        ll.llama_batch_free(batch)
        if failed:
            raise SystemExit(f"llama.cpp failed to compute: {failed}")
        return ll.llama_get_embeddings_seq(self.context, 0)[0]

    def template(self):
        text = ll.llama_model_chat_template(self.model, b"rerank")
        return text.decode() if text else None

    def ids(self, text):
        raw, room = text.encode(), 4096
        tokens = (ll.llama_token * room)()
        count = ll.llama_tokenize(self.vocab, raw, len(raw), tokens, room, False, True)
        return list(tokens[:count])


def text_of(side):
    """The text of a query or document, or None if it has pictures."""
    if isinstance(side, str):
        return side
    text = side.get("text", "")
    return None if {"image", "video"} & side.keys() else text if isinstance(text, str) else "".join(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gguf", type=Path)
    parser.add_argument("fixture", type=Path, help="folder with the cases.json of the model that was converted")
    parser.add_argument("--tolerance", type=float, default=2e-3)
    parser.add_argument("--loud", action="store_true", help="show llama.cpp's log")
    args = parser.parse_args()
    model = Reranker(args.gguf, quiet=not args.loud)
    print(f"{args.gguf.name}: {model.outputs} outputs, labels {model.labels()}")
    template = model.template()
    largest, same_ids, tokenized = 0.0, 0, 0
    for case in json.loads((args.fixture / "cases.json").read_text())["cases"]:
        request = case["request"]
        for document, ids, want in zip(request["documents"], case["ids"], case["scores"]):
            query, text = text_of(request["query"]), text_of(document)
            if query is None or text is None:
                continue
            got = model.score(ids)
            largest = max(largest, abs(got - want))
            line = f"  {case['name']:<12} {len(ids):>4} ids  reference {want:.6f}  llama.cpp {got:.6f}  difference {abs(got - want):.1e}"
            # llama.cpp would parse control tokens in the text; the reference does not.
            if template and "instruction" not in request and CONTROL not in query + text:
                own = model.ids(template.replace("{query}", query).replace("{document}", text))
                tokenized += 1
                same_ids += own == ids
                line += "  its own ids: " + ("same" if own == ids else f"{len(own)}, others")
            print(line)
    print(f"largest difference {largest:.2e}; llama.cpp's own ids match the reference in {same_ids} of {tokenized} cases")
    sys.exit(largest > args.tolerance)


if __name__ == "__main__":
    main()
