"""How much of a name the consent page shows."""

from dataclasses import replace

import pytest

from idp.pages.consent_view import masked_name
from idp.people.record import Name
from tests.ground import RECORD


@pytest.mark.parametrize(
    ("name", "shown", "in_korean"),
    [
        (Name(family="HONG", given="GILDONG", full="HONG GILDONG"), "HONG G******", "HONGG******"),
        (Name(family="고", given="산", full="고산"), "고 산*", "고산*"),
        (Name(family="SUHARTO", given="", full="SUHARTO"), "S******", "S******"),
    ],
)
def test_a_name_is_known_to_its_owner_and_hidden_from_others(name, shown, in_korean):
    record = replace(RECORD, korean=name, latin=name)
    assert (masked_name(record, "en"), masked_name(record, "ko")) == (shown, in_korean)
