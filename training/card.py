"""Writes MODEL_CARD.md from the figures that evaluate.py measured, so that no figure is copied by hand.

    python card.py --figures build/figures.json --engine build/engine.txt --out MODEL_CARD.md
"""

import argparse
import json
from pathlib import Path

HEAD = """# Model card: demo-emoji, a tiny Qwen3-VL-Reranker

A cross-encoder that says how well an emoji's picture fits an English question, from pixels. It exists to show the library at work in a demo that
loads in seconds; it is not a general reranker, and knows nothing but emoji in the styles of Noto and Twemoji.

| | |
|---|---|
| architecture | Qwen3-VL-Reranker: `Qwen3VLForConditionalGeneration`, the exact prompt, score = P(yes) against P(no) |
| decoder | 3 layers, hidden 192, 4 heads of 64, MLP 512, tied table of 21,092 tokens, interleaved MRoPE |
| vision tower | 4 blocks, hidden 160, patches of 16, deepstack after blocks 1 and 2 |
| files | `demo-emoji-Q8_0.gguf` (6.6 MB), `mmproj-demo-emoji-Q8_0.gguf` (3.4 MB); the tokenizer is in the first |
| pictures | 64 by 64 pixels, four tokens: load it with `maxImagePixels: 4096` (`--max-image-pixels 4096`) |
| language | English, lower case |
| trained on | two shared CPU cores; how, and on what: [README.md](README.md) |

The first weights of the decoder are not random: `wiring.py` sets them so that it compares question and picture from the first step, and training goes on from there.
The shipped weights are a point between two: those of the recipe on keywords, names and definitions, and those that 25 more minutes on phrases made of them (`mix.py`, 0.7 of the way).
That point was chosen because of the 40 phrases below, which therefore prove nothing any more; the held-out keywords chose nothing. CLDR gives scissors the keywords
`cut` and `paper`, and the first of the two may have been asked \u201csomething to cut paper\u201d while it was trained; the second was not.

## Measured

The shipped Q8_0 weights (dequantized), by `evaluate.py`, in bfloat16 arithmetic. Every figure ranks all candidates that are named, by pixels alone.
The target for this model was an nDCG@10 of 0.15 above lexical search on held-out keywords. The text-only teacher, which reads names and training keywords instead
of looking, has MRR@10 0.276 and nDCG@10 0.295 on the same test keywords: what the pixels may reach at best with this recipe.
*Lexical* is BM25 with light stemming and prefixes over the emoji's names and their training keywords: text that the model does not get.
"""

TAIL = """
## Where it fails

The held-out keywords that did worst (place of the first right one, what was meant, what came first):

{failures}

Hand-written phrases over the gallery of {candidates} pictures, which was chosen so that it has what they mean ({first} of {of} have a right one first, {five} in the first five):

{phrases}

Known limits: upper case, words outside its 8,600 (spelled in pieces, of which it knows little), negation, counting, order of words, other drawing styles, photographs,
several things in one picture. It was never trained on pictures as questions, on video, or on long texts; short names as documents it saw a little. Scores order the
candidates of one question; they are no probabilities. Keywords are what CLDR's authors thought of: a right answer may be counted as wrong.

## The same in the engine

{engine}

## Licences

Pictures: Noto Color Emoji, SIL OFL 1.1; Twemoji graphics, CC-BY 4.0, © Twitter, Inc. and other contributors. Words: Unicode CLDR (Unicode License v3), WordNet 3.0 (© Princeton
University, WordNet License), Moby Thesaurus (public domain), emojibase (MIT). The weights are offered under the project's licence; they contain no picture of these sets.
"""


def table(title, result):
    rows = "".join(f"| {k} | {v[0]:.3f} | {v[1]:.3f} |\n" for k, v in result.items() if isinstance(v, list))
    facts = ", ".join(f"{k}: {v}" for k, v in result.items() if not isinstance(v, list))
    return f"\n### {title}\n\n| | MRR@10 | nDCG@10 |\n|---|---|---|\n{rows}\n{facts}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figures", type=Path, required=True)
    parser.add_argument("--engine", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("MODEL_CARD.md"))
    options = parser.parse_args()
    figures = json.loads(options.figures.read_text())
    tables = "".join(table(k, v) for k, v in figures.items() if isinstance(v, dict) and "rows" not in v)
    gallery = figures["phrases, gallery"]
    failures = "\n".join(f"- place {rank}: `{q}`, meant {', '.join(right)}; came {', '.join(first)}" for rank, q, right, first in figures.get("failures", []))
    phrases = "\n".join(f"- {rank}: \u201c{q}\u201d: {', '.join(first[:3])}" for q, rank, first in gallery["rows"])
    everything = figures.get("phrases, all emoji")
    if everything:
        phrases += f"\n\nOver all {everything['candidates']} emoji: {everything['first']} first, {everything['in five']} in five."
    main_table = next(v for k, v in figures.items() if k.startswith("Held-out keywords"))
    ahead = main_table["model"][1] - main_table["lexical"][1]
    tables = f"\nOn held-out keywords it is {ahead:+.3f} nDCG@10 against lexical search: the target is {'met' if ahead >= 0.15 else '**not met**'}.\n" + tables
    if "Keywords that were trained on" not in figures:
        tables += "\nHeld-out emoji, other drawing sizes and styles, and trained keywords: not measured for these weights yet (`ship.sh` does).\n"
    text = HEAD + tables + TAIL.format(failures=failures, phrases=phrases, candidates=gallery["candidates"], first=gallery["first"], of=gallery["of"],
                                       five=gallery["in five"], engine="```\n" + options.engine.read_text().strip() + "\n```")
    options.out.write_text(text)


if __name__ == "__main__":
    main()
