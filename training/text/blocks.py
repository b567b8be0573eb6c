"""Reads a page of documentation as a sequence of headings, entries of definition lists and paragraphs, whatever generator made it."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser

VOID = set("area base br col embed hr img input link meta source track wbr".split())
BLOCK = set("address article aside blockquote body center dd details div dl dt figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table "
            "tbody thead tr ul".split())
HEADING = {"h1", "h2", "h3", "h4", "h5", "h6"}
ADMONITIONS = {"Tip", "Note", "Caution", "Warning", "Important"}  # DocBook gives their titles heading tags, but what follows them is not below them
UNSEEN = {"script", "style", "nav", "button", "svg", "head", "colgroup"}


@dataclass
class Block:
    kind: str  # "heading", "entry" (a term of a definition list), "text", "leave" (the end of a definition list)
    text: str
    anchor: str = ""
    depth: int = 0  # of a heading: its level; of an entry: how many definition lists it is in


class Page(HTMLParser):
    """`root` and `skipped` decide by (tag, classes, id) where the content is and what in it is not content."""

    def __init__(self, root, skipped):
        super().__init__(convert_charrefs=True)
        self.root, self.skipped = root, skipped
        self.blocks, self.stack, self.buffer = [], [], []
        self.inside = self.hidden = self.pre = self.lists = self.rows = 0
        self.anchors, self.term_id, self.inner, self.title, self.up = [], "", "", "", ""

    def bullet(self):
        return "".join(self.buffer).strip() == "-"

    def flush(self, kind="text", **more):
        text = "".join(self.buffer)
        self.buffer = []
        text = text.strip("\n").rstrip() if kind == "pre" else re.sub(r"\s+", " ", text.replace("\xb6", "")).strip(" |")
        if text.strip() not in ("", "-") and not (kind == "heading" and text in ADMONITIONS):
            self.blocks.append(Block("text" if kind == "pre" else kind, text, **more))

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        classes = set((values.get("class") or "").split())
        if tag == "a" and values.get("accesskey") == "u":  # DocBook names the chapter of a page in its navigation only
            self.up = values.get("title") or self.up
        if tag in VOID:
            if tag == "br" and self.inside:
                self.buffer.append("\n" if self.pre else " ")
            return
        known = (tag, classes, values.get("id") or "")
        opens = not self.inside and self.root(*known)
        hides = bool(self.inside) and (tag in UNSEEN or "headerlink" in classes or self.skipped(*known))
        if self.inside and not self.hidden and not hides and tag in BLOCK:
            self.before(tag, values)
        self.stack.append((tag, opens, hides, bool(values.get("id"))))
        if values.get("id"):
            self.anchors.append(values["id"])
        if tag in HEADING:
            self.inner = values.get("id") or ""
        elif any(t in HEADING for t, *_ in self.stack):
            self.inner = self.inner or values.get("id") or values.get("name") or ""
        self.inside += opens
        self.hidden += hides
        self.pre += tag == "pre"
        self.lists += tag == "dl"
        self.rows += tag == "tr"

    def before(self, tag, values):
        if self.rows:
            self.buffer.append(" ")
            return
        if (self.pre == 0 or tag == "pre") and not self.bullet():
            self.flush()
        if tag == "dt":
            self.term_id = values.get("id") or ""
        if tag == "li" and not self.pre:
            self.buffer = ["- "]

    def handle_endtag(self, tag):
        if tag not in {t for t, *_ in self.stack}:
            return
        while True:
            name, opened, hid, named = self.stack.pop()
            self.leave(name)
            self.inside -= opened
            self.hidden -= hid
            self.pre -= name == "pre"
            self.lists -= name == "dl"
            self.rows -= name == "tr"
            if named:
                self.anchors.pop()
            if name == tag:
                return

    def leave(self, tag):
        if not self.inside or self.hidden:
            return
        if tag in ("td", "th"):
            self.buffer.append(" | ")
        elif self.rows and tag != "tr":
            return
        elif tag in HEADING:
            self.flush("heading", anchor=self.inner or (self.anchors[-1] if self.anchors else ""), depth=int(tag[1]))
        elif tag == "dt":
            self.flush("entry", anchor=self.term_id, depth=self.lists)
        elif tag == "pre" and self.pre == 1:
            self.flush("pre")
        elif tag in BLOCK and not self.pre:
            if tag == "li" or not self.bullet():
                self.flush()
            if tag == "dl":
                self.blocks.append(Block("leave", "", depth=self.lists))

    def handle_data(self, data):
        if self.stack and self.stack[-1][0] == "title":
            self.title += data
        if self.inside and not self.hidden:
            self.buffer.append(data)


def read(text, root, skipped):
    """(blocks, title of the page, title of the chapter that it is in)."""
    page = Page(root, skipped)
    page.feed(text)
    page.close()
    return page.blocks, page.title.strip(), page.up.strip()
