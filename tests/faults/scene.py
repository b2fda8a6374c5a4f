"""A small province for the fault tests of the sync, and two nights with every kind of event."""

from __future__ import annotations

import shutil
import subprocess
import threading
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from congvu.directory.connection import Directory
from congvu.directory.inspect import ATTRIBUTES
from congvu.directory.model import dn_key
from congvu.fleet.lab import ROOT
from congvu.sync import chain, run, settings
from congvu.sync.guard import CODES
from congvu.sync.job import Order, Outcome, Progress, Status
from congvu.sync.settings import Settings
from tests.slapd import Slapd

DOMAIN = "lamdong.gov.vn"
FIRST, SECOND = date(2026, 11, 21), date(2026, 11, 22)
"""The two nights."""
_PERSONAL = ("uid", "mail", "pwdReset", "pwdChangedTime")

_UNITS = "unit_id,name,kind,parent_id,address,registered_on,status,successor_ids,head_id,document\n"
_STAFF = (
    "staff_id,surname,middle_name,given_name,full_name,unit_id,position,phone,registered_on,status,document\n"
)
_TEN = ",department,,,2013-01-02,working,,,"
_NAMES = tuple(
    f"{surname},{middle},{given}"
    for surname, middle, given in zip(
        ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ") * 2,
        ("Văn", "Thị", "Minh", "Quốc", "Thu", "Đình", "Ngọc") * 3,
        ("An", "Bình", "Châu", "Dũng", "Giang", "Hà", "Khánh", "Lan", "Mai", "Nam") * 2,
        strict=False,
    )
)
NIGHTS = (
    {
        "units": (
            f"A01,Sở Nội vụ{_TEN}",
            "A02,Sở Tài chính,department,,,2013-01-02,working,,CB02,",
            f"A03,Ban Dân tộc{_TEN}",
            f"A04,Sở Lao động{_TEN}",
            f"A05,Sở Y tế{_TEN}",
            f"A06,Chi cục Kiểm lâm{_TEN}",
        ),
        "staff": tuple(
            f"CB{number:02},{name},,A0{number % 4 + 1},Chuyên viên,0912 000 {number:03},2015-03-01,working,"
            for number, name in enumerate(_NAMES)
        ),
    },
    {
        "units": (
            f"A01,Sở Nội vụ{_TEN}",
            "A02,Sở Tài chính,department,,,2013-01-02,working,,CB06,12/QĐ",  # another head
            "A03,Ban Dân tộc,department,,,2013-01-02,left,A01,,13/QĐ",  # merged
            f"A04,Sở Lao động và Việc làm{_TEN}",  # renamed
            "A05,Sở Y tế,department,,,2013-01-02,left,A01;A02,,14/QĐ",  # divided
            "A06,Chi cục Kiểm lâm,department,A02,,2013-01-02,working,,,",  # below another
            f"A07,Sở Du lịch{_TEN}",
            "A08,Phòng Lữ hành,division,A07,,2026-11-22,working,,,",
        ),
        "staff": (
            *(
                f"CB{number:02},{name},,{'A01' if number % 4 == 2 else f'A0{number % 4 + 1}'},"
                f"Chuyên viên,0912 000 {number:03},2015-03-01,working,"
                for number, name in enumerate(_NAMES)
                if number not in {0, 1, 4, 5, 7, 8, 9, 19}
            ),
            "CB00,Nguyễn,Văn,An,,A02,Chuyên viên,0912 000 000,2015-03-01,working,",  # moved
            "CB01,Trần,Thị Kim,Bình,,A02,Chuyên viên,0912 000 001,2015-03-01,working,",  # renamed
            "CB08,Đỗ,Thị,Mai,,A01,Trưởng phòng,0912 000 008,2015-03-01,working,",  # promoted
            "CB04,Hoàng,Thu,Giang,,A01,Chuyên viên,0999 000 004,2015-03-01,working,",  # another telephone
            "CB05,Vũ,Đình,Hà,,A02,Chuyên viên,0912 000 005,2015-03-01,left,15/QĐ",
            "CB07,Bùi,Văn,Lan,,A04,Chuyên viên,0912 000 007,2015-03-01,left,15/QĐ",
            "CB09,Hồ,Minh,Nam,,A07,Giám đốc,0912 000 009,2015-03-01,working,16/QĐ",
            f"CB19,{_NAMES[19]},,A01,Chuyên viên,0912 000 019,2015-03-01,working,17/QĐ",  # back
            *(
                f"CB{number},{name},,A0{number % 2 + 7},Chuyên viên,0913 000 {number:03},2026-11-22,working,"
                for number, name in zip(range(20, 30), _NAMES, strict=False)
            ),
        ),
    },
)
"""What the registry says in each night; between them there is every kind of event but an absence."""


