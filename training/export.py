"""Writes the trained model as a Hugging Face folder, the input of `secondpass convert`.

    python export.py --out build/hf
"""

import argparse
import json
import os
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

import model as model_file
import paths
import train
import wiring

SMALLEST, LARGEST = 4096, 4096  # pixels: 64 by 64, four tokens


def trained():
    """The reranker with the checkpoint $SECONDPASS_CHECKPOINT (by default judge.pt), if it exists."""
    library, _, _, reranker = train.build()
    path = paths.WORK / os.environ.get("SECONDPASS_CHECKPOINT", "judge.pt")
    if path.exists():
        reranker.load_state_dict(torch.load(path)["model"])
    else:
        print("no checkpoint of the whole model: using the tower and the wired decoder")
        tower = torch.load(paths.WORK / "tower.pt")["model"]
        reranker.load_state_dict({k: v for k, v in tower.items() if ".visual." in k}, strict=False)
        wiring.wire(reranker.hf)
    return reranker.eval(), library


def expanded(reranker):
    """The Transformers model with shared rows expanded to one row per token."""
    hf = reranker.hf
    with torch.no_grad():
        hf.get_input_embeddings().weight.copy_(reranker.table[reranker.rows])
    return hf


def write(reranker, folder, dtype=torch.float32):
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(str(paths.WORK / "tokenizer.json"))
    config = model_file.make_config(tokenizer)
    state = {k: v.to(dtype).contiguous() for k, v in expanded(reranker).state_dict().items() if k != "lm_head.weight"}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    config["text_config"]["dtype"] = str(dtype).removeprefix("torch.")
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    preprocessor = {"image_processor_type": "Qwen2VLImageProcessorFast", "processor_class": "Qwen3VLProcessor", "do_convert_rgb": True, "do_rescale": True,
                    "do_normalize": True, "rescale_factor": 1 / 255, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "resample": 3, "patch_size": 16,
                    "temporal_patch_size": 2, "merge_size": 2, "size": {"shortest_edge": SMALLEST, "longest_edge": LARGEST}}
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor, indent=1) + "\n")
    tokenizer.save(str(folder / "tokenizer.json"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    reranker, _ = trained()
    write(reranker, options.out)
    print("wrote", options.out)


if __name__ == "__main__":
    main()
