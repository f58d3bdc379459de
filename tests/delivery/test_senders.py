"""The threads that deliver: what is sent to them comes back once, and the end waits for what is under way."""

from threading import Event

from idp.delivery.senders import Senders


def test_what_is_sent_comes_back_and_its_sender_is_free_again():
    with Senders(2, lambda number: number * 10) as senders:
        for number in (1, 2):
            senders.send(number)
        assert senders.free == 0
        found = []
        while len(found) < 2:
            results, woken = senders.results()
            found += results
            assert not woken
        assert (sorted(found), senders.free) == ([10, 20], 2)


def test_who_waits_is_woken_without_a_result():
    with Senders(1, int) as senders:
        senders.wake()
        senders.wake()
        assert senders.results() == ([], True)
        assert senders.results(waiting=False) == ([], False)


def test_at_the_end_what_is_under_way_is_finished():
    go_on = Event()

    def act(number):
        go_on.wait(20)
        return number

    with Senders(2, act) as senders:
        for number in (1, 2):
            senders.send(number)
        go_on.set()
    assert (sorted(senders.results(waiting=False)[0]), senders.free) == ([1, 2], 2)
