"""What the system writes to people about their messages (pure): Vietnamese, UTF-8 in NFC, RFC 3834.

A notice names a message by its Message-ID, sender, recipients and time. Never its subject, text or
attachments: they may be what must not be passed on (LD-4.2, LD-11.6).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256

from congvu.printable import printable
from congvu.vietnam import VIETNAM

SYSTEM = "Hệ thống thư điện tử công vụ"
_MOST = 20
"""Recipients that a notice names."""
REASONS = {
    "CONGVU_CLASSIFIED": "thư hoặc tệp đính kèm có dấu hiệu là văn bản mang dấu chỉ độ mật",
    "CONGVU_ENCRYPTED": (
        "thư có tệp đặt mật khẩu (tệp nén, PDF hoặc tệp văn phòng), hệ thống không kiểm tra được vi-rút"
    ),
    "CONGVU_CHARSET": "thư dùng bảng mã tiếng Việt cũ (TCVN3, VNI hoặc VISCII), không phải Unicode",
    "CONGVU_MACRO": "thư có tệp văn phòng chứa chương trình (macro)",
}
"""Why a message is held, by the rule's symbol. A rule's own words are not handed on: they may quote it."""
_OTHERWISE = "thư cần được người phụ trách xem xét"
_CLASSIFIED = """\
Văn bản có độ mật không được soạn, gửi hoặc lưu trên hệ thống này. Nếu thư có nội dung mật, đề nghị đơn vị
báo ngay cho cơ quan vận hành để xóa thư, và không gửi lại bằng bất kỳ cách nào qua thư điện tử. Nếu thư không
có nội dung mật, đề nghị đơn vị xác nhận với cơ quan vận hành để thư được chuyển đi.
"""
_REVIEW = """\
Đề nghị đơn vị kiểm tra thư và liên hệ cơ quan vận hành: thư được chuyển đi khi đơn vị xác nhận nội dung,
hoặc bị xóa nếu không nên gửi.
"""
END = "Thư này do hệ thống tự động gửi, xin không trả lời."


@dataclass(frozen=True, slots=True)
class About:
    """The message that a notice is about."""

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    date: datetime
    """When the system got it."""
    reference: str = ""
    """Its id in the queue, by which the operator finds it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One letter to one address."""

    key: str
    """The same for the same letter about the same event, also in a later run: the left of its Message-ID."""
    recipient: str
    subject: str
    text: str
    html: str = ""
    """The same once more, for programs that show it nicely; empty: as text only."""

    def message(self, domain: str, host: str, now: datetime) -> EmailMessage:
        """The letter, from `domain`'s postmaster; `host` is the mail server."""
        letter = EmailMessage(policy=SMTP)
        letter["From"] = Address(SYSTEM, "postmaster", domain)
        letter["To"] = self.recipient
        letter["Subject"] = unicodedata.normalize("NFC", self.subject)
        letter["Date"] = format_datetime(now)
        letter["Message-ID"] = f"<{self.key}@{host}>"
        letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's vacation answers it
        letter["X-Auto-Response-Suppress"] = "All"
        letter["Content-Language"] = "vi"
        letter.set_content(unicodedata.normalize("NFC", self.text), cte="quoted-printable")
        if self.html:
            html = unicodedata.normalize("NFC", self.html)
            letter.add_alternative(html, subtype="html", cte="quoted-printable")
        return letter


def held(about: About, symbols: Iterable[str], recipient: str, operator: str) -> Notice:
    """To a unit: a message that it sent, or was to get, waits for a person."""
    known = [symbol for symbol in symbols if symbol in REASONS]
    why = "; ".join(REASONS[symbol] for symbol in known) or _OTHERWISE
    ask = _CLASSIFIED if "CONGVU_CLASSIFIED" in known else _REVIEW
    return Notice(
        key("held", about.reference, recipient),
        recipient,
        f"Thông báo: thư gửi từ {_line(about.sender)} đang được giữ lại",
        _letter(
            "Hệ thống đã giữ lại một thư và chưa chuyển thư đến người nhận:",
            [*_told(about), ("Lý do", why)],
            ask,
            operator,
        ),
    )


