"""A Core statement made ready to run on the driver itself: compiled once, its values put in order, its rows named.

Statements are written in SQLAlchemy Core and compiled by it, so both databases share them. They are not executed
by it: that costs several times what the driver takes. The compiled form lives as long as its statement, and a
statement that is built for one call is compiled for that call.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Dialect, Executable
from sqlalchemy.engine import Row
from sqlalchemy.sql.compiler import SQLCompiler

Values = Mapping[str, Any]
Processor = Callable[[Any], Any]
Conversions = Sequence[tuple[int, Processor]]
MakeRow = Callable[[Iterable[Any]], Row[Any]]
MOST_FORMS = 64
"""Of one statement with lists: longer ones are rare, and are compiled when they come."""
_numbers = count(1)


class Compiled:
    """One statement on one kind of database."""

    def __init__(
        self, text: str, names: Sequence[str], fixed: Values, bind: Mapping[str, Processor], load: Conversions
    ) -> None:
        """`fixed` are the values that stand in the statement itself; the others come with each call."""
        self.text = text
        self.name = b"idp_%d" % next(_numbers)
        self.uses = 0
        """How often it ran: only what runs again is worth preparing."""
        self.bind = [(i, bind[name]) for i, name in enumerate(names) if name in bind]
        """Which values the driver wants in another form."""
        self.load = load
        """The same for the columns of a row."""
        self._names = tuple(names)
        self._fixed = fixed
        self._row: MakeRow | None = None

    def ready(self, values: Values) -> tuple["Compiled", list[Any]]:
        """Itself: it is the same for all values."""
        return self, self.ordered(values)

    def ordered(self, values: Values) -> list[Any]:
        """The values in the order of the text. Raises KeyError when one is missing."""
        fixed = self._fixed
        return [fixed[name] if name in fixed else values[name] for name in self._names]

    def nameless(self) -> None:
        """Rows are plain tuples: for statements that read millions of them."""
        self._row = cast("MakeRow", tuple)

    def reader(self, columns: Callable[[], Iterable[str]]) -> MakeRow:
        """What makes a row of its values: a tuple with names, as SQLAlchemy's Row is one, and cheaper to read."""
        if self._row is None:
            named: Any = namedtuple  # noqa: PYI024 (a function here: the columns are known at run time)
            self._row = named("Row", list(columns()), rename=True)._make
        return self._row


class Listed:
    """A statement with lists (`IN`): its text depends on how long they are, so there is one form for each length."""

    def __init__(self, made: SQLCompiler, load: Conversions) -> None:
        """Over a statement as it is compiled without its lists."""
        self._made = made
        self._load = load
        self._lists = [name for parameter, name in made.bind_names.items() if parameter.expanding]
        self._fixed = {name: value for name, value in _fixed(made).items() if name in self._lists}
        self._forms: dict[tuple[int, ...], Compiled] = {}

    def ready(self, values: Values) -> tuple[Compiled, list[Any]]:
        """The form for lists of these lengths, and the values in its order."""
        given = {**self._fixed, **values}
        lengths = tuple(len(given[name]) for name in self._lists)
        form = self._forms.get(lengths)
        if form is None:
            form = self._make(given)
            if len(self._forms) < MOST_FORMS:
                self._forms[lengths] = form
        spread = {f"{name}_{i}": value for name in self._lists for i, value in enumerate(given[name], 1)}
        return form, form.ordered({**given, **spread})

    def _make(self, given: Values) -> Compiled:
        state = self._made.construct_expanded_state(dict(given))
        of_lists: Any = state.processors
        bind = {**dict(_binders(self._made)), **of_lists}
        return Compiled(state.statement, state.positiontup or (), _fixed(self._made), bind, self._load)


class Compiler:
    """The compiled forms of one engine's statements."""

    def __init__(self, dialect: Dialect) -> None:
        """For statements as `dialect` writes them."""
        self._dialect = dialect
        self.dialect: str = dialect.name
        self._known: WeakKeyDictionary[Executable, Compiled | Listed] = WeakKeyDictionary()

    def ready(self, statement: Executable, values: Values) -> tuple[Compiled, list[Any]]:
        """The compiled form, made at the first call, and the values in its order."""
        found = self._known.get(statement)
        if found is None:
            found = self._known[statement] = self._compile(statement)
        compiled, ordered = found.ready(values)
        compiled.uses += 1
        return compiled, ordered

    def _compile(self, statement: Any) -> Compiled | Listed:
        made = statement.compile(dialect=self._dialect)
        assert isinstance(made, SQLCompiler)
        load = _load(statement, made.dialect)
        if made.post_compile_params:
            return Listed(made, load)
        compiled = Compiled(made.string, made.positiontup or (), _fixed(made), dict(_binders(made)), load)
        if statement.get_execution_options().get("nameless"):
            compiled.nameless()
        return compiled


def _fixed(made: SQLCompiler) -> Values:
    """The values that stand in the statement itself."""
    return {name: made.params[name] for parameter, name in made.bind_names.items() if not parameter.required}


def _binders(made: SQLCompiler) -> Iterator[tuple[str, Processor]]:
    """What turns values into the driver's form, by name.

    A value that is used twice stands here twice: where a column tells its kind, and where nothing does.
    """
    for parameter, name in made.bind_names.items():
        processor = parameter.type.dialect_impl(made.dialect).bind_processor(made.dialect)
        if processor is not None:
            yield name, processor


def _load(statement: Executable, dialect: Dialect) -> Conversions:
    columns = getattr(statement, "exported_columns", None) or ()
    found = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
    return [(i, processor) for i, processor in enumerate(found) if processor is not None]
