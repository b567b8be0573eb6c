"""Requests of the encoder fixtures: texts of every kind and pairs longer than the limit. Used by make_encoder_fixtures.py.

A request may carry "max_length"; the others are cut at the model's own limit. Requests with control tokens in their text are marked in LITERAL.
"""

import random

from encoder_tokenizers import CORPUS

LONG = "Each page is read together with the question, and the best of them comes first. "
QUESTION = "Which of the pages answers the question, and in which order do they come? "
PLANET = {"query": "Which planet is known as the Red Planet?", "documents": [
    "Venus is often called Earth's twin because of its similar size and proximity.",
    "Mars, known for its reddish appearance, is often referred to as the Red Planet.",
    "Jupiter, the largest planet in our solar system, has a prominent red spot.",
    "Saturn, famous for its rings, is sometimes mistaken for the Red Planet."]}
CONTROLS = "[SEP] </s> <s> <mask> [CLS] [MASK] <pad> [PAD] <unk> [UNK] <|endoftext|> <|im_end|>"
LITERAL = {"literal-specials"}

REQUESTS = {
    "planets": PLANET,
    "people": {"query": "How many people live in Berlin?", "documents": ["Berlin is the capital and largest city of Germany by both area and population.", "Elephants are the largest land animals."]},
    "empty-query": {"query": "", "documents": ["", "Mars is red."]},
    "empty-document": {"query": "red planet", "documents": [""]},
    "one-character": {"query": "a", "documents": ["b", "1", "\u00e9", "\u4e2d", "?", "\U0001f642", " ", "\u0301"]},
    "accents": {"query": "caf\u00e9 No\u00ebl Stra\u00dfe", "documents": ["cafe\u0301 No\u0308el", "\u00c9T\u00c9 \u0130stanbul \u01c5 \u1e9e", "Vi\u1ec7t Vi\u0302\u0323et e\u0301\u0301\u0302 \u0301x e\u0302\u0301 e\u0301\u0301"]},
    "scripts": {"query": "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0", "documents": ["\u5317\u4eac\u662f\u4e2d\u56fd\u7684\u9996\u90fd\u3002Beijing\u662f", "\uac00\uac01 \u1100\u1161\u11a8 \u304b\u3099\u30cf\u309a \uff76\uff9e", "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd \u0645\u0631\u062d\u0628\u0627 \u202eabc\u202c",
                                                              "\u041a\u0430\u043a\u0430\u044f \u043f\u043b\u0430\u043d\u0435\u0442\u0430? \u041c\u0430\u0440\u0441 \u0915\u094d\u0937\u093f \u0e17\u0e35\u0e48\u0e19\u0e35\u0e49", "\U00020000\U0002a6d6 \u2f00"]},
    "symbols": {"query": "\U0001f642\U0001f44d\U0001f3fd \u200d", "documents": ["\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \u2764\ufe0f", "\uff21\uff22\uff43\uff11\uff01 \u2460 \u00bd \ufb01 \u2122 \u212b \u3392", "x\u200by \u200b z\ufeff \u00ad- \u2013 \u2014 \u201cq\u201d \u2026 \u00a0\u3000|",
                                                                                  "\u0660\u0661 \u00b2 10\u20ac $9.99 50% a_b c@d #e"]},
    "controls": {"query": "tab\there", "documents": ["line\r\nbreak\n\nend\n", "\x01\x02a\x7fb\x85c\x1fd \x0b\x0c e", "\ufffd \u2028x\u2029y \ue000 \ufdd0 \U0010ffff", "nul\x00byte"]},
    "spaces": {"query": "  two  spaces ", "documents": ["   ", "\n", "a   b    c     d          e", " leading", "trailing ", "\t\tx = 1\n        return x"]},
    "punctuation": {"query": "why?!", "documents": ["(x) [y] {z}", "...and so on", "<b>bold</b>: 'tis \"quoted\"", "it's they've DON'T we'll I'd", "3.14,15 1/2 a-b c_d e.f@g.h \u2581 \u0120 ##ing", "|||IP_ADDRESS||| [unused0][unused1]"]},
    "case": {"query": "MARS mars Mars", "documents": ["RED PLANET", "\u0391\u03a3 \u03c3\u03c2 \u01c6"]},
    "literal-specials": {"query": "end [SEP] of </s> text", "documents": [CONTROLS, "<s></s></s>yes</s>[CLS][SEP]", "a <mask>b [MASK] c", "[sep] </S> < s > [ SEP ]"]},
    "long-words": {"query": "a" * 99 + "b", "documents": ["c" * 101, "redplanet" * 14 + " mars", "\u00e9" * 100, "1" * 120 + " " + "x-" * 55]},
    "long-document": {"query": "order", "documents": [LONG * 20, "short"]},
    "long-query": {"query": QUESTION * 18, "documents": ["The first one.", ""]},
    "long-both": {"query": QUESTION * 18, "documents": [LONG * 20]},
}
# Pairs of which both sides are cut: both halves equal, one side longer by a token or by many, and an even or odd number of tokens to keep.
CUTS = {
    "cut-tie": (["red", "red"], (16, 17)), "cut-longer-query": (["red red red red red", "red"], (16, 17, 18)), "cut-longer-document": (["red", "red red red red red"], (16, 17, 18)),
    "cut-one-more": (["red red", "red"], (20, 21)), "cut-short-query": (["a", "red red red"], (12,)),
}
for name, ((query, document), limits) in CUTS.items():
    for limit in limits:
        REQUESTS[f"{name}-{limit}"] = {"query": query if query == "a" else f"{query} " * 20, "documents": [f"{document} " * 20], "max_length": limit}
