"""Every move between the states of a credential, legal or not."""

from itertools import product

import pytest

from idp.credential.states import IllegalMove, State, move

A, S, R = State.ACTIVE, State.SUSPENDED, State.REVOKED
LEGAL = {(A, S), (S, A), (A, R), (S, R)}


@pytest.mark.parametrize(("now", "to"), list(product(State, State)))
def test_only_the_listed_moves_are_legal(now, to):
    if (now, to) in LEGAL:
        assert move(now, to) is to
        return
    with pytest.raises(IllegalMove, match=f"{now.value} cannot become {to.value}"):
        move(now, to)


def test_a_revoked_credential_never_comes_back():
    for to in State:
        with pytest.raises(IllegalMove):
            move(R, to)
