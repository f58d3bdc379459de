"""How an engineer acts at the workbench, for the tests of its pages."""

import html
import re

from tests.staff.colleagues import answer

GROUND = "재외동포기본법 제12조에 따라 연계합니다"


def confirm(box):
    """Confirm the act that the page shows with the engineer's passkey."""
    return answer(box.browser, "/workbench/confirm", box.engineer)


def here(box, rest=""):
    """An address about the engineer's service."""
    return f"/workbench/clients/{box.service.id}{rest}"


def text_fields(browser):
    """The form of the present page as a browser would send it: its textareas and inputs as they stand."""
    text = re.sub(r'<input[^>]*type="checkbox"(?![^>]* checked)[^>]*>', "", browser.page.text)
    fields = {
        name: html.unescape(value) for name, value in re.findall(r'<input[^>]*name="([^"]+)" value="([^"]*)"', text)
    }
    areas = re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', text, re.DOTALL)
    return fields | {name: html.unescape(value) for name, value in areas}
