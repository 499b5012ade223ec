"""Who may look at the pages, what browsers are asked, and what a bad visitor costs the others."""

from __future__ import annotations

import base64
import http.client
import itertools
import re
import select
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack
from ipaddress import IPv6Address
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash
from werkzeug.test import create_environ, run_wsgi_app

from slimmemeter.web import network, password
from slimmemeter.web.connections import STALLED_S
from slimmemeter.web.server import PARAMETERS
from support.debian import needs
from support.memory import resident_kb
from support.pages import client_of
from support.paths import ROOT
from support.programs import OWN_NETWORK
from support.serving import Server
from support.waiting import until

GLOBAL = "2a02:a450:1:2::9"


def ask(client: FlaskClient, peer: str = "192.168.1.20", path: str = "/now.json", **headers: str):  # type: ignore[no-untyped-def]
    """The answer to a peer who sends these headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(path, environ_overrides={"REMOTE_ADDR": peer}, headers=named)


@pytest.fixture
def client(house_database: Path) -> FlaskClient:
    """A visitor of the simulated house, nothing being set."""
    return client_of(house_database)


@pytest.mark.parametrize(
    ("peer", "status"),
    [
        ("127.0.0.1", 200),
        ("10.1.2.3", 200),
        ("172.31.0.9", 200),
        ("192.168.1.20", 200),
        ("169.254.3.4", 200),
        ("100.64.0.1", 200),
        ("::1", 200),
        ("fe80::1%eth0", 200),
        ("fd00::20", 200),
        ("::ffff:192.168.1.20", 200),
        ("8.8.8.8", 403),
        ("::ffff:8.8.8.8", 403),
        ("172.32.0.1", 403),
        (GLOBAL, 403),
        ("2002:0808:0808::1", 403),
        ("2001:0:808:808::1", 403),
        ("somewhere", 403),
        ("", 403),
    ],
)
def test_only_the_house_is_answered(client: FlaskClient, peer: str, status: int) -> None:
    """Only addresses that can't come from the internet get a reading."""
    answer = ask(client, peer)
    assert answer.status_code == status
    assert ("power_import_w" in answer.text) == (status == 200)


ASK_AS = """
import sys
from pathlib import Path
from support.pages import client_of
client = client_of(Path(sys.argv[1]))
for peer in sys.argv[2:]:
    print(client.get("/now.json", environ_overrides={"REMOTE_ADDR": peer}).status_code)
"""


def test_own_networks_are_of_the_house(house_database: Path) -> None:
    """A global address is answered if it is of the computer's own networks."""
    needs("ip", "iproute2")
    script = """
        ip address add 2a02:a450:1:2::1/48 dev lo
        ip address add 82.94.1.1/29 dev lo
        ip address add 84.1.1.1/19 dev lo
        ip link set lo up
        exec "$@\""""
    peers = (GLOBAL, "82.94.1.6", "2a02:a450:1:3::9", "82.94.1.9", "84.1.1.2")
    done = subprocess.run(
        [*OWN_NETWORK, script, "sh", sys.executable, "-c", ASK_AS, house_database, *peers],
        capture_output=True,
        check=True,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": ROOT / "tests"},
        text=True,
    )
    assert done.stdout.split() == ["200", "200", "403", "403", "403"]


ASK_AT = """
import http.client, subprocess, sys
from support.programs import SLIMMEMETER
from support.waiting import until
command = [*SLIMMEMETER, "serve", "--db", sys.argv[1], "--listen", "[::]:8765"]
server = subprocess.Popen(command, stdout=subprocess.DEVNULL)

def status(peer, reached):
    asked = http.client.HTTPConnection(reached, 8765, timeout=20, source_address=(peer, 0))
    asked.request("GET", "/now.json", headers={"Host": "localhost"})
    return asked.getresponse().status

def is_up():
    try:
        return status("::1", "::1")
    except OSError:
        return False

until(is_up)
for pair in sys.argv[2:]:
    print(status(*pair.split(",")))
server.terminate()
server.wait()
"""


