"""Who is at the keyboard."""

from __future__ import annotations

import os
import pwd


def author() -> str:
    """The login of who runs this, also behind sudo."""
    name = os.environ.get("SUDO_USER", "")
    try:
        return name or pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
