"""Bad SMTP: sessions that no honest client would hold. It runs on `outside`, with Debian's Python alone.

From standard input comes an order as JSON; what came of the sessions is one JSON on standard output. Each
session is made from the seed and its number only: `python3 noise.py NUMBER` with the order again plays one.
"""

from __future__ import annotations

import base64
import io
import json
import random
import socket
import ssl
import struct
import sys
import threading
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

THREADS = 32
END = b"\r\n.\r\n"
Order = dict[str, Any]
Step = tuple[bytes, float]
"""What to send, and for how many seconds to wait for an answer to it."""
Kind = Callable[["Maker"], list[Step]]


class Maker:
    """Pieces of a session, drawn from one number."""

    def __init__(self, order: Order, number: int) -> None:
        self.order, self.number = order, number
        self.draw = random.Random(f"{order['seed']}:{number}")  # noqa: S311  (the same sessions each time)
        self.port, self.tls, self.reset = 25, False, False
        self.ours, self.foreign = order["ours"], order["foreign"]
        self.sender = order["sender"]

    def junk(self, most: int) -> bytes:
        """Any bytes."""
        return self.draw.randbytes(self.draw.randrange(most))

    def one(self, *choices: Any) -> Any:
        """One of them."""
        return self.draw.choice(choices)

    def envelope(self, sender: bytes | None = None, recipient: bytes | None = None) -> list[Step]:
        """EHLO, MAIL and RCPT as they should be, but for the addresses."""
        to = self.ours.encode() if recipient is None else recipient
        by = self.sender.encode() if sender is None else sender
        return [
            (b"", 5),
            (b"EHLO khach.ngoai.example\r\n", 5),
            (b"MAIL FROM:<%s>\r\n" % by, 5),
            (b"RCPT TO:<%s>\r\n" % to, 5),
        ]

    def letter(self, message: bytes) -> list[Step]:
        """A whole transaction with this message, its line ends and dots as they come."""
        return [*self.envelope(), (b"DATA\r\n", 5), (message + END, 30), (b"QUIT\r\n", 2)]

    def headers(self, *more: bytes) -> bytes:
        """A beginning that is in order."""
        named = f"Message-ID: <noise.{self.number}@ngoai.example>\r\nSubject: Cong van\r\n".encode()
        people = f"From: {self.sender}\r\nTo: {self.ours}\r\n".encode()
        return people + named + b"".join(line + b"\r\n" for line in more)


# --- Addresses


def _address(make: Maker) -> bytes:
    """An address from a grammar in which each rule may be broken."""
    ours, foreign = make.ours, make.foreign
    local, _, domain = ours.partition("@")
    far, _, abroad = foreign.partition("@")
    odd = [
        ours, foreign, f"{far}%{abroad}@{domain}", f"{abroad}!{far}@{domain}", f"{abroad}!{far}",
        f"@{domain}:{foreign}", f"@a.example,@{domain}:{foreign}", f'"{foreign}"@{domain}', f'"{foreign}"',
        f"{foreign}@{domain}", f"{far}@[{abroad}]", f"{foreign}@[127.0.0.1]", f"{foreign}@localhost",
        f"{far}%{abroad}@localhost", f"{far}%{abroad}", f"{foreign}@", f"{foreign}@.", f"{foreign}.",
        f"|/bin/sh@{domain}", "|/bin/sh", "/etc/passwd", ":include:/etc/passwd", f"../../{local}@{domain}",
        f"{local}@{'a' * 70}.{domain}", f"{local}@{domain}." * 30, "@", "<>", "<<>>", "", " ", "postmaster",
        f"{'x' * 5000}@{domain}", f"{local}@{'d.' * 300}vn", f"thủ.trưởng@{domain}", f"{local}@tỉnh.vn",
        f"*@{domain}", f"({ours})@{domain}", f"{local})(mail=*@{domain}", f"{local}\\00@{domain}",
        f"{local}+{'y' * 300}@{domain}", f"{local}@{domain} NOTIFY=X",
        f"{local}\t@{domain}", f"{local}\0@{domain}",
    ]  # fmt: skip
    made: bytes = make.one(*odd).encode()
    return _mutated(make, made) if make.draw.random() < 0.3 else made


