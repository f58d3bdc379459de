"""Every refusal is complete in both languages, and every reason that the code gives has one."""

import re
from pathlib import Path

import pytest

from clients.relying_party import refusals
from clients.relying_party.refusals import AUTHORIZATION_ERRORS, REFUSALS

SOURCES = [path.read_text("utf-8") for path in Path(refusals.__file__).parent.glob("*.py")]


@pytest.mark.parametrize("reason", REFUSALS)
def test_a_refusal_says_what_happened_and_what_next_in_both_languages(reason):
    refusal = REFUSALS[reason]
    assert 400 <= refusal.status < 600
    for korean, english in ((refusal.title_ko, refusal.title_en), (refusal.text_ko, refusal.text_en)):
        assert re.search("[가-힣]", korean)
        assert not re.search("[가-힣]", english)
    for text in (refusal.text_ko, refusal.text_en):
        assert text.endswith(".")


def test_every_reason_that_is_raised_has_its_page():
    raised = {reason for source in SOURCES for reason in re.findall(r'SignInRefusedError\(\s*"(\w+)"', source)}
    assert raised >= {"not_this_browser", "unverified", "unavailable", "misconfigured", "other_person"}
    assert raised | set(AUTHORIZATION_ERRORS.values()) <= set(REFUSALS)
