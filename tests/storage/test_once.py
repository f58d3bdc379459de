"""What is accepted at most once is accepted once, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

from idp.storage import once


def take(ground, value):
    with ground.provider.database.begin() as transaction:
        return once.take(transaction, sha256(value).digest(), ground.clock() + 60)


def test_the_first_is_accepted_and_every_other_is_not(either_ground):
    assert [take(either_ground, b"one") for _ in range(3)] == [True, False, False]
    assert take(either_ground, b"another")


def test_T_06_of_many_at_once_one_is_accepted(either_ground):
    with ThreadPoolExecutor(4) as pool:
        for i in range(20):
            taken = list(pool.map(lambda _, i=i: take(either_ground, b"%d" % i), range(4)))
            assert sum(taken) == 1