def test_network_of_the_address_that_was_reached(house_database: Path, tmp_path: Path) -> None:
    """Of IPv6, the house is the /64 that the visitor reached, and what the settings add."""
    needs("ip", "iproute2")
    own = "2a02:a450:1:2::1", "2a02:a450:1:2::9", "2a02:a450:7:7::1", "2a02:b:b:b::1"
    script = f"""
        for each in {" ".join(own)}; do ip address add $each/48 dev lo nodad; done
        ip link set lo up
        exec "$@\""""
    pairs = [f"{own[1]},{own[0]}", f"{own[2]},{own[0]}", f"{own[2]},{own[2]}", f"{own[3]},{own[0]}"]
    done = subprocess.run(
        [*OWN_NETWORK, script, "sh", sys.executable, "-c", ASK_AT, house_database, *pairs],
        capture_output=True,
        check=True,
        env={
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "PYTHONPATH": ROOT / "tests",
            "HOME": tmp_path,
            "SLIMMEMETER_NETWORKS": "10.0.0.0/8, 2a02:b::/32",
        },
        text=True,
        timeout=120,
    )
    assert done.stdout.split() == ["200", "403", "200", "200"]


def test_this_computer_s_networks_are_found() -> None:
    """The networks of this computer are found, each with its length."""
    found = {str(each) for each in network.interfaces()}
    assert "127.0.0.1/8" in found
    if Path("/proc/self/net/if_inet6").exists():
        for line in Path("/proc/self/net/if_inet6").read_text().splitlines():
            digits, _, length, *_ = line.split()
            assert f"{IPv6Address(int(digits, 16))}/{int(length, 16)}" in found


@pytest.mark.parametrize(
    "host",
    [
        "192.168.1.5:8765",
        "192.168.1.5",
        "[fd00::5]:8765",
        "[2a02:a450:1:2::1]",
        "localhost:8765",
        "raspberrypi",
        "RaspberryPi.local:8765",
        "meter.lan",
        "a.b.home.arpa",
        "pi.internal",
        "pi.fritz.box",
        "pi.local.",
        "meter.example.org:443",
    ],
)
def test_names_of_the_house_are_answered(house_database: Path, host: str) -> None:
    """Addresses, names of a home network, and names in the settings are answered."""
    client = client_of(house_database, SLIMMEMETER_HOSTS="other.example.org, Meter.example.org")
    assert ask(client, Host=host).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.org",
        "local.example.org",
        "evil.example.org:8765",
        "lan.",
        "x.fritz.box.example.org",
        "notfritz.box",
        "192.168.1.5.nip.io",
        "a..local",
        "-.local",
        "",
        ":8765",
        "[::1",
        "a/b",
        "user@localhost",
        "localhost:8765:1",
        "localhost:x",
        "fritz.box\u00e9",
    ],
)
def test_other_names_are_not(client: FlaskClient, host: str) -> None:
    """Names from elsewhere, as in DNS rebinding, are refused."""
    if host == "lan.":  # a single label with the root's dot
        assert ask(client, Host=host).status_code == 200
        return
    environ = create_environ("/now.json", headers={"Host": host})
    environ["REMOTE_ADDR"] = "192.168.1.20"
    body, status, _ = run_wsgi_app(client.application, environ)  # a client may need a right host
    assert status.startswith("421 ")
    assert b"power_import_w" not in b"".join(body)


