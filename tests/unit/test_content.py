"""What a mailbox holds: read from what doveadm prints, and compared message by message."""

from __future__ import annotations

import stat
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvu.errors import MailFailure
from congvu.mail import content, tools
from congvu.mail.content import Content, Message, Sum, compare, count

TEXTS = (
    b"Subject: a\n\nhello",
    b"Subject: b\n\n\x0c\nmailbox: INBOX\nsize.physical: 3\n",
    b"",
    b"\xff\x00\r\n",
)


def printed(*messages: tuple[str, bytes]) -> bytes:
    """As doveadm prints messages: nothing after the last."""
    return b"\x0c\n".join(
        f"mailbox: {folder}\nsize.physical: {len(text)}\ntext:\n".encode() + text for folder, text in messages
    )


@pytest.fixture
def doveadm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a doveadm that prints the file `output` beside it, and ends as `status` says."""
    tool = tmp_path / "doveadm"
    tool.write_text(
        f'#!/bin/sh\ncat {tmp_path}/output; echo "broken pipe" >&2; exit $(cat {tmp_path}/status)\n'
    )
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "status").write_text("0")
    monkeypatch.setattr(tools, "_PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def digest(text: bytes) -> str:
    return sha256(text).hexdigest()


def test_messages_are_read_to_the_byte_whatever_stands_in_them(doveadm: Path) -> None:
    (doveadm / "output").write_bytes(printed(*(("Năm 2026", text) for text in TEXTS), ("INBOX", TEXTS[0])))
    found = count("snv@lamdong.gov.vn")
    assert found.messages == {
        **{Message("Năm 2026", digest(text), len(text)): 1 for text in TEXTS},
        Message("INBOX", digest(TEXTS[0]), len(TEXTS[0])): 1,
    }
    lines = sorted(f"{digest(text)}\n" for text in (*TEXTS, TEXTS[0]))
    assert found.whole() == Sum(5, sum(map(len, TEXTS)) + len(TEXTS[0]), digest("".join(lines).encode()))
    assert [(name, one.messages) for name, one in found.folders().items()] == [("INBOX", 1), ("Năm 2026", 4)]


def test_a_large_message_is_read_in_pieces(doveadm: Path) -> None:
    text = bytes(range(256)) * (3 << 12)
    assert len(text) > 2 * content._CHUNK
    (doveadm / "output").write_bytes(printed(("INBOX", text), ("INBOX", text)))
    assert count("a@b").messages == {Message("INBOX", digest(text), len(text)): 2}


def test_an_empty_mailbox_has_nothing(doveadm: Path) -> None:
    (doveadm / "output").write_bytes(b"")
    assert count("a@b").whole() == Sum(0, 0, digest(b""))


@pytest.mark.parametrize("cut", [1, 9, 20, 40, 60])
def test_what_is_cut_off_is_no_count(doveadm: Path, cut: int) -> None:
    (doveadm / "output").write_bytes(printed(("INBOX", TEXTS[0]), ("INBOX", TEXTS[0]))[:-cut])
    with pytest.raises(MailFailure):
        count("a@b")


def test_a_doveadm_that_fails_is_told_with_its_words(doveadm: Path) -> None:
    (doveadm / "output").write_bytes(printed(("INBOX", TEXTS[0])))
    (doveadm / "status").write_text("75")
    with pytest.raises(MailFailure, match="broken pipe"):
        count("a@b")


boxes = st.dictionaries(
    st.builds(
        Message, st.sampled_from(["INBOX", "Đi", "Cũ"]), st.sampled_from(["aa", "bb", "cc"]), st.just(2)
    ),
    st.integers(1, 3),
).map(Content)


@given(boxes, boxes)
def test_a_difference_is_what_a_list_of_all_messages_says(before: Content, after: Content) -> None:
    """Against lists: what can be struck off on both sides, is neither missing nor new."""
    lists = [
        [message.digest for message, count_ in one.messages.items() for _ in range(count_)]
        for one in (before, after)
    ]
    missing, new = list(lists[0]), list(lists[1])
    for one in lists[0]:
        if one in new:
            new.remove(one)
            missing.remove(one)
    found = compare(before, after)
    assert (sum(found.missing.values()), sum(found.new.values())) == (len(missing), len(new))


def test_a_changed_message_is_missing_and_new_a_moved_one_neither() -> None:
    one, other, moved = Message("INBOX", "aa", 2), Message("INBOX", "bb", 2), Message("Cũ", "aa", 2)
    assert compare(Content({one: 1}), Content({other: 1})) == content.Difference({"INBOX": 1}, {"INBOX": 1})
    assert compare(Content({one: 1}), Content({moved: 1})) == content.Difference({}, {})
    assert compare(Content({one: 2}), Content({one: 1, moved: 2})) == content.Difference({}, {"Cũ": 1})
    assert compare(Content({one: 2, moved: 1}), Content({one: 1})) == content.Difference(
        {"Cũ": 1, "INBOX": 1}, {}
    )
