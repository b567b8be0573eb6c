"""Puts an ONNX of the model builder where transformers.js looks for it: make_transformers_js.py BUILT_DIR HF_DIR OUT

The weights of an ONNX lie in a file that the graph names, and transformers.js expects a name of its own.
"""

import json
import shutil
import sys
from pathlib import Path

import onnx

NAME = "model_q4.onnx"


def main(built: Path, hf: Path, out: Path) -> None:
    (out / "onnx").mkdir(parents=True, exist_ok=True)
    onnx.save_model(onnx.load(built / "model.onnx"), out / "onnx" / NAME, save_as_external_data=True, all_tensors_to_one_file=True, location=f"{NAME}_data")
    shape = json.loads((hf / "config.json").read_text())
    (out / "config.json").write_text(json.dumps(shape | {"transformers.js_config": {"use_external_data_format": True}}, indent=1))
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(hf / file, out / file)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
