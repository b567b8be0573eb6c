"""The mean of the weights of two folders of one shape, and the first one's other files.

    python mean.py build/run/best build/run/last --share 0.6 --to build/mean          # 0.4 of the first, 0.6 of the second
"""

import argparse
from pathlib import Path

from transformers import BertForSequenceClassification

import train


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--share", type=float, default=0.5, help="of the second")
    parser.add_argument("--to", type=Path, required=True)
    options = parser.parse_args()
    model = BertForSequenceClassification.from_pretrained(options.first)
    other = BertForSequenceClassification.from_pretrained(options.second).state_dict()
    mixed = {name: value + options.share * (other[name] - value) if value.is_floating_point() else value for name, value in model.state_dict().items()}
    model.load_state_dict(mixed)
    train.save_folder(model, options.first, options.to)


if __name__ == "__main__":
    main()
