"""Opens one page in a fresh headless browser and waits for its report. A browser needs no driver for that: it opens a URL."""

import queue
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--enable-unsafe-webgpu",
    # Without a port to listen on, a headless browser ends as soon as its page is there.
    "--remote-debugging-port=0",
]
SOFTWARE = ["--use-webgpu-adapter=swiftshader"]
# On Linux a headless browser reaches a GPU only through Vulkan; which of these does it differs between drivers.
LINUX = [
    ["--enable-features=Vulkan", "--use-angle=vulkan", "--ignore-gpu-blocklist"],
    ["--enable-features=Vulkan", "--use-angle=vulkan", "--disable-vulkan-surface", "--ignore-gpu-blocklist"],
    ["--enable-features=Vulkan", "--use-angle=swiftshader", "--disable-vulkan-surface", "--ignore-gpu-blocklist"],
    ["--enable-features=Vulkan", "--disable-vulkan-surface", "--ignore-gpu-blocklist", "--in-process-gpu"],
]
NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"]
ADAPTER_SECONDS = 30


class BrowserError(Exception):
    pass


class Browser:
    """`path`: the program. `env`: its environment."""

    def __init__(self, path: str, env: dict, software: bool):
        self.path, self.env, self.software = path, env, software
        self.flags = SOFTWARE if software else []

    def version(self) -> str:
        out = subprocess.run([self.path, "--version"], env=self.env, capture_output=True, text=True, timeout=60, check=False)
        found = re.search(r"\d+\.\d+\.\d+\.\d+", out.stdout)
        return found[0] if found else "unknown"

    def run(self, site, job: dict, seconds: float) -> dict:
        """What the page reported. Every page has a browser and a profile of its own."""
        site.start(job)
        profile = tempfile.mkdtemp(prefix="gpu-kit-")
        log = Path(profile) / "browser.log"
        command = [self.path, *FLAGS, *self.flags, f"--user-data-dir={profile}/profile", f"{site.url}/pages/kit.html"]
        with log.open("wb") as output:
            process = subprocess.Popen(command, env=self.env, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
            try:
                return report_of(site, process, log, seconds)
            finally:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                shutil.rmtree(profile, ignore_errors=True)

    def find_adapter(self, site) -> "dict | None":
        """The adapter that WebGPU offers, with the first set of flags with which it is no software one."""
        choices = [SOFTWARE] if self.software else LINUX if sys.platform == "linux" else [[]]
        best = None
        for flags in choices:
            self.flags = flags
            try:
                adapter = self.run(site, {"kind": "adapter"}, ADAPTER_SECONDS).get("adapter")
            except BrowserError as error:
                print(f"  with {' '.join(flags)}: {error}", file=sys.stderr)
                continue
            if adapter and (best is None or not adapter["fallback"]):
                best = ({**adapter, "flags": flags}, flags)
                if not adapter["fallback"]:
                    break
        if best is None:
            return None
        adapter, self.flags = best
        return adapter


def report_of(site, process, log: Path, seconds: float) -> dict:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            report = site.reports.get(timeout=0.5)
        except queue.Empty:
            if process.poll() is not None:
                raise BrowserError(f"the browser ended with status {process.returncode}: {last_line(log)}") from None
            continue
        if report.get("event") == "note":
            print(f"  {report['text']}", flush=True)
        elif report.get("event") == "failed":
            raise BrowserError(report["message"])
        else:
            return report
    raise BrowserError(f"nothing came within {seconds:.0f} s")


def last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"


def find(kit: Path, named: "str | None") -> "str | None":
    """The one that was named, that of the kit, or one that is installed."""
    if named:
        return named
    for name in ("chromium-headless-shell", "headless_shell", "chrome-headless-shell"):
        if (kit / "browser" / name).is_file():
            return str(kit / "browser" / name)
    return next((path for path in map(shutil.which, NAMES) if path), None)
