"""D-04: five guesses by one browser, a number of guesses by all of them, counted before anything is compared."""

from threading import Barrier, Thread

from hypothesis import given
from hypothesis import strategies as st

from idp.interaction.try_budget import TryBudget


def budget(each=5, all_together=20):
    return TryBudget(each=each, all_together=all_together, seconds=600)


def test_D_04_the_sixth_try_of_a_browser_is_refused_and_another_browser_may_still_try():
    tries = budget()
    assert [tries.spend(b"a", 1000) for _ in range(6)] == [True] * 5 + [False]
    assert tries.spend(b"b", 1000)


def test_D_04_all_browsers_together_have_a_budget():
    tries = budget()
    taken = [tries.spend(bytes([number]), 1000) for number in range(50)]
    assert taken == [True] * 20 + [False] * 30


def test_a_new_window_begins_with_a_full_budget():
    tries = budget(each=1)
    assert tries.spend(b"a", 599)
    assert not tries.spend(b"a", 599)
    assert tries.spend(b"a", 600)


def test_a_try_that_was_no_guess_is_given_back_once():
    tries = budget(each=1)
    assert tries.spend(b"a", 0)
    tries.give_back(b"a")
    tries.give_back(b"a")
    assert tries.spend(b"a", 0)
    assert not tries.spend(b"a", 0)


def test_D_04_many_threads_at_once_get_no_try_more():
    tries, start, won = budget(each=1000, all_together=50), Barrier(8), []

    def guess(name):
        start.wait()
        won.extend(tries.spend(name, 0) for _ in range(50))

    threads = [Thread(target=guess, args=(bytes([n]),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(won) == 50


@given(st.lists(st.tuples(st.binary(max_size=2), st.booleans()), max_size=200))
def test_D_04_never_more_than_allowed_whatever_happens(steps):
    tries, open_tries = budget(each=3, all_together=7), {}
    for browser, give_back in steps:
        if give_back:
            tries.give_back(browser)
            open_tries[browser] = max(open_tries.get(browser, 0) - 1, 0)
        elif tries.spend(browser, 0):
            open_tries[browser] = open_tries.get(browser, 0) + 1
        assert all(count <= 3 for count in open_tries.values())
        assert sum(open_tries.values()) <= 7
