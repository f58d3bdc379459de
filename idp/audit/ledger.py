"""The audit of an installation as one object: sealing it, letting go of it, verifying it, reading it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from idp.audit.export import Wanted
from idp.audit.heads import append_heads, read_heads
from idp.audit.retention import Retention
from idp.audit.seal import Row, Seal, Sealer, SealStore
from idp.audit.verify import AuditReader, Report, verify


class LedgerStore(SealStore, AuditReader, Protocol):
    """Everything that the audit asks of the database."""

    def statements(self, after: int) -> Iterable[tuple[int, str]]:
        """Numbers and statements behind `after`."""
        ...

    def make_room(self, now: int) -> Sequence[str]:
        """Make the parts of the table that are coming, where it has parts; returns their names."""
        ...

    def let_go(self, kept_from: Mapping[str, int]) -> int:
        """Remove rows of seals older than their kind is kept; returns how many."""
        ...

    def export(self, wanted: Wanted) -> Iterator[Row]:
        """The rows that are wanted, by key."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What commands, the worker and the console work with."""

    store: LedgerStore
    issuer: str
    clock: Callable[[], int]
    sign: Callable[[Mapping[str, Any]], str]  # a compact JWS of type seal.SEAL_TYPE
    read: Callable[[str], Mapping[str, Any]]  # claims of a statement with a good signature; raises NotSealed
    retention: Retention
    heads: Path | None  # the second place

    def seal(self) -> Sequence[Seal]:
        """Seal what waits, and write every statement to the second place. Raises OSError, BadHeads for that one."""
        sealer = Sealer(store=self.store, issuer=self.issuer, sign=self.sign, retention=self.retention)
        made = sealer.run(self.clock())
        if made and self.heads is not None:
            append_heads(self.heads, self.store.statements)
        return made

    def make_room(self) -> Sequence[str]:
        """Make the months that are coming; the worker does this every hour."""
        return self.store.make_room(self.clock())

    def let_go(self) -> int:
        """Remove rows that were kept as long as the newest seal says; returns how many. Raises NotSealed."""
        last = self.store.last()
        return self.store.let_go(self.read(last.statement)["kept_from"]) if last else 0

    def verify(self, heads: Path | None = None) -> Report:
        """Walk through everything; `heads` is another copy of the second place. Raises BadHeads, OSError."""
        chosen = heads or self.heads
        return verify(self.store, self.read, read_heads(chosen) if chosen and chosen.exists() else ())

    def rows(self, wanted: Wanted) -> Iterator[Row]:
        """The rows that are wanted, by key."""
        return self.store.export(wanted)
