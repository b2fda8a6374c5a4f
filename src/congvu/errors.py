"""What can go wrong, as a tree.

::

    CongvuError                 something the person at the keyboard must act on
    ├── InputError              what was given is wrong; nothing was changed        (exit 2)
    │   ├── PolicyError         a policy file, with file and line
    │   ├── RegistryError       a staff registry, with file, row and column
    │   ├── SettingsError       a settings file or an inventory, with file and line
    │   └── HostUnreachable     a host that does not answer
    └── SystemFailure           a system failed although the input was right         (exit 3)
        ├── DirectoryFailure    the LDAP server refused, vanished or contradicts us
        ├── MailFailure         Postfix or Dovecot failed, or did not do what it was told
        ├── LabFailure          the container engine or a lab container
        ├── DeployFailure       Ansible or pyinfra stopped on a host
        └── ResolverFailure     a DNS resolver does not answer, or could not find out

Only `congvu.cli` turns these into messages and exit codes.
"""

from __future__ import annotations

from collections.abc import Iterable


class CongvuError(Exception):
    """Base of all errors that are for a person to act on.

    `where` says file and line, host or DN; `hint` says what to do.
    """

    exit_code = 3

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text} ({self.hint})" if self.hint else text


class InputError(CongvuError):
    """What was given is wrong. Nothing has been changed anywhere."""

    exit_code = 2


class PolicyError(InputError):
    """A policy file does not say what a policy must say."""


class RegistryError(InputError):
    """A staff registry has problems; `problems` lists them all, `message` sums them up."""

    def __init__(
        self, message: str, *, problems: Iterable[str] = (), where: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  {problem}" for problem in self.problems)])


class SettingsError(InputError):
    """A settings file or an inventory is incomplete or wrong."""


class HostUnreachable(InputError):
    """A host in the inventory does not answer over SSH."""


class SystemFailure(CongvuError):
    """A system failed although the input was right."""


class DirectoryFailure(SystemFailure):
    """The LDAP server refused, vanished, or is not the one expected."""


class MailFailure(SystemFailure):
    """Postfix or Dovecot failed, or did not do what it was told."""


class LabFailure(SystemFailure):
    """The container engine or a container of the lab failed."""


class DeployFailure(SystemFailure):
    """Ansible or pyinfra stopped on a host."""


class ResolverFailure(SystemFailure):
    """A DNS resolver does not answer, or says that it could not find out."""
