"""Servers whose status, headers and bytes are drawn at random."""

from __future__ import annotations

import contextlib
import hashlib
import random
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from disentangle_eval.data.files.fetching import fetch
from disentangle_eval.errors import DevalError
from disentangle_eval.registry.specs import DataFile
from fault_scenarios.processes import FAULT, Outcome


def lying_servers(folder: Path, count: int, rng: random.Random) -> Counter[Outcome]:
    """Fetch a file from servers whose status, headers and bytes are drawn at random, a fresh set for every try."""
    contents = np.random.default_rng(0).bytes(30_000)
    found: Counter[Outcome] = Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with contextlib.suppress(OSError):
                lie(self, contents, rng)

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/file"
        for number in range(count):
            target = folder / f"fetched-{number}"
            size = rng.choice([0, len(contents)])
            file = DataFile(
                path=target.name, urls=(url, url), size=size, checksum=f"sha256:{hashlib.sha256(contents).hexdigest()}"
            )
            try:
                fetch(file, target, timeout=0.5)
                outcome = "fetched" if target.read_bytes() == contents else f"{FAULT}fetched with other contents"
            except DevalError as error:
                outcome = "refused in one line"
                if "\n" in str(error) or target.exists():
                    outcome = f"{FAULT}refused in several lines, or the file is there"
            except BaseException as error:
                outcome = f"{FAULT}{type(error).__name__}"
            found[outcome] += 1
            for left in (target, target.with_name(f"{target.name}.partial")):
                left.unlink(missing_ok=True)
        server.shutdown()
    return found


def lie(request: BaseHTTPRequestHandler, contents: bytes, rng: random.Random) -> None:
    """One answer: of a server that is right in most, in some or in no respect."""
    size = len(contents)
    asked = int((request.headers.get("Range") or "bytes=0-")[6:-1])
    honest = rng.choice([0.95, 0.8, 0.3])

    def drawn(right: Any, *wrong: Any) -> Any:
        return right if rng.random() < honest else rng.choice(wrong)

    request.send_response(drawn(206 if asked else 200, 200, 206, 204, 302, 404, 416, 500))
    start = drawn(asked, 0, asked + 1, size, size + 5)
    body = drawn(contents[start:], contents, rng.randbytes(max(0, size - start)), contents[start:] * 2, b"")
    length = drawn(str(len(body)), str(len(body) + 10), "0", "-1", "many", str(10**18), None)
    span = f"bytes {start}-{size - 1}/{size}"
    headers = {
        "Content-Type": drawn("application/octet-stream", "text/html", "", "x" * 5000),
        "Content-Length": length,
        "Content-Range": drawn(span, "bytes */*", f"bytes 0-{size}/{size * 9}", "nonsense", f"bytes {start}-0/*", None),
        "Location": drawn(None, request.path, "file:///etc/hostname", "http://127.0.0.1:1/"),
        "Content-Encoding": drawn(None, "gzip", "br"),
        "Transfer-Encoding": drawn(None, None, None, "chunked"),
    }
    for name, value in headers.items():
        if value is not None:
            request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body[: drawn(len(body), len(body) // 2, 1)])
