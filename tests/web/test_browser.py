"""The pages in a real browser: for everybody, on phone and desktop, by light and in the dark."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from slimmemeter.charts.spec import SIZES
from support.browser import AXE, Browser
from support.debian import needs
from support.house import fill
from support.readings import DAY
from support.serving import Server
from support.waiting import until

pytestmark = pytest.mark.servers
OCTOBER = [
    *("day/2026-10-25", "week/2026-W44", "month/2026-10", "year/2026"),
    *("between/2026-10-24T12:00/2026-10-27", "nothing"),
    "compare/month/2026-10/month/2026-09",
]
NOW = ["", "kiosk", "kiosk?theme=grey", "years", "last/365", "meter", "meter?at=2026-10-27T00:00"]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The pages of a house whose readings are ten days old to brand-new."""
    folder = tmp_path_factory.mktemp("live")
    now = int(time.time())
    fill(folder / "slimmemeter.sqlite3", now - 10 * DAY, now)
    with Server(folder / "slimmemeter.sqlite3", folder) as made:
        yield made


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests of this file."""
    made = Browser(tmp_path_factory.mktemp("profile"))
    yield made
    made.driver.quit()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("page", [*OCTOBER, *NOW])
def test_axe_finds_nothing(browser: Browser, server: Server, page: str, theme: str) -> None:
    """axe-core finds no barrier on any page, in either theme."""
    if not AXE.exists():
        needs(str(AXE), "npm; npm install --prefix .axe axe-core@4")
    browser.look(f"{server.url}/{page}", theme=theme)
    browser.driver.execute_script(AXE.read_text())
    found = browser.driver.execute_async_script(
        "axe.run().then(result => arguments[0](result.violations.map("
        "each => [each.id, each.help, each.nodes.map(node => node.html).slice(0, 3)])))"
    )
    assert found == []


@pytest.mark.parametrize("page", [*OCTOBER, *NOW])
def test_page_fits_320_pixels_and_200_percent(browser: Browser, server: Server, page: str) -> None:
    """No page has to be scrolled sideways on a small screen."""
    for width, scale in ((320, 1), (640, 2)):
        browser.look(f"{server.url}/{page}", width=width, scale=scale)
        assert browser.ask("document.scrollingElement.scrollWidth") == width


@pytest.mark.parametrize("page", [*OCTOBER, *NOW])
def test_page_asks_nobody_else(browser: Browser, server: Server, page: str) -> None:
    """A page loads nothing from another computer."""
    browser.look(f"{server.url}/{page}")
    requested = browser.ask("performance.getEntriesByType('resource').map(each => each.name)")
    assert isinstance(requested, list)
    assert requested
    assert [url for url in requested if not url.startswith(f"{server.url}/")] == []


def test_first_screen_of_a_phone_shows_the_first_four(browser: Browser, live: Server) -> None:
    """A phone's first screen has power, its state, today's totals, and the picture's beginning."""
    browser.look(f"{live.url}/", width=390, height=844, scale=3)
    for selector in (".power", ".state", ".rest .totals"):
        shown = browser.find(selector)[0].rect
        assert shown["y"] >= 0
        assert shown["y"] + shown["height"] <= 844, selector
    assert browser.find(".picture img")[0].rect["y"] <= 700


@pytest.mark.parametrize(("width", "shape"), [(390, "narrow"), (800, "medium"), (1280, "wide")])
def test_what_lies_over_a_picture_scales_with_it(
    browser: Browser, server: Server, width: int, shape: str
) -> None:
    """The links over a picture scale with it."""
    browser.look(f"{server.url}/month/2026-10", width=width)
    picture = browser.find(".picture img")[0].rect
    size = SIZES[shape]
    over = browser.find(".picture svg")[0].rect
    scale = picture["width"] / size.width
    assert over["x"] == pytest.approx(picture["x"] + size.left * scale, abs=1.5)
    assert over["width"] == pytest.approx((size.right - size.left) * scale, abs=1.5)
    days = browser.find(".picture svg a path")
    assert len(browser.find(".picture")[0].find_elements(By.TAG_NAME, "path")) == 7
    assert days[0].rect["height"] == pytest.approx(picture["height"], abs=3)


