"""The sync as its role leaves it, and real runs of its service on a mail domain of its own."""

from __future__ import annotations

import re
import shlex
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from congvu.fleet.lab import ROOT, Lab, run_in
from tests.papers import pages

PACKAGES = (
    "python3-click", "python3-jinja2", "python3-ldap3", "python3-openpyxl", "python3-reportlab",
    "python3-rich", "python3-sqlalchemy", "python3-yaml", "openssl",
)  # fmt: skip
# Path → owner, group, mode.
FILES = {
    "/usr/bin/congvu": ("root", "root", 0o755),
    "/usr/bin/congvu-sync": ("root", "root", 0o755),
    "/usr/sbin/congvu-package": ("root", "root", 0o755),
    "/usr/lib/congvu/current/congvu/__init__.py": ("root", "root", 0o644),
    "/etc/congvu": ("root", "congvu-sync", 0o750),
    "/etc/congvu/sync.yml": ("root", "congvu-sync", 0o640),
    "/etc/congvu/directory.password": ("root", "congvu-sync", 0o640),
    "/etc/congvu/policy/lamdong.gov.vn.yml": ("root", "congvu-sync", 0o640),
    "/var/lib/congvu-sync": ("congvu-sync", "congvu-sync", 0o700),
    "/var/lib/congvu-sync/registry/lamdong.gov.vn": ("root", "congvu-sync", 0o750),
    "/var/lib/congvu-metrics": ("congvu-sync", "congvu-sync", 0o755),
}
SERVICES = ("congvu-sync.service", "congvu-sync-verify.service")
EXPOSURE = 1.5
"""What `systemd-analyze security` may say at most."""


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_is_installed(name: str, mail: Any) -> None:
    assert mail.package(name).is_installed


def test_nothing_came_from_elsewhere_than_debian(mail: Any) -> None:
    assert mail.check_output("find /usr/local/lib -name '*-packages' -mindepth 2 -not -empty") == ""
    assert not mail.package("python3-pip").is_installed
    assert not mail.package("python3-cryptography").is_installed


@pytest.mark.parametrize("path", FILES)
def test_a_file_has_its_owner_and_mode(path: str, mail: Any) -> None:
    file = mail.file(path)
    assert (file.user, file.group, oct(file.mode)) == (*FILES[path][:2], oct(FILES[path][2]))


def test_nobody_logs_in_as_the_service(mail: Any) -> None:
    user = mail.user("congvu-sync")
    assert (user.shell, user.home) == ("/usr/sbin/nologin", "/var/lib/congvu-sync")
    assert user.groups == ["congvu-sync"]
    assert user.uid < 1000
    assert mail.check_output("passwd --status congvu-sync").split()[1] == "L"


def test_the_launcher_runs_the_copy_in_use_and_looks_nowhere_else(mail: Any) -> None:
    command = "cd /tmp && mkdir -p /tmp/congvu && PYTHONPATH=/tmp congvu --version; rmdir /tmp/congvu"
    assert mail.check_output(command).startswith("congvu, version ")
    current = mail.file("/usr/lib/congvu/current").linked_to
    assert mail.run(f"congvu-package check {Path(current).name}").rc == 0


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_shut_in(name: str, mail: Any) -> None:
    said = mail.check_output(f"systemd-analyze security --no-pager --threshold={EXPOSURE * 10:.0f} {name}")
    assert float(said.rpartition("Overall exposure level for ")[2].split(": ")[1].split()[0]) <= EXPOSURE


def test_the_weekly_run_compares_everything(mail: Any) -> None:
    nightly, weekly = (
        mail.check_output(f"systemctl show --property=ExecStart --value {name}") for name in SERVICES
    )
    assert "argv[]=/usr/bin/congvu sync run --settings /etc/congvu/sync.yml ;" in nightly
    assert "argv[]=/usr/bin/congvu sync run --settings /etc/congvu/sync.yml --verify ;" in weekly


@pytest.mark.parametrize("name", SERVICES)
def test_a_timer_waits_until_a_person_has_looked(name: str, mail: Any) -> None:
    timer = name.replace(".service", ".timer")
    service = mail.service(timer)
    assert service.exists
    assert not service.is_enabled
    assert not service.is_running


# --- The checkers that the role runs before it puts a file in place


def _validate(template: str) -> str:
    tasks = yaml.safe_load((ROOT / "roles/sync/tasks/install.yml").read_text())
    inner = [one for task in tasks for one in task.get("block", ())]
    (found,) = [
        one["ansible.builtin.template"]["validate"]
        for one in inner
        if one.get("ansible.builtin.template", {}).get("src") == template
    ]
    words: str = found.replace("{{ __sync_home }}", "/usr/lib/congvu")
    return words


