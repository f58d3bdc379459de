"""`./bench audit`: how fast the audit is sealed and verified, on each database.

Rows as sign-ins leave them are written by the database itself, sealed in batches as the worker does it, and verified
as `idp audit verify` does. Rates are a second of processor time of that process; the database's own is not in them.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import click

from tests.bench.database import running_cluster
from tests.bench.size import Filler, Size
from tests.ground import Ground, make_ground

GOAL_ROWS = 100_000
ROWS_OF_A_SIGN_IN = 5


def processor_seconds(act: Callable[[], object]) -> float:
    """What `act` took of this process."""
    begin = time.process_time()
    act()
    return time.process_time() - begin


def seal_all(ground: Ground) -> None:
    """Until nothing waits."""
    while ground.provider.ledger.seal():
        pass


def judge(name: str, directory: Path, url: str, rows: int) -> bool:
    """Fill, seal, verify three times, print; whether the goal is kept."""
    directory.mkdir()
    ground = make_ground(directory, url)
    Filler(ground).audit(Size(audit=rows, clients=100, people=10_000, tokens=0))
    sealing = processor_seconds(lambda: seal_all(ground))
    reports = []
    verifying = min(processor_seconds(lambda: reports.append(ground.provider.ledger.verify())) for _ in range(3))
    intact = all(report.finding is None and report.rows >= rows for report in reports)
    ground.provider.database.engine.dispose()
    click.echo(
        f"{name}: {rows / sealing:,.0f} rows/s sealed ({1000 * ROWS_OF_A_SIGN_IN * sealing / rows:.3f} ms a sign-in),"
        f" {rows / verifying:,.0f} rows/s verified (goal {GOAL_ROWS:,}), {'intact' if intact else 'NOT INTACT'}"
    )
    return intact and rows / verifying >= GOAL_ROWS


@click.command()
@click.option("--rows", default=300_000, show_default=True, type=click.IntRange(10_000), help="Rows of audit.")
def main(*, rows: int) -> None:
    """Rates of sealing and verifying on both databases; exits with 1 when verifying is slower than its goal."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        met = judge("sqlite", scratch / "s", f"sqlite:///{scratch}/s/audit.sqlite3", rows)
        cluster = stack.enter_context(running_cluster(scratch / "pg", "idp"))
        url = f"postgresql+psycopg://postgres@/idp?host={cluster.socket_directory}"
        met &= judge("postgresql", scratch / "p", url, rows)
    sys.exit(not met)


if __name__ == "__main__":
    main(prog_name="./bench audit")
