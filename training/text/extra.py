"""Collections that are only trained on: more kinds of documentation, so that what is learned serves a manual that was never seen.

    python extra.py                    # downloads, cuts, writes FOLDER/collections/NAME.jsonl
    python extra.py --check            # compares with extra.json of this folder

None of them is Git's or tells of it; manual pages of Mercurial and Subversion are about the same work in other words.
"""

import argparse
import hashlib
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import blocks
import collect
import passages

HERE = Path(__file__).resolve().parent
SKIPPED_IDS = {"toc", "page-header", "path", "quickview", "footer", "comments_section", "module-header"}
SKIPPED_CLASSES = {"toplang", "bottomlang", "up", "top", "nosearch", "toc", "mark", "menu", "apache", "head", "foot", "api_metadata", "api_stability"}


@dataclass
class Extra:
    name: str
    packages: tuple  # (package, version)
    licence: str
    pages: str       # a regular expression over the path in the package
    root: object
    convert: object = None


def whole(tag, classes, name):
    return tag == "body"


def skipped(tag, classes, name):
    return name in SKIPPED_IDS or bool(classes & SKIPPED_CLASSES)


def manual_page(file, tools):
    """HTML of a manual page."""
    return subprocess.run([tools / "usr/bin/mandoc", "-Thtml", file], capture_output=True, text=True, errors="replace").stdout


def pod(file, tools):
    return subprocess.run(["pod2html", "--noindex", f"--infile={file}", "--cachedir=/tmp"], capture_output=True, text=True, errors="replace", cwd="/tmp").stdout


EXTRAS = [
    Extra("node", (("nodejs-doc", "18.20.4+dfsg-1~deb12u3"),), "MIT", r"usr/share/doc/nodejs/api/(?!(all|index|documentation|synopsis|deprecations)\.html).*\.html",
          lambda tag, classes, name: name == "apicontent"),
    Extra("sqlite", (("sqlite3-doc", "3.40.1-2+deb12u2"),), "public domain",
          r"usr/share/doc/sqlite3/(?!(index|docs|chronology|changes|news|prosupport|sitemap|keyword_index|releaselog|crew|consortium|support|books|testing|th3|requirements|c3ref)\b)[\w-]+\.html", whole),
    Extra("apache", (("apache2-doc", "2.4.71-1~deb12u1"),), "Apache-2.0", r"usr/share/doc/apache2-doc/manual/en/(?!.*(index|sitemap|license|directives|quickreference|new_features|overview)).*\.html", whole),
    Extra("manuals", (("mercurial-common", "6.3.2-1+deb12u1"), ("subversion", "1.14.2-4+deb12u1"), ("openssh-client", "1:9.2p1-2+deb12u10"), ("curl", "7.88.1-10+deb12u15"),
                      ("systemd", "252.39-1~deb12u2"), ("rsync", "3.5.0+ds1-0+deb12u1"), ("tar", "1.34+dfsg-1.2+deb12u1"), ("coreutils", "9.1-1"), ("bash", "5.2.15-2+b13"),
                      ("findutils", "4.9.0-4"), ("cron", "3.0pl1-162"), ("logrotate", "3.21.0-1")), "those of the programs: GPL, LGPL, Apache-2.0, BSD, curl",
          r"usr/share/man/man[1-8]/[\w.@-]+\.\dp?\w*\.gz", whole, manual_page),
    Extra("perl", (("perl-doc", "5.36.0-7+deb12u4"),), "Artistic or GPL-1+", r"usr/share/perl/[\d.]+/pod/perl(faq\d|re|retut|requick|intro|syn|data|sub|op|style|cheat|open|opentut|packtut|pod|ref|reftut|dsc|lol|mod|ootut|obj|tie|ipc|fork|number|thrtut|port|locale|uni\w*|ebcdic|sec|debug|debtut|trap|var|func|run|diag|form|unicook)\.pod", whole, pod),
]
NAMES = tuple(extra.name for extra in EXTRAS)


def fetched(package, version, cache):
    return collect.fetch(collect.Collection(package, package, version, "", "", "", None, None), cache)


def title_of(file, title):
    return re.sub(r"\.(\d\w*)\.gz$|\.html$|\.pod$", "", file.name) if file.suffix in (".gz", ".pod") else re.sub(r" - .*$| \| .*$", "", title)


def build(extra, cache, tools):
    found = []
    for package, version in extra.packages:
        folder = fetched(package, version, cache)
        for file in sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()):
            path = file.relative_to(folder).as_posix()
            if not re.fullmatch(extra.pages, path):
                continue
            html = extra.convert(file, tools) if extra.convert else file.read_text(encoding="utf-8", errors="replace")
            parts, title, _ = blocks.read(html, extra.root, skipped)
            named = title_of(file, title)
            context = [named] if parts and (extra.convert or parts[0].kind != "heading") else []
            found += passages.cut(f"{package}/{file.name}", parts, context)
    return passages.distinct(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=collect.DEFAULT_CACHE)
    parser.add_argument("--check", action="store_true", help="fail if a collection differs from the recorded hash")
    options = parser.parse_args()
    tools = fetched("mandoc", "1.14.6-1+b1", options.cache)
    record = {}
    for extra in EXTRAS:
        text = collect.lines_of(build(extra, options.cache, tools))
        (options.cache / "collections" / f"{extra.name}.jsonl").write_text(text, encoding="utf-8")
        record[extra.name] = {"packages": dict(extra.packages), "licence": extra.licence, "passages": text.count("\n"), "sha256": hashlib.sha256(text.encode()).hexdigest()}
        print(extra.name, record[extra.name]["passages"], record[extra.name]["sha256"], flush=True)
    if options.check:
        known = json.loads((HERE / "extra.json").read_text())
        wrong = [name for name in record if record[name] != known.get(name)]
        if wrong:
            raise SystemExit(f"Not as recorded: {', '.join(wrong)}. The questions name passages by id: take the recorded versions of the packages.")
    else:
        (HERE / "extra.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
