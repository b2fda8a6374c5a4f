"""The headings that offices write over their columns, as data, and which field each one means.

Compared by `congvu.registry.text.key`: without marks, case and signs. docs/registry.md lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from congvu.registry.text import key


class Field(StrEnum):
    """What a column holds. The values are the column names of our own CSV files and of mapping files."""

    ORDINAL = "ordinal"
    NOTE = "note"
    STAFF_ID = "staff_id"
    FULL_NAME = "full_name"
    SURNAME = "surname"
    MIDDLE_NAME = "middle_name"
    GIVEN_NAME = "given_name"
    FAMILY_AND_MIDDLE = "family_and_middle"
    """Họ và đệm in one cell."""
    FIRST_NAME = "first_name"
    """A heading that means opposite things in different systems, see `congvu.registry.nameorder`."""
    LAST_NAME = "last_name"
    HOLDER = "holder"
    """A person or an agency: «Tên cơ quan/Cá nhân»."""
    POSITION = "position"
    UNIT_ID = "unit_id"
    UNIT_NAME = "unit_name"
    AGENCY = "agency"
    """The agency above the unit, where a list has both; it tells units of one name apart."""
    PHONE = "phone"
    CONTACT_MAIL = "contact_mail"
    ADDRESS = "address"
    REGISTERED_ON = "registered_on"
    DOCUMENT = "document"
    STATUS = "status"
    ACTION = "action"
    CREATE = "create"
    CHANGE = "change"
    LOCK = "lock"
    RESTORE = "restore"
    REVOKE = "revoke"
    DELETE = "delete"
    RESET_PASSWORD = "reset_password"  # noqa: S105  (the name of a column)
    REQUEST = "request"
    EMPLOYMENT = "employment"
    BIRTH_DATE = "birth_date"
    CITIZEN_ID = "citizen_id"
    QUOTA_CLASS = "quota_class"
    QUOTA = "quota"
    QUOTA_REASON = "quota_reason"
    SPONSOR_UNIT_ID = "sponsor_unit_id"
    UNTIL = "until"
    DOMAINS = "domains"
    # of units only
    NAME = "name"
    KIND = "kind"
    ORG_TYPE = "org_type"
    PARENT_ID = "parent_id"
    PARENT_NAME = "parent_name"
    AGREEMENT = "agreement"
    DOMAIN = "domain"
    IT_CONTACT = "it_contact"
    HEAD_ID = "head_id"
    """Staff id of the unit's head."""
    SUCCESSOR_IDS = "successor_ids"
    """The units that take over from one that ended, by id or by name."""
    # of the form that changes one account, line by line
    CHANGE_WHAT = "change_what"
    CHANGE_NEW = "change_new"


class Kind(StrEnum):
    """What a table lists."""

    STAFF = "staff"
    UNITS = "units"
    CHANGES = "changes"
    """One line per detail of one account (Nghệ An, Phụ lục 1 mẫu 2)."""


NAMING: Mapping[Kind, frozenset[Field]] = {
    Kind.STAFF: frozenset(
        {
            Field.FULL_NAME,
            Field.HOLDER,
            Field.GIVEN_NAME,
            Field.FIRST_NAME,
            Field.LAST_NAME,
            Field.ADDRESS,
        }
    ),
    Kind.UNITS: frozenset({Field.NAME}),
    Kind.CHANGES: frozenset({Field.CHANGE_WHAT}),
}
"""Columns of which every list has one: whom or what its rows are about."""

TICKS = (
    Field.CREATE,
    Field.CHANGE,
    Field.LOCK,
    Field.RESTORE,
    Field.REVOKE,
    Field.DELETE,
    Field.RESET_PASSWORD,
)
"""Columns that hold a tick for what is asked."""

_COMMON: Mapping[Field, tuple[str, ...]] = {
    Field.ORDINAL: ("STT", "Stt", "TT", "Số TT", "Số thứ tự", "No", "No."),
    Field.NOTE: ("Ghi chú", "Note", "Notes", "Remarks"),
    Field.REGISTERED_ON: (
        "Ngày đăng ký",
        "Ngày cấp",
        "Ngày cấp mới",
        "Ngày đề nghị",
        "Registration date",
        "Registered on",
    ),
}

