"""Looking at a page as it is judged: accessibility at phone and desktop width, no sideways scrolling, a picture.

With SCREENSHOTS set to a directory, every page is also kept there as LANGUAGE-WIDTH-NAME.png.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

PHONE, DESKTOP = 390, 1280
# 320 px is the narrowest phone; 640 px is what a window of 1280 px has left at 200 % zoom (WCAG 2.2 §1.4.10, §1.4.4).
NARROW = (320, 640)
# Every page is judged in each language and at each width; in all four ways where pictures are kept.
WIDTHS = {"ko": (PHONE,), "en": (DESKTOP,)}
HEIGHT = 900
# Whatever is pressed is as high as a finger needs (WCAG 2.2 §2.5.5), but a link in the middle of a sentence. A box to
# tick counts with its label.
LOW = """() => {
  const pressed = "a[href], button, input:not([type=hidden]), select, summary, textarea";
  const height = (one) => Math.max(...[one, ...(one.labels || [])].map((part) => part.getBoundingClientRect().height));
  const inSentence = (one) => one.matches("a") && one.parentElement.textContent.trim() !== one.textContent.trim()
    && getComputedStyle(one).display === "inline";
  return [...document.querySelectorAll(pressed)]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }) && one.getBoundingClientRect().width > 1)
    .filter((one) => one.getBoundingClientRect().bottom + scrollY > 0) // the link that skips to the page waits above it
    .filter((one) => !inSentence(one) && height(one) < 43.5)
    .map((one) => `${one.outerHTML.slice(0, 90)} is ${Math.round(height(one))} px high`);
}"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Gallery:
    """Every page that was shown, and what is wrong with any of them."""

    language: str
    touched: bool = False  # whether it is a page for phones, on which everything is pressed with a finger
    directory: str = field(default_factory=lambda: os.environ.get("SCREENSHOTS", ""))
    shown: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def show(self, page: Page, name: str) -> None:
        """Judge the page that is open."""
        self.shown.append(name)
        page.wait_for_load_state()
        if page.locator("html").get_attribute("lang") != self.language:
            self.faults.append(f"{name}: not in {self.language}")
        if not page.title().strip():
            self.faults.append(f"{name}: no title")
        for width in NARROW:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            if page.evaluate(SIDEWAYS) > 0:
                self.faults.append(f"{name}: scrolls sideways at {width} px")
        if self.touched:
            self.faults += [f"{name}: {low}" for low in page.evaluate(LOW)]
        for width in (PHONE, DESKTOP) if self.directory else WIDTHS[self.language]:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            self._keep(page, name, width)
            self.faults += [f"{name} at {width} px: {fault}" for fault in violations(page)]

    def _keep(self, page: Page, name: str, width: int) -> None:
        if not self.directory:
            return
        folder = Path(self.directory)
        folder.mkdir(parents=True, exist_ok=True)
        page.evaluate("document.fonts.ready")
        page.screenshot(path=folder / f"{self.language}-{width}-{name.replace(' ', '-')}.png", full_page=True)


def violations(page: Page) -> list[str]:
    """What axe-core finds, one line each."""
    page.evaluate(AXE_SCRIPT)
    found: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{violation['id']} ({violation['impact']}): {node['target'][0]}: {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
