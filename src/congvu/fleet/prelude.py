"""What a process must do before it imports pyinfra: a command of the CLI, never a library or a test."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gevent import monkey


def prepare() -> None:
    """Let gevent patch the standard library, and find the tools that lie beside our own interpreter.

    pyinfra runs on gevent, which must come before everything it patches; ansible-playbook and
    ansible-inventory are in the virtual environment, which need not be on PATH.
    """
    monkey.patch_all()
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
