"""The catalogue promises nothing that no code records, and what is recorded for members of staff says who it was."""

import re
from functools import cache

import pytest

from idp.audit.catalogue import Event
from idp.settings import ROOT

LISTS = {"catalogue.py", "retention.py"}


@cache
def recorded() -> frozenset[str]:
    """Names of the events that some code outside the lists speaks of."""
    files = [file for file in (ROOT / "idp").rglob("*.py") if file.name not in LISTS]
    return frozenset(name for file in files for name in re.findall(r"\bEvent\.([A-Z_]+)", file.read_text("utf-8")))


@pytest.mark.parametrize("event", list(Event), ids=lambda event: event.tag)
def test_an_event_of_the_catalogue_is_recorded_somewhere(event):
    assert event.name in recorded()


@pytest.mark.parametrize("event", [event for event in Event if event.tag.startswith("staff:")], ids=lambda e: e.tag)
def test_an_act_of_a_member_of_staff_names_them(event):
    assert {"by", "member"} & set(event.fields)
