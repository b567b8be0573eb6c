#!/bin/sh
# Exports the last checkpoint to the demo's files, evaluates them, finds the demo's threshold and writes the model card.
#   sh ship.sh [path of the secondpass binary] [options of evaluate.py, such as --most 40]
set -eu
binary=${1:-secondpass}
test $# -gt 0 && shift
folder=build/demo-emoji
model=../www/model/demo-emoji-Q8_0.gguf
vision=../www/model/mmproj-demo-emoji-Q8_0.gguf
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
mkdir -p build
python export.py --out "$folder"
"$binary" convert "$folder" --type q8_0 --out ../www/model --force
python check_engine.py --binary "$binary" --hf "$folder" --gguf "$model" "$vision" > build/engine.txt
tail -1 build/engine.txt
python evaluate.py --split test --gguf "$model" "$vision" --json build/figures.json "$@"
python threshold.py --gguf "$model" "$vision"
python card.py --figures build/figures.json --engine build/engine.txt --threshold build/threshold.json