def _mutated(make: Maker, data: bytes) -> bytes:
    """The same bytes but for a few: changed, taken away, repeated, put in."""
    for _ in range(make.draw.randrange(1, 6)):
        at, end = sorted(make.draw.randrange(len(data) + 1) for _ in "12")
        data = make.one(
            data[:at] + data[end:] if end - at < 80 else data,
            data[:end] + data[at:end] + data[end:],
            data[:at] + make.junk(6) + data[at:],
            data[:at]
            + make.one(b"\0", b"\r", b"\n", b"\n.\n", b"\r.\r", b"\xff", b"\x80", b"<", b'"')
            + data[at:],
            data[:at] + bytes(255 - byte for byte in data[at : at + 3]) + data[at + 3 :],
        )
    return data


def odd_addresses(make: Maker) -> list[Step]:
    """Envelopes; and a message where they are taken, which then must not leave."""
    steps = make.envelope(_address(make) if make.draw.random() < 0.5 else None, _address(make))
    for _ in range(make.draw.randrange(4)):
        steps.insert(-1, (b"RCPT TO:<%s>\r\n" % _address(make), 5))
    return [*steps, (b"DATA\r\n", 5), (make.headers() + b"\r\nnoise" + END, 10)]


# --- Sessions


def mutated_session(make: Maker) -> list[Step]:
    """A session in order, then changed here and there."""
    message = (
        make.headers(b"MIME-Version: 1.0", b"Content-Type: text/plain; charset=utf-8") + b"\r\nnoise\r\n"
    )
    steps = make.letter(message)
    for _ in range(make.draw.randrange(1, 4)):
        at = make.draw.randrange(1, len(steps))
        steps[at] = (_mutated(make, steps[at][0]), 0.5)
    return steps


