"""`idp switch`: features that are turned off and on while the provider runs. The `ctx.obj` is a SwitchDesk."""

from typing import Protocol

import click

from idp.staff.switches import Feature

NAME = click.Choice([one.value for one in Feature])


class SwitchDesk(Protocol):
    """What these commands work with."""

    def off(self) -> frozenset[str]:
        """The names of what is off."""

    def turn_at_once(self, feature: Feature, *, on: bool) -> None:
        """Turn a feature, at an operator's word."""


@click.group()
def switch() -> None:
    """Features that can be turned off while the provider runs."""


@switch.command("list")
@click.pass_obj
def list_(desk: SwitchDesk) -> None:
    """Show every feature and whether it is on."""
    off = desk.off()
    for one in Feature:
        click.echo(f"{one.value:<22} {'off' if one.value in off else 'on'}")


@switch.command("off")
@click.argument("name", type=NAME)
@click.pass_obj
def off_(desk: SwitchDesk, name: str) -> None:
    """Turn a feature off: within seconds, everywhere."""
    desk.turn_at_once(Feature(name), on=False)
    click.echo(f"{name}: off")


@switch.command("on")
@click.argument("name", type=NAME)
@click.pass_obj
def on_(desk: SwitchDesk, name: str) -> None:
    """Turn a feature on again: within seconds, everywhere."""
    desk.turn_at_once(Feature(name), on=True)
    click.echo(f"{name}: on")
