"""A lab's certificates, as OpenSSL sees them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from congvu.fleet.authority import Authority, HostFiles

HOST = "mail.lamdong.gov.vn"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "tls", "test authority")


@pytest.fixture
def files(authority: Authority) -> HostFiles:
    return authority.issue(HOST)


def verify(authority: Authority, files: HostFiles, *options: str) -> str:
    command = ["openssl", "verify", "-x509_strict", "-CAfile", str(authority.certificate_file), *options]
    done = subprocess.run([*command, str(files.certificate)], capture_output=True, text=True, check=False)
    return "OK" if done.returncode == 0 else done.stdout + done.stderr


def describe(certificate: Path) -> str:
    command = ["openssl", "x509", "-noout", "-text", "-in", str(certificate)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_openssl_accepts_the_certificate_for_its_host_and_as_a_server(
    authority: Authority, files: HostFiles
) -> None:
    assert verify(authority, files, "-verify_hostname", HOST, "-purpose", "sslserver") == "OK"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("-verify_hostname", "mx.ngoai.example"), "ostname mismatch"),
        (("-purpose", "sslclient"), "unsuitable certificate purpose"),
    ],
)
def test_openssl_refuses_it_for_anything_else(
    options: tuple[str, ...], words: str, authority: Authority, files: HostFiles
) -> None:
    assert words in verify(authority, files, *options)


def test_a_certificate_of_another_lab_is_refused(tmp_path: Path, files: HostFiles) -> None:
    assert "error" in verify(Authority(tmp_path / "other", "test authority"), files)


def test_the_authority_may_sign_certificates_and_no_further_authority(authority: Authority) -> None:
    text = describe(authority.certificate_file)
    assert "CA:TRUE, pathlen:0" in text
    assert "Certificate Sign" in text
    assert "CA:FALSE" in describe(authority.issue(HOST).certificate)


def test_a_host_certificate_is_not_valid_for_longer_than_clients_allow(files: HostFiles) -> None:
    def check(days: int) -> int:
        command = ["openssl", "x509", "-noout", "-checkend", str(days * 86400), "-in", str(files.certificate)]
        return subprocess.run(command, capture_output=True, check=False).returncode

    assert check(396) == 0
    assert check(398) == 1


def test_what_was_issued_is_kept(tmp_path: Path, authority: Authority, files: HostFiles) -> None:
    before = {path: path.read_bytes() for path in authority.folder.iterdir()}
    again = Authority(tmp_path / "tls", "test authority")
    assert again.issue(HOST) == files
    assert {path: path.read_bytes() for path in authority.folder.iterdir()} == before


def test_it_holds_for_each_further_name(authority: Authority) -> None:
    names = ["mta-sts.lamdong.gov.vn", "autoconfig.quangtri.gov.vn"]
    issued = authority.issue(HOST, names)
    for name in (HOST, *names):
        assert verify(authority, issued, "-verify_hostname", name) == "OK"
    assert "ostname mismatch" in verify(authority, issued, "-verify_hostname", "lamdong.gov.vn")


def test_a_certificate_that_lacks_a_name_is_issued_anew_for_the_same_key(
    authority: Authority, files: HostFiles
) -> None:
    before, key = files.certificate.read_bytes(), files.key.read_bytes()
    name = "autodiscover.lamdong.gov.vn"
    assert authority.issue(HOST, [name]) == files
    assert files.certificate.read_bytes() != before
    assert files.key.read_bytes() == key
    assert verify(authority, files, "-verify_hostname", name) == "OK"
    assert judge(authority, files.certificate, files.key) == ""
    again = files.certificate.read_bytes()
    authority.issue(HOST, [name])
    assert files.certificate.read_bytes() == again


def test_nobody_else_reads_a_key(authority: Authority, files: HostFiles) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in authority.folder.iterdir()}
    assert modes == {
        "ca.key": 0o600,
        "ca.pem": 0o644,
        files.key.name: 0o600,
        files.certificate.name: 0o644,
    }
    assert authority.folder.stat().st_mode & 0o777 == 0o700


def judge(authority: Authority, certificate: Path, key: Path, *names: str, days: int = 0) -> str:
    script = Path(__file__).parents[2] / "roles" / "tls" / "files" / "check-certificate"
    words = [str(part) for part in (script, certificate, key, authority.certificate_file, days)]
    words += names or [HOST]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (done.stdout == ""), done
    return done.stdout.strip()


def test_files_that_belong_together_are_taken(authority: Authority, files: HostFiles) -> None:
    assert judge(authority, files.certificate, files.key) == ""


def test_each_name_is_judged(authority: Authority) -> None:
    names = ("mta-sts.lamdong.gov.vn", "autoconfig.lamdong.gov.vn")
    issued = authority.issue(HOST, names)
    assert judge(authority, issued.certificate, issued.key, HOST, *names) == ""
    missing = "autodiscover.lamdong.gov.vn"
    said = judge(authority, issued.certificate, issued.key, HOST, *names, missing)
    assert said.startswith(f"{issued.certificate} does not hold for {missing} under")


def test_files_that_do_not_belong_together_are_named(
    authority: Authority, files: HostFiles, tmp_path: Path
) -> None:
    other = authority.issue("mail.quangtri.gov.vn")
    stranger = Authority(tmp_path / "stranger", "another authority").issue(HOST)
    certificate = files.certificate
    assert judge(authority, certificate, other.key) == f"{other.key} is not the key of {certificate}"
    assert judge(authority, certificate, files.key, days=400) == f"{certificate} ends within 400 days"
    assert "ostname mismatch" in judge(authority, certificate, files.key, "mail.hatinh.gov.vn")
    assert str(stranger.certificate) in judge(authority, stranger.certificate, stranger.key)
    missing = tmp_path / "none.pem"
    assert judge(authority, missing, files.key) == f"{missing} is not there or cannot be read"
