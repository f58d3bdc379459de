"""Assurance levels: which facts of a sign-in make which `acr`, and what `amr` says of them.

The table is config/assurance.toml; facts come from signed data on the server, never from the page's word.
`acr` and `amr` say what really happened (design law 9). amr values: RFC 8176.
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path


class Fact(Enum):
    """Something that was proven, and by what."""

    PASSKEY = "passkey"
    USER_VERIFIED = "user_verified"  # UV flag of the signed authenticator data
    DEVICE_BOUND = "device_bound"  # the passkey cannot leave its device (BE flag 0)
    ATTESTED = "attested"  # its maker was verified when it was registered
    TEXT_MESSAGE = "sms"
    VOICE_CALL = "tel"
    AUTHENTICATOR_APP = "app"  # a code of RFC 6238
    PRINTED_CODE = "printed"  # a one-time code on paper
    SECOND_PASSKEY = "second_passkey"  # another one, bound to its device
    SECOND_PROOF = "second_proof"
    PROOFED = "proofed_at_mission"
    REGISTERED_ABROAD = "registration_current"
    SETTLED = "number_settled"  # the phone number was not changed by its holder in the last days
    FRESH = "fresh"  # proven for this very request, no earlier session

    __hash__ = object.__hash__  # members are single objects; Enum's own hash is written in Python


class AssuranceError(Exception):
    """The table cannot be used; the message is one line for the operator."""


@dataclass(frozen=True, slots=True)
class Level:
    """One assurance level."""

    acr: str
    requires: frozenset[Fact]


@dataclass(frozen=True)
class Assurance:
    """The levels, weakest first."""

    levels: tuple[Level, ...]

    @cached_property
    def acr_values(self) -> tuple[str, ...]:
        """Every acr, weakest first."""
        return tuple(level.acr for level in self.levels)

    def attainable(self, beyond: frozenset[Fact]) -> tuple[str, ...]:
        """The levels that need none of the facts `beyond` this installation: what discovery may list."""
        return tuple(level.acr for level in self.levels if not level.requires & beyond)

    def rank(self, acr: str) -> int:
        """0 for the weakest; -1 for one that is not ours."""
        return self.acr_values.index(acr) if acr in self.acr_values else -1

    def below_the_highest(self, acr: str) -> str:
        """`acr`, or the one below when it is the highest of several levels."""
        return self.acr_values[-2] if len(self.levels) > 1 and acr == self.acr_values[-1] else acr

    def reached(self, facts: Iterable[Fact]) -> str | None:
        """The strongest level whose facts are all there, or None."""
        have = frozenset(facts)
        met = [level.acr for level in self.levels if level.requires <= have]
        return met[-1] if met else None

    def satisfies(self, reached: str | None, wanted: str) -> bool:
        """Whether a level that was reached is at least the wanted one."""
        return reached in self.at_least(wanted)

    def at_least(self, wanted: str) -> tuple[str, ...]:
        """The wanted level and those above it, weakest first; none for one that is not ours."""
        rank = self.rank(wanted)
        return self.acr_values[rank:] if rank >= 0 else ()


def load_assurance(path: Path) -> Assurance:
    """The table of a TOML file. Raises AssuranceError."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
        levels = tuple(
            Level(acr=entry["acr"], requires=frozenset(Fact(fact) for fact in entry["requires"]))
            for entry in document["level"]
        )
    except OSError as error:
        raise AssuranceError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise AssuranceError(f"{path} is no assurance table: {error}") from error
    if not levels or len({level.acr for level in levels}) != len(levels):
        raise AssuranceError(f"{path} must list at least one level, each acr once")
    if any(not lower.requires < higher.requires for lower, higher in pairwise(levels)):
        raise AssuranceError(f"{path}: each level must require all of the one before it, and more")
    return Assurance(levels)


def amr_of(facts: Iterable[Fact], reached: str | None, assurance: Assurance) -> Sequence[str]:
    """RFC 8176 values for what was proven."""
    have = frozenset(facts)
    values = []
    if Fact.PASSKEY in have:
        values.append("hwk" if Fact.DEVICE_BOUND in have else "swk")
    if Fact.USER_VERIFIED in have:
        values.append("user")
    if Fact.SECOND_PASSKEY in have and "hwk" not in values:
        values.append("hwk")
    values += [fact.value for fact in (Fact.TEXT_MESSAGE, Fact.VOICE_CALL) if fact in have]
    if have & {Fact.AUTHENTICATOR_APP, Fact.PRINTED_CODE}:
        values.append("otp")
    if Fact.SECOND_PROOF in have:
        values.append("mfa")
    if reached is not None and reached == assurance.acr_values[-1] and Fact.ATTESTED in have:
        values.append("pop")
    return values


LETTERS = {
    Fact.PASSKEY: "p",
    Fact.USER_VERIFIED: "u",
    Fact.DEVICE_BOUND: "d",
    Fact.ATTESTED: "a",
    Fact.TEXT_MESSAGE: "s",
    Fact.VOICE_CALL: "v",
    Fact.SECOND_PROOF: "2",
    Fact.PROOFED: "m",
    Fact.REGISTERED_ABROAD: "r",
    Fact.FRESH: "f",
    Fact.AUTHENTICATOR_APP: "t",
    Fact.PRINTED_CODE: "c",
    Fact.SECOND_PASSKEY: "k",
    Fact.SETTLED: "n",
}
"""How facts are stored. A letter is never given to another fact: rows outlive releases."""
FACTS = {letter: fact for fact, letter in LETTERS.items()}


def facts_to_text(facts: Iterable[Fact]) -> str:
    """Facts as they are stored."""
    return "".join(sorted(LETTERS[fact] for fact in facts))


@lru_cache(maxsize=256)
def facts_from_text(text: str) -> frozenset[Fact]:
    """Facts as they were stored."""
    return frozenset(FACTS[letter] for letter in text)