STAFF: Mapping[Field, tuple[str, ...]] = {
    **_COMMON,
    Field.STAFF_ID: (
        "Mã CBCC",
        "Mã CBCCVC",
        "Mã CBCCVCNLĐ",
        "Mã cán bộ",
        "Mã công chức",
        "Mã nhân viên",
        "Mã NV",
        "Mã nhân sự",
        "Mã số",
        "Số hiệu CBCC",
        "Số hiệu công chức",
        "employeeCode",
        "Employee code",
        "Employee ID",
        "Staff ID",
    ),
    Field.FULL_NAME: (
        "Họ và tên",
        "Họ tên",
        "Họ, tên",
        "Họ và tên người sử dụng",
        "Họ tên cán bộ",
        "Họ và tên cán bộ",
        "Tên cán bộ",
        "fullName",
        "Full name",
        "Name",
    ),
    Field.SURNAME: ("Họ", "ho", "Surname", "Family name"),
    Field.MIDDLE_NAME: ("Đệm", "Tên đệm", "Chữ đệm", "Tên lót", "Middle name"),
    Field.GIVEN_NAME: ("Tên", "ten", "Given name"),
    Field.FAMILY_AND_MIDDLE: (
        "Họ và đệm",
        "Họ đệm",
        "Họ và tên đệm",
        "Họ và chữ đệm",
        "Họ tên đệm",
        "Họ lót",
        "Họ và chữ lót",
    ),
    Field.FIRST_NAME: ("firstname", "First name"),
    Field.LAST_NAME: ("lastname", "Last name"),
    Field.HOLDER: ("Tên cơ quan/Cá nhân", "Đơn vị/Cá nhân", "Cơ quan/Cá nhân", "Tên đơn vị/Cá nhân"),
    Field.POSITION: (
        "Chức vụ",
        "Chức danh",
        "Chức vụ/Chức danh",
        "Chức vụ, chức danh",
        "jobTitle",
        "Job title",
        "Position",
        "Title",
    ),
    Field.UNIT_ID: ("Mã đơn vị", "Mã cơ quan", "Mã phòng ban", "department code", "Unit ID", "Unit code"),
    Field.UNIT_NAME: (
        "Đơn vị",
        "Cơ quan",
        "Cơ quan, đơn vị",
        "Cơ quan/đơn vị",
        "Tên đơn vị",
        "Tên cơ quan",
        "Phòng/ban/đơn vị",
        "Phòng, ban, đơn vị",
        "Phòng ban",
        "Phòng/ban",
        "Phòng",
        "Đơn vị công tác",
        "Đơn vị/bộ phận công tác",
        "Đơn vị, bộ phận công tác",
        "Nơi công tác",
        "Bộ phận",
        "Bộ phận công tác",
        "Unit",
        "Department",
        "Organisation",
        "Organization",
    ),
    Field.AGENCY: ("Cơ quan chủ quản", "Đơn vị chủ quản", "Đơn vị cấp trên", "Cơ quan cấp trên"),
    Field.PHONE: (
        "Số điện thoại",
        "Điện thoại",
        "SĐT",
        "SDT",
        "ĐT",
        "Số ĐT",
        "Số di động",
        "Di động",
        "Điện thoại di động",
        "ĐTDĐ",
        "Số điện thoại di động",
        "Số điện thoại liên hệ",
        "Phone",
        "Phone number",
        "Mobile",
    ),
    Field.CONTACT_MAIL: (
        "Email",
        "E-mail",
        "Mail",
        "Thư điện tử",
        "Email liên hệ",
        "Email cá nhân",
        "Thư điện tử liên hệ",
        "Contact mail",
    ),
    Field.ADDRESS: (
        "Địa chỉ thư điện tử công vụ",
        "Thư điện tử công vụ",
        "Địa chỉ thư công vụ",
        "Thư công vụ",
        "Email công vụ",
        "Hộp thư công vụ",
        "Địa chỉ hộp thư",
        "Địa chỉ thư điện tử",
        "Tài khoản thư điện tử công vụ",
        "Official address",
        "Address",
    ),
    Field.DOCUMENT: (
        "Văn bản",
        "Số văn bản",
        "Số quyết định",
        "Quyết định",
        "Căn cứ",
        "Văn bản đề nghị",
        "Document",
    ),
    Field.STATUS: ("Trạng thái", "Tình trạng", "Tình trạng công tác", "Trạng thái công tác", "Status"),
    Field.ACTION: ("Nội dung đề nghị", "Đề nghị", "Yêu cầu", "Loại đề nghị", "Nội dung yêu cầu", "Action"),
    Field.CREATE: ("Cấp mới", "Tạo mới", "Create"),
    Field.CHANGE: ("Thay đổi", "Điều chỉnh", "Change"),
    Field.LOCK: ("Tạm khóa", "Tạm khoá", "Khóa", "Lock"),
    Field.RESTORE: ("Khôi phục", "Mở khóa", "Mở lại", "Restore"),
    Field.REVOKE: ("Thu hồi", "Hủy", "Hủy bỏ", "Cancel", "Revoke"),
    Field.DELETE: ("Xóa", "Xoá", "Delete"),
    Field.RESET_PASSWORD: ("Cấp lại mật khẩu", "Đổi mật khẩu", "Mật khẩu", "Reset password"),
    Field.REQUEST: ("Nội dung", "Nội dung thay đổi", "Chi tiết", "Lý do", "Request"),
    Field.EMPLOYMENT: (
        "Đối tượng",
        "Loại lao động",
        "Loại cán bộ",
        "Diện",
        "Loại hợp đồng",
        "CB/CC/VC/NLĐ",
        "Employment",
    ),
    Field.BIRTH_DATE: ("Ngày sinh", "Ngày tháng năm sinh", "Ngày, tháng, năm sinh", "Birth date", "DOB"),
    Field.CITIZEN_ID: (
        "CCCD",
        "Số CCCD",
        "Căn cước công dân",
        "Số căn cước",
        "Căn cước",
        "Số căn cước công dân",
        "Số định danh cá nhân",
        "Mã định danh cá nhân",
        "CMND/CCCD",
        "identityCard",
        "Citizen ID",
    ),
    Field.QUOTA_CLASS: ("Nhóm dung lượng", "Hạng dung lượng", "Quota class"),
    Field.QUOTA: ("Dung lượng", "Dung lượng hộp thư", "Dung lượng đề nghị", "Quota"),
    Field.QUOTA_REASON: ("Lý do dung lượng", "Lý do tăng dung lượng", "Quota reason"),
    Field.SPONSOR_UNIT_ID: ("Đơn vị bảo lãnh", "Mã đơn vị bảo lãnh", "Sponsor", "Sponsor unit"),
    Field.UNTIL: ("Đến ngày", "Ngày hết hạn", "Thời hạn", "Thời hạn sử dụng", "Until", "End date"),
    Field.DOMAINS: ("Tên miền", "Miền thư", "Domains", "Mail domains"),
}

