"""What a mail domain's policy says, for playbooks. The only file that imports both Ansible and congvu."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from congvu.errors import PolicyError
from congvu.policy import load_domain
from congvu.policy.effective import effective
from congvu.policy.model import Policy, Role
from congvu.policy.values import Duration

_DAY = 86400
_UNITS = {
    "minutes": 60,
    "hours": 3600,
    "days": _DAY,
    "working days": _DAY,
    "weeks": 7 * _DAY,
    "months": 30 * _DAY,
    "years": 365 * _DAY,
}

DOCUMENTATION = """
name: congvu_policy
short_description: The effective policy of mail domains
description:
  - Reads policy files through the loader that the sync uses, so that hosts and directory cannot differ.
options:
  _terms:
    description: Mail domains.
    required: true
  directory:
    description: Folder of the policy files.
    required: true
  webmail:
    description: Name of the webmail's host for a domain whose policy names none.
    required: true
"""

RETURN = """
_raw:
  description:
    - One mapping for each domain. Sizes are bytes, spans of time seconds, shares percent; a kind of handling
      is C(accept), C(report), C(hold) or C(reject).
    - C(domain); C(operator), the name of who runs it, may be empty.
    - C(attachment_limit); C(forbidden_extensions), a list; C(encrypted_archives), C(macros),
      C(classified_then), C(other_text), kinds of handling; C(classified_marks), a list.
    - C(over_quota), C(reject) or C(defer); C(warn_at), a list; C(trash_expires), C(junk_expires), 0 for
      never.
    - C(encryption), C(optional) or C(required); C(forward_out), C(forward_in), C(allow) or C(forbid).
    - C(answers_for_people), C(answers_for_units), whether who writes to a locked account is told that its
      person left, its unit was dissolved.
    - C(send_limit), a mapping of C(count) and C(seconds).
    - C(shared_folders), who writes in those of units, C(owners) or everybody of the C(unit), empty where
      there are none; C(posting_addresses), a list: where units without the network send what belongs into
      theirs.
    - C(webmail), its address, with https whatever the policy says.
    - C(password_min_length); C(lockout), a mapping of C(failures) and C(seconds), 0 for until somebody
      unlocks.
    - C(password), a mapping of C(classes), 0 for any, C(banned), a list, and C(history), 0 where the policy
      says nothing.
"""


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: Any = None, **kwargs: Any) -> list[dict[str, Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        directory = Path(str(self.get_option("directory")))
        webmail = str(self.get_option("webmail"))
        return [self._describe(directory, str(domain), webmail) for domain in terms]

    @staticmethod
    def _describe(directory: Path, domain: str, webmail: str) -> dict[str, Any]:
        try:
            policy = load_domain(directory, domain)
        except PolicyError as error:
            raise AnsibleLookupError(str(error)) from error
        values = effective(policy)
        return {
            "domain": domain,
            "operator": policy.operator.name if policy.operator else "",
            "over_quota": values.over_quota.value,
            "warn_at": [share.number for share in values.warn_at],
            "trash_expires": _seconds(values.trash_expires),
            "junk_expires": _seconds(values.junk_expires),
            "attachment_limit": values.attachment_limit.octets,
            "forbidden_extensions": [str(each) for each in values.forbidden_extensions],
            "encrypted_archives": values.encrypted_archives.value,
            "macros": values.macros.value,
            "classified_marks": list(values.classified_marks),
            "classified_then": values.classified_then.value,
            "other_text": values.other_text.value,
            "encryption": values.encryption.value,
            "forward_out": values.forward_out.value,
            "forward_in": values.forward_in.value,
            "answers_for_people": values.leaving_auto_reply,
            "answers_for_units": values.dissolution_auto_reply,
            "send_limit": {
                "count": values.send_limit.count,
                "seconds": _seconds(values.send_limit.span),
            },
            "shared_folders": _writers(policy),
            "posting_addresses": _posting(policy),
            "webmail": f"https://{policy.webmail.host if policy.webmail else webmail}",
            "password_min_length": values.password_min_length,
            "password": {
                "classes": policy.password.classes or 0,
                "banned": [each.value for each in policy.password.banned],
                "history": policy.password.history or 0,
            },
            "lockout": {
                "failures": values.lockout.failures,
                "seconds": _seconds(values.lockout.unlock_after),
            },
        }


def _writers(policy: Policy) -> str:
    shared = policy.shared_folders
    return "" if shared is None else "unit" if Role.OFFICIAL in (shared.writers or ()) else "owners"


def _posting(policy: Policy) -> list[str]:
    address = policy.shared_folders.posting_address if policy.shared_folders else None
    return [str(address)] if address else []


def _seconds(span: Duration | None) -> int:
    """The span as daemons count it, none as 0: months of 30 days, and every day one to work on."""
    return span.count * _UNITS[span.unit] if span else 0