@dataclass(slots=True)
class Scene:
    """The province's files, its server, and the runs of the sync over them."""

    server: Slapd
    folder: Path
    settings: Settings

    def settle(self) -> None:
        """All that comes before the second night: everybody joins, and one has left since."""
        rows = NIGHTS[0]
        for staff in (
            rows["staff"],
            (*rows["staff"][:-1], rows["staff"][-1].replace("working,", "left,11/QĐ")),
        ):
            self.registry(rows["units"], staff)
            outcome = self.run(FIRST)
            assert outcome.status <= Status.PENDING, outcome
            assert not outcome.failures
        self.night(1)
        self.save()

    @classmethod
    def set_up(cls, server: Slapd, folder: Path) -> Scene:
        """Settings with everything switched on: feed, metrics, sheets of first passwords."""
        _certificate(folder)
        directory = server.settings
        provider = directory.providers[0]
        content = {
            "version": 1,
            "directory": {
                "providers": [
                    {"uri": provider.uri, "tls_name": provider.tls_name, "start_tls": provider.start_tls}
                ],
                "bind_dn": directory.bind_dn,
                "password_file": str(directory.password_file),
                "base": directory.base,
                "ca_file": str(directory.ca_file),
            },
            "mail_host": "mail.lamdong.gov.vn",
            "state": "state",
            "feed": "feed",
            "metrics": "metrics/sync.prom",
            "audit": "audit",
            "handover": {"certificate": "operator.pem", "folder": "sheets"},
            "domains": {
                DOMAIN: {
                    "policy": str(ROOT / "inventory" / "policy" / f"{DOMAIN}.yml"),
                    "registry": "registry",
                }
            },
        }
        file = folder / "sync.yml"
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
        (folder / "registry").mkdir()
        return cls(server, folder, settings.load(file))

    def night(self, number: int) -> None:
        """The registry says what it says in this night."""
        rows = NIGHTS[number]
        self.registry(rows["units"], rows["staff"])

    def registry(self, units: tuple[str, ...], staff: tuple[str, ...]) -> None:
        """The registry's two lists."""
        for name, heading, lines in (("units", _UNITS, units), ("staff", _STAFF, staff)):
            text = heading + "".join(f"{line}\n" for line in lines)
            (self.folder / "registry" / f"{name}.csv").write_text(text, encoding="utf-8")

    def order(self, today: date, at: Settings | None = None) -> Order:
        """A run in which a person allows all that brakes; the nights are wild."""
        return Order(
            at or self.settings,
            today,
            "fault test",
            allow=frozenset(CODES),
            reason="everything happens in a night",
        )

    def run(
        self,
        today: date = SECOND,
        progress: Progress | None = None,
        *,
        at: Settings | None = None,
        stop: threading.Event | None = None,
    ) -> Outcome:
        """One run, as the timer makes it. Raises `CongvuError` as the command line would tell it."""
        return run.carry_out(self.order(today, at), progress, stop=stop)

    def save(self) -> None:
        """Remember the server's data and all files as they are now."""
        self.server.stop()
        self.server.shell(f"rm -rf {self.server.folder}/saved; cp -a {self.server.folder}/db "
                          f"{self.server.folder}/saved")  # fmt: skip
        self.server.start()
        shutil.rmtree(self._saved, ignore_errors=True)
        shutil.copytree(self.folder, self._saved)

    def restore(self) -> None:
        """Back to what `save` remembers."""
        self.server.kill()
        self.server.shell(f"rm -rf {self.server.folder}/db; cp -a {self.server.folder}/saved "
                          f"{self.server.folder}/db")  # fmt: skip
        self.server.start()
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(self._saved, self.folder, dirs_exist_ok=True)

    def tree(self) -> dict[str, dict[str, list[str]]]:
        """All that the sync compares, and who has a first password."""
        with Directory.as_service(self.settings.directory) as directory:
            names = tuple(name for name in ATTRIBUTES if not name.startswith("pwd"))
            found = {
                dn_key(entry.dn): {name: sorted(values) for name, values in entry.attributes.items()}
                for entry in directory.search(self.settings.directory.base, "(objectClass=*)", names)
            }
            for entry in directory.search(self.settings.directory.base, "(uid=*)", _PERSONAL):
                found[dn_key(entry.dn)]["pwdReset"] = [
                    entry.value("pwdReset"),
                    str(bool(entry.value("pwdChangedTime"))),
                ]
        return found

    def broken(self) -> chain.Break | None:
        """Where the chain of the audit log is broken, if it is."""
        return chain.verify(chain.files_of(self.settings.audit_folder)).broken

    @property
    def _saved(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.saved")


def _certificate(folder: Path) -> None:
    """The operator's certificate, and the key that opens the sheets."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=operator"]
    command += ["-keyout", str(folder / "operator.key"), "-out", str(folder / "operator.pem")]
    subprocess.run(command, check=True, capture_output=True)
