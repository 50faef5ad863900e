"""Fetching from a server on this machine that cuts, lacks, cheats or knows no ranges."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from disentangle_eval.data.files.fetching import FetchError, fetch
from disentangle_eval.errors import DevalError
from disentangle_eval.registry.specs import DataFile

CONTENTS = np.random.default_rng(0).bytes(1_000_000)
MD5 = "md5:" + hashlib.md5(CONTENTS).hexdigest()

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """`answers` are what each path does; `requests` the path and range of what was asked for, in order."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.answers: dict[str, Answer] = {}
        self.requests: list[tuple[str, str | None]] = []

    def url(self, path: str, answer: Answer) -> str:
        self.answers[path] = answer
        return f"{self.address}{path}"


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.requests.append((self.path, self.headers.get("Range")))
            known.answers[self.path](self)

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        known = Server(f"http://127.0.0.1:{listening.server_port}")
        threading.Thread(target=listening.serve_forever, args=[0.01], daemon=True).start()
        yield known
        listening.shutdown()


def sends(contents: bytes = CONTENTS, cut: int = 0, ranges: bool = True, kind: str = "application/gzip") -> Answer:
    """Sends `contents`, or the range asked for; with `cut` at most so many bytes before the connection ends."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked = request.headers.get("Range") if ranges else None
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if asked and start >= len(contents):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(contents)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        request.send_response(206 if asked else 200)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(contents) - start))
        if asked:
            request.send_header("Content-Range", f"bytes {start}-{len(contents) - 1}/{len(contents)}")
        request.end_headers()
        request.wfile.write(contents[start : start + cut] if cut else contents[start:])

    return answer


def lacks(request: BaseHTTPRequestHandler) -> None:
    request.send_error(404)


def published(*urls: str, size: int = len(CONTENTS), checksum: str = MD5) -> DataFile:
    return DataFile(path="toy/a.gz", urls=urls, size=size, checksum=checksum)


def left(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("size", [len(CONTENTS), 0])
def test_a_cut_connection_is_gone_on_with(server, tmp_path, size):
    heard = []
    url = server.url("/a", sends(cut=400_000))
    fetch(published(url, size=size), tmp_path / "toy" / "a.gz", lambda there, total: heard.append((there, total)))
    assert (tmp_path / "toy" / "a.gz").read_bytes() == CONTENTS
    assert left(tmp_path) == {"toy/a.gz": len(CONTENTS)}
    assert server.requests == [("/a", None), ("/a", "bytes=400000-"), ("/a", "bytes=800000-")]
    assert heard == sorted(heard)
    assert heard[-1] == (len(CONTENTS), len(CONTENTS))


def test_a_later_call_goes_on_where_an_earlier_one_was_interrupted(server, tmp_path):
    (tmp_path / "a.gz.partial").write_bytes(CONTENTS[:300_000])
    fetch(published(server.url("/a", sends())), tmp_path / "a.gz")
    assert server.requests == [("/a", "bytes=300000-")]
    assert (tmp_path / "a.gz").read_bytes() == CONTENTS


@pytest.mark.parametrize("size", [len(CONTENTS), 0])
def test_a_partial_file_that_is_whole_gets_its_name(server, tmp_path, size):
    (tmp_path / "a.gz.partial").write_bytes(CONTENTS)
    fetch(published(server.url("/a", sends()), size=size), tmp_path / "a.gz")
    assert server.requests == ([] if size else [("/a", f"bytes={len(CONTENTS)}-")])
    assert left(tmp_path) == {"a.gz": len(CONTENTS)}


@pytest.mark.parametrize("length", [300_000, 1_000_000, 1_200_000])
@pytest.mark.parametrize("size", [len(CONTENTS), 0])
def test_other_bytes_left_by_an_earlier_call_do_no_harm(server, tmp_path, length, size):
    (tmp_path / "a.gz.partial").write_bytes(bytes(length))
    fetch(published(server.url("/a", sends()), size=size), tmp_path / "a.gz")
    assert (tmp_path / "a.gz").read_bytes() == CONTENTS


@pytest.mark.parametrize("size", [len(CONTENTS), 0])
def test_a_server_that_says_no_length_is_read_to_its_end(server, tmp_path, size):
    def sends_without_length(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(CONTENTS)

    fetch(published(server.url("/a", sends_without_length), size=size), tmp_path / "a.gz")
    assert (tmp_path / "a.gz").read_bytes() == CONTENTS


@pytest.mark.parametrize("claims", ["1000000000000000000", "", "100"])
def test_a_file_without_a_published_size_has_a_largest_one(server, tmp_path, claims):
    def sends_without_end(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        if claims:
            request.send_header("Content-Length", claims)
        request.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(100):
                request.wfile.write(CONTENTS)
                sent.append(len(CONTENTS))

    sent: list[int] = []
    file = DataFile(path="a.gz", urls=(server.url("/a", sends_without_end),), largest=300_000)
    if claims == "100":  # what follows is not read
        fetch(file, tmp_path / "a.gz")
        assert left(tmp_path) == {"a.gz": 100}
        return
    with pytest.raises(FetchError, match=r"expected at most 300,000|sends more than the 300,000 bytes"):
        fetch(file, tmp_path / "a.gz")
    assert left(tmp_path) == {}
    assert sum(sent) < 50 * len(CONTENTS)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("length", ["0", "1000000000000000000", "-1"])
def test_a_redirect_is_followed_and_its_own_page_not_read(server, tmp_path, code, length):
    def redirects(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        request.send_header("Location", "/b")
        request.send_header("Content-Length", length)
        request.end_headers()

    server.url("/b", sends())
    fetch(published(server.url("/a", redirects)), tmp_path / "a.gz")
    assert (tmp_path / "a.gz").read_bytes() == CONTENTS


def test_a_server_that_sends_more_than_the_published_size_is_cut_off_at_it(server, tmp_path):
    def sends_without_length(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(CONTENTS)

    taken: list[int] = []
    with pytest.raises(FetchError, match="sends more than the 999,999 bytes"):
        fetch(
            published(server.url("/a", sends_without_length), size=999_999),
            tmp_path / "a.gz",
            lambda there, total: taken.append(there),
        )
    assert max(taken) <= 999_999
    assert left(tmp_path) == {}


def test_a_server_without_ranges_sends_all_of_it_again(server, tmp_path):
    (tmp_path / "a.gz.partial").write_bytes(bytes(300_000))
    fetch(published(server.url("/a", sends(ranges=False))), tmp_path / "a.gz")
    assert (tmp_path / "a.gz").read_bytes() == CONTENTS


def test_a_server_without_ranges_that_always_cuts_is_given_up(server, tmp_path):
    with pytest.raises(FetchError, match="ended the connection after 400,000 of 1,000,000 bytes"):
        fetch(published(server.url("/a", sends(cut=400_000, ranges=False))), tmp_path / "a.gz")
    assert left(tmp_path) == {"a.gz.partial": 400_000}


@pytest.mark.parametrize(
    "first",
    [
        lacks,
        sends(b"other" * 200_000),
        sends(CONTENTS[:-1]),
        sends(CONTENTS + b"x"),
        sends(kind="text/html; charset=utf-8"),
        sends(cut=400_000, ranges=False),
    ],
)
def test_the_second_mirror_serves_where_the_first_does_not(server, tmp_path, first):
    fetch(published(server.url("/a", first), server.url("/b", sends())), tmp_path / "a.gz")
    assert left(tmp_path) == {"a.gz": len(CONTENTS)}
    assert (tmp_path / "a.gz").read_bytes() == CONTENTS


def test_a_wrong_file_never_gets_the_name_and_leaves_nothing(server, tmp_path):
    (tmp_path / "a.gz").write_bytes(b"before")
    with pytest.raises(FetchError, match=rf"^127\.0\.0\.1:\d+ sent a wrong file: md5:\w+, expected {MD5}$"):
        fetch(published(server.url("/a", sends(b"other" * 200_000))), tmp_path / "a.gz")
    assert left(tmp_path) == {"a.gz": len(b"before")}


def test_what_no_mirror_gives_is_told_mirror_by_mirror(server, tmp_path):
    file = published(
        server.url("/a", lacks), "http://127.0.0.1:9/a", "file:///etc/hostname", server.url("/c", sends(b"short"))
    )
    with pytest.raises(FetchError) as caught:
        fetch(file, tmp_path / "a.gz")
    reasons = str(caught.value).split("; ")
    assert len(reasons) == 4
    assert "answers 404" in reasons[0]
    assert "cannot be reached (Connection refused)" in reasons[1]
    assert "neither http nor https" in reasons[2]
    assert "offers 5 bytes, expected 1,000,000" in reasons[3]
    assert left(tmp_path) == {}


def test_without_an_address_there_is_nothing_to_ask(tmp_path):
    with pytest.raises(FetchError, match="no address of it is known"):
        fetch(published(), tmp_path / "toy" / "a.gz")
    assert left(tmp_path) == {}


def test_a_server_that_stops_sending_is_not_waited_for(server, tmp_path):
    done = threading.Event()

    def stalls(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(CONTENTS)))
        request.end_headers()
        request.wfile.write(CONTENTS[:1000])
        done.wait(10)

    with pytest.raises(FetchError, match="timed out"):
        fetch(published(server.url("/a", stalls)), tmp_path / "a.gz", timeout=0.1)
    done.set()


def test_two_processes_do_not_write_one_file(server, tmp_path):
    def fetches_too(request: BaseHTTPRequestHandler) -> None:
        with pytest.raises(DevalError, match="another process is fetching this file"):
            fetch(file, tmp_path / "a.gz")
        sends()(request)

    file = published(server.url("/a", fetches_too))
    fetch(file, tmp_path / "a.gz")
    assert (tmp_path / "a.gz").read_bytes() == CONTENTS


def test_a_folder_that_cannot_be_written_is_one_line(server, tmp_path):
    (tmp_path / "toy").write_bytes(b"")
    with pytest.raises(DevalError, match=r"cannot write .*a\.gz\.partial: .*choose another folder with --data-dir"):
        fetch(published(server.url("/a", sends())), tmp_path / "toy" / "a.gz")
