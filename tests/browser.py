"""A person with a browser, somewhere in the rest of the world: Chromium on a lab's host `outside`.

It runs there, so that names are looked up and connections come from there; it is driven from here, over its
debugging port, which an SSH process forwards.
"""

from __future__ import annotations

import base64
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from congvu.fleet.client import Outside, poll
from congvu.fleet.lab import Lab, run_in

_UNIT = "congvu-browser"
_PORT = 9222
DEADLINE = 30_000
"""Milliseconds that a page may take to show what is expected."""


@contextmanager
def chromium(lab: Lab, outside: Outside) -> Iterator[Browser]:
    """Chromium on `outside`; it knows no authority of the lab's and takes the mail server's own key only."""
    digest = base64.b64encode(bytes.fromhex(outside.mail.need("lab_key_digest"))).decode()
    words = [
        "chromium-headless-shell", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--user-data-dir=/tmp/congvu-browser", f"--remote-debugging-port={_PORT}",
        f"--ignore-certificate-errors-spki-list={digest}", "about:blank",
    ]  # fmt: skip
    start = ["sudo", "systemd-run", "--quiet", "--collect", f"--unit={_UNIT}", "--property=PrivateTmp=yes"]
    run_in(lab, "outside", "sudo", "systemctl", "stop", f"{_UNIT}.service", check=False)  # of a run cut off
    run_in(lab, "outside", *start, *words)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    forward = f"-L127.0.0.1:{port}:127.0.0.1:{_PORT}"
    command = ["ssh", "-F", str(lab.ssh_config), "-o", "ControlPath=none", "-N", forward, "outside"]
    ssh = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        poll(lambda: _answers(url), "Chromium's debugging port")
        with sync_playwright() as driver:
            browser = driver.chromium.connect_over_cdp(url)
            yield browser
            browser.close()
    finally:
        ssh.kill()  # see congvu.fleet.client.Outside.close
        ssh.wait()
        run_in(lab, "outside", "sudo", "systemctl", "stop", f"{_UNIT}.service", check=False)


@contextmanager
def window(browser: Browser) -> Iterator[Page]:
    """A window of somebody who has never been there: no cookies, nothing cached."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="vi-VN")
    context.set_default_timeout(DEADLINE)
    try:
        yield context.new_page()
    finally:
        context.close()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/json/version", timeout=5) as answer:  # noqa: S310  (our own forward)
            return bool(answer.status == 200)
    except OSError:
        return False