def test_bar_leads_down_by_click_and_by_key(browser: Browser, server: Server) -> None:
    """Clicks and keys on bars lead from year to month to day."""
    browser.look(f"{server.url}/year/2026")
    (month,) = browser.find(".picture svg a[href='/month/2026-10']")[:1]
    output = month.find_element(By.TAG_NAME, "title").get_attribute("textContent")
    assert output is not None
    assert output.startswith("October 2026: ")
    assert "kWh from the grid" in output.replace("\N{NO-BREAK SPACE}", " ")
    month.click()
    until(lambda: browser.driver.current_url.endswith("/month/2026-10"))
    day = browser.find(".picture svg a[href='/day/2026-10-26']")[0]
    browser.driver.execute_script("arguments[0].focus()", day)
    day.send_keys(Keys.ENTER)
    until(lambda: browser.driver.current_url.endswith("/day/2026-10-26"))


def test_focused_bar_is_described_and_arrows_change_the_period(
    browser: Browser, server: Server
) -> None:
    """A focused bar is described below the picture, arrows lead to the next bar, and elsewhere
    they change the period."""
    browser.look(f"{server.url}/month/2026-10")
    day = browser.find(".picture svg a[href='/day/2026-10-26']")[0]
    browser.driver.execute_script("arguments[0].focus()", day)
    assert browser.find(".value")[0].text.startswith("Mon 26 Oct: ")
    day.send_keys(Keys.ARROW_RIGHT)
    assert focused(browser) == "/day/2026-10-27"
    assert browser.find(".value")[0].text.startswith("Tue 27 Oct: ")
    browser.driver.execute_script("document.activeElement.blur()")
    browser.find("body")[0].send_keys(Keys.ARROW_RIGHT)
    until(lambda: browser.driver.current_url.endswith("/month/2026-11"))


def focused(browser: Browser) -> object:
    """The address of the link that has the focus, or what else has it."""
    return browser.ask(
        "document.activeElement.getAttribute('href') || document.activeElement.tagName"
    )


def test_picture_is_one_stop_of_the_tab_key(browser: Browser, server: Server) -> None:
    """The tab key reaches a link to the content first, and of each picture one bar."""
    browser.look(f"{server.url}/week/2026-W43")
    pictures = len(browser.find(".picture svg"))
    stops = []
    for _ in range(40):
        browser.find("body")[0].send_keys(Keys.TAB)
        stops.append((focused(browser), browser.ask("!!document.activeElement.closest('svg')")))
    assert stops[0] == ("#main", False)
    first_round = (
        stops[: [stop for stop, _ in stops].index("BODY")] if ("BODY", False) in stops else stops
    )
    assert 0 < sum(is_bar for _, is_bar in first_round) <= pictures


def test_paper_shows_no_links_to_press(browser: Browser, server: Server) -> None:
    """In print there are no menus, and the background is white."""
    browser.look(f"{server.url}/month/2026-10", theme="dark")
    browser.emulate("print", "dark")
    assert browser.ask("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert browser.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    browser.emulate("screen", "light")


@pytest.mark.parametrize("width", [390, 800, 1280])
@pytest.mark.parametrize("page", ["day/2026-10-25", "month/2026-10", "year/2026", "years"])
def test_pictures_have_the_shape_of_the_screen(
    browser: Browser, server: Server, page: str, width: int
) -> None:
    """A phone gets narrow pictures, a tablet medium ones, and a desktop wide ones; all sharp."""
    browser.look(f"{server.url}/{page}", width=width)
    widths = browser.ask("[...document.images].map(each => each.naturalWidth)")
    shape = {390: "narrow", 800: "medium", 1280: "wide"}[width]
    assert set(widths) == {2 * SIZES[shape].width}  # type: ignore[call-overload]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("page", ["", "month/2026-10"])
def test_what_is_pressed_is_large_enough(
    browser: Browser, server: Server, page: str, width: int
) -> None:
    """Links of the frame, buttons, fields and what unfolds are at least 44 pixels high."""
    browser.look(f"{server.url}/{page}", width=width)
    for each in browser.find("nav a, footer a, .step, .button, button, .head input, summary"):
        if each.is_displayed():
            assert each.rect["height"] >= 44, (each.tag_name, each.text)


@pytest.mark.parametrize("width", [320, 390, 560, 561, 700, 900, 901, 1024, 1440, 1920])
def test_letters_of_pictures_are_never_small(browser: Browser, server: Server, width: int) -> None:
    """On every screen the letters of a picture are at least 11 pixels high."""
    browser.look(f"{server.url}/month/2026-10", width=width)
    picture = browser.find(".picture img")[0].rect
    (size,) = [
        each
        for each in SIZES.values()
        if browser.ask("document.images[0].naturalWidth") == 2 * each.width
    ]
    assert size.letters * picture["width"] / size.width >= 11
