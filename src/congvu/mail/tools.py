"""Running the tools of Postfix and Dovecot."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer
from typing import IO

from congvu.errors import MailFailure

SECONDS = 600
"""For one tool; a search of every mailbox of a province takes minutes."""
STREAMED = 7200
"""For one whose output is read as it comes: all messages of a large mailbox."""
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Done:
    """How a tool ended."""

    code: int
    output: bytes
    errors: str

    @property
    def text(self) -> str:
        """The output; bytes that are no UTF-8 are kept as half characters."""
        return self.output.decode(errors="surrogateescape")


def run(command: Sequence[str], *, stdin: bytes = b"", accept: Sequence[int] = (0,)) -> Done:
    """Run a tool; raises `MailFailure` with its words when its status is not in `accept`."""
    try:
        done = subprocess.run(
            _encoded(command),
            input=stdin,
            capture_output=True,
            check=False,
            timeout=SECONDS,
            env=_environment(),
        )
    except (OSError, ValueError) as fault:
        raise MailFailure(str(fault), where=command[0], hint="is this a mail server?") from None
    except subprocess.TimeoutExpired:
        raise MailFailure(f"no answer within {SECONDS} s", where=command[0]) from None
    errors = done.stderr.decode(errors="replace").strip()
    if done.returncode not in accept:
        where = " ".join(command[:2])
        raise MailFailure(errors or f"status {done.returncode}", where=where, hint="see the mail log")
    return Done(done.returncode, done.stdout, errors)


@contextmanager
def streaming(command: Sequence[str]) -> Iterator[IO[bytes]]:
    """Run a tool while its output is read within the ``with`` statement, which must read all of it.

    Raises `MailFailure` at the end when the tool failed, or took longer than `STREAMED` seconds.
    """
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                _encoded(command), stdout=subprocess.PIPE, stderr=errors, env=_environment()
            )
        except (OSError, ValueError) as fault:
            raise MailFailure(str(fault), where=command[0], hint="is this a mail server?") from None
        watch = Timer(STREAMED, process.kill)
        watch.start()
        failed: MailFailure | None = None
        with process:
            try:
                assert process.stdout  # noqa: S101  (it is a pipe)
                yield process.stdout
            except MailFailure as fault:
                failed = fault  # its end may tell why
                process.kill()
            except BaseException:
                process.kill()
                raise
            finally:
                watch.cancel()
        if process.returncode or failed:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip()
            words = said or (failed.message if failed else f"status {process.returncode}")
            raise MailFailure(words, where=" ".join(command[:2]), hint="see the mail log")


def _encoded(command: Sequence[str]) -> list[bytes]:
    return [os.fsencode(word) for word in command]


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C.UTF-8", "PATH": _PATH}
