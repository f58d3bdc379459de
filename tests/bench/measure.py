"""The command behind ./bench: start both sides, run the rounds, print ratios and goals."""

import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import click

from tests.bench import report
from tests.bench.driver import Driver
from tests.bench.gateways import step_times
from tests.bench.http_client import AnswerError
from tests.bench.our_server import running_ours
from tests.bench.peer_server import install, running_peer
from tests.bench.physics import signature_pair_ms
from tests.bench.rounds import LEAST_ROUNDS, ORDER, Plan, run_rounds
from tests.bench.server_process import BenchError, refuse_busy_port
from tests.bench.side import Side
from tests.bench.steps import count_steps

INSTALLED = Path("var/bench")
SCOPE = "openid profile email"

Command = Callable[..., None]


def _number(name: str, default: float, kind: click.ParamType[Any], why: str) -> Callable[[Command], Command]:
    return click.option(name, default=default, show_default=True, type=kind, help=why)


@click.command()
@_number("--rounds", 5, click.IntRange(1, 50), "Interleaved rounds.")
@_number("--sign-ins", 60, click.IntRange(4, 1000), "Whole sign-ins in a round, on each side.")
@_number("--calls", 200, click.IntRange(4, 10_000), "Calls of each other operation in a round, on each side.")
@_number("--clients", 4, click.IntRange(1, 16), "People at the same time.")
@_number("--steps", 120, click.IntRange(0, 500), "Sign-in steps with each state of the gateway, four times.")
@_number("--minutes", 4, click.FloatRange(0.5, 30), "Begin no round later than that.")
@_number("--port-base", 19_100, click.IntRange(1024, 32_000), "Three ports on loopback, from this one on.")
@click.option("--only", type=click.Choice(["ours", "peer"]), help="Measure one side alone, without ratios.")
@click.option("--operation", "operations", multiple=True, type=click.Choice(ORDER), help="Measure only this one.")
@click.option("--check", is_flag=True, help="Exit with 1 when a goal is missed.")
def main(
    *,
    rounds: int,
    sign_ins: int,
    calls: int,
    clients: int,
    minutes: float,
    port_base: int,
    steps: int,
    operations: tuple[str, ...],
    only: str | None,
    check: bool,
) -> None:
    """Compare this provider with npm oidc-provider on PostgreSQL, in one interleaved run on loopback.

    Ratios are what counts; absolute figures change with the machine and its neighbours. tests/bench/README.md
    says what is counted and how to read it.
    """
    if check and (only or operations or not steps or rounds < LEAST_ROUNDS):
        raise click.UsageError(f"--check needs both sides, everything and at least {LEAST_ROUNDS} rounds")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # whoever stops us stops the servers too
    plan = Plan(
        rounds=rounds,
        sign_ins=sign_ins,
        calls=calls,
        clients=clients,
        seconds=60 * minutes,
        operations=operations or ORDER,
    )
    try:
        met = _compare(plan, port_base, only, steps)
    except (BenchError, AnswerError, TimeoutError) as error:
        click.echo(f"bench: {error}", err=True)
        raise SystemExit(2) from None
    raise SystemExit(0 if met or not check else 1)


def _compare(plan: Plan, port_base: int, only: str | None, steps_of_each: int) -> bool:
    """Run everything and print it; whether every goal was met."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        sides = [stack.enter_context(starter) for starter in _starters(scratch, port_base, only)]
        driver = Driver()
        stack.callback(driver.close)
        costs = run_rounds(sides, plan, driver, _progress)
        steps = {side.name: count_steps(side) for side in sides if "sign_in" in plan.operations}
        pss = {side.name: side.server.greatest_pss() for side in sides}
        click.echo(report.table(costs))  # now: what comes next can take long on a busy machine
        for name, counted in steps.items():
            click.echo(report.steps_table(name, counted))
        times: dict[str, list[float]] = {}
        for side in sides:
            if side.delivering_to and steps_of_each and plan.operations == ORDER:
                times = step_times(side, driver, port_base + 2, steps=steps_of_each, clients=plan.clients)
    if "sign_in" in costs:
        click.echo(report.physics(costs, signature_pair_ms()))
    click.echo(report.memory(pss))
    if times:
        click.echo(report.waiting(times))
    if only or plan.operations != ORDER:
        return True
    verdicts = report.goals(costs, steps["ours"], pss, times)
    click.echo("\n".join(map(str, verdicts)))
    return all(goal.met for goal in verdicts)


def _starters(scratch: Path, port_base: int, only: str | None) -> list[AbstractContextManager[Side]]:
    """The sides to start; what can be missing is looked for before anything runs."""
    ports = {"ours": port_base, "peer": port_base + 1}
    for port in (*ports.values(), port_base + 2):
        refuse_busy_port(port)
    starters: list[AbstractContextManager[Side]] = []
    if only != "peer":
        starters.append(running_ours(scratch, ports["ours"], SCOPE))
    if only != "ours":
        starters.append(running_peer(install(INSTALLED.resolve()), scratch, ports["peer"], SCOPE))
    return starters


def _progress(line: str) -> None:
    click.echo(line, err=True)


if __name__ == "__main__":
    main(prog_name="./bench")
