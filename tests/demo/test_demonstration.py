"""The whole of ./run in a real browser, for someone with no authenticator: sign in everywhere, enrol anew."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from idp.demo.place import Place, StartError, check_ports
from idp.demo.sample_services import SAMPLE_SERVICES

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def free_place(var: Path) -> Place:
    """Five free ports in a row, below those that outgoing connections take."""
    while True:
        place = Place(random.randrange(20_000, 32_000, 10), var)
        with suppress(StartError):
            check_ports(place)
            return place


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = free_place(tmp_path_factory.mktemp("demonstration") / "var")
    command = [sys.executable, "-m", "idp.demo.up", "--var", str(place.var)]
    environ = os.environ | {"PORT_BASE": str(place.port)}
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True) as process:
        said = []
        for line in process.stdout:
            said.append(line)
            if "Ctrl-C" in line:
                break
        assert process.poll() is None, "".join(said)
        yield place
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    check_ports(place)  # nothing of it listens any more


class Visitor:
    """Someone at a browser, with or without JavaScript, who has only the demo phone."""

    def __init__(self, page: Page, place: Place, *, scripted: bool) -> None:
        self.page = page
        self.place = place
        self.scripted = scripted

    def press(self, *ids: str) -> None:
        for one in ids:
            self.page.click(f"#{one}")

    def answer_with_the_phone(self) -> None:
        self.press("demo-phone", "demo-approve")
        if not self.scripted:  # with JavaScript the answer goes on by itself
            self.press("demo-continue")

    def messages(self) -> list[dict[str, str]]:
        """Those with a code, newest first: what is told of somebody enrolled before may come at any moment."""
        everything = self.page.context.request.get(f"{self.place.issuer}/demo/messages.json").json()
        return [message for message in everything if message["code"]]

    def type_the_code(self, seen: int) -> None:
        """Wait for the message after the `seen` that were there, and type its code."""
        expect(self.page.locator("#code")).to_be_visible()
        for _ in range(60):
            if len(messages := self.messages()) > seen:
                break
            time.sleep(0.25)
        self.page.fill("#code", messages[0]["code"])
        self.press("code-submit")


@pytest.fixture(params=[True, False], ids=["JavaScript", "no JavaScript"])
def visitor(request, place, chromium):
    context = chromium.new_context(locale="en-US", java_script_enabled=request.param)
    context.set_default_timeout(20_000)
    yield Visitor(context.new_page(), place, scripted=request.param)
    context.close()


def test_sign_in_with_the_demo_phone_and_then_everywhere_without_proving_again(visitor):
    page, first, *others = visitor.page, *[visitor.place.address_of(s) for s in SAMPLE_SERVICES]
    seen = len(visitor.messages())
    page.goto(first)
    visitor.press("sign-in")
    visitor.answer_with_the_phone()
    visitor.type_the_code(seen)
    agree_and_arrive(visitor, first)
    for address in others:
        page.goto(address)
        visitor.press("sign-in")
        agree_and_arrive(visitor, address)
    assert len(visitor.messages()) == seen + 1


def agree_and_arrive(visitor: Visitor, address: str) -> None:
    """Consent, unless it was given in an earlier test, and be back at the service with an identity."""
    arrived = re.compile(re.escape(address))
    consent = visitor.page.locator("#consent-allow")
    expect(consent.or_(visitor.page.locator("#claims"))).to_be_visible()
    if consent.is_visible():
        consent.click()
    expect(visitor.page).to_have_url(arrived)
    expect(visitor.page.locator("#claims")).to_be_visible()


def test_a_new_citizen_enrols_with_the_demo_phone(visitor):
    page = visitor.page
    seen = len(visitor.messages())
    page.goto(f"{visitor.place.issuer}/demo")
    visitor.press("demo-enrolment")
    link = page.get_attribute("#demo-enrolment-open", "href")
    visitor.press("demo-enrolment-open")
    if not visitor.scripted:
        page.fill("input[name=secret]", link)
    visitor.press("enrol-open", "record-confirm")
    page.select_option("select[name=country]", "DE")
    page.fill("input[name=number]", f"0151{random.randrange(10**7, 10**8)}")
    visitor.press("phone-submit")
    visitor.type_the_code(seen)
    visitor.answer_with_the_phone()
    expect(page).to_have_title(re.compile("^Your mobile ID is ready"))
