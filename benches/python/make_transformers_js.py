"""Arranges an ONNX of the model builder for transformers.js: make_transformers_js.py BUILT_DIR HF_DIR OUT

The graph refers to the file of weights by name, and transformers.js expects another name, so the model is saved again.
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
