"""The pages behind the reverse proxies that people put before them, each as Debian has it."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.debian import needs
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
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://{pages};
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Host $http_host;
        }}
    }}
}}
"""
CADDY = """
{{
    admin off
    auto_https off
}}
http://:{port} {{
    bind 127.0.0.1
    reverse_proxy {pages}
}}
"""


def nginx(folder: Path, config: str) -> list[str]:
    """The command that runs nginx by a configuration."""
    (folder / "nginx.conf").write_text(config)
    log = f"{folder}/nginx.log"
    return [needs("nginx", "nginx-light"), "-p", str(folder), "-e", log, "-c", "nginx.conf"]


def caddy(folder: Path, config: str) -> list[str]:
    """The command that runs Caddy by a configuration; it sets both headers by itself."""
    (folder / "Caddyfile").write_text(config)
    return [needs("caddy", "caddy"), "run", "--config", f"{folder}/Caddyfile"]


PROXIES = [pytest.param(nginx, NGINX, id="nginx"), pytest.param(caddy, CADDY, id="caddy")]
Command = Callable[[Path, str], list[str]]


@contextmanager
def proxy_before(pages: Server, folder: Path, command: Command, config: str) -> Iterator[int]:
    """A proxy that hands everything on to the pages; its port."""
    port = free_port()
    filled_in = config.format(folder=folder, port=port, pages=pages.listen)
    environment = {"HOME": str(folder), "PATH": os.environ["PATH"]}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command(folder, filled_in), cwd=folder, env=environment, stdout=log, stderr=log
        )
    try:
        until(lambda: process.poll() is not None or is_open(port))
        assert process.poll() is None, (folder / "log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


def is_open(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as visitor:
        return visitor.connect_ex(("127.0.0.1", port)) == 0


def requested(port: int, host: str = "meter.lan") -> tuple[int, str]:
    """The status and the text of the first page, by the name under which the proxy is known."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/", headers={"Host": host})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


@pytest.mark.parametrize(("command", "config"), PROXIES)
def test_named_proxy_shows_the_pages(
    house_database: Path, tmp_path: Path, command: Command, config: str
) -> None:
    """Through the proxy that SLIMMEMETER_PROXY names, pages come by a home's name only."""
    with (
        Server(house_database, tmp_path, SLIMMEMETER_PROXY="127.0.0.1") as pages,
        proxy_before(pages, tmp_path, command, config) as port,
    ):
        status, text = requested(port)
        assert status == 200
        assert "</html>" in text
        assert requested(port, "evil.example.org")[0] == 421


@pytest.mark.parametrize(("command", "config"), PROXIES)
def test_proxy_without_the_setting_is_refused(
    house_database: Path, tmp_path: Path, command: Command, config: str
) -> None:
    """Through a proxy that isn't named no page comes, and the answer names the setting."""
    with (
        Server(house_database, tmp_path) as pages,
        proxy_before(pages, tmp_path, command, config) as port,
    ):
        status, text = requested(port)
    assert status == 403
    assert "SLIMMEMETER_PROXY" in text