def deleted(about: About, reason: str, document: str, recipient: str, operator: str) -> Notice:
    """To a sender and its unit: a message that was held has been removed."""
    return Notice(
        key("deleted", about.reference, recipient),
        recipient,
        f"Thông báo: thư gửi từ {_line(about.sender)} không được chuyển đi",
        _letter(
            "Thư dưới đây đã bị giữ lại và nay bị xóa; người nhận không nhận được thư:",
            [*_told(about), *_decision(reason, document)],
            "Nếu cần gửi lại văn bản, đề nghị dùng hình thức phù hợp với nội dung.\n",
            operator,
        ),
    )


def recalled(
    about: About, copies: int, reason: str, document: str, recipient: str, *, event: str, operator: str
) -> Notice:
    """To the owner of a mailbox: a message has been taken out of it (LD-11.6). `event` names the act."""
    return Notice(
        key("recalled", event, recipient),
        recipient,
        "Thông báo: một thư đã được thu hồi khỏi hộp thư của quý vị",
        _letter(
            "Cơ quan vận hành đã thu hồi và xóa thư dưới đây khỏi hộp thư của quý vị:",
            [*_told(about), ("Số bản đã xóa", str(copies)), *_decision(reason, document)],
            "Nếu đã tải, in, chuyển tiếp hoặc lưu thư này ở nơi khác, đề nghị xóa hoặc nộp lại theo quy\n"
            "định và báo ngay cho cơ quan vận hành.\n",
            operator,
        ),
    )


def reported(
    about: About,
    boxes: Sequence[str],
    reason: str,
    document: str,
    recipient: str,
    *,
    event: str,
    operator: str,
) -> Notice:
    """To those who must hear of a state secret (policy ``incidents.secret_found``, LD-11.6)."""
    return Notice(
        key("reported", event, recipient),
        recipient,
        "Báo cáo: đã thu hồi một thư khỏi hệ thống thư điện tử công vụ",
        _letter(
            "Cơ quan vận hành đã thu hồi và xóa thư dưới đây:",
            [*_told(about), ("Đã xóa khỏi", _list(boxes)), *_decision(reason, document)],
            "Bản thư đã gửi ra ngoài hệ thống, đã tải về máy hoặc nằm trong bản sao lưu không bị xóa theo.\n",
            operator,
        ),
    )


def key(event: str, of: str, recipient: str) -> str:
    """A left side of a Message-ID that is the same whenever the same is told to the same address."""
    return f"{event}.{sha256(chr(0).join((of, recipient.lower())).encode(errors='replace')).hexdigest()[:32]}"


def _told(about: About) -> list[tuple[str, str]]:
    moment = about.date.astimezone(VIETNAM)
    return [
        ("Người gửi", about.sender or "(không có)"),
        ("Người nhận", _list(about.recipients)),
        ("Thời gian", f"{moment:%H:%M} ngày {moment:%d/%m/%Y}"),
        ("Message-ID", about.message_id or "(không có)"),
        *([("Mã hàng đợi", about.reference)] if about.reference else []),
    ]


def _decision(reason: str, document: str) -> list[tuple[str, str]]:
    return [("Lý do", reason), *([("Văn bản", document)] if document else [])]


def _list(addresses: Sequence[str]) -> str:
    shown = ", ".join(addresses[:_MOST])
    return (
        f"{shown} và {len(addresses) - _MOST} nơi khác" if len(addresses) > _MOST else shown or "(không có)"
    )


def _letter(first: str, facts: Iterable[tuple[str, str]], ask: str, operator: str) -> str:
    lines = [f"  {name}: {_line(value)}" for name, value in facts]
    signed = operator or SYSTEM
    return "\n".join(["Kính gửi quý cơ quan,", "", first, "", *lines, "", ask, END, "", signed, ""])


def _line(text: str) -> str:
    """Text of others on one line that steers nothing; what was no UTF-8 is shown as an escape."""
    return printable(" ".join(text.split()))
