"""Mirrors read from apt's sources, and the name that stands for all that goes into the base image."""

from __future__ import annotations

from pathlib import Path

import pytest

from congvu.errors import InputError
from congvu.fleet import image
from congvu.fleet.image import Mirrors, find_mirrors, image_name

DEB822 = """\
Types: deb
URIs: https://mirror.example/debian
Suites: trixie trixie-updates
Components: main

Types: deb
URIs: https://mirror.example/debian-security/
Suites: trixie-security
Components: main
"""
# Files below /etc/apt → archive and security mirror.
SOURCES: dict[str, tuple[dict[str, str], str, str]] = {
    "sources.list": (
        {
            "sources.list": "deb http://a.example/debian trixie main\n"
            "deb http://s.example/debian-security trixie-security main\n"
        },
        "http://a.example/debian",
        "http://s.example/debian-security",
    ),
    "deb822": (
        {"sources.list.d/debian.sources": DEB822},
        "https://mirror.example/debian",
        "https://mirror.example/debian-security",
    ),
    "slash at the end": (
        {"sources.list": "deb http://a.example/debian/ trixie main\n"},
        "http://a.example/debian",
        "http://a.example/debian-security",
    ),
    "no security mirror named": (
        {"sources.list": "deb http://a.example/debian trixie main\n"},
        "http://a.example/debian",
        "http://a.example/debian-security",
    ),
    "options in brackets": (
        {"sources.list": "deb [arch=amd64 signed-by=/x.gpg] http://a.example/debian trixie main\n"},
        "http://a.example/debian",
        "http://a.example/debian-security",
    ),
    "commented-out lines": (
        {
            "sources.list": "# deb http://old.example/debian trixie main\n"
            "  #deb http://older.example/debian trixie main\n"
            "deb http://a.example/debian trixie main\n"
        },
        "http://a.example/debian",
        "http://a.example/debian-security",
    ),
    "another vendor first": (
        {
            "sources.list.d/a.list": "deb https://packages.example/apt stable main\n",
            "sources.list.d/debian.sources": DEB822,
        },
        "https://mirror.example/debian",
        "https://mirror.example/debian-security",
    ),
    "sources.list before sources.list.d": (
        {
            "sources.list": "deb http://a.example/debian trixie main\n",
            "sources.list.d/debian.sources": DEB822,
        },
        "http://a.example/debian",
        "https://mirror.example/debian-security",
    ),
    "files that apt does not read": (
        {
            "sources.list.d/debian.sources.dpkg-old": DEB822.replace("mirror", "old"),
            "sources.list.d/debian.sources": DEB822,
        },
        "https://mirror.example/debian",
        "https://mirror.example/debian-security",
    ),
    "a mirror on a disk": (
        {"sources.list": "deb file:///srv/mirror/debian trixie main\n"},
        "file:///srv/mirror/debian",
        "file:///srv/mirror/debian-security",
    ),
}
NONE: dict[str, dict[str, str]] = {
    "no file": {},
    "only comments": {"sources.list": "# deb http://a.example/debian trixie main\n"},
    "only another vendor": {"sources.list.d/a.list": "deb https://packages.example/apt stable main\n"},
    "only security": {"sources.list": "deb http://a.example/debian-security trixie-security main\n"},
}
MIRRORS = Mirrors("http://a.example/debian", "http://a.example/debian-security")


def write(folder: Path, files: dict[str, str]) -> Path:
    (folder / "sources.list.d").mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("case", SOURCES)
def test_the_mirrors_are_those_of_this_machines_apt(case: str, tmp_path: Path) -> None:
    files, archive, security = SOURCES[case]
    assert find_mirrors(write(tmp_path, files)) == Mirrors(archive, security)


@pytest.mark.parametrize("case", NONE)
def test_a_machine_without_a_debian_mirror_is_told_what_to_add(case: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no Debian mirror found") as caught:
        find_mirrors(write(tmp_path, NONE[case]))
    assert caught.value.where == str(tmp_path)
    assert "/debian" in caught.value.hint


def test_the_images_name_is_the_same_for_the_same_inputs() -> None:
    name = image_name(MIRRORS)
    assert name == image_name(Mirrors(MIRRORS.archive, MIRRORS.security))
    assert name.startswith("localhost/congvu-base:")


def test_the_images_name_changes_with_every_input(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {
        image_name(MIRRORS),
        image_name(Mirrors("http://b.example/debian", MIRRORS.security)),
        image_name(Mirrors(MIRRORS.archive, "http://b.example/debian-security")),
    }
    for constant, value in {"PACKAGES": (*image.PACKAGES, "nano"), "SUITE": "forky", "_HOOK": "true"}.items():
        with monkeypatch.context() as changed:
            changed.setattr(image, constant, value)
            names.add(image_name(MIRRORS))
    assert len(names) == 6


def test_the_image_is_as_bare_as_a_fresh_host() -> None:
    assert not {"python3", "python3-apt", "sudo"} & set(image.PACKAGES), "the bootstrap would be untested"
