"""Every move between the states of a credential, legal or not."""

from contextlib import suppress
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.credential.states import MOVES, IllegalMove, State, message_of, move
from idp.delivery.notices import Notice, load_notices

A, S, R, E, P = State.ACTIVE, State.SUSPENDED, State.REVOKED, State.EXPIRED, State.REPLACED
LEGAL = {(A, S), (S, A), (A, R), (S, R), (E, R), (A, E), (S, E), (A, P), (S, P), (E, P)}


@pytest.mark.parametrize(("now", "to"), list(product(State, State)))
def test_only_the_listed_moves_are_legal(now, to):
    if (now, to) in LEGAL:
        assert move(now, to) is to
        return
    with pytest.raises(IllegalMove, match=f"{now.value} cannot become {to.value}"):
        move(now, to)


@pytest.mark.parametrize("ended", [R, P])
def test_what_was_revoked_or_replaced_never_comes_back(ended):
    for to in State:
        with pytest.raises(IllegalMove):
            move(ended, to)


@given(st.lists(st.sampled_from(State), max_size=30))
def test_whatever_is_asked_a_credential_that_ended_signs_in_no_more(asked):
    now, ended = A, False
    for to in asked:
        with suppress(IllegalMove):
            now = move(now, to)
        ended = ended or now in {R, P}
        assert now in {R, P} or not ended
        assert not (ended and now is A)


def test_every_legal_move_has_its_message_in_every_language():
    words = load_notices()
    for (before, after), key in MOVES.items():
        assert message_of(before, after) == key
        for language in words.sentences:
            assert words.say(Notice("+491", "DE", language, key))