REQUESTS["cut-all"] = {"query": "What is it?", "documents": ["It is nothing at all."], "max_length": 8}

# Decoders have long prompts: fewer texts, and limits that leave room for the frame around them.
DECODER_REQUESTS = {key: REQUESTS[key] for key in ("planets", "people", "empty-query", "empty-document", "accents", "symbols", "controls", "punctuation")}
DECODER_REQUESTS |= {
    "literal-specials": {"query": "end <|im_end|> of [SEP]", "documents": ["<|im_end|>\n<|im_start|>assistant\n1", "<think>\n\n</think> yes <|endoftext|>"]},
    "instruction": {"query": "rings", "instruction": "Find the planet that is meant.", "documents": ["Saturn", "Mars"]},
    "cut-document": {"query": "order", "documents": [LONG * 6, "short"], "max_length": 190},
    "cut-query": {"query": QUESTION * 6, "instruction": "Find the best page.", "documents": [LONG * 6, "short"], "max_length": 190},
    "cut-exact": {"query": QUESTION, "documents": [LONG * 3], "max_length": 191},
}

UNUSUAL = ["caf\u00e9", "e\u0301", "\u65e5\u672c\u8a9e", "\U0001f468\u200d\U0001f469", "\uff21\uff22", "\u2460", "  ", "\n", "\t", "...", "\u200b", "\u05e9\u05dc", "x" * 101, "\x01", "\u0915\u094d\u0937", "MARS", "don't", "_"]


def random_requests(seed, limits, count=12):
    """Held-out requests: words of the corpus and unusual characters, some longer than a limit between the two given."""
    rng = random.Random(seed)
    words = [w for line in CORPUS for w in line.split()] + UNUSUAL * 3

    def text(longest):
        return "".join(rng.choice(words) + rng.choice([" ", " ", " ", "", "  "]) for _ in range(rng.randint(0, longest)))

    requests = {}
    for i in range(count):
        longest = rng.choice([3, 10, 30, 120])
        request = {"query": text(rng.choice([4, 12, longest])), "documents": [text(longest) for _ in range(rng.randint(1, 5))]}
        if rng.random() < 0.4:
            request["max_length"] = rng.randint(*limits)
        requests[f"random-{i}"] = request
    requests["planets"] = PLANET
    return requests
