"""Measures this machine's GPU: natively, and in a browser with our package beside onnxruntime-web. Prints tables, writes one JSON file."""

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import machine
from browser import Browser, BrowserError, find
from legs import documents_of, legs_of, rows_of
from random_models import KIT_SHAPES, onnx_shape, write_gguf, write_onnx
from site_server import SiteServer
from table import table

FORMS = ["q8_0", "q4_0"]
SHAPES, SMALL_SHAPES = ["0.6B", "2B"], ["4x256"]
# Documents with small sizes.
FEW = 4
EPILOG = """The native part prints its own tables: peaks, kernels, models. In the browser a request of 32 documents runs on our package
and on onnxruntime-web, each in a fresh browser; `score difference` is from the native scores of the same weights.
`*` marks an engine that got fewer documents, ✗ one whose scores differ by more than its rounding explains.

  ./run.sh                    0.6B and 2B natively, 0.6B in the browser; some minutes on a GPU, and 5 GB of disk meanwhile
  ./run.sh --small            a small shape, to see whether everything runs here; minutes even without a GPU
  ./run.sh --label "tiles of 128"     what is new in this run; the page of results shows the first and the last of a card

Without a GPU, software stands in: natively Mesa's, with VK_DRIVER_FILES=/usr/share/vulkan/icd.d/lvp_icd.x86_64.json; in the
browser its own, with --software. Files are then named after it, since such figures say nothing about a GPU."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.sh", description=__doc__, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="small shapes and short measurements; a software adapter always has them")
    parser.add_argument("--only", default="native,browser", metavar="native,browser", help="what to measure")
    parser.add_argument("--shapes", help=f"shapes of the models, of {', '.join(KIT_SHAPES)}; the browser runs the first")
    parser.add_argument("--documents", type=int, help="documents of a request (default all 32; 4 on a software adapter)")
    parser.add_argument("--rounds", type=int, default=3, help="timed requests of each engine, the median of which counts")
    parser.add_argument("--label", default="", help="what is new in this run")
    parser.add_argument("--out", type=Path, help="the JSON file (default: a name with card and date); parts that are there and not measured now stay")
    parser.add_argument("--browser", metavar="PATH", help="a Chrome or Chromium instead of the kit's")
    parser.add_argument("--software", action="store_true", help="the browser's own software adapter")
    parser.add_argument("--leg-seconds", type=float, default=300, help="the longest that an engine may take in the browser")
    parser.add_argument("--keep", action="store_true", help="keep the models for the next run")
    parser.add_argument("--kit", type=Path, default=Path(__file__).parent, help=argparse.SUPPRESS)
    parser.add_argument("--default-out", type=Path, default=Path.cwd(), help=argparse.SUPPRESS)
    args = parser.parse_args()
    unknown = set(args.only.split(",")) - {"native", "browser"}
    if unknown:
        parser.error(f"--only takes native and browser, not {', '.join(sorted(unknown))}")
    for shape in (args.shapes or "").split(","):
        if shape and shape not in KIT_SHAPES:
            parser.error(f"there is no shape {shape}; there are {', '.join(KIT_SHAPES)}")
    return args


class Run:
    """One run, and what it found."""

    def __init__(self, args: argparse.Namespace):
        self.args, self.kit = args, args.kit.resolve()
        self.parts = args.only.split(",")
        self.work = self.kit / "work"
        self.work.mkdir(exist_ok=True)
        self.env = machine.environment(self.kit, self.work)
        self.native = self.kit / "bin" / ("gpu.exe" if sys.platform == "win32" else "gpu")
        self.workload = json.loads((self.kit / "workload.json").read_text())
        self.result = {
            "benchmark": "secondpass gpu",
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "label": args.label,
            "versions": json.loads((self.kit / "versions.json").read_text()),
            "machine": machine.describe(),
        }

    def measure(self) -> None:
        adapter = self.native_adapter() if "native" in self.parts else None
        with_browser = self.open_browser() if "browser" in self.parts else None
        software = adapter["software"] if adapter else bool(with_browser and with_browser[2]["fallback"])
        self.small = self.args.small or software
        self.name_result(adapter, with_browser, software)
        shapes = self.shapes(self.small)
        try:
            if adapter:
                self.run_native(shapes)
                self.save()
            if with_browser:
                # A browser may have none but a software adapter even where there is a GPU.
                self.run_browser(*with_browser, self.shapes(self.small or with_browser[2]["fallback"])[0])
        finally:
            if with_browser:
                with_browser[1].close()
            if not self.args.keep:
                shutil.rmtree(self.work / "models", ignore_errors=True)
        self.save()
        print(f"Wrote {self.out}")

    # The native part.

    def native_adapter(self) -> "dict | None":
        if not self.native.is_file():
            print("native: this kit was packed without it")
            return None
        path = self.work / "adapter.json"
        done = subprocess.run([self.native, "--only", "adapter", "--json", path], env=self.env, capture_output=True, text=True, check=False)
        if done.returncode:
            self.result["native"] = {"failure": (done.stderr.strip().splitlines() or ["it said nothing"])[-1]}
            print(f"native: cannot run: {self.result['native']['failure']}")
            return None
        return json.loads(path.read_text())["adapter"]

    def run_native(self, shapes: list) -> None:
        models = [self.model(shape, form) for shape in shapes for form in FORMS]
        workload = self.work / "native-workload.json"
        documents = self.workload["documents"][: self.documents(self.small)]
        workload.write_text(json.dumps({**self.workload, "documents": documents}))
        path = self.work / "native.json"
        command = [self.native, "--json", path, "--workload", workload, "--rounds", str(self.args.rounds), *(["--small"] if self.small else [])]
        for model in models:
            command += ["--model", model]
        print(f"native, {', '.join(shapes)}", flush=True)
        process = subprocess.Popen(command, env=self.env, stderr=subprocess.PIPE, text=True)
        last = ""
        for line in process.stderr:
            last = line.strip() or last
            print(line, end="", file=sys.stderr, flush=True)
        if process.wait():
            self.result["native"] = {"failure": last or f"status {process.returncode}"}
            print(f"native: cannot run: {self.result['native']['failure']}")
        else:
            self.result["native"] = json.loads(path.read_text())

    # The browser.

    def open_browser(self) -> "tuple | None":
        path = find(self.kit, self.args.browser)
        if path is None:
            print("browser: none is in this kit, and none is installed; name one: --browser /path/to/chrome")
            return None
        env = dict(self.env)
        browser = Browser(path, env, self.args.software)
        site = SiteServer({"/pages": self.kit / "site" / "pages", "/engines": self.kit / "site" / "engines", "/models": self.work / "models"})
        print(f"browser   {Path(path).name} {browser.version()}", flush=True)
        adapter = browser.find_adapter(site)
        if adapter is None:
            self.result["browser"] = {"version": browser.version(), "failure": "WebGPU offers no adapter in this browser"}
            print(f"browser: cannot run: {self.result['browser']['failure']}")
            site.close()
            return None
        print(f"          adapter {adapter['vendor']} {adapter['architecture']} {adapter['description']}{' (software)' if adapter['fallback'] else ''}")
        self.result["browser"] = {"version": browser.version(), "adapter": adapter}
        return browser, site, adapter

    def run_browser(self, browser: Browser, site: SiteServer, adapter: dict, shape: str) -> None:
        rows = self.result["browser"]["legs"] = []
        documents = self.documents(self.small or adapter["fallback"])
        self.result["browser"]["shape"] = shape
        with_ort = (self.kit / "site" / "engines" / "ort").is_dir()
        for form in FORMS:
            self.model(shape, form)
        if with_ort and not (self.work / "models" / shape / "ort" / "head.bin").is_file():
            write_onnx(shape, self.work / "models" / shape / "ort")
        print(f"browser, {shape}", flush=True)
        for leg in legs_of(shape, onnx_shape(shape), with_ort, adapter["fallback"]):
            rounds = min(self.args.rounds, leg.get("rounds", self.args.rounds))
            job = {**leg, "kind": "leg", "workload": self.workload, "documents": documents_of(leg, documents), "rounds": rounds}
            try:
                report = browser.run(site, job, self.args.leg_seconds)
                rows.append({**{key: leg[key] for key in ("key", "engine", "device")}, **report["leg"]})
                print(f"  {leg['key']}: {rows[-1]['ms_a_document']:.2f} ms a document", flush=True)
            except BrowserError as error:
                rows.append({"key": leg["key"], "engine": leg["engine"], "device": leg["device"], "failure": str(error)})
                print(f"  {leg['key']}: cannot run: {error}", flush=True)
            self.save()
        print(f"\n{table(rows_of(self.result, shape))}\n")

    # Both.

    def shapes(self, small: bool) -> list:
        return self.args.shapes.split(",") if self.args.shapes else SMALL_SHAPES if small else SHAPES

    def documents(self, small: bool) -> int:
        return self.args.documents or (FEW if small else len(self.workload["documents"]))

    def model(self, shape: str, form: str) -> Path:
        path = self.work / "models" / shape / f"{shape}-{form}.gguf"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(".part")
            write_gguf(shape, form, (self.kit / "tokenizer.kv").read_bytes(), unfinished)
            unfinished.rename(path)
        return path

    def name_result(self, adapter: "dict | None", with_browser: "tuple | None", software: bool) -> None:
        page = with_browser[2] if with_browser else {}
        name = adapter["name"] if adapter else " ".join(filter(None, [page.get("vendor"), page.get("architecture")])) or "no adapter"
        self.result["card"], self.result["software"], self.result["small"] = name, software, self.small
        self.result["driver"] = f"{adapter['driver']} {adapter['driver_info']}" if adapter else None
        words = ["gpu", *(["software"] if software else []), name, *(["small"] if self.small else []), self.result["date"][:16], self.args.label]
        slug = re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")
        self.out = (self.args.out or self.args.default_out / f"{slug}.json").resolve()
        if self.args.out and self.out.is_file():
            self.add_to(json.loads(self.out.read_text()), adapter)

    def add_to(self, earlier: dict, adapter: "dict | None") -> None:
        """A part that an earlier run measured into the same file stays in it: on some machines each run has minutes only."""
        if earlier.get("benchmark") != self.result["benchmark"]:
            sys.exit(f"{self.out} is no result of this benchmark; name another file")
        for part in {"native", "browser"} - set(self.parts):
            if part in earlier:
                self.result[part] = earlier[part]
        if adapter is None:
            for key in ("card", "driver", "software", "small"):
                self.result[key] = earlier[key]

    def save(self) -> None:
        self.out.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.out.with_suffix(".part")
        unfinished.write_text(json.dumps(self.result, indent=1) + "\n")
        unfinished.replace(self.out)


def main() -> None:
    run = Run(arguments())
    for key, value in run.result["machine"].items():
        if value and key != "nvidia_smi":
            print(f"{key.removesuffix('_bytes'):9} {value}")
    for card in run.result["machine"]["nvidia_smi"] or []:
        print(f"card      {', '.join(card.values())}")
    print(flush=True)
    run.measure()
    parts = [run.result.get(part, {}) for part in run.parts]
    # A run in which nothing could be measured has failed.
    sys.exit(0 if any(part and "failure" not in part for part in parts) else 1)


if __name__ == "__main__":
    main()
