"""Tokenizers of the encoder fixtures: WordPiece, byte-level BPE and Unigram, with the pipelines of published tokenizer.json files.

Used by make_encoder_fixtures.py. `plain` makes the copy that tokenizes user text: control tokens are not recognised in it.
"""

import io
import json
import tempfile
import unicodedata
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers.convert_slow_tokenizer import DebertaV2Converter, XLMRobertaConverter

CORPUS = [
    "Which planet is known as the Red Planet?", "Mars, known for its reddish appearance, is often referred to as the Red Planet.",
    "Venus is often called Earth's twin because of its similar size and proximity.", "Saturn, famous for its rings, is sometimes mistaken for the Red Planet.",
    "Jupiter, the largest planet in our solar system, has a prominent red spot.", "How many people live in Berlin?",
    "Berlin is the capital and largest city of Germany by both area and population.", "Elephants are the largest land animals.",
    "A page of search results can be ordered again by reading each of them together with the question.",
    "The best answers are read first; the others follow (in the order of their scores).", "What time is it? It's 12:45, or a quarter to one.",
    "Water boils at 100 degrees and freezes at 0 degrees.", "He said: \"don't wait\", and she didn't. They've gone; we'll see what I'd do.",
    "Bread is made from flour, water, salt and yeast, and it rises for two hours.", "def order(pages):\n    return sorted(pages, key=score)  # best first",
    "Le caf\u00e9 est ferm\u00e9 \u00e0 No\u00ebl, mais la cr\u00e8me br\u00fbl\u00e9e reste.", "Stra\u00dfen \u00fcber Flüsse f\u00fchren nach M\u00fcnchen und K\u00f6ln.",
    "\u041a\u0430\u043a\u0430\u044f \u043f\u043b\u0430\u043d\u0435\u0442\u0430 \u043a\u0440\u0430\u0441\u043d\u0430\u044f? \u041c\u0430\u0440\u0441.",
    "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u3092\u8aad\u3080\u3002 \u5317\u4eac\u662f\u4e2d\u56fd\u7684\u9996\u90fd\u3002 \u4e2d\u6587",
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd", "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645", "\u1ec1 Vi\u1ec7t Nam, ti\u1ebfng Vi\u1ec7t",
    "0 1 2 3 4 5 6 7 8 9 10 11 12 2024 1,234.56 50% $9.99", "a b c d e f g h i j k l m n o p q r s t u v w x y z",
    "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z", "! # & ' ( ) * + , - . / : ; < = > ? @ [ ] ^ _ ` { | } ~ \\ \"",
]
WORDPIECE_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
NEOX_SPECIAL = ["<|padding|>", "<|endoftext|>", "[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]


def special(text, **more):
    return AddedToken(text, special=True, normalized=False, **more)


def special_map(names, **more):
    return {f"{kind}_token": {"content": text, "lstrip": kind == "mask", "normalized": False, "rstrip": False, "single_word": False} | more
            for kind, text in names.items()}


def template(tokenizer, single, pair):
    used = {word.split(":")[0] for word in pair.split() if not word.startswith("$")}
    return processors.TemplateProcessing(single=single, pair=pair, special_tokens=[(t, tokenizer.token_to_id(t)) for t in sorted(used)])


def wordpiece_vocabulary(words, size):
    """The control tokens, all letters, and the most frequent words, beginnings and ends. The trainer of tokenizers gives another vocabulary in each run."""
    letters = sorted({c for w in words for c in w})
    counts = Counter()
    for word in words:
        counts[word] += 3
        for k in range(2, len(word)):
            counts[word[:k]] += 1
            counts["##" + word[-k:]] += 1
    parts = sorted(counts, key=lambda part: (-counts[part] * len(part), part))
    tokens = dict.fromkeys(WORDPIECE_SPECIAL + letters + ["##" + c for c in letters if c.isalnum()] + parts)
    return {token: k for k, token in enumerate(list(tokens)[:size])}


def wordpiece(vocabulary, lowercase, name="BertTokenizer"):
    normalizer = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=lowercase)
    split = pre_tokenizers.BertPreTokenizer()
    words = [w for line in CORPUS for w, _ in split.pre_tokenize_str(normalizer.normalize_str(line))]
    tokenizer = Tokenizer(models.WordPiece(wordpiece_vocabulary(words, vocabulary), unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.decoder = normalizer, split, decoders.WordPiece(prefix="##")
    tokenizer.add_special_tokens([special(t) for t in WORDPIECE_SPECIAL])
    tokenizer.post_processor = template(tokenizer, "[CLS]:0 $A:0 [SEP]:0", "[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1")
    names = dict(cls="[CLS]", mask="[MASK]", pad="[PAD]", sep="[SEP]", unk="[UNK]")
    settings = dict(do_lower_case=lowercase, strip_accents=None, tokenize_chinese_chars=True, tokenizer_class=name)
    return tokenizer, settings, {f"{k}_token": v for k, v in names.items()}


def byte_bpe(vocabulary, first):
    """Byte-level BPE whose ids start after the control tokens in `first`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), special_tokens=first, show_progress=False)
    tokenizer.train_from_iterator(CORPUS * 2, trainer)
    return tokenizer


def roberta_bpe(vocabulary):
    tokenizer = byte_bpe(vocabulary - 1, ROBERTA_SPECIAL[:4])
    tokenizer.add_special_tokens([special(t) for t in ROBERTA_SPECIAL[:4]] + [special("<mask>", lstrip=True)])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), True, False)
    names = dict(bos="<s>", cls="<s>", eos="</s>", mask="<mask>", pad="<pad>", sep="</s>", unk="<unk>")
    return tokenizer, dict(add_prefix_space=False, errors="replace", trim_offsets=True, tokenizer_class="RobertaTokenizer"), special_map(names)


def neox_bpe(vocabulary):
    """ModernBERT's tokenizer: NFC, GPT-2's split, runs of spaces and some names as added tokens that are no control tokens."""
    tokenizer = byte_bpe(vocabulary - 20, [])
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.add_tokens([AddedToken("|||IP_ADDRESS|||", normalized=True)] + [AddedToken(" " * n, normalized=True) for n in range(8, 1, -1)])
    tokenizer.add_special_tokens([special(t, lstrip=t == "[MASK]") for t in NEOX_SPECIAL])
    tokenizer.add_tokens([AddedToken(f"[unused{k}]", normalized=True) for k in range(2)])
    tokenizer.post_processor = template(tokenizer, "[CLS]:0 $A:0 [SEP]:0", "[CLS]:0 $A:0 [SEP]:0 $B:0 [SEP]:0")
    names = dict(cls="[CLS]", mask="[MASK]", pad="[PAD]", sep="[SEP]", unk="[UNK]")
    settings = dict(clean_up_tokenization_spaces=True, model_input_names=["input_ids", "attention_mask"], tokenizer_class="PreTrainedTokenizerFast")
    return tokenizer, settings, special_map(names)


def small_rules():
    """A table of normalisation rules like nmt_nfkc for Latin, Greek, Cyrillic, full-width forms and some symbols; far smaller than the full one."""
    ranges = [(0xA0, 0x250), (0x370, 0x400), (0x400, 0x460), (0x1E00, 0x1F00), (0x2000, 0x2070), (0x2100, 0x2190), (0x2460, 0x24B0), (0x3000, 0x3001), (0xFF01, 0xFFE0)]
    rules = {}
    for code in [c for low, high in ranges for c in range(low, high)]:
        for form in ("NFD", "NFKD"):  # decomposed input is composed, too
            source, target = unicodedata.normalize(form, chr(code)), unicodedata.normalize("NFKC", chr(code))
            if source != target:
                rules[source] = target
        if unicodedata.normalize("NFKC", chr(code)) != chr(code):
            rules[chr(code)] = unicodedata.normalize("NFKC", chr(code))
    rules |= {chr(c): "" for c in [*range(1, 9), *range(14, 32), 0x7F, 0x8F]} | {chr(c): " " for c in [9, 10, 12, 13, 0x1680, 0x200B, 0x200E, 0x2028, 0x2029, 0xFEFF, 0xFFFD]}

    def codes(text):
        return " ".join(f"{ord(c):X}" for c in text)

    return "".join(f"{codes(k)}\t{codes(v)}\n" for k, v in sorted(rules.items()) if k.strip() or v == " ")


def train_unigram(folder, vocabulary, full_rules, **more):
    """The path of a SentencePiece model with nmt_nfkc's rules, or with `small_rules`."""
    rules = {"normalization_rule_name": "nmt_nfkc"}
    if not full_rules:
        path = Path(folder) / "rules.tsv"
        path.write_text(small_rules(), encoding="utf-8")
        rules = {"normalization_rule_tsv": str(path)}
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(CORPUS * 4), model_writer=model, vocab_size=vocabulary, model_type="unigram", character_coverage=1.0,
                                             hard_vocab_limit=False, num_threads=1, minloglevel=2, shuffle_input_sentence=False, **rules, **more)
    path = Path(folder) / "model.spm"
    path.write_bytes(model.getvalue())
    return str(path)


def xlm_roberta(vocabulary, full_rules, words):
    """XLM-R's Unigram: SentencePiece's ids moved by one. With `words`, text is split at white space first, as in the oldest files."""
    ids = {"<s>": 0, "</s>": 2}
    with tempfile.TemporaryDirectory() as folder:
        path = train_unigram(folder, vocabulary - 2, full_rules)
        tokenizer = XLMRobertaConverter(SimpleNamespace(vocab_file=path, convert_tokens_to_ids=ids.get)).converted()
    if words:
        tokenizer.normalizer = tokenizer.normalizer[0]
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), tokenizer.pre_tokenizer])
    tokenizer.add_special_tokens([special(t) for t in ROBERTA_SPECIAL[:4]] + [special("<mask>", lstrip=True)])
    names = dict(bos="<s>", cls="<s>", eos="</s>", mask="<mask>", pad="<pad>", sep="</s>", unk="<unk>")
    return tokenizer, dict(clean_up_tokenization_spaces=True, tokenizer_class="XLMRobertaTokenizer"), special_map(names)


