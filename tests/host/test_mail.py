"""The mail server as its roles leave it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from congvu.fleet.lab import Lab, run_in

PACKAGES = (
    "slapd", "ldap-utils", "postfix", "postfix-ldap", "dovecot-imapd", "dovecot-ldap", "dovecot-lmtpd",
    "dovecot-managesieved", "dovecot-sieve", "clamav-daemon", "clamdscan", "rspamd", "openssl", "ssl-cert",
    "redis-server", "unbound", "unbound-host", "dns-root-data",
    "postfix-mta-sts-resolver", "fail2ban", "nftables", "python3-systemd", "nginx",
    "roundcube-core", "roundcube-plugins", "roundcube-sqlite3", "php8.4-fpm", "php-intl", "php-ldap",
)  # fmt: skip
SERVICES = (
    "slapd", "postfix", "dovecot", "clamav-daemon", "rspamd", "redis-server", "unbound", "ssh",
    "postfix-mta-sts-resolver", "fail2ban", "nginx", "php8.4-fpm", "congvu-held.timer", "congvu-follow.timer",
    "congvu-handover.timer", "congvu-requests.timer", "sieve-submission.socket",
)  # fmt: skip
# Port → the program that listens there for others than the host itself.
OPEN = {
    22: "sshd", 25: "master", 80: "nginx", 143: "dovecot", 389: "slapd", 443: "nginx", 465: "master",
    587: "master", 636: "slapd", 993: "dovecot", 4190: "dovecot",
}  # fmt: skip
LOCAL = {
    53: "unbound", 8025: "nginx", 8461: "mta-sts-daemon", 10028: "systemd", 10143: "dovecot",
    11332: "rspamd",
}  # fmt: skip
# Path → owner, group, mode.
FILES = {
    "/etc/ssl/congvu/key.pem": ("root", "ssl-cert", 0o640),
    "/etc/ssl/congvu/cert.pem": ("root", "root", 0o644),
    "/etc/ssl/congvu/ca.pem": ("root", "root", 0o644),
    "/etc/ldap/congvu-config.ldif": ("root", "root", 0o600),
    "/etc/ldap/congvu-seed.ldif": ("root", "root", 0o600),
    "/etc/ldap/slapd.d": ("openldap", "openldap", 0o750),
    "/var/lib/ldap/congvu": ("openldap", "openldap", 0o700),
    "/usr/local/sbin/slapd-apply": ("root", "root", 0o755),
    "/etc/postfix/ldap": ("root", "postfix", 0o750),
    "/etc/postfix/main.cf": ("root", "root", 0o644),
    "/etc/postfix/master.cf": ("root", "root", 0o644),
    "/etc/dovecot/dovecot.conf": ("root", "dovecot", 0o640),
    "/etc/dovecot/domains.json": ("root", "root", 0o644),
    "/etc/dovecot/ldap.password": ("root", "dovecot", 0o640),
    "/etc/dovecot/sieve/posted.svbin": ("root", "root", 0o644),
    "/etc/dovecot/sieve/spam-to-junk.svbin": ("root", "root", 0o644),
    "/etc/dovecot/sieve/learn-spam.svbin": ("root", "root", 0o644),
    "/etc/dovecot/sieve/learn-ham.svbin": ("root", "root", 0o644),
    "/usr/local/lib/congvu-mailbox/pipe/learn": ("root", "root", 0o755),
    "/etc/clamav/clamd.conf": ("root", "root", 0o644),
    "/etc/rspamd/rspamd.conf": ("root", "root", 0o644),
    "/run/rspamd/controller.sock": ("_rspamd", "vmail", 0o660),
    "/var/lib/rspamd/dkim": ("root", "_rspamd", 0o750),
    "/var/lib/rspamd/dkim/selectors.map": ("root", "_rspamd", 0o640),
    "/usr/local/sbin/dkim-keys": ("root", "root", 0o755),
    "/etc/redis/redis.conf": ("redis", "redis", 0o640),
    "/run/redis/redis-server.sock": ("redis", "redis", 0o770),
    "/etc/unbound/unbound.conf": ("root", "root", 0o644),
    "/etc/rspamd/congvu/policy.conf": ("root", "root", 0o644),
    "/etc/rspamd/congvu/rules.lua": ("root", "root", 0o644),
    "/var/lib/congvu-mail": ("root", "root", 0o700),
    "/etc/mta-sts-daemon.yml": ("root", "root", 0o644),
    "/etc/fail2ban/jail.local": ("root", "root", 0o644),
    "/etc/nginx/nginx.conf": ("root", "root", 0o644),
    "/etc/roundcube/congvu.json": ("root", "www-data", 0o640),
    "/etc/roundcube/session.key": ("root", "www-data", 0o640),
    "/etc/roundcube/config.inc.php": ("root", "www-data", 0o640),
    "/run/congvu-webmail/php.sock": ("www-data", "www-data", 0o600),
    "/srv/congvu-web/mta-sts.txt": ("root", "root", 0o644),
    "/var/vmail": ("vmail", "vmail", 0o700),
    "/var/spool/postfix/private/auth": ("postfix", "root", 0o600),
    "/var/spool/postfix/private/dovecot-lmtp": ("postfix", "root", 0o600),
    "/var/spool/postfix/private/quota-status": ("postfix", "root", 0o600),
}
DAEMONS = (
    "slapd", "postfix", "dovecot", "clamav-daemon", "rspamd", "redis-server", "unbound",
    "postfix-mta-sts-resolver", "fail2ban", "nginx", "php8.4-fpm",
)  # fmt: skip
# Errors that a daemon may report of others, each with its reason.
EXPLAINED = {
    r"client intended to send too large body": "a test did",
    r"SSL_do_handshake\(\) failed": "a test speaks TLS as no client should",
    r"IMAP Error: |SMTP Error": "a test stopped a daemon or gave a wrong password",
    r"redis": "Redis was stopped by a test meanwhile",
    r"ldap_\w+\(\) failed: (Can't contact LDAP server|Connect error)": "slapd was restarted meanwhile",
}


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_is_installed(name: str, mail: Any) -> None:
    assert mail.package(name).is_installed


def test_nothing_that_is_recommended_came_along(mail: Any) -> None:
    for name in ("postfix-pcre", "exim4", "rsyslog", "dovecot-pop3d", "apache2", "libapache2-mod-php8.4"):
        assert not mail.package(name).is_installed, name


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_runs_and_starts_at_boot(name: str, mail: Any) -> None:
    service = mail.service(name)
    assert service.is_running
    assert service.is_enabled


def test_freshclam_asks_nobody_while_it_has_no_mirror(mail: Any) -> None:
    service = mail.service("clamav-freshclam")
    assert not service.is_running
    assert not service.is_enabled
    for unit in ("clamav-freshclam-once.timer", "clamav-freshclam-once.service"):
        assert mail.run(f"systemctl is-enabled {unit}").stdout.strip() == "masked"


def _listeners(host: Any, *, local: bool) -> dict[int, set[str]]:
    """Ports with the programs behind them: those only the host itself reaches, or those of others."""
    found: dict[int, set[str]] = {}
    sockets = host.check_output("ss --no-header --listening --tcp --udp --numeric --processes")
    for line in sockets.splitlines():
        address, _, port = line.split()[4].rpartition(":")
        if address.strip("[]").startswith(("127.", "::1")) == local:
            found.setdefault(int(port), set()).update(re.findall(r'\("([^"]+)",pid', line))
    return found


@pytest.mark.parametrize(("local", "wanted"), [(False, OPEN), (True, LOCAL)], ids=["to others", "to itself"])
def test_only_the_wanted_programs_listen(local: bool, wanted: dict[int, str], mail: Any) -> None:
    found = _listeners(mail, local=local)
    assert sorted(found) == sorted(wanted)
    assert {port: wanted[port] for port, programs in found.items() if wanted[port] not in programs} == {}


@pytest.mark.parametrize("path", FILES)
def test_a_file_has_its_owner_and_mode(path: str, mail: Any) -> None:
    file = mail.file(path)
    assert (file.user, file.group, oct(file.mode)) == (*FILES[path][:2], oct(FILES[path][2]))


def _tables(mail: Any) -> list[str]:
    return [f"/etc/postfix/ldap/{name}" for name in mail.file("/etc/postfix/ldap").listdir()]


def test_every_ldap_table_is_for_postfix_alone(mail: Any) -> None:
    tables = _tables(mail)
    assert "/etc/postfix/ldap/mailboxes.cf" in tables
    modes = mail.check_output("stat --format='%U %G %a' /etc/postfix/ldap/*")
    assert modes.splitlines() == ["root postfix 640"] * len(tables)


# Run on the host. The passwords come in with the script, for a command line is everybody's to read.
FIND_SECRETS = """\
import json, os
found = {}
for top in ("/etc", "/run", "/var/log", "/var/tmp", "/tmp", "/usr/local", "/home", "/root", "/var/lib/ldap"):
    for folder, folders, names in os.walk(top):
        for path in (os.path.join(folder, name) for name in names):
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    content = file.read()
                if any(word in content for word in secrets):
                    found[path] = oct(os.stat(path).st_mode & 0o777)