UNITS: Mapping[Field, tuple[str, ...]] = {
    **_COMMON,
    Field.UNIT_ID: (
        "Mã đơn vị",
        "Mã cơ quan",
        "Mã định danh",
        "Mã định danh điện tử",
        "Mã số",
        "Unit ID",
        "Unit code",
        "department code",
    ),
    Field.NAME: (
        "Tên đơn vị",
        "Tên cơ quan",
        "Tên cơ quan, đơn vị",
        "Tên cơ quan/đơn vị",
        "Đơn vị",
        "Cơ quan, đơn vị",
        "Cơ quan",
        "Unit",
        "Unit name",
        "Name",
    ),
    Field.KIND: ("Loại", "Loại đơn vị", "Cấp", "Kind"),
    Field.ORG_TYPE: ("Loại hình", "Loại hình tổ chức", "Loại tổ chức", "Org type", "Organisation type"),
    Field.PARENT_ID: ("Mã đơn vị cấp trên", "Mã cấp trên", "Mã đơn vị chủ quản", "Parent ID"),
    Field.PARENT_NAME: (
        "Đơn vị cấp trên",
        "Cơ quan chủ quản",
        "Đơn vị chủ quản",
        "Trực thuộc",
        "Cơ quan cấp trên",
        "Parent",
    ),
    Field.ADDRESS: (
        "Địa chỉ thư đã thống nhất",
        "Địa chỉ thư điện tử công vụ",
        "Thư điện tử công vụ",
        "Địa chỉ thư công vụ",
        "Thư công vụ",
        "Email công vụ",
        "Hộp thư công vụ",
        "Địa chỉ hộp thư",
        "Địa chỉ thư điện tử",
        "Tài khoản thư điện tử công vụ",
        "Thư điện tử",
        "Email",
        "E-mail",
        "Official address",
        "Address",
    ),
    Field.AGREEMENT: ("Văn bản thống nhất", "Văn bản thỏa thuận", "Agreement"),
    Field.DOMAIN: ("Tên miền", "Tên miền riêng", "Tên miền đã cấp", "Domain"),
    Field.IT_CONTACT: (
        "Cán bộ CNTT",
        "Cán bộ phụ trách CNTT",
        "Đầu mối CNTT",
        "Đầu mối",
        "Cán bộ đầu mối",
        "IT contact",
    ),
    Field.HEAD_ID: (
        "Mã thủ trưởng",
        "Mã thủ trưởng đơn vị",
        "Mã người đứng đầu",
        "Mã CBCC của thủ trưởng",
        "Head ID",
    ),
    Field.STATUS: ("Trạng thái", "Tình trạng", "Tình trạng hoạt động", "Trạng thái hoạt động", "Status"),
    Field.SUCCESSOR_IDS: (
        "Đơn vị tiếp nhận",
        "Mã đơn vị tiếp nhận",
        "Đơn vị kế thừa",
        "Mã đơn vị kế thừa",
        "Cơ quan tiếp nhận",
        "Successor",
        "Successors",
    ),
    Field.DOCUMENT: (
        "Văn bản",
        "Số văn bản",
        "Quyết định",
        "Số quyết định",
        "Quyết định thành lập",
        "Quyết định giải thể",
        "Căn cứ",
        "Document",
    ),
}

