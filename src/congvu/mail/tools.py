"""Running the tools of Postfix and Dovecot."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from congvu.errors import MailFailure

SECONDS = 600
"""For one tool; a search of every mailbox of a province takes minutes."""
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
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "PATH": _PATH}
    arguments = [os.fsencode(word) for word in command]
    try:
        done = subprocess.run(
            arguments, input=stdin, capture_output=True, check=False, timeout=SECONDS, env=environment
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
