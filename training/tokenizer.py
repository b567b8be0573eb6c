"""A byte-level BPE in which every chosen word is one token, both at the start of a text and after a space.

Uses Qwen's pre-tokenization and control tokens. Merges are learned on words without the space, which is joined to each whole
word last, so both forms of a word have the same pieces and can share one embedding row in training.

    python tokenizer.py        # writes tokenizer.json and pieces.json
"""

import json

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

import paths
import teacher
from phrases import frame_words
from words import words

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>",
           "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"]
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
         r"|\s*[\r\n]+|\s+(?!\S)|\s+")
SYSTEM = ("Judge whether the Document meets the requirements based on the Query and the Instruct provided. "
          'Note that the answer can only be "yes" or "no".')
INSTRUCTION = "Given a search query, retrieve relevant candidates that answer the query."
WHOLE = ["<Query", "<Document", "<Instruct", ">:", ".<", ".\n", "?\n", '".', "yes", "no", "NULL", "Yes", "No", "system", "user", "assistant", "I'm"]
WORDS, PIECES = 8600, 3000
SPACE = "\u0120"


def written(text):
    """Text in the characters of a byte-level vocabulary."""
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(text)[0][0]


def chosen_words():
    """All words of the emoji and the templates, then the most frequent ones; and the word counts."""
    library, _, vocabulary, counts = teacher.load()
    must = {w: None for e in library.emoji for text in [e.name, *e.keywords] for w in words(text) if w.isascii() and w.isalpha()}
    must |= dict.fromkeys(frame_words())
    for text in (SYSTEM, INSTRUCTION):
        must |= {w.strip('."'): None for w in text.split()}
    rest = [w for w in vocabulary if w.isalpha() and len(w) > 2 and w not in must]
    return list(dict.fromkeys([*must, *rest]))[:WORDS], counts


def learn(chosen, counts):
    """Merges: first learned ones, then those that complete each chosen word, then those with the space."""
    trainer = trainers.BpeTrainer(vocab_size=256 + PIECES, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    base = Tokenizer(models.BPE())
    base.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    base.train_from_iterator([" ".join([w] * max(1, int(counts.get(w, 1) ** 0.3))) for w in chosen], trainer)
    state = json.loads(base.to_str())["model"]
    vocabulary, merges = dict(state["vocab"]), [tuple(m) for m in state["merges"]]

    def add(pair):
        merges.append(pair)
        vocabulary.setdefault(pair[0] + pair[1], len(vocabulary))

    def build():
        return Tokenizer(models.BPE(vocab=vocabulary, merges=merges))

    plain = build()
    for word in sorted([written(w) for w in [*chosen, *WHOLE]], key=len):
        pieces = plain.model.tokenize(word)
        while len(pieces) > 1:  # join from the left; later words with the same beginning reuse it
            pieces = [t.value for t in pieces] if not isinstance(pieces[0], str) else pieces
            add((pieces[0], pieces[1]))
            pieces = [pieces[0] + pieces[1], *pieces[2:]]
            if len(pieces) == 1:
                plain = build()
    for word in [*chosen, '"', "<", "(", "-"]:
        add((SPACE, word))
    return build(), vocabulary


def assemble(tokenizer):
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    return tokenizer


def shared_rows(vocabulary, total):
    """Maps each token to its row in training: a word with and without the space shares one."""
    rows, count = {}, 0
    for token in sorted(vocabulary, key=vocabulary.get):
        bare = token[1:] if token.startswith(SPACE) and token[1:] in vocabulary else token
        if bare not in rows:
            rows[bare], count = count, count + 1
    result = [0] * total
    for token, number in vocabulary.items():
        bare = token[1:] if token.startswith(SPACE) and token[1:] in vocabulary else token
        result[number] = rows[bare]
    for number in range(len(vocabulary), total):  # control tokens
        result[number], count = count, count + 1
    return result, count


def main():
    chosen, counts = chosen_words()
    bare, vocabulary = learn(chosen, counts)
    tokenizer = assemble(bare)
    whole = sum(len(tokenizer.encode(w).ids) == 1 for w in chosen), sum(len(tokenizer.encode(" " + w).ids) == 1 for w in chosen)
    print(len(chosen), "words, whole", whole, "tokens", tokenizer.get_vocab_size())
    tokenizer.save(str(paths.WORK / "tokenizer.json"))
    rows, count = shared_rows(vocabulary, tokenizer.get_vocab_size())
    (paths.WORK / "pieces.json").write_text(json.dumps({"rows": rows, "count": count}))
    prompt = f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n<Instruct>: {INSTRUCTION}<Query>:something to cut paper\n<Document>:<|vision_start|>"
    print([tokenizer.decode([i]) for i in tokenizer.encode(prompt).ids], count, "rows")


if __name__ == "__main__":
    main()
