"""What a mail domain's policy says, for playbooks. The only file that imports both Ansible and congvu."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from congvu.errors import PolicyError
from congvu.policy import load_domain
from congvu.policy.effective import effective

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
"""

RETURN = """
_raw:
  description:
    - One mapping for each domain, with C(domain), C(attachment_limit) (bytes), C(over_quota) (C(reject) or
      C(defer)) and C(password_min_length).
"""


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: Any = None, **kwargs: Any) -> list[dict[str, Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        directory = Path(str(self.get_option("directory")))
        return [self._describe(directory, str(domain)) for domain in terms]

    @staticmethod
    def _describe(directory: Path, domain: str) -> dict[str, Any]:
        try:
            values = effective(load_domain(directory, domain))
        except PolicyError as error:
            raise AnsibleLookupError(str(error)) from error
        return {
            "domain": domain,
            "attachment_limit": values.attachment_limit.octets,
            "over_quota": values.over_quota.value,
            "password_min_length": values.password_min_length,
        }
