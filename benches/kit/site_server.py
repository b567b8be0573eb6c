"""Serves pages, engines and models on loopback, hands the page its job and takes its reports."""

import json
import queue
import re
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".json": "application/json"}
CHUNK = 1 << 20


class SiteServer:
    """`folders`: paths of URLs and the folders that they are. `job` is what the next page is told."""

    def __init__(self, folders: dict):
        self.folders, self.job, self.reports = folders, {}, queue.Queue()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def start(self, job: dict) -> None:
        """What pages that are open reported until now is forgotten."""
        self.job, self.reports = job, queue.Queue()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def file(self, url: str) -> "Path | None":
        path = unquote(urlsplit(url).path)
        for prefix, folder in self.folders.items():
            if path.startswith(f"{prefix}/"):
                found = (folder / path[len(prefix) + 1 :]).resolve()
                return found if found.is_file() and folder.resolve() in found.parents else None
        return None


def handler_for(site: SiteServer) -> type:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == "/job":
                self.answer(200, json.dumps(site.job).encode(), "application/json")
                return
            path = site.file(self.path)
            if path is None:
                self.answer(404, b"not found", "text/plain")
            else:
                self.send_file(path)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            site.reports.put(json.loads(body))
            self.answer(204, b"", "text/plain")

        def send_file(self, path: Path) -> None:
            size = path.stat().st_size
            start, end, status = 0, size - 1, 200
            asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("range", ""))
            if asked:
                start, end, status = int(asked[1]), min(int(asked[2] or end), end), 206
                if start > end:
                    self.answer(416, b"", "text/plain", {"content-range": f"bytes */{size}"})
                    return
            headers = {"content-range": f"bytes {start}-{end}/{size}"} if asked else {}
            self.head(status, end - start + 1, TYPES.get(path.suffix, "application/octet-stream"), {"accept-ranges": "bytes", **headers})
            with path.open("rb") as file:
                file.seek(start)
                if end == size - 1:
                    shutil.copyfileobj(file, self.wfile, CHUNK)
                else:
                    self.copy(file, end - start + 1)

        def copy(self, file, left: int) -> None:
            while left > 0:
                chunk = file.read(min(CHUNK, left))
                self.wfile.write(chunk)
                left -= len(chunk)

        def answer(self, status: int, body: bytes, kind: str, more: "dict | None" = None) -> None:
            self.head(status, len(body), kind, more or {})
            self.wfile.write(body)

        def head(self, status: int, length: int, kind: str, more: dict) -> None:
            self.send_response(status)
            for name, value in {"content-type": kind, "content-length": str(length), "cache-control": "no-store", **more}.items():
                self.send_header(name, value)
            self.end_headers()

        def handle(self) -> None:
            # A page that is closed while it loads breaks its connections.
            try:
                super().handle()
            except (ConnectionError, TimeoutError):
                self.close_connection = True

        def log_message(self, *_) -> None:
            pass

    return Handler
