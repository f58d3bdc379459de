"""Switching the counting on: the directory of the shared files, and the hooks that fill them."""

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from idp.settings import Settings

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the other rooms call; each costs a few microseconds."""

    answered: Callable[[str, str, int, float], None]  # route, method, status, seconds
    committed: Callable[[Iterable[str]], None]  # tags of the audit rows of a step
    delivered: Callable[[str, str], None]  # kind, outcome


def begin_counting(settings: Settings) -> Hooks | None:
    """The hooks of this process; None where nothing is counted."""
    if not settings.metrics_bind:
        return None
    directory = metrics_directory(settings)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.environ[DIRECTORY] = str(directory)
    from idp.operations import counters  # noqa: PLC0415 (the library looks at the environment when it counts first)

    def answered(route: str, method: str, status: int, seconds: float) -> None:
        counters.REQUESTS.labels(route, method, str(status)).inc()
        counters.SECONDS.labels(route).observe(seconds)

    def committed(tags: Iterable[str]) -> None:
        for tag in tags:
            counters.EVENTS.labels(tag).inc()

    def delivered(kind: str, outcome: str) -> None:
        counters.DELIVERIES.labels(kind, outcome).inc()

    return Hooks(answered, committed, delivered)


def metrics_directory(settings: Settings) -> Path:
    """Where the processes of this machine keep their counts."""
    return settings.var / "metrics"


def forget_the_dead(directory: Path) -> int:
    """Remove the files of processes that are gone; returns how many. Their counts begin again at nothing."""
    removed = 0
    for file in directory.glob("*_*.db"):
        pid = file.stem.rpartition("_")[2]
        if pid.isdecimal() and not _runs(int(pid)):
            with suppress(FileNotFoundError):
                file.unlink()
                removed += 1
    return removed


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
