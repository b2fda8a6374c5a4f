"""A mail domain's policy: what its regulation says, in types. ``None`` means the regulation leaves it open.

The dataclasses are the schema of ``inventory/policy/<domain>.yml`` (read by `congvu.strictyaml`); a key
is a field. Clause numbers in their docstrings are those of the regulations the schema was made from:
``LD`` Lâm Đồng 61/2012/QĐ-UBND, ``HT`` Hà Tĩnh 43/2009/QĐ-UBND, ``QT`` Quảng Trị 313/QĐ-SKHCN (2018),
``DL`` Đắk Lắk 158/QĐ-STP (2006), ``BT`` the ministry's 2019/QĐ-BTNMT (2016).
"""

from __future__ import annotations

from congvu.policy.model.addresses import (
    AddressChange,
    Kind,
    LongPlaceNames,
    Numbering,
    NumberingScope,
    OnChange,
    PersonalData,
    PersonRule,
    Places,
    Quota,
    QuotaRange,
    UnitRule,
)
from congvu.policy.model.policy import (
    VERSION,
    Attachments,
    ChecksPerDay,
    Inactivity,
    Leaving,
    Notice,
    Notices,
    Operator,
    OverQuota,
    Password,
    Policy,
    Publication,
    Published,
    Regulation,
    Removal,
)

__all__ = [
    "VERSION",
    "AddressChange",
    "Attachments",
    "ChecksPerDay",
    "Inactivity",
    "Kind",
    "Leaving",
    "LongPlaceNames",
    "Notice",
    "Notices",
    "Numbering",
    "NumberingScope",
    "OnChange",
    "Operator",
    "OverQuota",
    "Password",
    "PersonRule",
    "PersonalData",
    "Places",
    "Policy",
    "Publication",
    "Published",
    "Quota",
    "QuotaRange",
    "Regulation",
    "Removal",
    "UnitRule",
]
