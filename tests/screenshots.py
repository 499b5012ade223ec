"""Makes the pictures of the documents: `.venv/bin/python tests/screenshots.py`.

It simulates three and a half years of a house, serves its pages, and looks at them in Chromium, so
that what they show is what there is.
"""

from __future__ import annotations

import io
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from PIL import Image

from slimmemeter.demo import household
from support.browser import Browser
from support.house import fill
from support.paths import ROOT
from support.readings import DAY
from support.serving import Server

FOLDER = ROOT / "docs/pictures"
DAYS = 1260
PHONE = {"width": 390, "height": 844, "scale": 1.5}
DESKTOP = {"width": 1200, "height": 860, "scale": 1}


def pages(now: int) -> dict[str, tuple[str, dict[str, float], str]]:
    """By the picture's name the page, the size of the screen, and the theme."""
    today = datetime.fromtimestamp(now, household.ZONE)
    sunny = today.replace(month=6, day=21) - timedelta(days=365 * (today.month < 7))
    return {
        "overview": ("", PHONE, "light"),
        "sunny-day": (f"day/{sunny:%Y-%m-%d}", PHONE, "dark"),
        "month": (f"month/{today.replace(day=1) - timedelta(days=1):%Y-%m}", DESKTOP, "light"),
    }


def pictures(now: int) -> dict[str, str]:
    """By the picture's name its own address."""
    year = datetime.fromtimestamp(now, household.ZONE).year
    return {
        "hours": f"year/{year - 1}/hours.png",
        "year": f"year/{year}/electricity.png",
        "cumulative": f"year/{year}/cumulative_gas.png",
    }


def small(picture: bytes, path: Path) -> None:
    """Store a picture with a palette, which is a third of it."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> None:
    """Make all of them."""
    now = int(time.time())
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "house.sqlite3"
        fill(database, now - DAYS * DAY, now)
        server = Server(database, Path(folder))
        browser = Browser(Path(folder) / "profile")
        for name, (page, size, theme) in pages(now).items():
            browser.look(f"{server.url}/{page}", **size, theme=theme)  # type: ignore[arg-type]
            small(browser.driver.get_screenshot_as_png(), FOLDER / f"{name}.png")
        for name, address in pictures(now).items():
            browser.look(f"{server.url}/{address}", 1100, 360)
            small(browser.driver.get_screenshot_as_png(), FOLDER / f"{name}.png")
        browser.driver.quit()
        server.stop()


if __name__ == "__main__":
    main()
