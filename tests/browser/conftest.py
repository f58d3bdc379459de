"""One installation for all browser tests of a process; a fresh window for each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.installation import Citizen, Installation, free_place, installation
from tests.browser.visitor import Visitor

HERE = "tests/browser/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is a browser test, and all of it wants the same installation."""
    for item in items:
        if item.nodeid.startswith(HERE):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The running provider, its worker and the four services, on SQLite."""
    with free_place(tmp_path_factory.mktemp("installation")) as place, installation(place) as running:
        yield running


@pytest.fixture
def open_window(chromium: Browser) -> Iterator[Callable[..., Visitor]]:
    """Opens windows; in the end none may have complained."""
    expect.set_options(timeout=10_000)
    opened: list[Visitor] = []
    with ExitStack() as stack:

        def _open(at: Installation, *, autofill: bool = False, **options: Any) -> Visitor:
            context = chromium.new_context(**{"locale": "en-GB", "viewport": {"width": 1280, "height": 900}} | options)
            stack.callback(context.close)
            opened.append(Visitor(context, at, autofill=autofill))
            return opened[-1]

        yield _open
    assert [complaint for visitor in opened for complaint in visitor.complaints] == []


@pytest.fixture
def citizen(there: Installation) -> Citizen:
    """An enrolled person."""
    return there.enrol()


@pytest.fixture
def visitor(open_window: Callable[..., Visitor], there: Installation, citizen: Citizen) -> Visitor:
    """That person at their browser, whose authenticator holds their passkey."""
    opened = open_window(there)
    opened.holds(citizen.passkey)
    return opened