def basic(password: str, user: str = "anybody") -> str:
    """What a browser sends."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


# As version 1.0 stored it, which werkzeug's version 3 hashed.
HASHED_BY_1_0 = (
    "scrypt:32768:8:1$eBnD1HRLFWNiXyCr$"
    "6d1b79a6bed66086fea8ef049b4c83e9a51feb689af33220aa7737bfe6ae472f"
    "7a11651251c61e95959fabf725f730fceed23c66af53d9e5379ccecbf2dbcf64"
)
SECRETS = (
    *("open sesame é", password.hashed("open sesame é"), HASHED_BY_1_0),
    generate_password_hash("open sesame é", "pbkdf2:sha256:1000"),
)


@pytest.mark.parametrize("secret", SECRETS, ids=["plain", "hashed", "of 1.0", "pbkdf2"])
def test_password(house_database: Path, secret: str) -> None:
    """With the password, plain or hashed, pages come; without it none does."""
    client = client_of(house_database, SLIMMEMETER_PASSWORD=secret)
    right = basic("open sesame é")
    for path in ("/", "/now.json", "/static/style.css", "/years/gas.png", "/healthz", "/nothing"):
        refused = ask(client, path=path)
        assert refused.status_code == 401, path
        assert refused.headers["WWW-Authenticate"].startswith("Basic ")
    for user in ("pi", ""):
        name = basic("open sesame é", user)
        assert ask(client, Authorization=name).status_code == 200
    for number, wrong in enumerate(("open sesame", secret[:4], "", "open sesame é ")):
        answer = ask(client, f"192.168.7.{number}", Authorization=basic(wrong))
        assert answer.status_code == (200 if wrong == "open sesame é" else 401)
    assert ask(client, Authorization=right).status_code == 200


@pytest.mark.parametrize(
    "header", ["Basic", "Basic !!", "Bearer x", "Digest a=b", "Basic bm9jb2xvbg=="]
)
def test_broken_authorization_is_none(house_database: Path, header: str) -> None:
    """A broken Authorization header is refused as a missing one is."""
    client = client_of(house_database, SLIMMEMETER_PASSWORD="x")
    assert ask(client, Authorization=header).status_code == 401


def test_health_needs_no_password_on_the_computer_itself(house_database: Path) -> None:
    """The computer itself gets `/healthz` without a password; others don't."""
    client = client_of(house_database, SLIMMEMETER_PASSWORD="x")
    assert ask(client, "127.0.0.1", "/healthz").status_code == 200
    assert ask(client, "192.168.1.20", "/healthz").status_code == 401
    assert ask(client, "127.0.0.1", "/now.json").status_code == 401


def test_a_hash_hides_the_password() -> None:
    """A password's hash differs each time, and does not contain it."""
    one, two = password.hashed("sesame"), password.hashed("sesame")
    assert one != two
    assert "sesame" not in one