CHECKED = {
    "sync.yml.j2": "/etc/congvu/sync.yml",
    "service.j2": "/etc/systemd/system/congvu-sync.service",
    "timer.j2": "/etc/systemd/system/congvu-sync.timer",
}


@pytest.mark.parametrize(
    ("template", "old", "new"),
    [
        ("sync.yml.j2", "", ""),
        ("sync.yml.j2", '"ldap://', '"ldapp://'),
        ("sync.yml.j2", '"start_tls": true', '"start_tls": false'),
        ("sync.yml.j2", "\nstate:", "\nstat:"),
        ("sync.yml.j2", "/etc/congvu/policy/lamdong.gov.vn.yml", "/none.yml"),
        ("service.j2", "", ""),
        ("service.j2", "ProtectSystem=strict", "ProtectSystm=strict"),
        ("service.j2", "MemoryMax=1G", "MemoryMax=much"),
        ("service.j2", "ExecStart=/usr/bin/congvu", "ExecStart=/usr/bin/none"),
        ("timer.j2", "", ""),
        ("timer.j2", "OnCalendar=", "OnCalendar=at night "),
    ],
)
def test_a_broken_file_is_refused(template: str, old: str, new: str, lab: Lab, mail: Any) -> None:
    text = mail.file(CHECKED[template]).content_string
    assert old in text
    candidate = "/root/candidate"
    script = f"cat > {candidate}; {_validate(template) % candidate}; s=$?; rm {candidate}; exit $s"
    done = run_in(lab, "mail", "sudo", "sh", "-c", script, stdin=text.replace(old, new, 1), check=False)
    assert (done.returncode != 0) == bool(old), done.stdout + done.stderr


# --- Runs of the service, on a mail domain that nobody else knows


DOMAIN = "thunghiem.gov.vn"
DN = "dc=thunghiem,dc=gov,dc=vn"
FOLDER = "/var/lib/congvu-sync/try"
KEY = f"{FOLDER}/operator.key"
DROP_IN = "/run/systemd/system/congvu-sync.service.d"
UNITS = """\
unit_id,name,kind,parent_id,address,registered_on
A1,Sở Nội vụ,department,,,2013-01-02
A2,Sở Tài chính,department,,,2013-01-02
"""
STAFF = """\
staff_id,surname,middle_name,given_name,unit_id,position,phone,registered_on,status
S1,Nguyễn,Văn,An,A1,Chuyên viên,,2015-03-01,working
S2,Trần,Thị Ngọc,Ánh,A1,Chuyên viên,,2015-03-01,working
S3,Lê,Văn,Tú,A1,Giám đốc,,2015-03-01,working
S4,Ngô,Viết,Ân,A2,Kế toán,,2015-03-01,working
S5,Nguyễn,Văn,An,A2,Chuyên viên,,2016-03-01,working
S6,Đặng,Thị,Ước,A2,Giám đốc,,2015-03-01,working
"""
ADDRESSES = [
    "dangthiuoc", "levantu", "ngovietan", "nguyenvanan", "nguyenvanan2", "snv", "stc", "tranthingocanh",
]  # fmt: skip
POLICY = f"""\
version: 1
domain: {DOMAIN}
regulation: {{id: THU, number: 1/QĐ, title: Quy chế thử nghiệm, issued_by: Phòng thử, issued_on: 2026-01-01}}
operator: {{name: Trung tâm thử nghiệm}}
person: {{address: ["{{{{ hovaten }}}}", "{{{{ base }}}}{{{{ n }}}}"]}}
unit: {{address: ["{{{{ name | acronym }}}}"]}}
"""
# What a run might try, and the word that it must get; run in the place of the sync.
PROBE = """\
import os, socket
def trying(what, act):
    try:
        act()
    except OSError as fault:
        print(what, "no:", fault.strerror, flush=True)
    else:
        print(what, "yes", flush=True)
trying("state", lambda: open("/var/lib/congvu-sync/try/probe", "w"))
trying("metrics", lambda: open("/var/lib/congvu-metrics/probe", "w"))
trying("registry", lambda: open("/var/lib/congvu-sync/registry/probe", "w"))
trying("settings", lambda: open("/etc/congvu/sync.yml", "a"))
trying("package", lambda: open("/usr/lib/congvu/current/congvu/x.py", "w"))
trying("home", lambda: os.listdir("/home/deploy"))
trying("mail", lambda: os.listdir("/var/vmail"))
trying("key", lambda: open("/etc/ssl/congvu/key.pem"))
trying("raw socket", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
trying("another user", lambda: os.setuid(0))
print("processes of others", len([one for one in os.listdir("/proc") if one.isdigit()]) - 1)
os.unlink("/var/lib/congvu-metrics/probe")
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """The service of the lab, on settings of the test."""

    lab: Lab
    mail: Any

    def write(self, path: str, text: str) -> None:
        """A file that the service may read."""
        script = f"umask 027; mkdir -p {shlex.quote(str(Path(path).parent))}; cat > {shlex.quote(path)}"
        run_in(self.lab, "mail", "sudo", "runuser", "-u", "congvu-sync", "--", "sh", "-c", script, stdin=text)

    def instead(self, command: str) -> None:
        """What the service starts from now on."""
        text = f"[Service]\nExecStart=\nExecStart={command}\n"
        script = f"mkdir -p {DROP_IN} && cat > {DROP_IN}/try.conf && systemctl daemon-reload"
        run_in(self.lab, "mail", "sudo", "sh", "-c", script, stdin=text)

    def start(self) -> dict[str, str]:
        """Start it and wait for its end; what systemd then says of it."""
        self.journal()
        self.mail.run("systemctl start congvu-sync.service")
        names = "Result,ExecMainStatus,NRestarts,ActiveState"
        shown = self.mail.check_output(f"systemctl show congvu-sync.service --property={names}")
        return dict(line.split("=", 1) for line in shown.splitlines())

    def journal(self) -> list[str]:
        """What it has said since the last call."""
        self.mail.run("journalctl --sync")
        words = "journalctl --unit=congvu-sync.service --output=cat --cursor-file=/run/congvu-try.cursor"
        return list(self.mail.check_output(words).splitlines())

    def accounts(self) -> list[str]:
        """Addresses of the domain in the directory."""
        words = f"ldapsearch -Q -Y EXTERNAL -H ldapi:/// -LLL -b {DN} '(objectClass=congvuAccount)' mail"
        lines = self.mail.run(words).stdout.splitlines()
        return sorted(line.removeprefix("mail: ") for line in lines if line.startswith("mail: "))

    def csn(self) -> str:
        """Which was the directory's last change."""
        words = "ldapsearch -Q -Y EXTERNAL -H ldapi:/// -LLL -s base -b dc=gov,dc=vn contextCSN"
        return str(self.mail.check_output(words))

    def congvu(self, *words: str) -> subprocess.CompletedProcess[str]:
        return run_in(self.lab, "mail", "sudo", "runuser", "-u", "congvu-sync", "--", *words, check=False)


