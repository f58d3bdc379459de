"""Verification: every statement, every batch, every row, and the first thing that is not as it was sealed.

Reads the audit once, in order, a bounded number of rows at a time. A batch's entries are believed because their
Merkle root stands in the statement, the statement because it is signed and named by the one after it, and the
newest because its copy was kept elsewhere (`heads`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from idp.audit.merkle import root_of
from idp.audit.seal import (
    ENTRY_BYTES,
    ID_BYTES,
    LATE_SECONDS,
    Row,
    Seal,
    Values,
    content_digest,
    digest_of,
    encoded,
    entry_of,
    split,
)

ROWS_AT_ONCE = 20_000


class AuditReader(Protocol):
    """What verification needs of the database."""

    def last(self) -> Seal | None:
        """The newest seal, its entries left out."""
        ...

    def seals(self, after: int, rows: int) -> Sequence[Seal]:
        """The next seals by number, as many as hold about `rows` entries, at least one if there is one."""
        ...

    def between(self, first: str, last: str) -> Iterable[Sequence[Values]]:
        """Every row whose key lies within, by key, many at a time."""
        ...

    def of_seals(self, numbers: Sequence[int]) -> Iterable[Row]:
        """Every row that says it belongs to one of these seals, by key."""
        ...

    def count_sealed(self) -> int:
        """How many rows say that they belong to a seal."""
        ...

    def stray(self) -> Row | None:
        """The first row that says it belongs to a seal which is not there."""
        ...

    def unsealed_before(self, at: int) -> Row | None:
        """The first row without a seal whose key was made before `at`."""
        ...

    def count_unsealed(self) -> int:
        """How many rows wait for their seal."""
        ...


class NotSealed(Exception):
    """A statement that none of our keys signed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Where the audit is not what was sealed."""

    seal: int | None
    row: str | None  # its key, 32 hexadecimal digits
    what: str

    def __str__(self) -> str:
        place = [f"seal {self.seal}"] if self.seal is not None else []
        return ", ".join([*place, *([f"row {self.row}"] if self.row else [])]) + f": {self.what}"


@dataclass(slots=True)
class Report:
    """What was looked at, and the first finding."""

    seals: int = 0
    rows: int = 0
    gone: int = 0  # rows that had been kept as long as they must be
    waiting: int = 0
    head: str | None = None  # the newest statement
    finding: Finding | None = None


@dataclass(frozen=True, slots=True)
class _Batch:
    """The rows of a few seals: when each seal was made, and for each row by its key the seal and the entry."""

    sealed_at: Mapping[int, int]
    rows: dict[str, tuple[int, bytes]] = field(default_factory=dict)


class _Found(Exception):
    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


@dataclass(slots=True, kw_only=True)
class Verifier:
    """One walk through the audit."""

    reader: AuditReader
    read: Callable[[str], Mapping[str, Any]]  # claims of a statement with a good signature; raises NotSealed
    heads: Iterator[tuple[int, str]] = field(default_factory=lambda: iter(()))  # copies kept elsewhere, oldest first
    _previous: Seal | None = None
    _head: tuple[int, str] | None = None
    _until: int = 0
    _kept_from: Mapping[str, int] = field(default_factory=dict)
    report: Report = field(default_factory=Report)

    def run(self) -> Report:
        """The report; it ends at the first finding."""
        try:
            self._refresh_kept_from()
            self._head = next(self.heads, None)
            while batch := self.reader.seals(self._previous.number if self._previous else 0, ROWS_AT_ONCE):
                self._check(batch)
            self._check_the_end()
        except _Found as found:
            self.report.finding = found.finding
        return self.report

    def _check(self, seals: Sequence[Seal]) -> None:
        entries = {seal.number: self._statement(seal) for seal in seals}
        held = {number: found for number, found in entries.items() if found}
        if held and not self._as_sealed(held):
            self._name_the_first(seals, held)

    # Statements.

    def _statement(self, seal: Seal) -> list[bytes]:
        """The entries of a seal that is in order."""
        before = self._previous
        number = before.number + 1 if before else 1
        if seal.number != number:
            raise _Found(Finding(number, None, "this seal is missing"))
        try:
            claims = self.read(seal.statement)
        except NotSealed:
            raise _Found(Finding(number, None, "the statement is not signed by a key of this provider")) from None
        if claims.get("seal") != number or claims.get("iat") != seal.sealed_at:
            raise _Found(Finding(number, None, "the statement belongs to another seal"))
        if claims.get("previous") != (digest_of(before.statement) if before else None):
            raise _Found(Finding(number, None, "the statement does not follow the one before it"))
        self._compare_head(seal)
        self._until = int(claims["until"])
        self._previous = Seal(number, seal.statement, None, seal.sealed_at)
        self.report.seals, self.report.head = number, seal.statement
        return self._entries(seal, claims)

    def _compare_head(self, seal: Seal) -> None:
        while self._head is not None and self._head[0] <= seal.number:
            number, statement = self._head
            if number == seal.number and statement != seal.statement:
                raise _Found(Finding(number, None, "another statement with this number was published"))
            self._head = next(self.heads, None)

    def _entries(self, seal: Seal, claims: Mapping[str, Any]) -> list[bytes]:
        if seal.entries is None:
            if not self._may_be_gone(seal.sealed_at, self._kept_from.keys()):
                raise _Found(Finding(seal.number, None, "its list of rows was removed"))
            self.report.gone += int(claims["rows"])
            return []
        whole = len(seal.entries) == claims.get("rows", -1) * ENTRY_BYTES
        entries = split(seal.entries) if whole else []
        if not whole or encoded(root_of(entries)) != claims.get("root"):
            raise _Found(Finding(seal.number, None, "its list of rows was changed"))
        return entries

    # Rows.

    def _as_sealed(self, held: Mapping[int, list[bytes]]) -> bool:
        """Whether the rows of a few seals give the very entries that were sealed: the way that nearly always ends here.

        Entries stand in the order of their keys, as the rows come.
        """
        made: dict[int | None, list[bytes]] = {number: [] for number in held}
        first, last = _reach(held.values())
        try:
            for page in self.reader.between(first, last):
                for row in page:
                    if row[0] in made:
                        made[row[0]].append(entry_of(row))
        except ValueError:  # a key that is none
            return False
        if made != held:
            return False
        self.report.rows += sum(map(len, held.values()))
        return True

    def _name_the_first(self, seals: Sequence[Seal], held: Mapping[int, list[bytes]]) -> None:
        """Something differs: row by row, until it has a name; or rows were let go after their time."""
        batch, problems = _batch_of(seals, held)
        left = dict(batch.rows)
        for row in _named(self.reader.between(min(left), max(left))):
            sealed = left.pop(row.id, None)
            if sealed is None:
                if row.seal in batch.sealed_at:
                    problems.append(Finding(row.seal, row.id, "this row was inserted"))
            elif sealed[0] != row.seal or not sealed[1].endswith(content_digest(row)):
                problems.append(Finding(sealed[0], row.id, "this row was changed"))
            else:
                self.report.rows += 1
        if left:
            self._refresh_kept_from()  # rows may have been let go while we were reading
        for key, (number, entry) in left.items():
            if self._may_be_gone(batch.sealed_at[number], chr(entry[ID_BYTES])):
                self.report.gone += 1
            else:
                problems.append(Finding(number, key, "this row was removed"))
        if problems:
            raise _Found(min(problems, key=lambda found: (found.seal or 0, found.row or "")))

    def _may_be_gone(self, sealed_at: int, kinds: Iterable[str]) -> bool:
        return all(sealed_at < self._kept_from.get(kind, 0) for kind in kinds)

    def _refresh_kept_from(self) -> None:
        """From when on rows must be there, as the newest statement says."""
        last = self.reader.last()
        if last is not None:
            try:
                self._kept_from = self.read(last.statement)["kept_from"]
            except NotSealed:
                self._kept_from = {}  # the walk will come to it

    # What no seal covers.

    def _check_the_end(self) -> None:
        if self._head is not None and self._head[0] > self.report.seals:
            raise _Found(Finding(self._head[0], None, "this seal was published and is missing: the end was cut off"))
        stray = self.reader.stray()
        if stray is not None:
            raise _Found(Finding(stray.seal, stray.id, "this row names a seal that does not exist"))
        if self.reader.count_sealed() != self.report.rows:
            self._find_inserted()
        late = self.reader.unsealed_before(self._until - LATE_SECONDS)
        if late is not None:
            raise _Found(Finding(None, late.id, "this row was inserted into the past, where all was sealed"))
        self.report.waiting = self.reader.count_unsealed()

    def _find_inserted(self) -> None:
        """Some row claims a seal, but its key lies outside the keys of that seal."""
        after = 0
        while batch := self.reader.seals(after, ROWS_AT_ONCE):
            after = batch[-1].number
            known = {entry[:ID_BYTES].hex() for seal in batch if seal.entries for entry in split(seal.entries)}
            for row in self.reader.of_seals([seal.number for seal in batch]):
                if row.id not in known:
                    raise _Found(Finding(row.seal, row.id, "this row was inserted"))


def _batch_of(seals: Sequence[Seal], held: Mapping[int, list[bytes]]) -> tuple[_Batch, list[Finding]]:
    """The entries of a few seals by their keys, and what is wrong with that already."""
    batch, problems = _Batch({seal.number: seal.sealed_at for seal in seals}), []
    for number, entries in held.items():
        for entry in entries:
            key = entry[:ID_BYTES].hex()
            if key in batch.rows:  # its mark was taken away, so that another seal would take it
                problems.append(Finding(batch.rows[key][0], key, "this row was changed and sealed again"))
            batch.rows[key] = (number, entry)
    return batch, problems


def _reach(lists: Iterable[list[bytes]]) -> tuple[str, str]:
    """The first and the last key of these entries."""
    ends = [entry[:ID_BYTES] for entries in lists for entry in (entries[0], entries[-1])]
    return min(ends).hex(), max(ends).hex()


def _named(pages: Iterable[Sequence[Values]]) -> Iterator[Row]:
    return (Row._make(row) for page in pages for row in page)


def verify(
    reader: AuditReader, read: Callable[[str], Mapping[str, Any]], heads: Iterable[tuple[int, str]] = ()
) -> Report:
    """Walk through the whole audit."""
    return Verifier(reader=reader, read=read, heads=iter(heads)).run()
