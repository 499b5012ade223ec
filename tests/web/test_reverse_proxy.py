"""The pages behind the reverse proxies that people put before them, each as Debian has it."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import NamedTuple

import pytest

from support.debian import needs
from support.paths import DOCS
from support.programs import free_port
from support.serving import Server
from support.waiting import until

pytestmark = pytest.mark.servers

NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    fastcgi_temp_path {folder}/fastcgi;
    proxy_temp_path {folder}/proxy;
    scgi_temp_path {folder}/scgi;
    uwsgi_temp_path {folder}/uwsgi;
    {server}
}}
"""
CADDY = "{{\n    admin off\n    auto_https off\n}}\n{server}"
NAME = "meter.example.org"


def documented(language: str, pages: str, prefix: str) -> str:
    """The configuration that the documentation gives, for pages below a path, or at `/`."""
    found = re.search(rf"```{language}\n(.*?)```", (DOCS / "pages.md").read_text(), re.DOTALL)
    assert found is not None
    text = found[1].replace("127.0.0.1:8765", pages)
    if not prefix:
        text = re.sub(".*X-Forwarded-Prefix.*\n", "", text)
    return text.replace("/power", prefix)


def nginx(folder: Path, port: int, pages: str, prefix: str) -> list[str]:
    """The command that runs nginx by the documented configuration."""
    server = documented("nginx", pages, prefix).replace("listen 80", f"listen 127.0.0.1:{port}")
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, server=server))
    log = f"{folder}/nginx.log"
    return [needs("nginx", "nginx-light"), "-p", str(folder), "-e", log, "-c", "nginx.conf"]


def caddy(folder: Path, port: int, pages: str, prefix: str) -> list[str]:
    """The command that runs Caddy by the documented configuration, but without TLS."""
    server = documented("caddy", pages, prefix).replace(
        f"{NAME} {{", f"http://:{port} {{\n    bind 127.0.0.1"
    )
    (folder / "Caddyfile").write_text(CADDY.format(server=server))
    return [needs("caddy", "caddy"), "run", "--config", f"{folder}/Caddyfile"]


FOR_THE_HOUSE = dict(re.findall(r"(\S+)=(\S+)", documented("ini", "", "/power")))
PROXIES = pytest.mark.parametrize("command", [nginx, caddy])
PREFIXES = pytest.mark.parametrize("prefix", ["/power", ""])
Command = Callable[[Path, int, str, str], list[str]]


@contextmanager
def proxy_before(
    pages: Server, folder: Path, command: Command, prefix: str = "/power"
) -> Iterator[int]:
    """A proxy that hands everything on to the pages; its port."""
    port = free_port()
    environment = {"HOME": str(folder), "PATH": os.environ["PATH"]}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command(folder, port, pages.listen, prefix),
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        until(lambda: process.poll() is not None or is_open(port))
        assert process.poll() is None, (folder / "log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait(timeout=120)


def is_open(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as visitor:
        return visitor.connect_ex(("127.0.0.1", port)) == 0


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Message
    text: str


def requested(port: int, path: str, **headers: str) -> Answer:
    """The answer to a request, under the name by which the proxy is known."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("GET", path, headers={"Host": NAME} | named)
    answer = connection.getresponse()
    text = answer.read().decode("utf-8", "replace")
    connection.close()
    return Answer(answer.status, answer.headers, text)


@PROXIES
@PREFIXES
def test_every_link_leads_on_below_the_proxy_s_path(
    house_database: Path, tmp_path: Path, command: Command, prefix: str
) -> None:
    """All that the pages link to is there, also the pictures, forms and where they lead."""
    with (
        Server(house_database, tmp_path, **FOR_THE_HOUSE) as pages,
        proxy_before(pages, tmp_path, command, prefix) as port,
    ):
        seen, found = set(), {f"{prefix}/", f"{prefix}/day/2026-06-21", f"{prefix}/years"}
        for _ in range(60):
            path = min(found - seen, key=len)
            seen.add(path)
            answer = requested(port, path)
            assert answer.status == 200, (path, answer.text)
            if answer.headers.get_content_type() == "text/html":
                links = re.findall(r'(?:href|src|action|srcset)="([^"#? ]+)', answer.text)
                assert all(each.startswith(f"{prefix}/") for each in links), path
                found |= set(links) - {f"{prefix}/{form}" for form in ("between", "go", "compare")}
        sent = requested(port, f"{prefix}/between?from=2026-06-01&to=2026-06-03")
        assert sent.status == 303
        assert sent.headers["Location"] == f"{prefix}/between/2026-06-01/2026-06-03"
        went = requested(port, f"{prefix}/go?kind=month&date=2026-06-03")
        assert went.headers["Location"] == f"{prefix}/month/2026-06"


@PROXIES
def test_names_of_others_are_refused(
    house_database: Path, tmp_path: Path, command: Command
) -> None:
    """Through the proxy, pages come by the house's names only, whichever header has another."""
    with (
        Server(house_database, tmp_path, **FOR_THE_HOUSE) as pages,
        proxy_before(pages, tmp_path, command) as port,
    ):
        assert requested(port, "/power/", Host="evil.example.org").status != 200
        direct = {"X_Forwarded_For": "192.168.1.5"}
        for names in (
            {"Host": "evil.example.org", "X_Forwarded_Host": NAME},
            {"Host": NAME, "X_Forwarded_Host": "evil.example.org"},
            {"Host": NAME, "X_Forwarded_Host": ""},
        ):
            assert requested(pages.address[1], "/", **direct, **names).status == 421
        assert requested(pages.address[1], "/", **direct, X_Forwarded_Host=NAME).status == 200


@PROXIES
def test_strangers_of_a_named_proxy_are_refused(
    house_database: Path, tmp_path: Path, command: Command
) -> None:
    """What visitors send of a proxy's headers themselves never makes them of the house."""
    with (
        Server(house_database, tmp_path, **FOR_THE_HOUSE) as pages,
        proxy_before(pages, tmp_path, command) as port,
    ):
        forged = {"X_Forwarded_For": "8.8.8.8", "Forwarded": "for=8.8.8.8", "X_Real_IP": "8.8.8.8"}
        assert requested(port, "/power/", **forged).status == 200  # it comes from 127.0.0.1
        assert (
            requested(pages.address[1], "/", X_Forwarded_For="192.168.1.5, 8.8.8.8").status == 403
        )
        assert requested(pages.address[1], "/").status == 403  # the proxy without a visitor
        assert requested(pages.address[1], "/healthz").status == 200  # the doctor
        for prefix in ("//evil.example.org", "/a b", "/<x>", "evil"):
            asked = {"X_Forwarded_For": "127.0.0.1", "X_Forwarded_Prefix": prefix}
            assert requested(pages.address[1], "/", **asked).status == 400


@PROXIES
def test_proxy_without_the_setting_is_refused(
    house_database: Path, tmp_path: Path, command: Command
) -> None:
    """Through a proxy that isn't named no page comes, and the answer names the setting."""
    with (
        Server(house_database, tmp_path, SLIMMEMETER_HOSTS=NAME) as pages,
        proxy_before(pages, tmp_path, command) as port,
    ):
        answer = requested(port, "/power/")
        assert answer.status == 403
        assert "SLIMMEMETER_PROXY" in answer.text
