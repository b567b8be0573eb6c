"""Writes the passages that the demo's documentation tab searches, as `secondpass index` reads them: a part of Python's documentation.

    python demo_passages.py --out passages.jsonl

Of the library the modules that many use, so that the index is a few megabytes.
"""

import argparse
import json
import re
from pathlib import Path

import collect

FEWEST_WORDS = 12
SITE = "https://docs.python.org/3.11/"
PAGES = re.compile(r"(tutorial|howto(?!/clinic)|faq)/.*|glossary\.html|using/(cmdline|mac|unix)\.html|reference/(datamodel|simple_stmts|compound_stmts|expressions|executionmodel|import)\.html")
MODULES = set("""functions stdtypes constants string re difflib textwrap datetime zoneinfo calendar collections collections.abc heapq bisect copy pprint enum
math fractions random statistics itertools functools operator pathlib os.path tempfile glob fnmatch shutil pickle shelve sqlite3 gzip zipfile tarfile csv configparser tomllib hashlib
hmac secrets os io time argparse logging logging.config platform threading multiprocessing concurrent.futures subprocess queue asyncio-task asyncio-sync asyncio-stream
asyncio-subprocess asyncio-queue asyncio-exceptions asyncio-runner asyncio-dev email.message email.examples json mimetypes base64 html
html.parser xml.etree.elementtree webbrowser urllib urllib.request urllib.parse urllib.error http http.client http.server smtplib socketserver shlex typing unittest
pdb timeit profile tracemalloc venv sys warnings dataclasses contextlib abc atexit traceback __main__ exceptions""".split())


def wanted(page):
    return bool(PAGES.fullmatch(page)) or (page.startswith("library/") and page[8:-5] in MODULES)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=collect.DEFAULT_CACHE)
    options = parser.parse_args()
    rows = [{"id": p["id"], "title": " > ".join(p["headings"]), "text": p["text"], "url": f"{SITE}{p['page']}#{p['anchor']}" if p["anchor"] else SITE + p["page"]}
            for p in collect.load("python", options.cache) if wanted(p["page"]) and len(p["text"].split()) >= FEWEST_WORDS]
    options.out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    print(len(rows), "passages")


if __name__ == "__main__":
    main()
