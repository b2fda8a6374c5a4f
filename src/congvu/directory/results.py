"""What an LDAP server answers, as errors: refused for a reason, or not reached."""

from __future__ import annotations

from congvu.errors import DirectoryFailure

SUCCESS, NO_SUCH_OBJECT, ALREADY_EXISTS, ASSERTION_FAILED = 0, 32, 68, 122
"""Result codes (RFC 4511, appendix A; RFC 4528, 4)."""
_WAIT = frozenset({51, 52, 53})
"""busy, unavailable, unwillingToPerform (slapd restarting, shutting down or read-only)."""
_HINTS = {
    4: "give the sync account 'limits … size=unlimited size.prtotal=unlimited'",
    8: "the server asks for TLS",
    10: "name the provider itself",
    17: "the schema of congvu is not loaded; deploy the role slapd",
    19: "a constraint of the server: an address or uid that another entry holds, or the password policy",
    21: "the value does not fit its syntax",
    32: "the base or the parent entry does not exist; deploy the role slapd",
    49: "check the DN and its password",
    50: "the account lacks the right; check bind_dn and the server's ACLs",
    53: "the server is unwilling, read-only perhaps",
    65: "the schema of congvu on the server is not the one this program knows; deploy the role slapd",
    68: "somebody else changed the directory meanwhile; run again",
    122: "somebody else changed the entry meanwhile; run again",
}
"""What to do about a result code."""


class Refused(DirectoryFailure):
    """The server answered, and `code` is why not."""

    def __init__(self, code: int, message: str, *, where: str) -> None:
        super().__init__(message, where=where, hint=_HINTS.get(code, ""))
        self.code = code

    @property
    def passing(self) -> bool:
        """Whether the same operation may succeed later."""
        return self.code in _WAIT


class Unreachable(DirectoryFailure):
    """No answer: the server cannot be reached, does not speak LDAP, or the connection broke."""

    def __init__(self, message: str, *, where: str) -> None:
        super().__init__(
            f"no connection: {message}",
            where=where,
            hint="check that slapd runs, the URI, the CA and the host name",
        )


def passing(failure: DirectoryFailure) -> bool:
    """Whether to wait and try again: the server is not there, or says that it cannot just now."""
    return isinstance(failure, Unreachable) or (isinstance(failure, Refused) and failure.passing)
