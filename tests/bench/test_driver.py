"""How a batch is dealt to clients, and that a chain hands each result to the next repetition."""

from hypothesis import given
from hypothesis import strategies as st

from tests.bench import driver
from tests.bench.driver import Batch, lanes_of
from tests.bench.http_client import Connection


@given(st.integers(1, 200), st.integers(1, 16))
def test_every_item_is_in_exactly_one_lane_and_the_lanes_are_even(count, clients):
    items = [{"account": str(number)} for number in range(count)]
    lanes = lanes_of(items, clients)
    assert sorted(int(item["account"]) for lane in lanes for item in lane) == list(range(count))
    assert max(map(len, lanes)) - min(map(len, lanes)) <= 1
    assert Batch("sign_in", lanes, repeat=3).size == 3 * count


def test_a_chain_gives_each_result_to_the_next_repetition():
    def count(_connection, _target, item):
        return {"turn": str(int(item["turn"]) + 1)}

    seconds = []
    assert driver._chain(count, Connection(1, host="x"), None, {"turn": "0"}, 5, seconds) == {"turn": "5"}
    assert seconds == [0.0] * 5