def garbage(make: Maker) -> list[Step]:
    """Bytes, or lines of them, and no SMTP at all."""
    make.port = make.one(25, 25, 587, 465)
    hello = base64.b64decode("FgMBAgABAAH8AwM=") + make.junk(500)
    lines = [
        make.junk(200) + make.one(b"\r\n", b"\n", b"\r", b"\0") for _ in range(make.draw.randrange(1, 8))
    ]
    return [(make.one(hello, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", *lines), 0.3) for _ in range(4)]


def long_commands(make: Maker) -> list[Step]:
    """Commands of up to 100 KB, with NUL, 8-bit, bare CR or LF in them."""
    verb = make.one(b"EHLO ", b"HELO ", b"MAIL FROM:<", b"RCPT TO:<", b"NOOP ", b"VRFY ", b"XYZZY", b"ETRN ")
    filler = make.one(b"a", b"\xe1\xbb\x87", b"\0", b"<", b'"', b"\\", b"(", b"\r", b"\n", b" ")
    line = verb + filler * make.draw.randrange(1, 10_000 if len(filler) > 1 else 100_000)
    return [
        *make.envelope()[: make.draw.randrange(1, 5)],
        (line + make.one(b"\r\n", b"\n", b""), 1),
        (b"NOOP\r\n", 1),
    ]


def pipelined(make: Maker) -> list[Step]:
    """Everything at once, in any order, before the greeting or not."""
    steps = [step for step, _ in make.letter(make.headers() + b"\r\nnoise")[1:]]
    make.draw.shuffle(steps)
    return [(b"", 5 if make.draw.random() < 0.5 else 0), (b"".join(steps * make.draw.randrange(1, 20)), 2)]


def chunking(make: Maker) -> list[Step]:
    """BDAT with sizes that are not so."""
    size = make.one(
        b"0", b"1", b"-1", b"99999999999999999999", b"0x10", b"5", b"", b"LAST", b"2147483648", b"1e3"
    )
    last = make.one(b"", b" LAST", b" LAST LAST", b" FIRST", b"\0")
    steps = make.envelope()
    if make.draw.random() < 0.3:
        steps.append((b"DATA\r\n", 2))
    for _ in range(make.draw.randrange(1, 5)):
        steps.append((b"BDAT %s%s\r\n%s" % (size, last, make.junk(40)), 0.5))
    return [*steps, (b"BDAT 0 LAST\r\n", 0.5), (b"RSET\r\nNOOP\r\n", 0.5)]


def many_recipients(make: Maker) -> list[Step]:
    """A list of 1,200 recipients, most of whom do not exist."""
    domain = make.ours.partition("@")[2]
    names = [make.ours, *(f"noise{number}@{domain}" for number in range(1200))]
    steps = [*make.envelope()[:3], (b"".join(b"RCPT TO:<%s>\r\n" % name.encode() for name in names), 5)]
    return [*steps, (b"DATA\r\n", 2), (make.headers() + b"\r\nnoise" + END, 5)]


def truncated(make: Maker) -> list[Step]:
    """A session that ends in the middle, with or without a word."""
    steps = make.letter(make.headers() + b"\r\nnoise\r\n" * 50)
    kept = steps[: make.draw.randrange(1, len(steps))]
    data = kept[-1][0]
    make.reset = make.draw.random() < 0.5
    return [*kept[:-1], (data[: make.draw.randrange(len(data) + 1)], 0)]


def injected(make: Maker) -> list[Step]:
    """Commands behind STARTTLS in the same packet: they must be forgotten when TLS begins."""
    make.port, make.tls = make.one(25, 587), True
    more = make.one(
        b"MAIL FROM:<a@b.example>\r\n", b"EHLO x\r\nRSET\r\n", make.junk(60) + b"\r\n", b"NOOP\r\n" * 50
    )
    return [
        (b"", 5),
        (b"EHLO khach.ngoai.example\r\n", 5),
        (b"STARTTLS\r\n" + more, 5),
        (b"RCPT TO:<%s>\r\n" % make.ours.encode(), 2),
    ]


def logins(make: Maker) -> list[Step]:
    """AUTH with all that is no login, on the submission ports."""
    make.port, make.tls = make.one(587, 465), True
    word = make.one(
        b"AUTH PLAIN", b"AUTH PLAIN =", b"AUTH PLAIN *", b"AUTH LOGIN", b"AUTH", b"AUTH CRAM-MD5",
        b"AUTH GSSAPI", b"AUTH PLAIN " + b"A" * make.draw.randrange(20_000),
        b"AUTH XOAUTH2 " + base64.b64encode(make.junk(99)),
        b"AUTH PLAIN \0\xff!!", b"AUTH LOGIN " + make.junk(30).replace(b"\n", b""),
    )  # fmt: skip
    start: list[Step] = [(b"", 5), (b"EHLO khach.ngoai.example\r\n", 5)]
    if make.port == 587:
        start += [(b"STARTTLS\r\n", 5), (b"EHLO khach.ngoai.example\r\n", 5)]
    return [*start, (word + b"\r\n", 3), (make.one(b"*", b"=", b"\0", b"?" * 9000) + b"\r\n", 3)]


# --- Messages


def _multipart(boundary: bytes) -> bytes:
    return b'Content-Type: multipart/mixed; boundary="%s"' % boundary


def nested(make: Maker) -> list[Step]:
    """Parts in parts, 1,000 deep, closed or left open."""
    depth, closed = make.draw.randrange(200, 1200), make.draw.random() < 0.5
    if make.draw.random() < 0.5:
        body = b"Content-Type: message/rfc822\r\n\r\n" * depth + b"\r\nnoise"
        return make.letter(make.headers(b"MIME-Version: 1.0") + body)
    body = b"".join(b"--b%d\r\n%s\r\n\r\n" % (at, _multipart(b"b%d" % (at + 1))) for at in range(depth))
    ends = b"".join(b"\r\n--b%d--" % at for at in range(depth, -1, -1)) if closed else b""
    return make.letter(
        make.headers(b"MIME-Version: 1.0", _multipart(b"b0")) + b"\r\n" + body + b"noise" + ends
    )


def many_parts(make: Maker) -> list[Step]:
    """Thousands of parts in one message."""
    part = make.one(
        b"--b\r\n\r\nx\r\n",
        b"--b\r\nContent-Disposition: attachment; filename=x.txt\r\n\r\nx\r\n",
        b"--b\r\n",
    )
    body = part * make.draw.randrange(1000, 6000) + make.one(b"--b--", b"")
    return make.letter(make.headers(b"MIME-Version: 1.0", _multipart(b"b")) + b"\r\n" + body)


def bomb(make: Maker) -> list[Step]:
    """An archive whose content is far larger than itself, also in archives."""
    data = bytes(make.draw.randrange(1, 64) << 20)
    for level in range(make.draw.randrange(1, 5)):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for copy in range(1 if level == 0 else 6):
                undated = zipfile.ZipInfo(f"{level}-{copy}.txt")
                archive.writestr(undated, data, zipfile.ZIP_DEFLATED)
        data = packed.getvalue()
    if make.draw.random() < 0.2:
        data = zlib.compress(data) if make.draw.random() < 0.5 else data[: len(data) // 2]
    body = base64.encodebytes(data).replace(b"\n", b"\r\n")
    kind = b'Content-Type: application/zip; name="x.zip"'
    return make.letter(
        make.headers(b"MIME-Version: 1.0", kind, b"Content-Transfer-Encoding: base64") + b"\r\n" + body
    )


def big_headers(make: Maker) -> list[Step]:
    """A header of 1 MiB, thousands of them, folded ones, and a Content-Type with thousands of parameters."""
    header = make.one(
        b"Subject: " + b"x" * (1 << 20),
        b"\r\n".join(b"X-%d: y" % at for at in range(20_000)),
        b"Subject: x" + b"\r\n y" * 50_000,
        b"Subject: " + b"=?utf-8?B?w6E=?= " * 40_000,
        b"Content-Type: text/plain" + b"".join(b";\r\n name*%d=x" % at for at in range(5000)),
        b"To: " + b", ".join(b"a%d@b.example" % at for at in range(30_000)),
        b"Received: from x by y; z\r\n" * make.draw.randrange(10, 400) + b"X: y",
        b"X" * (1 << 17) + b": y",
    )
    return make.letter(make.headers(header) + b"\r\nnoise")


def odd_message(make: Maker) -> list[Step]:
    """What is wrong in small: 8-bit and NUL, bare CR and LF, encodings, boundaries, dots, long lines."""
    raw = make.junk(3000)
    kind = make.one(b"quoted-printable", b"base64", b"x-uuencode", b"8bit", b"binary", b"\xff", b"7bit; x=y")
    message = make.one(
        make.headers(b"Subject: C\xf4ng v\xe3n \xff\x80", b"X\xe1: y") + b"\r\n" + raw,
        make.headers(b"Content-Transfer-Encoding: " + kind, b"MIME-Version: 1.0") + b"\r\n" + raw,
        make.headers(b"MIME-Version: 1.0", b"Content-Type: text/html; charset=" + raw[:30].hex().encode())
        + b"\r\n<" + raw.hex().encode(),
        make.headers(_multipart(b""), b"MIME-Version: 1.0") + b"\r\n--\r\n" + raw,
        make.headers(_multipart(b"b" * 5000), b"MIME-Version: 1.0") + b"\r\n--" + b"b" * 5000 + b"\r\n\r\nx",
        make.headers(_multipart(b"b"), _multipart(b"c"), b"MIME-Version: 1.0")
        + b"\r\n--b\r\n--c\r\n--b--\r\n--c--",
        make.headers() + b"\r\nx\0y\0" * 100,
        make.headers() + b"\r\nx\ry\nz\r\r\n\n" * 100,
        make.headers() + b"\r\n" + b"." * make.draw.randrange(3) + b"\r\n" + b"..\r\n" * 300,
        b"\r\n" * make.draw.randrange(5), b"", raw, b"\0", b": \r\n:\r\n", b"From noise\r\n" + raw,
        make.headers(b"Subject: =?utf-8?Q?=FF=?=", b"From: a@b.example, <c@d.example>") + b"\r\nx",
    )  # fmt: skip
    return make.letter(message.replace(END, b"\r\n..\r\n"))


def long_lines(make: Maker) -> list[Step]:
    """Lines of up to 1 MiB."""
    line = make.one(b"x", b"\xe1\xbb\x87", b"=", b"<a>", b"\t") * (1 << make.draw.randrange(10, 19))
    return make.letter(make.headers() + b"\r\n" + line)


def smuggled(make: Maker) -> list[Step]:
    """A second message behind an end of data that is none; it would go where the first may not."""
    end = make.one(
        b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\n", b"\n\n.\r\n", b"\r\n\0.\r\n"
    )
    second = (
        b"MAIL FROM:<smuggler@ngoai.example>\r\nRCPT TO:<%s>\r\nDATA\r\nSubject: smuggled\r\n\r\nx"
        % make.one(make.ours, make.foreign).encode()
    )
    return make.letter(make.headers() + b"\r\nnoise" + end + second)


KINDS: tuple[tuple[Kind, int], ...] = (
    (mutated_session, 300), (odd_addresses, 160), (truncated, 120), (odd_message, 90), (pipelined, 60),
    (garbage, 60), (long_commands, 50), (chunking, 50), (smuggled, 40), (injected, 25), (long_lines, 15),
    (logins, 10), (nested, 8), (many_parts, 4), (big_headers, 5), (bomb, 2), (many_recipients, 1),
)  # fmt: skip
"""Each kind with its share in 1,000."""


# --- The wire


class Wire:
    """A connection that answers, or does not."""

    def __init__(self, order: Order, make: Maker) -> None:
        self._order = order
        self.socket = socket.create_connection((order["host"], make.port), timeout=20)
        if make.tls and make.port == 465:
            self.encrypt()

    def encrypt(self) -> None:
        """Go on under TLS."""
        context = ssl.create_default_context(cadata=self._order["ca"])
        self.socket = context.wrap_socket(self.socket, server_hostname=self._order["fqdn"])

    def hear(self, seconds: float) -> bytes:
        """One reply, as many lines as it has; what came until then if it does not end."""
        told, until = b"", time.monotonic() + seconds
        while time.monotonic() < until:
            self.socket.settimeout(max(0.01, until - time.monotonic()))
            try:
                more = self.socket.recv(65536)
            except TimeoutError:
                break
            if not more:
                raise ConnectionError("closed")
            told += more
            last = told.rstrip(b"\r\n").rpartition(b"\n")[2]
            if told.endswith(b"\n") and last[3:4] != b"-":
                break
        return told

    def say(self, data: bytes) -> None:
        """Send all of it."""
        self.socket.settimeout(30)
        self.socket.sendall(data)

    def close(self, *, reset: bool) -> None:
        """End it, with a reset or as usual."""
        if reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def play(order: Order, number: int, tell: Callable[[str], None] = lambda _: None) -> tuple[str, str]:
    """Hold one session; returns its kind and how it went."""
    make = Maker(order, number)
    kind = make.draw.choices([each for each, _ in KINDS], [share for _, share in KINDS])[0]
    steps, outcome = kind(make), "unanswered"
    try:
        wire = Wire(order, make)
    except (OSError, ssl.SSLError) as error:
        return kind.__name__, f"no connection: {error}"
    try:
        for data, seconds in steps:
            wire.say(data)
            tell(f"> {data[:200]!r}")
            if seconds:
                told = wire.hear(seconds)
                tell(f"< {told[:200]!r}")
                if told and data != b"QUIT\r\n":
                    outcome = f"{told[:1].decode('latin-1')}xx"
                if make.tls and data.startswith(b"STARTTLS\r\n") and told.startswith(b"220"):
                    wire.encrypt()
                    wait_after = wire.hear(0.3) if kind is injected else b""
                    outcome = "INJECTED" if wait_after else outcome
    except (OSError, ssl.SSLError) as error:
        tell(f"! {error}")
    finally:
        with suppress(OSError):
            wire.close(reset=make.reset)
    return kind.__name__, outcome


def main() -> None:
    """All the sessions, many at a time; then how many of each kind went how."""
    order: Order = json.load(sys.stdin)
    numbers, counted, lock = iter(range(order["sessions"])), Counter[tuple[str, str]](), threading.Lock()
    until = time.monotonic() + order["seconds"]

    def work() -> None:
        while time.monotonic() < until:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            came = play(order, number)
            with lock:
                counted[came] += 1

    workers = [threading.Thread(target=work) for _ in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(json.dumps([[*came, times] for came, times in sorted(counted.items())]))


if __name__ == "__main__":
    main()