@pytest.mark.parametrize("path", ["/", "/nothing", "/years/gas.png", "/static/style.css"])
def test_headers_restrict_browsers(client: FlaskClient, path: str) -> None:
    """Every answer has headers that forbid foreign scripts, frames and referrers."""
    with ask(client, path=path) as answer:
        headers = answer.headers
    policy = dict(
        part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_a_dashboard_may_show_pages_if_it_is_set(house_database: Path) -> None:
    """SLIMMEMETER_EMBED=1 lets other sites frame pages and show pictures."""
    headers = ask(client_of(house_database, SLIMMEMETER_EMBED="1")).headers
    assert "frame-ancestors *" in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"])
@pytest.mark.parametrize("path", ["/", "/static/style.css", "/nothing"])
def test_pages_can_only_be_looked_at(client: FlaskClient, method: str, path: str) -> None:
    """Any method but GET and HEAD gets status 405."""
    answer = client.open(path, method=method)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"


def spoken(address: tuple[str, int], *pieces: bytes) -> bytes:
    """What a raw visitor gets to hear first."""
    with socket.create_connection(address, timeout=30) as visitor:
        for piece in pieces:
            visitor.sendall(piece)
        return visitor.recv(65536)


def seconds_of(
    address: tuple[str, int], path: str = "/now.json", **headers: str
) -> tuple[int, float]:
    """The status of a page, and how long it took."""
    began = time.monotonic()
    connection = http.client.HTTPConnection(*address, timeout=30)
    connection.request("GET", path, headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status, time.monotonic() - began


def requested(
    address: tuple[str, int], headers: dict[str, str], peer: str = "127.0.0.1"
) -> tuple[int, str]:
    """The status and the text of the real server's answer to a peer of the loopback network."""
    connection = http.client.HTTPConnection(*address, timeout=30, source_address=(peer, 0))
    try:
        connection.request("GET", "/now.json", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "name",
    """X-Forwarded-For X-Forwarded-Host X-Forwarded-Prefix X-Forwarded-Proto X-Forwarded Forwarded
    Via X-Real-IP CF-Connecting-IP True-Client-IP x-forwarded-SERVER""".split(),
)
def test_proxy_that_nobody_named_is_refused(server: Server, name: str) -> None:
    """A request through an unknown proxy is refused with the setting's name."""
    status, text = requested(server.address, {name: "192.168.1.9"})
    assert status == 403
    assert "SLIMMEMETER_PROXY" in text


def test_named_proxy_speaks_for_its_visitors(house_database: Path, tmp_path: Path) -> None:
    """A named proxy's visitors are checked by the last address and name that it passes on."""
    named = {"Host": "127.0.0.1:8765", "X-Forwarded-Host": "meter.example.org"}
    environ = {"SLIMMEMETER_PROXY": "127.0.0.2", "SLIMMEMETER_HOSTS": "meter.example.org"}
    visitors = {
        "192.168.1.9": 200,
        "8.8.8.8, 192.168.1.9": 200,
        "192.168.1.9, 8.8.8.8": 403,
        "": 403,
        "unknown": 403,
    }
    with Server(house_database, tmp_path, **environ) as server:
        for visitor, status in visitors.items():
            handed_on = named | {"X-Forwarded-For": visitor}
            assert requested(server.address, handed_on, "127.0.0.2")[0] == status, visitor
        assert requested(server.address, named, "127.0.0.2")[0] == 403
        assert requested(server.address, {"X-Forwarded-For": "192.168.1.9"}, "127.0.0.3")[0] == 403
        other = {"X-Forwarded-For": "192.168.1.9", "X-Forwarded-Host": "evil.example.org"}
        assert requested(server.address, other, "127.0.0.2")[0] == 421
        assert requested(server.address, {})[0] == 200


def test_wrong_password_takes_a_second_and_holds_nobody_up(
    house_database: Path, tmp_path: Path
) -> None:
    """A wrong password takes a second, and delays nobody who knows the right one."""
    with Server(house_database, tmp_path, SLIMMEMETER_PASSWORD="sesame") as server:
        status, took_s = seconds_of(server.address, Authorization=basic("wrong"))
        assert status == 401
        assert took_s >= 0.99
        guesses: list[tuple[int, float]] = []
        guessers = [
            threading.Thread(
                target=lambda n=n: guesses.append(
                    seconds_of(server.address, Authorization=basic(f"wrong{n}"))
                )
            )
            for n in range(30)
        ]
        for each in guessers:
            each.start()
        with socket.create_connection(  # by another address than those who guess
            server.address, timeout=30, source_address=("127.0.0.2", 0)
        ) as own:
            right = f"Authorization: {basic('sesame')}\r\n\r\n"
            began = time.monotonic()
            own.sendall(f"GET /now.json HTTP/1.0\r\nHost: localhost\r\n{right}".encode())
            assert own.recv(65536).startswith(b"HTTP/1.0 200 ")
            assert time.monotonic() - began < 10  # thirty guesses, one after another, take more
        for each in guessers:
            each.join()
        assert sum(status == 401 for status, _ in guesses) <= 2
        assert {status for status, _ in guesses} <= {401, 429}


@pytest.mark.parametrize("secret", ["sesame", password.hashed("sesame")], ids=["plain", "hashed"])
def test_guesses_from_ever_new_addresses(house_database: Path, tmp_path: Path, secret: str) -> None:
    """All guessers together have few tries, and who has known the password never waits for them."""
    with Server(house_database, tmp_path, SLIMMEMETER_PASSWORD=secret) as server:
        right = {"Authorization": basic("sesame")}
        assert requested(server.address, right, "127.0.0.2")[0] == 200
        statuses: Counter[int] = Counter()
        began_s = time.monotonic()
        is_over = threading.Event()

        def guess(own: int) -> None:
            for number in itertools.count():
                if is_over.is_set():
                    return
                wrong = {"Authorization": basic(f"wrong {own} {number}")}
                peer = f"127.{own}.{number // 250}.{number % 250 + 1}"
                statuses[requested(server.address, wrong, peer)[0]] += 1

        guessers = [threading.Thread(target=guess, args=(own,)) for own in range(1, 5)]
        for each in guessers:
            each.start()
        for _ in range(20):
            assert requested(server.address, right, "127.0.0.2")[0] == 200
        until(lambda: statuses[429] > 100)
        is_over.set()
        for each in guessers:
            each.join()
        tries = password.MOST_GUESSES + password.GUESSES_PER_S * (time.monotonic() - began_s)
        assert 0 < statuses[401] <= tries + 1
        assert set(statuses) == {401, 429}
        until(lambda: requested(server.address, right, "127.0.0.9")[0] == 200)


def test_long_headers_and_bodies_are_refused(house_database: Path, tmp_path: Path) -> None:
    """Long headers and bodies are refused."""
    with Server(house_database, tmp_path) as server:
        long = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 9000 + b"\r\n\r\n"
        assert spoken(server.address, long).split()[1] == b"431"
        body = b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000
        assert spoken(server.address, body).split()[1] == b"413"


def test_slow_visitors_leave_room_for_others(house_database: Path, tmp_path: Path) -> None:
    """A page comes at once beside 120 visitors who are slow or take no answer."""
    with Server(house_database, tmp_path) as server, ExitStack() as slow:
        for number in range(120):
            one = slow.enter_context(socket.create_connection(server.address))
            one.sendall(b"GET /years HTTP/1.1\r\nHost: localhost\r\n" + b"\r\n" * (number % 2))
        status, took_s = seconds_of(server.address)
        assert status == 200
        assert took_s < PARAMETERS["channel_timeout"] / 2  # nobody had to be given up first


def test_request_byte_by_byte_is_given_up(house_database: Path, tmp_path: Path) -> None:
    """Visitors who send a byte now and then, or blank lines, lose their connection."""
    with Server(house_database, tmp_path) as server, ExitStack() as visitors:
        left = {
            visitors.enter_context(socket.create_connection(server.address, timeout=0.2)): sent
            for sent in (b"G", b"\r\n")
        }

        def all_are_gone() -> bool:
            for visitor, sent in list(left.items()):
                if is_over(visitor, sent):
                    left.pop(visitor)
            return not left

        until(all_are_gone, PARAMETERS["channel_timeout"] + 2 * PARAMETERS["cleanup_interval"])


def is_over(visitor: socket.socket, sent: bytes) -> bool:
    """Send a little more; whether the server has closed the connection."""
    try:
        visitor.sendall(sent)
        return visitor.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_pictures_leave_threads_for_pages(house_database: Path, tmp_path: Path) -> None:
    """Pages come beside many pictures that are drawn, which all come in the end."""
    asked_for = [
        f"/{period}/{name}.png?theme={theme}&lang={language}"
        for period in ("day/2026-10-25", "week/2026-W44", "month/2026-10", "year/2026")
        for name in ("electricity", "power", "gas", "hours")
        for theme in ("light", "dark")
        for language in ("en", "nl")
    ]
    with Server(house_database, tmp_path) as server, ExitStack() as stack:
        viewers = []
        for path in asked_for:
            viewers.append(stack.enter_context(socket.create_connection(server.address, 60)))
            request = f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n"
            viewers[-1].sendall(request.encode())
        assert seconds_of(server.address)[0] == 200
        is_drawn = select.select(viewers, [], [], 0)[0]
        assert len(is_drawn) < len(viewers)
        assert {viewer.recv(4096).split()[1] for viewer in viewers} == {b"200"}


GREEDY_MB = 150


@pytest.mark.parametrize("addresses", [1, 26])
def test_greedy_readers(house_database: Path, tmp_path: Path, addresses: int) -> None:
    """Who asks for much and reads nothing costs little memory, and no page."""
    asked = b"GET /year/2026/hours.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 120
    with Server(house_database, tmp_path) as server, ExitStack() as stack:
        assert seconds_of(server.address, path="/year/2026/electricity.png")[0] == 200
        readers = [
            stack.enter_context(connected(server, f"127.0.1.{number % addresses + 1}"))
            for number in range(26)
        ]
        for reader in readers:
            reader.sendall(asked)
        for _ in range(5):
            assert seconds_of(server.address)[0] == 200
            assert resident_kb(server.process.pid) < GREEDY_MB * 1000


def connected(server: Server, own: str) -> socket.socket:
    """A visitor who takes no more than it has to."""
    made = socket.socket()
    made.settimeout(60)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.bind((own, 0))
    made.connect(server.address)
    return made


def test_answer_that_nobody_takes_is_given_up(house_database: Path, tmp_path: Path) -> None:
    """Also if further requests wait behind it."""
    asked = b"GET /year/2026/hours.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 120
    with Server(house_database, tmp_path) as server, connected(server, "127.0.0.2") as reader:
        reader.sendall(asked)
        until(lambda: peer_is_gone(server, reader), 4 * STALLED_S)


def peer_is_gone(server: Server, reader: socket.socket) -> bool:
    """Whether the server has no connection to this port any more."""
    port = reader.getsockname()[1]
    return f" 0100007F:{server.address[1]:04X} 0200007F:{port:04X} 01 " not in (
        Path("/proc/net/tcp").read_text()
    )


@pytest.mark.parametrize("addresses", [1, 20])
def test_idle_connections_hold_nobody_up(
    house_database: Path, tmp_path: Path, addresses: int
) -> None:
    """However many connections there are, the newest one is answered."""
    with Server(house_database, tmp_path) as server, ExitStack() as stack:
        for number in range(600):
            stack.enter_context(connected(server, f"127.0.1.{number % addresses + 1}"))
        began_s = time.monotonic()
        assert seconds_of(server.address)[0] == 200
        assert time.monotonic() - began_s < PARAMETERS["channel_timeout"]  # none was given up


def test_pipelined_requests_are_answered_in_turn(house_database: Path, tmp_path: Path) -> None:
    """Who sends the next requests before the answer gets all answers, in their order."""
    paths = ["/now.json", "/nothing", "/healthz", "/years/gas.csv", "/meter.json"]
    asked = [f"GET {path} HTTP/1.1\r\nHost: localhost\r\n" for path in paths]
    with Server(house_database, tmp_path) as server, connected(server, "127.0.0.2") as visitor:
        visitor.sendall("\r\n".join([*asked, "Connection: close\r\n\r\n"]).encode())
        answered = b"".join(iter(lambda: visitor.recv(65536), b""))
    statuses = re.findall(rb"HTTP/1.1 (\d+)", answered)
    assert statuses == [b"200", b"404", b"200", b"200", b"200"]
    assert answered.index(b"power_import_w") < answered.index(b'"status"')
    assert answered.index(b'"status"') < answered.index(b"gas_m3,note")


def test_no_page_has_inline_style_or_script(client: FlaskClient) -> None:
    """No page has inline styles or scripts, which the policy forbids."""
    for path in ("/", "/years", "/meter", "/day/2026-10-26", "/nothing"):
        page = client.get(path).text
        assert not re.search(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", page), path
