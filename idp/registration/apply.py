"""Applying folders: the registrations become what the folders say; applied twice, nothing changes.

A plan is made of all folders before anything is stored: one bad folder, and nothing changes at all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from idp.registration.changes import Change, added, changed, removal_begun, secret_rotated
from idp.registration.credentials_file import CredentialsFile
from idp.registration.desk import Desk
from idp.registration.documents import confirm_documents
from idp.registration.errors import BrokenRule, RegistrationRefused
from idp.registration.folders import Unreadable, read_folder
from idp.registration.metadata import check_metadata
from idp.registration.register import (
    Outcome,
    change,
    check_client_id,
    needs_secret,
    register,
    rotate_secret,
)
from idp.registration.registration import Metadata, Registration


@dataclass(frozen=True, slots=True)
class Request:
    """What the administrator asked for, for all folders."""

    substitutions: Mapping[str, str]  # `name`, or `folder.name` for one folder only
    credentials: Path | None = None
    replace_lost_secrets: bool = False

    def of(self, folder: str) -> dict[str, str]:
        """The substitutions for one folder; its own win."""
        general = {name: value for name, value in self.substitutions.items() if "." not in name}
        own = {
            name.removeprefix(f"{folder}."): value
            for name, value in self.substitutions.items()
            if name.startswith(f"{folder}.")
        }
        place = {} if self.credentials is None else {"credentials": str(self.credentials.resolve())}
        return place | general | own


@dataclass(frozen=True, slots=True)
class Step:
    """What happens to one registration."""

    client_id: str
    before: Registration | None
    outcome: Outcome
    base: str | None
    changes: tuple[Change, ...]

    @property
    def summary(self) -> str:
        """`added`, `changed`, `new secret` or `unchanged`."""
        if self.before is None:
            return "added"
        if not self.changes:
            if self.before.removal_at is not None:
                return "unchanged (being removed)"
            return "unchanged" if self.before.status == "enabled" else "unchanged (disabled)"
        return "changed" if self.outcome.diff else "new secret"


class Refused(Exception):
    """At least one folder cannot be applied; one line for each problem."""

    def __init__(self, problems: list[str]) -> None:
        """`problems`: lines that begin with the folder's name."""
        super().__init__("; ".join(problems))
        self.problems = problems


def make_plan(folders: Iterable[Path], request: Request, desk: Desk) -> list[Step]:
    """What would happen. Raises Refused with the problems of all folders."""
    steps: dict[str, Step] = {}
    problems: list[str] = []
    for folder in folders:
        name = folder.resolve().name
        if name in steps:
            problems.append(f"{name}: is given twice")
            continue
        try:
            steps[name] = _step(name, folder, request, desk)
        except RegistrationRefused as refused:
            problems += [f"{name}: {problem}" for problem in refused.problems]
        except (BrokenRule, Unreadable) as problem:
            problems.append(f"{name}: {problem}")
    if problems:
        raise Refused(problems)
    return list(steps.values())


def leaving(plan: Iterable[Step], desk: Desk) -> list[Change]:
    """The removals, each with its grace, of every service that no folder names; who registered itself stays."""
    named = {step.client_id for step in plan}
    return [
        removal_begun(one, now=desk.clock())
        for one in desk.clients.list()
        if one.client_id not in named and one.access_digest is None and one.removal_at is None
    ]


def carry_out(plan: Iterable[Step], request: Request, desk: Desk, also: Iterable[Change] = ()) -> None:
    """Store all changes in one transaction, and write the credentials files. Raises Conflict, OSError.

    `also` are changes without a folder: removals.

    Files are written before and renamed after the transaction: a full disk must not lose a secret.
    """
    steps = list(plan)
    waiting = (
        [] if request.credentials is None else [_prepare(step, request.credentials, desk.issuer) for step in steps]
    )
    try:
        desk.clients.save([*(one for step in steps for one in step.changes), *also])
    except BaseException:
        for _, path in waiting:
            path.unlink(missing_ok=True)
        raise
    for file, path in waiting:
        file.publish(path)


def _step(name: str, folder: Path, request: Request, desk: Desk) -> Step:
    check_client_id(name)
    substitutions = request.of(name)
    metadata = check_metadata(read_folder(folder, substitutions), desk.offer)
    before, now = desk.clients.get(name), desk.clock()
    base = substitutions.get("base")
    if before is None:
        _confirm(metadata, desk)
        outcome = register(metadata, now=now, random_bytes=desk.random_bytes, client_id=name)
        return Step(name, None, outcome, base, (added(outcome, now=now),))
    outcome = change(before, metadata, now=now, random_bytes=desk.random_bytes)
    if outcome.diff:
        _confirm(metadata, desk)
    changes = (changed(before, outcome, now=now),) if outcome.diff else ()
    step = Step(name, before, outcome, base, changes)
    return step if _secret_is_known(step, request) else _with_new_secret(step, request, desk, now)


def _confirm(metadata: Metadata, desk: Desk) -> None:
    """What the metadata point to is there: documents and who answers. Raises RegistrationRefused."""
    confirm_documents(metadata, desk.outbound)
    desk.clients.refuse_unanswered(metadata)


def _secret_is_known(step: Step, request: Request) -> bool:
    if request.credentials is None or step.outcome.secret is not None:
        return True
    return _file(step.client_id, request.credentials).holds(step.outcome.registration.secret_digest)


def _with_new_secret(step: Step, request: Request, desk: Desk, now: int) -> Step:
    """A service that lost its file needs another secret. That ends the old one, so it must be asked for."""
    if not request.replace_lost_secrets:
        file = _file(step.client_id, request.credentials or Path())
        raise BrokenRule(f"{file.path} does not hold the registered secret; --replace-lost-secrets makes a new one")
    current = step.outcome.registration
    rotated = rotate_secret(current, now=now, random_bytes=desk.random_bytes)
    outcome = Outcome(rotated.registration, rotated.secret, step.outcome.diff)
    changes = (*step.changes, secret_rotated(current, rotated, now=now))
    return Step(step.client_id, step.before, outcome, step.base, changes)


def _prepare(step: Step, directory: Path, issuer: str) -> tuple[CredentialsFile, Path]:
    file = _file(step.client_id, directory)
    waiting = file.prepare(
        issuer=issuer,
        client_id=step.client_id,
        secret=step.outcome.secret,
        needs_secret=needs_secret(step.outcome.registration.metadata),
        base=step.base,
    )
    return file, waiting


def _file(client_id: str, directory: Path) -> CredentialsFile:
    return CredentialsFile(directory / f"{client_id}.json")
