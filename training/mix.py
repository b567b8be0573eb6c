"""Interpolates between the weights of GGUF files and a checkpoint that was trained further from them.

    python mix.py --from TEXT.gguf MMPROJ.gguf --to judge.pt --share 0.7 --out between-0.7.pt

Further training gains some abilities and loses others; an interpolation may keep more of both than either end.
"""

import argparse
from pathlib import Path

import torch

import from_gguf
import paths
import train


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="start", nargs=2, type=Path, required=True)
    parser.add_argument("--to", required=True, help="a checkpoint of the work folder")
    parser.add_argument("--share", type=float, required=True)
    parser.add_argument("--out", required=True, help="name of the checkpoint to write into the work folder")
    options = parser.parse_args()
    reranker = train.build()[3]
    from_gguf.load_tied(reranker, *options.start)
    end = torch.load(paths.WORK / options.to)["model"]
    mixed = {k: v + options.share * (end[k] - v) if v.is_floating_point() else v for k, v in reranker.state_dict().items()}
    torch.save({"model": mixed}, paths.WORK / options.out)


if __name__ == "__main__":
    main()
