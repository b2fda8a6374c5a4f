"""What only a certificate's holder can read: CMS (RFC 5652), by ``openssl``.

The plain text is in this process and in the pipe to ``openssl``, never in a file.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

from congvu.errors import SettingsError, SystemFailure

_SECONDS = 60
"""For what is small."""
_ENCRYPT = ("openssl", "cms", "-encrypt", "-binary", "-aes-256-cbc", "-outform")


@dataclass(frozen=True, slots=True)
class Certificate:
    """Whoever has its key reads what was sealed for it."""

    path: Path

    def check(self, otherwise: str) -> None:
        """Raise `SettingsError` where its time is over: its key may be in other hands, or gone.

        `otherwise` is what does not happen then.
        """
        try:
            self._run(["openssl", "x509", "-checkend", "0", "-noout", "-in", str(self.path)], b"")
        except _Refused as problem:
            raise SettingsError(
                f"the operator's certificate is over, or is none; {otherwise}",
                where=str(self.path),
                hint="put a new one there",
            ) from problem

    def seal(self, content: bytes) -> bytes:
        """`content` as PEM. Raises `SystemFailure`."""
        return self._run([*_ENCRYPT, "PEM", str(self.path)], content)

    @contextmanager
    def sealing(self, file: BinaryIO) -> Iterator[IO[bytes]]:
        """What is written within the ``with`` statement goes into `file`, as DER; it may be large.

        It is whole at the end of the statement. Raises `SystemFailure`; errors within go up.
        """
        command = [*_ENCRYPT, "DER", "-stream", str(self.path)]
        try:
            running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=file, stderr=subprocess.PIPE)
        except FileNotFoundError:
            raise _missing() from None
        with running:
            given, told = cast(IO[bytes], running.stdin), cast(IO[bytes], running.stderr)
            try:
                yield given
                given.close()
            except BrokenPipeError:  # it has left, and says why
                raise self._refused(command, told.read()) from None
            except BaseException:
                running.kill()
                raise
            words = told.read()
        if running.returncode:
            raise self._refused(command, words)

    def _run(self, command: Sequence[str], given: bytes) -> bytes:
        try:
            done = subprocess.run(command, input=given, capture_output=True, timeout=_SECONDS, check=True)
        except FileNotFoundError:
            raise _missing() from None
        except subprocess.TimeoutExpired:
            raise SystemFailure(f"openssl {command[1]} took more than {_SECONDS} s") from None
        except subprocess.CalledProcessError as problem:
            raise self._refused(command, problem.stderr) from None
        return done.stdout

    def _refused(self, command: Sequence[str], told: bytes) -> SystemFailure:
        words = told.decode(errors="replace").strip()
        return _Refused(f"openssl {command[1]}: {words}", where=str(self.path))


class _Refused(SystemFailure):
    """``openssl`` did not take what it was given."""


def _missing() -> SystemFailure:
    return SystemFailure("openssl is missing", hint="install the package openssl")
