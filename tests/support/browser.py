"""Chromium, driven as a person would use it."""

from __future__ import annotations

from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from support.debian import needs
from support.paths import ROOT
from support.waiting import until

CHROMIUM = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--hide-scrollbars", "--accept-lang=en"),
)
AXE = ROOT / ".axe/node_modules/axe-core/axe.min.js"


class Browser:
    """Chromium, looking at a page at a time."""

    def __init__(self, profile: Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = needs("chromium", "chromium")
        for argument in (*CHROMIUM, f"--user-data-dir={profile}"):
            options.add_argument(argument)
        service = Service(needs("chromedriver", "chromium-driver"))
        self.driver = webdriver.Chrome(options, service)

    def look(
        self, url: str, width: int = 1280, height: int = 900, scale: float = 1, theme: str = "light"
    ) -> None:
        """Open a page at a size and in a theme, and wait for its pictures."""
        size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.emulate("screen", theme)
        self.driver.get(url)
        lazy = "document.querySelectorAll('img').forEach(each => each.loading = 'eager')"
        self.driver.execute_script(lazy)
        until(lambda: self.ask("[...document.images].every(each => each.naturalWidth > 0)"))

    def emulate(self, media: str, theme: str) -> None:
        """Be a screen or paper, light or dark."""
        features = [{"name": "prefers-color-scheme", "value": theme}]
        wanted = {"media": media, "features": features}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", wanted)

    def ask(self, expression: str) -> object:
        """What an expression of JavaScript is on this page."""
        return self.driver.execute_script(f"return {expression}")

    def find(self, selector: str) -> list[WebElement]:
        """The elements that a CSS selector finds."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)