for process in filter(str.isdigit, os.listdir("/proc")):
    try:
        with open(f"/proc/{process}/cmdline", "rb") as file:
            content = file.read()
    except OSError:
        continue
    if any(word in content for word in secrets):
        found[f"the command line {content!r}"] = "0o444"
print(json.dumps(found))
"""


def test_passwords_of_daemons_stand_only_where_they_must(lab: Lab, mail: Any) -> None:
    written = yaml.safe_load((lab.folder / "inventory/group_vars/all/secrets.yml").read_text())
    secrets = [value.encode() for name, value in written.items() if name.startswith("directory_password_")]
    assert len(secrets) == 4
    done = run_in(lab, "mail", "sudo", "python3", "-", stdin=f"secrets = {secrets!r}\n{FIND_SECRETS}")
    assert json.loads(done.stdout) == {
        "/etc/ldap/congvu-seed.ldif": "0o600",
        "/etc/dovecot/dovecot.conf": "0o640",
        "/etc/dovecot/ldap.password": "0o640",
        "/run/dovecot/dovecot.conf.binary": "0o600",  # the same file, as Dovecot reads it
        "/etc/congvu/directory.password": "0o640",  # for the group of the sync's account
        "/etc/roundcube/congvu.json": "0o640",
        **dict.fromkeys(_tables(mail), "0o640"),
    }


def test_slapd_and_postfix_read_the_key_through_its_group_alone(mail: Any) -> None:
    assert mail.group("ssl-cert").members == ["openldap"]


def test_the_store_is_a_file_system_of_its_own(mail: Any) -> None:
    store = mail.mount_point("/var/vmail")
    assert store.exists
    assert store.filesystem == "ext4"
    assert mail.check_output("stat --format=%d /var/vmail") != mail.check_output("stat --format=%d /var")


def test_mail_belongs_to_a_user_without_a_login(mail: Any) -> None:
    user = mail.user("vmail")
    assert (user.shell, user.home, user.groups) == ("/usr/sbin/nologin", "/var/vmail", ["vmail"])
    assert 100 <= user.uid < 1000


def test_dovecot_finds_the_directorys_authority(mail: Any) -> None:
    unit = mail.check_output("systemctl show dovecot --property=Environment")
    assert unit == "Environment=LDAPTLS_CACERT=/etc/ssl/congvu/ca.pem"


def test_the_scanner_knows_the_test_virus_and_has_no_update_tool_running(mail: Any) -> None:
    signatures = mail.file("/var/lib/clamav/local.ndb")
    assert (signatures.user, signatures.group) == ("clamav", "clamav")
    assert "Eicar-Test-Signature" in signatures.content_string


def test_the_directory_is_configured_by_its_files_alone(mail: Any) -> None:
    assert not mail.file("/etc/ldap/slapd.conf").exists
    wanted = mail.check_output("cat /etc/ldap/congvu-config.ldif /etc/ldap/schema/congvu.ldif | sha256sum")
    assert mail.file("/etc/ldap/slapd.d.applied").content_string.strip() == wanted
    databases = mail.check_output(
        "ldapsearch -Q -Y EXTERNAL -H ldapi:/// -LLL -b cn=config '(olcSuffix=*)' olcSuffix olcRootPW"
    )
    assert "olcSuffix: dc=gov,dc=vn" in databases
    assert "olcRootPW" not in databases


@pytest.mark.parametrize("unit", DAEMONS)
def test_a_daemon_has_reported_no_error_since_it_was_started_or_reloaded(unit: str, mail: Any) -> None:
    since = mail.check_output("systemctl show %s --property=StateChangeTimestamp --value", unit)
    assert since
    told = mail.check_output(
        "journalctl --unit=%s --since=%s --priority=err --output=cat --no-pager --quiet", unit, since
    )
    unexplained = [
        line for line in told.splitlines() if not any(re.search(pattern, line) for pattern in EXPLAINED)
    ]
    assert unexplained == []