CHANGES: Mapping[Field, tuple[str, ...]] = {
    Field.ORDINAL: _COMMON[Field.ORDINAL],
    Field.NOTE: _COMMON[Field.NOTE],
    Field.CHANGE_WHAT: ("Thông tin cần thay đổi", "Thông tin thay đổi", "Thông tin cũ"),
    Field.CHANGE_NEW: ("Thông tin mới", "Nội dung mới", "Thông tin sau thay đổi"),
}

OF_KIND: Mapping[Kind, Mapping[Field, tuple[str, ...]]] = {
    Kind.STAFF: STAFF,
    Kind.UNITS: UNITS,
    Kind.CHANGES: CHANGES,
}

_KEYS: Mapping[Kind, Mapping[str, Field]] = {
    kind: {
        **{key(heading): found for found, headings in fields.items() for heading in headings},
        **{key(found): found for found in fields},
    }
    for kind, fields in OF_KIND.items()
}

OURS: Mapping[Kind, frozenset[str]] = {
    Kind.STAFF: frozenset(STAFF) - {Field.ORDINAL, Field.NOTE},
    Kind.UNITS: frozenset(UNITS) - {Field.ORDINAL, Field.NOTE},
    Kind.CHANGES: frozenset(),
}
"""The column names of our own CSV files."""


EXAMPLES: Mapping[Field, tuple[str, ...]] = {
    Field.STAFF_ID: ("LD00123",),
    Field.FAMILY_AND_MIDDLE: ("Trần Thị Ngọc",),
    Field.GIVEN_NAME: ("Ánh",),
    Field.POSITION: ("Chuyên viên",),
    Field.UNIT_NAME: ("Sở Khoa học và Công nghệ",),
    Field.NAME: ("Sở Khoa học và Công nghệ",),
    Field.UNIT_ID: ("H36.12",),
    Field.PHONE: ("0999 000 001",),
    Field.DOCUMENT: ("12/QĐ-SKHCN",),
    Field.BIRTH_DATE: ("30/12/1985",),
    Field.CITIZEN_ID: ("068085000001",),
    Field.REGISTERED_ON: ("02/01/2013",),
    Field.EMPLOYMENT: ("Công chức",),
    Field.STATUS: ("Đang làm việc", "Đang hoạt động"),
    Field.HEAD_ID: ("LD00123",),
    Field.ORG_TYPE: ("Cơ quan nhà nước",),
    Field.IT_CONTACT: ("Nguyễn Văn An, 0999 000 002",),
    Field.ADDRESS: ("anhttn",),
    Field.REVOKE: ("x",),
}
"""What stands in the example of our own forms (`congvu.registry.template`); of an address its local part."""


def field_of(heading: str, kind: Kind) -> Field | None:
    """The field that `heading` means in a list of this kind; remarks in brackets do not count."""
    known = _KEYS[kind]
    return known.get(key(heading)) or known.get(key(heading.partition("(")[0]))