def deberta(vocabulary, full_rules):
    """DeBERTa-v3's Unigram: SentencePiece's own ids, with [PAD] 0, [CLS] 1, [SEP] 2, [UNK] 3 and [MASK] after the last piece.

    Without rules (None), text is normalised as in files that Transformers 5 writes: white space and NFC instead of SentencePiece's table."""
    ids = {"[CLS]": 1, "[SEP]": 2}
    with tempfile.TemporaryDirectory() as folder:
        path = train_unigram(folder, vocabulary - 1, full_rules, pad_id=0, bos_id=1, eos_id=2, unk_id=3, pad_piece="[PAD]", bos_piece="[CLS]", eos_piece="[SEP]", unk_piece="[UNK]")
        source = SimpleNamespace(vocab_file=path, convert_tokens_to_ids=ids.get, do_lower_case=False, split_by_punct=False)
        tokenizer = DebertaV2Converter(source).converted()
    if full_rules is None:
        tokenizer.normalizer = normalizers.Sequence([normalizers.Replace(Regex(r"\s{2,}|[\n\r\t]"), " "), normalizers.NFC(), normalizers.Strip(left=False, right=True)])
    tokenizer.add_special_tokens([special(t) for t in ("[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]")])
    names = dict(bos="[CLS]", cls="[CLS]", eos="[SEP]", mask="[MASK]", pad="[PAD]", sep="[SEP]", unk="[UNK]")
    settings = dict(do_lower_case=False, split_by_punct=False, sp_model_kwargs={}, vocab_type="spm", tokenizer_class="DebertaV2Tokenizer")
    return tokenizer, settings, {f"{k}_token": v for k, v in names.items()}


def plain(tokenizer):
    """A copy that never makes a control token of user text.

    Control tokens get names that no text contains, with their ids unchanged: as added tokens, and in a Unigram model, which would still find them because they are pieces with
    the best score 0. A BPE or WordPiece model cannot make them from text. The post-processor still adds the control tokens of a pair."""
    data = json.loads(tokenizer.to_str())
    controls, model = {t["content"] for t in data["added_tokens"] if t["special"]}, data["model"]
    known = controls & set(model["vocab"] if isinstance(model["vocab"], dict) else [])
    data["added_tokens"] = [t | ({"content": f"\U0010fffd{t['id']}"} if t["special"] else {}) for t in data["added_tokens"] if t["content"] not in known]
    if model["type"] == "Unigram":
        model["vocab"] = [[f"\U0010fffd{k}" if piece in controls else piece, score] for k, (piece, score) in enumerate(model["vocab"])]
    data["truncation"] = data["padding"] = None
    return Tokenizer.from_str(json.dumps(data))


def encode_pair(tokenizer, query, document, limit):
    tokenizer.enable_truncation(limit, strategy="longest_first")
    encoding = tokenizer.encode(query, document)
    return encoding.ids, encoding.type_ids

