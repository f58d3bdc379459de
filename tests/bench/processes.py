"""What a server's processes cost, read from /proc: processor time and memory.

Processor time comes from schedstat (nanoseconds), because the ticks of /proc/PID/stat are 10 ms and a batch
spreads over a dozen processes. Children that have already ended are counted by their parent, in ticks.
"""

import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class ProcessTree:
    """A process and everything it started, less the excluded (the bench's own connection to a database)."""

    root: int
    excluded: frozenset[int] = frozenset()

    def members(self) -> list[int]:
        """The living processes of the tree, the root first."""
        children: dict[int, list[int]] = {}
        for entry in PROC.iterdir():
            if entry.name.isdigit():
                children.setdefault(_parent(entry), []).append(int(entry.name))
        found = [self.root]
        for pid in found:
            found += children.get(pid, [])
        return [pid for pid in found if pid not in self.excluded]

    def cpu_seconds(self) -> float:
        """User and system time of every living thread, and of the children that the root has buried."""
        return sum(map(_cpu_seconds, self.members())) + _buried_seconds(self.root)

    def greatest_pss(self) -> int:
        """Bytes of the biggest member: its own pages and its share of the shared ones (PSS)."""
        return max(_pss(pid) for pid in self.members())


def _parent(process: Path) -> int:
    fields = _stat_fields(process)
    return int(fields[1]) if fields else 0


def _stat_fields(process: Path) -> list[str]:
    """The fields of /proc/PID/stat from the state on; none when the process has just ended."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _cpu_seconds(pid: int) -> float:
    total = 0
    for thread in (PROC / str(pid) / "task").glob("*/schedstat"):
        try:
            total += int(thread.read_text().split()[0])
        except OSError:
            continue  # this thread ended between the listing and the reading
    return total / 1e9


def _buried_seconds(pid: int) -> float:
    fields = _stat_fields(PROC / str(pid))
    return (int(fields[13]) + int(fields[14])) * TICK_SECONDS if fields else 0.0


def _pss(pid: int) -> int:
    for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
