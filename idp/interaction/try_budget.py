"""How often something may be guessed: a few times by one browser, and not endlessly by all of them together.

It lives in the memory of one worker, because who guesses is anonymous and an anonymous person causes no write
(design law 1). So the whole house allows this often for each worker; the code's length is made for that.
"""

from threading import Lock

MOST_BROWSERS = 10_000


class TryBudget:
    """Tries within a window of time, counted before anything is compared (abuse case D-04)."""

    def __init__(self, *, each: int, all_together: int, seconds: int) -> None:
        """`each` browser, and `all_together`, within `seconds`."""
        self._each = each
        self._all = all_together
        self._seconds = seconds
        self._window = -1
        self._spent: dict[bytes, int] = {}
        self._spent_by_all = 0
        self._lock = Lock()

    def spend(self, browser: bytes, now: int) -> bool:
        """Take one try. False when none is left."""
        with self._lock:
            self._begin(now // self._seconds)
            spent = self._spent.get(browser, 0)
            if spent >= self._each or self._spent_by_all >= self._all:
                return False
            if browser not in self._spent and len(self._spent) >= MOST_BROWSERS:
                return False  # never reached while `all_together` is smaller; the bound is here, not there
            self._spent[browser] = spent + 1
            self._spent_by_all += 1
            return True

    def give_back(self, browser: bytes) -> None:
        """A try that was no guess."""
        with self._lock:
            if self._spent.get(browser, 0) > 0:
                self._spent[browser] -= 1
                self._spent_by_all -= 1

    def _begin(self, window: int) -> None:
        if window != self._window:
            self._window, self._spent, self._spent_by_all = window, {}, 0
