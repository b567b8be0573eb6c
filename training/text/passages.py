"""Cuts pages into passages, names them, and drops what says the same again."""

import re

MOST_WORDS, MOST_LETTERS = 200, 1500  # a passage that exceeds either is divided
ENOUGH_WORDS = 40                     # an unnamed entry of a list starts a passage only after that many words
FEWEST_WORDS = 5
NUMBERING = re.compile(r"^(?:(?:Chapter|Appendix|Part)\s+[\dA-Z]+\.\s+|[\dA-Z]{1,3}(?:\.\d+)*\.\s+|[IVX]+\.\s+|\d+(?:\.\d+)+\s+)|(?:\(\d\))? Manual Page$")
SAME = 0.8                            # share of four-word sequences that occur in one earlier passage


def document(passage):
    """The text that every retriever and reranker sees."""
    return " > ".join(passage["headings"]) + "\n" + passage["text"]


def divided(text):
    """Paragraphs above the limits, cut at lines, else at ends of sentences, else between words."""
    if len(text.split()) <= MOST_WORDS and len(text) <= MOST_LETTERS:
        return [text]
    ways = ((text.split("\n"), "\n"), (re.split(r"(?<=[.;:!?])\s+", text), " "), (text.split(" "), " "),
            ([text[i : i + MOST_LETTERS] for i in range(0, len(text), MOST_LETTERS)], ""))
    pieces, glue = next((way for way in ways[:3] if len(way[0]) > 3), ways[3])
    result, words, letters = [[]], 0, 0
    for piece in pieces:
        piece = piece[:MOST_LETTERS]
        size = len(piece.split())
        if result[-1] and (words + size > MOST_WORDS or letters + len(piece) > MOST_LETTERS):
            result.append([])
            words = letters = 0
        result[-1].append(piece)
        words, letters = words + size, letters + len(piece) + 1
    return [glue.join(r) for r in result]


class Cutter:
    def __init__(self, page, context):
        self.page, self.context = page, context
        self.headings, self.entries, self.anchor = [], [], ""
        self.lines, self.path, self.at, self.named = [], [], "", False
        self.fresh = False  # the last block was an entry, so that a second term names the same thing
        self.counts, self.found = {}, []

    def words(self):
        return sum(len(line.split()) for line in self.lines)

    def close(self):
        text = "\n".join(self.lines)
        if len(text.split()) >= FEWEST_WORDS:
            number = self.counts[self.at] = self.counts.get(self.at, 0) + 1
            self.found.append({"id": f"{self.page}#{self.at}/{number}", "page": self.page, "anchor": self.at, "headings": self.path, "text": text})
        self.lines = []

    def add(self, text):
        for piece in divided(text):
            letters = sum(map(len, self.lines)) + len(piece)
            if self.lines and (self.words() + len(piece.split()) > MOST_WORDS or letters > MOST_LETTERS):
                self.close()
            if not self.lines:
                named = [e for e in self.entries if e[2]]
                above = [t for _, t in self.headings]
                self.path = self.context + above[above[:1] == self.context[-1:] :] + [name for _, name, _ in (named or self.entries)[-1:]]
                self.at = next((a for _, _, a in reversed(self.entries) if a), self.anchor)
                self.named = bool(self.entries and self.entries[-1][2])
            self.lines.append(piece)

    def heading(self, block):
        self.close()
        self.headings = [(level, text) for level, text in self.headings if level < block.depth] + [(block.depth, NUMBERING.sub("", block.text) or block.text)]
        self.entries, self.anchor = [], block.anchor

    def entry(self, block):
        if self.fresh and self.entries and self.entries[-1][0] == block.depth:
            if self.lines:
                self.lines[-1] += ", " + block.text if not block.anchor else "\n" + block.text
            return
        if block.anchor or self.named or self.words() >= ENOUGH_WORDS:
            self.close()
        name = block.anchor if re.fullmatch(r"[\w.]+\.[\w.]+", block.anchor) else block.text[:60]
        self.entries = [e for e in self.entries if e[0] < block.depth] + [(block.depth, name, block.anchor)]
        self.add(block.text)

    def leave(self, block):
        kept = [e for e in self.entries if e[0] < block.depth]
        if kept != self.entries and (self.named or self.words() >= ENOUGH_WORDS):
            self.close()
        self.entries = kept

    def cut(self, blocks):
        for block in blocks:
            if block.kind == "text":
                self.add(block.text)
            else:
                getattr(self, block.kind)(block)
            self.fresh = block.kind == "entry"
        self.close()
        return self.found


def cut(page, blocks, context=()):
    return Cutter(page, list(context)).cut(blocks)


def shingles(text, size=4):
    words = re.findall(r"\w+", text.lower())
    return {" ".join(words[i : i + size]) for i in range(len(words) - size + 1)}


def distinct(passages):
    """Without passages that repeat another: manual pages include the same options again and again. Of a text that occurs on several pages,
    the page with the shortest name keeps it."""
    index, kept, exact = {}, [], set()
    for passage in sorted(passages, key=lambda p: (len(p["page"]), p["page"])):
        key = re.sub(r"\W+", " ", passage["text"]).lower()
        mine = shingles(passage["text"])
        common = {}
        for s in mine:
            for other in index.get(s, ()):
                common[other] = common.get(other, 0) + 1
        long = len(mine) >= 16
        if (key if long else (key, passage["headings"][-1])) in exact or (long and max(common.values(), default=0) >= SAME * len(mine)):
            continue
        exact.add(key if long else (key, passage["headings"][-1]))
        for s in mine:
            index.setdefault(s, []).append(len(kept))
        kept.append(passage)
    chosen = {p["id"] for p in kept}
    return [p for p in passages if p["id"] in chosen]
