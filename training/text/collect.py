"""Builds the passage collections from Debian's packages: one JSONL file each, with licence, version and hash beside them.

    python collect.py --cache FOLDER                 # downloads what is missing with apt-get, unpacks with dpkg
    python collect.py --cache FOLDER --check         # compares with collections.json of this folder

Written to FOLDER/collections: NAME.jsonl, and collections.json with licences, versions, numbers of passages and SHA-256.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import blocks
import passages

HERE = Path(__file__).resolve().parent
DEFAULT_CACHE = Path(os.environ.get("SECONDPASS_TEXT_DATA", Path.home() / ".cache/secondpass/text"))


@dataclass
class Collection:
    name: str
    package: str
    version: str
    folder: str
    licence: str
    pages: str       # a regular expression over the page's path
    root: object
    skipped: object
    context: object = field(default=lambda title, up: [])


def python_root(tag, classes, name):
    return tag == "div" and "body" in classes


def python_skipped(tag, classes, name):
    return bool(classes & {"topic", "contents", "versionmodified-index", "toctree-wrapper", "highlight-none-prompt"}) and "sidebar" not in classes


def postgres_skipped(tag, classes, name):
    return bool(classes & {"navheader", "navfooter", "toc", "refsynopsisdiv-nav", "indexterm"})


def chapter_and_page(title, up):
    """Pages of commands have headings of one level only, so that the name of the command is not above them."""
    return [passages.NUMBERING.sub("", t) for t in (up, title) if t and "Documentation" not in t]


def git_skipped(tag, classes, name):
    return name in {"footer", "toc", "toctitle", "footnotes-title"} or "toc" in classes


def rust_skipped(tag, classes, name):
    return bool(classes & {"buttons", "boring", "nav-wrapper", "sidebar", "tooltip", "information", "test-arrow"})


def book_of(title, up):
    return [title.rsplit(" - ", 1)[1]] if " - " in title else []


COLLECTIONS = [
    Collection("python", "python3.11-doc", "3.11.2-6+deb12u9", "usr/share/doc/python3.11/html", "PSF-2.0; examples also 0BSD",
               r"(library|tutorial|howto|faq|reference|using|extending|installing)/(?!index\.html).*\.html|glossary\.html", python_root, python_skipped),
    Collection("postgresql", "postgresql-doc-15", "15.20-0+deb12u1", "usr/share/doc/postgresql-doc-15/html", "PostgreSQL",
               r"(?!(release|bookindex|index\b|biblio|features|contributors|acronyms|errcodes|appendi|sql-keywords|legalnotice|external|docguide|sourcerepo)).*\.html",
               lambda tag, classes, name: tag == "body", postgres_skipped, chapter_and_page),
    Collection("git", "git-doc", "1:2.39.5-0+deb12u3", "usr/share/doc/git-doc", "GPL-2.0",
               r"(?!(index|howto-index|technical/api-index)\.html).*\.html", lambda tag, classes, name: tag == "body", git_skipped),
    Collection("rust", "rust-doc", "1.63.0+dfsg1-2", "usr/share/doc/rust-doc/html", "MIT OR Apache-2.0",
               r"book/(ch\d|appendix-0).*\.html|(reference|nomicon|rust-by-example|rustc|rustdoc)/(?!(print|toc|SUMMARY|index|README)\.html).*\.html"
               r"|edition-guide/(editions|rust-2021|rust-2018)/(?!index)[\w-]*\.html|error-index\.html",
               lambda tag, classes, name: tag == "main" or "error-described" in classes, rust_skipped, book_of),
]


def fetch(collection, cache):
    """The folder of the unpacked package."""
    out = cache / f"{collection.package}_{collection.version.replace(':', '%3a')}"
    if not out.exists():
        cache.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", f"{collection.package}={collection.version}"], cwd=cache, check=True)
        archive = next(cache.glob(f"{collection.package}_*.deb"))
        unpacked = cache / f"{collection.package}.part"
        subprocess.run(["dpkg", "-x", archive, unpacked], check=True)
        unpacked.rename(out)
        archive.unlink()
    return out


def pages_of(collection, folder):
    """(path, file); a page that is a link to another counts once, under its own name."""
    for file in sorted(folder.rglob("*.html"), key=lambda f: f.relative_to(folder).as_posix()):
        page = file.relative_to(folder).as_posix()
        if re.fullmatch(collection.pages, page) and not file.is_symlink():
            yield page, file


def build(collection, folder):
    found = []
    for page, file in pages_of(collection, folder):
        parts, title, up = blocks.read(file.read_text(encoding="utf-8", errors="replace"), collection.root, collection.skipped)
        context = collection.context(title, up)
        if not any(b.kind == "heading" for b in parts) or parts[0].kind != "heading":
            context = [*context, re.sub(r" - .*$", "", passages.NUMBERING.sub("", title))]
        found += passages.cut(page, parts, context)
    return passages.distinct(found)


def lines_of(found):
    return "".join(json.dumps(p, ensure_ascii=False, sort_keys=True) + "\n" for p in found)


def load(name, cache=DEFAULT_CACHE):
    with open(Path(cache) / "collections" / f"{name}.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="folder of packages and collections, outside of the repository")
    parser.add_argument("--check", action="store_true", help="fail if a collection differs from the recorded hash")
    options = parser.parse_args()
    out = options.cache / "collections"
    out.mkdir(parents=True, exist_ok=True)
    record = {}
    for collection in COLLECTIONS:
        folder = fetch(collection, options.cache) / collection.folder
        text = lines_of(build(collection, folder))
        (out / f"{collection.name}.jsonl").write_text(text, encoding="utf-8")
        record[collection.name] = {"package": collection.package, "version": collection.version, "licence": collection.licence,
                                   "passages": text.count("\n"), "sha256": hashlib.sha256(text.encode()).hexdigest()}
        print(collection.name, record[collection.name]["passages"], record[collection.name]["sha256"])
    (out / "collections.json").write_text(json.dumps(record, indent=1) + "\n")
    if options.check:
        known = json.loads((HERE / "collections.json").read_text())
        wrong = [name for name in record if record[name] != known.get(name)]
        if wrong:
            raise SystemExit(f"Not as recorded: {', '.join(wrong)}. Another version of a package cuts other passages, and the questions name these by id.")


if __name__ == "__main__":
    main()
