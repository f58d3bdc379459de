"""One process in which `idp` commands run one after another: importing the provider takes longer than any of them.

That process reads a command's words as a line of JSON and answers with a line: how it ended and the last line that it
wrote. It ends with its input, and so never in the middle of a command.
"""

import json
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from typing import Self

from idp.demo.place import StartError

IDP = (sys.executable, "-c", "from idp.command import main; main(prog_name='idp')")
ONE_BY_ONE = (sys.executable, "-c", "from idp.command import main; from idp.demo.preparing import obey; obey(main)")


class Preparing:
    """Runs preparing commands silently; a context manager, at whose end the process ends."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Every command sees `environ`."""
        self._environ = dict(environ)
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        if self._process is not None:
            self._process.communicate()

    def execute(self, command: Sequence[str]) -> None:
        """Run one to its end. Raises StartError with the last line that it wrote."""
        if tuple(command[: len(IDP)]) == IDP:
            code, said = self._ask(command[len(IDP) :])
        else:
            code, said = self._run(command)
        if code:
            raise StartError(f"{shown(command)} failed: {said or 'no explanation'}")

    def _ask(self, words: Sequence[str]) -> tuple[int, str]:
        """Have it run in the process, which is started when it is first wanted."""
        if self._process is None:
            # A session of its own: Ctrl-C must not cut a migration in its middle.
            self._process = subprocess.Popen(  # noqa: S603 - fixed words
                ONE_BY_ONE,
                env=self._environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(list(words)) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            _, error = self._process.communicate()
            return 1, _last_line(error)
        code, said = json.loads(answer)
        return code, said

    def _run(self, command: Sequence[str]) -> tuple[int, str]:
        done = subprocess.run(  # noqa: S603 - fixed commands
            command, env=self._environ, capture_output=True, text=True, check=False, start_new_session=True
        )
        return done.returncode, _last_line(done.stderr) or _last_line(done.stdout)


def shown(command: Sequence[str]) -> str:
    """The first words of a command, as one would type them."""
    words = ["idp", *command[len(IDP) :]] if tuple(command[: len(IDP)]) == IDP else list(command[1:])
    return " ".join(words[:3])


def obey(idp: Callable[..., object]) -> None:
    """Run what comes on standard input with the `idp` command, to the input's end."""
    answers = sys.stdout
    for line in sys.stdin:
        output, errors = StringIO(), StringIO()
        with redirect_stdout(output), redirect_stderr(errors):
            code = _code_of(idp, json.loads(line))
        said = _last_line(errors.getvalue()) or _last_line(output.getvalue())
        answers.write(json.dumps([code, said]) + "\n")
        answers.flush()


def _code_of(idp: Callable[..., object], words: Sequence[str]) -> int:
    """The exit code with which a process of its own would end."""
    try:
        idp(words, prog_name="idp")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:  # noqa: BLE001 (as it would end there)
        traceback.print_exc()
        return 1
    return 0


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1]
