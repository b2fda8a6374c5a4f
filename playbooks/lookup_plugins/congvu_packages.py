"""The packages of several roles, for one transaction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible.plugins.lookup import LookupBase

DOCUMENTATION = """
name: congvu_packages
short_description: The packages that roles install on a release
options:
  _terms:
    description: Names of roles.
    required: true
  release:
    description: Name of the vars file, such as C(Debian_13).
    required: true
"""

RETURN = """
_list:
  description: Names of packages, sorted, each once.
"""


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: Any = None, **kwargs: Any) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        roles = Path(__file__).resolve().parents[2] / "roles"
        packages: set[str] = set()
        for role in terms:
            file = roles / role / "vars" / f"{self.get_option('release')}.yml"
            if file.exists():
                packages.update(yaml.safe_load(file.read_text()).get(f"__{role}_packages", []))
        return sorted(packages)
