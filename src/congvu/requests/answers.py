"""What a unit is told about its request (pure): once each, in Vietnamese."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from congvu.mail.notices import END, SYSTEM, Notice, key
from congvu.printable import printable
from congvu.requests.checks import NAMES
from congvu.requests.model import Request, State

_AGAIN = """\
Đề nghị đơn vị bổ sung, sửa và gửi lại toàn bộ bằng một thư mới. Chưa có dòng nào của danh sách được
thực hiện.
"""
_WAITS = "Đề nghị chưa được thực hiện. Đơn vị sẽ được báo khi có kết quả.\n"


def arrived(request: Request, operator: str) -> Notice:
    """The answer to a message: that it waits for a decision, or why it is no request."""
    if request.state is State.RETURNED:
        first = f"Thư đề nghị về hộp thư điện tử công vụ gửi từ {request.sender} không được tiếp nhận, vì:"
        lines = [first, "", *_indented(f"- {why}" for why in request.reasons), "", _AGAIN]
        return _letter(request, "bad", "Không tiếp nhận đề nghị", lines, operator)
    told = [*_facts(request), _counts(request), *(f"Lưu ý: {remark}" for remark in request.remarks)]
    first = "Hệ thống đã tiếp nhận đề nghị dưới đây và chuyển người có thẩm quyền xem xét:"
    return _letter(
        request, "got", "Đã tiếp nhận đề nghị", [first, "", *_indented(told), "", _WAITS], operator
    )


def refused(request: Request, operator: str) -> Notice:
    """To the unit: the decision is no; of what was begun before that, which rows are done and which not."""
    told = [*_facts(request), f"Lý do: {request.decision}"]
    if not any(row.done for row in request.rows):
        lines = ["Đề nghị dưới đây không được chấp thuận:", "", *_indented(told), ""]
        return _letter(request, "no", "Không chấp thuận đề nghị", lines, operator)
    told += (
        f"Dòng {row.number}, {NAMES[row.action]}, {row.name}: {'đã' if row.done else 'không'} thực hiện"
        for row in request.rows
    )
    lines = ["Đề nghị dưới đây chỉ được thực hiện một phần:", "", *_indented(told), ""]
    return _letter(request, "no", "Chỉ thực hiện một phần đề nghị", lines, operator)


def done(request: Request, operator: str) -> Notice:
    """To the unit: all of it is done."""
    told = [*_facts(request), _counts(request)]
    lines = ["Đề nghị dưới đây đã được thực hiện:", "", *_indented(told), ""]
    return _letter(request, "done", "Đã thực hiện đề nghị", lines, operator)


def is_silent(request: Request) -> bool:
    """Whether nobody is told that it is done: of what was revoked at a unit's request (LD-7.2)."""
    return request.state is State.DONE and all(row.action.ends for row in request.rows)


def _facts(request: Request) -> list[str]:
    return [
        f"Mã đề nghị: {request.id}",
        f"Đơn vị: {request.unit}",
        *([f"Văn bản: {request.document}"] if request.document else []),
    ]


def _counts(request: Request) -> str:
    asked: dict[str, int] = {}
    for row in request.rows:
        asked[NAMES[row.action]] = asked.get(NAMES[row.action], 0) + 1
    return f"Số dòng: {', '.join(f'{words}: {count}' for words, count in asked.items())}"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    """Words of others among them, each on one line that steers nothing."""
    yield from (f"  {printable(' '.join(line.split()))}" for line in lines)


def _letter(request: Request, event: str, subject: str, lines: Iterable[str], operator: str) -> Notice:
    return Notice(
        key(f"asked-{event}", request.id, request.sender),
        request.sender,
        f"{subject} {request.id}",  # the id last: the library loses a blank where a long subject is folded
        "\n".join(["Kính gửi quý cơ quan,", "", *lines, END, "", operator or SYSTEM, ""]),
    )
