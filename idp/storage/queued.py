"""The statements that write queued rows: on PostgreSQL one for all of them, on SQLite one for each.

Each is built once for its tables and columns, and compiled once.
"""

from functools import lru_cache, reduce
from operator import mul
from typing import Any, Final

from sqlalchemy import CTE, Executable, Select, Table, Update, bindparam, cast, func, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

SOON: Final = select(func.set_config("synchronous_commit", "off", literal_column("true"))).scalar_subquery() == "off"
"""Always true on PostgreSQL, and lets the step that asks hold without waiting until it is on the disk (§30.4).

A power cut may undo such a step, and then all that was written after it: what waits takes along to the disk what was
written before. So it is for steps of which nothing is seen outside but through a later one that waits.
"""
Shape = tuple[tuple[Table, tuple[str, ...], bool], ...]
"""Of queued rows: their tables, their columns, whether each takes the place of one that is there."""


@lru_cache(maxsize=256)
def alone(table: Table, names: tuple[str, ...], replaces: bool) -> Executable:
    """One row into one table, on SQLite."""
    statement = sqlite.insert(table).values({name: bindparam(name, type_=table.c[name].type) for name in names})
    if not replaces:
        return statement
    changed = {name: statement.excluded[name] for name in names if not table.c[name].primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changed)


@lru_cache(maxsize=256)
def together(shape: Shape) -> Executable:
    """One statement that puts a row into each of several tables (PostgreSQL §7.8.4)."""
    *first, last = [_one_of(i, table, names, replaces) for i, (table, names, replaces) in enumerate(shape)]
    for i, each in enumerate(first):
        last = last.add_cte(each.cte(f"added_{i}"))
    return last


@lru_cache(maxsize=64)
def still(table: Table, names: tuple[str, ...]) -> Select[Any]:
    """Finds the row on which a step depends."""
    same = [table.c[name] == bindparam(f"{name}_still", type_=table.c[name].type) for name in names]
    return select(literal_column("1").label("there")).select_from(table).where(*same)


@lru_cache(maxsize=64)
def together_while(shape: Shape, conditions: tuple[Any, ...], *, soon: bool = False) -> Executable:
    """The same as `together`, and no row at all unless each condition finds one, or changes one.

    One condition that is not met changes nothing by itself, and no row follows. Of several one may be met and another
    not: then dividing by the rows of that one undoes the whole statement (PostgreSQL §9.3, §13.1).

    A step that holds `soon` does not wait until it is on the disk.
    """
    met = [_met(condition).cte(f"met_{i}") for i, condition in enumerate(conditions)]
    still = met[0]
    if len(met) == 1 and soon:
        still = select(literal_column("1").label("there")).select_from(met[0]).where(SOON).cte("still")
    if len(met) > 1:
        rows = [select(func.count()).select_from(one).scalar_subquery() for one in met]
        # Looked at, or the division would never be made.
        undo = select((literal_column("1") / reduce(mul, rows)).label("there")).subquery()
        holds = [undo.c.there == literal_column("1"), *([SOON] if soon else [])]
        still = select(undo.c.there).where(*holds).cte("still")
    *first, last = [_one_while(i, into, columns, still, replaces) for i, (into, columns, replaces) in enumerate(shape)]
    for i, each in enumerate(first):
        last = last.add_cte(each.cte(f"added_{i}"))
    return last


def _met(condition: Any) -> Any:
    """A condition as what it finds or changes."""
    return condition.returning(literal_column("1").label("there")) if isinstance(condition, Update) else condition


def _one_while(place: int, table: Table, names: tuple[str, ...], still: CTE, replaces: bool) -> postgresql.Insert:
    kinds = {name: table.c[name].type for name in names}
    values = [cast(bindparam(f"{name}_{place}", type_=kind), kind) for name, kind in kinds.items()]
    statement = postgresql.insert(table).from_select(list(names), select(*values).select_from(still))
    return _replacing(statement, table, names) if replaces else statement


def _one_of(place: int, table: Table, names: tuple[str, ...], replaces: bool) -> postgresql.Insert:
    values = {name: bindparam(f"{name}_{place}", type_=table.c[name].type) for name in names}
    statement = postgresql.insert(table).values(values)
    return _replacing(statement, table, names) if replaces else statement


def _replacing(statement: postgresql.Insert, table: Table, names: tuple[str, ...]) -> postgresql.Insert:
    changed = {name: statement.excluded[name] for name in names if not table.c[name].primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changed)
