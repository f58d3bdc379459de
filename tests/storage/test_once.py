"""What may be accepted once is accepted once, on both databases."""

from hashlib import sha256

from idp.storage import once
from tests.races import race

LATER = 1_900_000_000


def test_the_first_taker_has_it_and_nobody_after(either_ground):
    database = either_ground.provider.database
    for expected in (True, False, False):
        with database.begin() as transaction:
            assert once.take(transaction, b"a" * 32, LATER) is expected
    with database.begin() as transaction:
        assert once.take(transaction, b"b" * 32, LATER)


def test_of_many_at_once_one_has_it(either_ground):
    def take(digest: bytes) -> bool:
        with either_ground.provider.database.begin() as transaction:
            return once.take(transaction, digest, LATER)

    for number in range(20):
        digest = sha256(str(number).encode()).digest()
        assert sorted(race(lambda digest=digest: take(digest))) == [False, False, False, True]
