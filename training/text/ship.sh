#!/bin/sh
# Makes the demo's file of a trained folder, measures it through the engine, and writes the card.
#   sh ship.sh FOLDER BINARY MINUTES [THRESHOLD]      the training's `best`, the secondpass command, how long it was trained, the page's threshold
set -eu
folder=$1 binary=$2 minutes=$3 threshold=${4:-0.3}
model=../../www/model/documentation-reranker-Q8_0.gguf
mkdir -p build
rm -rf build/documentation-reranker build/runs
python prune.py --from "$folder" --to build/documentation-reranker --pieces 12600 --positions 256
"$binary" convert build/documentation-reranker --type q8_0 --out ../../www/model --force
python engine.py --binary "$binary" --model "$model" --split dev --most 40 --collections python rust --out build/runs
python threshold.py --binary "$binary" --model "$model" --runs build/runs --json build/threshold.json
python engine.py --binary "$binary" --model "$model" --split test --out build/runs
python evaluate.py --split test --run reranked=build/runs/test-engine.run --blend reranked --failures 16 --failures-out build/failures.md --json build/test.json
python card.py --figures build/test.json --failures build/failures.md --threshold-figures build/threshold.json --threshold "$threshold" --folder build/documentation-reranker --model "$model" --minutes "$minutes"