@pytest.fixture(scope="module")
def trial(lab: Lab, mail: Any) -> Iterator[Trial]:
    one = Trial(lab, mail)
    content = yaml.safe_load(mail.file("/etc/congvu/sync.yml").content_string)
    domain = {"policy": f"{FOLDER}/policy.yml", "registry": f"{FOLDER}/registry"}
    handover = {"certificate": f"{FOLDER}/operator.pem", "folder": f"{FOLDER}/handover"}
    places = {
        "handover": handover,
        "state": f"{FOLDER}/state",
        "feed": f"{FOLDER}/feed",
        "metrics": f"{FOLDER}/congvu_sync.prom",
    }
    one.write(f"{FOLDER}/sync.yml", yaml.safe_dump(content | places | {"domains": {DOMAIN: domain}}))
    one.write(f"{FOLDER}/policy.yml", POLICY)
    one.write(f"{FOLDER}/handover/.keep", "")
    pair = f"openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=thu -keyout {KEY} -out {FOLDER}/operator.pem"
    assert one.congvu(*pair.split()).returncode == 0
    one.write(f"{FOLDER}/registry/units.csv", UNITS)
    one.write(f"{FOLDER}/registry/staff.csv", STAFF)
    try:
        yield one
    finally:
        mail.run(f"rm -rf {DROP_IN} {FOLDER} /run/congvu-try.cursor")
        mail.run("systemctl daemon-reload; systemctl reset-failed congvu-sync.service")
        mail.run(f"ldapdelete -Q -Y EXTERNAL -H ldapi:/// -r {DN}")


@pytest.fixture
def service(trial: Trial) -> Trial:
    trial.instead(f"/usr/bin/congvu sync run --settings {FOLDER}/sync.yml")
    return trial


@pytest.fixture(scope="module")
def first_run(trial: Trial) -> dict[str, str]:
    """The run that makes the domain."""
    trial.instead(f"/usr/bin/congvu sync run --settings {FOLDER}/sync.yml")
    return trial.start()


def test_the_service_fills_the_directory(first_run: dict[str, str], service: Trial) -> None:
    assert first_run["Result"] == "success", service.journal()
    assert service.accounts() == sorted(f"{name}@{DOMAIN}" for name in ADDRESSES)


