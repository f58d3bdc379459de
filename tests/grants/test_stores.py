"""The gates behind every grant (design law 6)."""

from itertools import product

import pytest

from idp.grants.stores import Standing


@pytest.mark.parametrize("offline", [False, True])
@pytest.mark.parametrize("gates", list(product([False, True], repeat=5)))
def test_the_way_is_open_only_if_every_gate_is(gates, offline):
    person, credential, passkey, ended, withdrawn = gates
    stand = person and credential and passkey and not withdrawn and (offline or not ended)
    assert (Standing(*gates).obstacle(offline=offline) is None) is stand