@pytest.mark.usefixtures("first_run")
def test_the_service_leaves_its_records(service: Trial) -> None:
    metrics = service.mail.file(f"{FOLDER}/congvu_sync.prom").content_string
    assert f'congvu_sync_operations{{domain="{DOMAIN}",event="join"}} 6' in metrics
    verified = service.congvu("congvu", "audit", "verify", "--settings", f"{FOLDER}/sync.yml")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert service.mail.file(f"{FOLDER}/feed").listdir()
    assert service.mail.run(f'test -z "$(find {FOLDER} -perm /o+w)"').rc == 0


@pytest.mark.usefixtures("first_run")
def test_the_operators_key_opens_the_sheet_of_initial_passwords(service: Trial) -> None:
    folder = service.mail.file(f"{FOLDER}/handover")
    (sheet,) = [name for name in folder.listdir() if name.endswith(".cms")]
    opened = service.mail.check_output(
        f"openssl cms -decrypt -binary -inform PEM -in {FOLDER}/handover/{sheet} -inkey {KEY} | base64"
    )
    people = [name for name in ADDRESSES if name not in {"snv", "stc"}]
    told = re.findall(rf"(\w+)@{DOMAIN} \S+", " ".join(pages(b64decode(opened))))
    assert sorted(told) == sorted(people)


@pytest.mark.usefixtures("first_run")
def test_a_second_run_changes_nothing(service: Trial) -> None:
    before = service.csn()
    assert service.start()["Result"] == "success", service.journal()
    assert service.csn() == before


@pytest.mark.usefixtures("first_run")
def test_a_list_that_was_cut_off_fails_the_service_and_changes_nothing(service: Trial) -> None:
    before, accounts = service.csn(), service.accounts()
    service.write(f"{FOLDER}/registry/staff.csv", STAFF.partition("Kế toán")[0])
    try:
        ended = service.start()
    finally:
        service.write(f"{FOLDER}/registry/staff.csv", STAFF)
        service.mail.run("systemctl reset-failed congvu-sync.service")
    assert (ended["Result"], ended["ExecMainStatus"]) == ("exit-code", "2"), service.journal()
    assert (ended["NRestarts"], ended["ActiveState"]) == ("0", "failed"), "a person must look, not systemd"
    assert (service.csn(), service.accounts()) == (before, accounts)


def test_a_directory_that_is_away_is_asked_again_later(service: Trial) -> None:
    """Settings that name a port where nothing listens stand for a server that is down."""
    content = yaml.safe_load(service.mail.file(f"{FOLDER}/sync.yml").content_string)
    content["directory"]["providers"] = [{"uri": "ldaps://mail.lamdong.gov.vn:1636"}]
    service.write(f"{FOLDER}/away.yml", yaml.safe_dump(content))
    service.instead(f"/usr/bin/congvu sync run --settings {FOLDER}/away.yml")
    service.mail.run("systemctl start --no-block congvu-sync.service")
    show = "systemctl show congvu-sync.service --value --property"
    wait = f"until {show}=SubState | grep -q auto-restart; do sleep 0.2; done"
    assert service.mail.run(f"timeout 60 sh -c '{wait}'").rc == 0, service.journal()
    status = service.mail.check_output(f"{show}=ExecMainStatus")
    service.mail.run("systemctl stop congvu-sync.service; systemctl reset-failed congvu-sync.service")
    assert status == "3"


def test_the_service_can_do_nothing_else(trial: Trial) -> None:
    trial.write(f"{FOLDER}/probe.py", PROBE)
    trial.instead(f"/usr/bin/python3 {FOLDER}/probe.py")
    assert trial.start()["Result"] == "success", trial.journal()
    said = trial.journal()
    assert {line.removesuffix(" yes") for line in said if line.endswith(" yes")} == {"state", "metrics"}
    assert sum(" no: " in line for line in said) == PROBE.count("trying(") - 3, said
    assert "processes of others 0" in said


def test_the_operators_command_works_as_the_service(lab: Lab, mail: Any) -> None:
    done = run_in(lab, "mail", "congvu-sync", "plan", "--json", check=False)  # as deploy, by sudo
    assert done.returncode == 2, "the lab's registries are on the machine that raises it"
    assert "/var/lib/congvu-sync/registry/lamdong.gov.vn" in done.stderr
    assert "Usage: congvu sync plan" in run_in(lab, "mail", "congvu-sync", "plan", "--help").stdout
    owners = mail.check_output("find /var/lib/congvu-sync -user root -not -path '*/registry*'")
    assert owners == ""
