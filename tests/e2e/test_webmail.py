"""The webmail, as somebody with a browser in the rest of the world meets it."""

from __future__ import annotations

import imaplib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from congvu.directory.password import generate
from congvu.fleet.client import Outside, mailbox, poll
from congvu.fleet.client import fetch as stored
from congvu.fleet.lab import Lab, run_in
from congvu.naming.letters import search_words
from tests.browser import DEADLINE, chromium, window
from tests.e2e.test_autoconfig import fetch
from tests.lab import LAMDONG, QUANGTRI, STRANGER, Account, Site, inbox, letter, wait

ADDRESS = "https://mail.{}/"
SETTINGS = "/etc/roundcube/congvu.json"
PAGES = ("?_task=mail&_mbox=INBOX", "?_task=mail&_action=compose", "?_task=addressbook", "?_task=settings")
expect.set_options(timeout=DEADLINE)


@pytest.fixture(scope="module")
def browser(lab: Lab, outside: Outside) -> Iterator[Browser]:
    with chromium(lab, outside) as one:
        yield one


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with window(browser) as one:
        yield one


def log_in(page: Page, address: str, password: str) -> None:
    domain = address.partition("@")[2]
    page.goto(ADDRESS.format(domain if domain in (LAMDONG, QUANGTRI) else LAMDONG))
    page.fill("input[name=_user]", address)
    page.fill("input[name=_pass]", password)
    page.click("#rcmloginsubmit")


def logged_in(page: Page, account: Account) -> None:
    log_in(page, account.address, account.password)
    expect(page.locator("#mailboxlist")).to_be_visible()
    # Roundcube writes a session as a whole: what this page still asks for would write over what comes next.
    page.wait_for_load_state("networkidle")


def change_password(page: Page, current: str, new: str, again: str | None = None) -> None:
    for field, value in {"current": current, "new": new, "again": new if again is None else again}.items():
        page.fill(f"#{field}", value)
    page.click("#congvu-password button")


def told(page: Page, words: str) -> None:
    """What the page says in the corner, an error or not."""
    expect(page.locator("#messagestack")).to_contain_text(words)


@contextmanager
def stopped(site: Site, unit: str) -> Iterator[None]:
    site.on_mail("systemctl", "stop", unit)
    try:
        yield
    finally:
        site.on_mail("systemctl", "start", unit)


# --- The first login


def test_the_initial_password_is_good_for_its_change_alone(page: Page, site: Site, outside: Outside) -> None:
    account = site.person(initial=True)
    with pytest.raises(imaplib.IMAP4.error, match=r"tai https://mail\.lamdong\.gov\.vn truoc"):
        outside.imap(account.address, account.password)

    log_in(page, account.address, account.password)
    expect(page.locator("#congvu-password")).to_contain_text("Đây là mật khẩu ban đầu")
    for elsewhere in PAGES:
        page.goto(ADDRESS.format(LAMDONG) + elsewhere)
        expect(page.locator("#congvu-password")).to_be_visible()
    # What a page's scripts ask for, too.
    listing = page.evaluate(
        "fetch('?_task=mail&_action=list&_mbox=INBOX&_remote=1', {headers: {'X-Roundcube-Request':"
        " rcmail.env.request_token}}).then(answer => answer.text())"
    )
    assert "plugin.congvu-password" in listing
    assert "add_message_row" not in listing

    own = generate()
    change_password(page, account.password, own)
    expect(page.locator("#mailboxlist")).to_be_visible()
    outside.imap(account.address, own).logout()


def test_a_refused_password_names_its_rule(page: Page, site: Site, outside: Outside) -> None:
    account = site.person(initial=True)
    with asked(site, LAMDONG, classes=3, banned=["login", "full_name"]):
        log_in(page, account.address, account.password)
        login, name = account.address.partition("@")[0], max(account.name.split(), key=len)
        for new, rule in {
            "Ab1-": "ít nhất 8 ký tự",
            "chimotloaichu": "ít nhất 3 trong bốn loại",
            f"Xy9-{login.upper()}-xy": "không được chứa tên đăng nhập",
            f"Xy9-{name}-xy": "không được chứa họ tên",
            account.password: "không được trùng",
        }.items():
            change_password(page, account.password, new)
            told(page, rule)
        own = generate()
        change_password(page, account.password, own, own[::-1])
        told(page, "không giống nhau")
        change_password(page, own, own)
        told(page, "hiện tại không đúng")
        change_password(page, account.password, own)
        expect(page.locator("#mailboxlist")).to_be_visible()
    outside.imap(account.address, own).logout()


@contextmanager
def asked(site: Site, domain: str, **rules: object) -> Iterator[None]:
    """The webmail as with another policy of a mail domain."""
    before = site.on_mail("cat", SETTINGS)
    settings = json.loads(before)
    settings["domains"][domain] |= rules
    _write(site, json.dumps(settings, ensure_ascii=False))
    try:
        yield
    finally:
        _write(site, before)


def _write(site: Site, settings: str) -> None:
    # Not as words of a command: there is a password in it, and sudo logs commands.
    run_in(site.lab, "mail", "sudo", "tee", SETTINGS, stdin=settings)


# --- Logins


def test_a_wrong_password_is_told_in_vietnamese_and_counts_for_the_browsers_address(
    page: Page, person: Account, site: Site, outside: Outside
) -> None:
    log_in(page, person.address, "sai")
    told(page, "Không đăng nhập được")
    about = ("journalctl", "--unit=dovecot", "--output=cat", "--since=-5min", f"--grep={person.address}")
    # The line that fail2ban counts, roles/ban/files/congvu-login.conf.
    line = rf"^auth\({re.escape(person.address)},{re.escape(outside.address)},sasl:plain\).*Password mismatch"
    poll(lambda: re.search(line, site.on_mail(*about), re.MULTILINE), "the browser's address in the log")


def test_a_session_ends_with_its_password(page: Page, browser: Browser, site: Site) -> None:
    account = site.person()
    logged_in(page, account)
    with window(browser) as elsewhere:
        logged_in(elsewhere, account)
        elsewhere.goto(ADDRESS.format(LAMDONG) + "?_task=settings&_action=plugin.congvu-password")
        change_password(elsewhere, account.password, own := generate())
        told(elsewhere, "Đã đổi mật khẩu")
        elsewhere.goto(ADDRESS.format(LAMDONG) + "?_task=mail")
        expect(elsewhere.locator("#mailboxlist")).to_be_visible()
    assert own != account.password
    page.goto(ADDRESS.format(LAMDONG) + "?_task=addressbook")  # which has nothing to do with the mail server
    expect(page.locator("#rcmloginsubmit")).to_be_visible()


@pytest.mark.parametrize("unit", ["dovecot", "slapd"])
def test_a_daemon_that_is_away_is_told_and_is_no_wrong_password(
    unit: str, page: Page, person: Account, site: Site
) -> None:
    with stopped(site, unit):
        log_in(page, person.address, person.password)
        told(page, "Không kết nối được với máy chủ")
    logged_in(page, person)


@pytest.mark.parametrize("domain", [LAMDONG, QUANGTRI])
def test_each_name_bears_its_mail_domain(domain: str, outside: Outside) -> None:
    answer = fetch(outside, f"mail.{domain}", "/")
    assert answer.code == 200
    assert f"Thư điện tử công vụ {domain}" in answer.text
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert {"secure", "httponly"} <= set(re.findall(r"\w+", answer.headers["Set-Cookie"].lower()))


@pytest.mark.parametrize(
    "path",
    [
        "/config/config.inc.php",
        "/logs/errors.log",
        "/installer/",
        "/plugins/congvu/congvu.php",
        "/SQL/",
        "/temp/",
    ],
)
def test_nothing_of_the_webmail_but_its_pages_is_served(path: str, outside: Outside) -> None:
    assert fetch(outside, f"mail.{LAMDONG}", path).code == 404


# --- Mail


def test_a_message_is_read(page: Page, person: Account, outside: Outside) -> None:
    message = letter(
        STRANGER, person.address, "Kính gửi đồng chí, đề nghị báo cáo.\n", subject="Về việc họp giao ban"
    )
    outside.send(message)
    wait(outside, person, message)
    logged_in(page, person)
    page.locator("#messagelist").get_by_text("Về việc họp giao ban").click()
    expect(page.frame_locator("#messagecontframe").locator("#messagebody")).to_contain_text("đề nghị báo cáo")


def test_a_message_is_sent_with_its_attachment(
    page: Page, person: Account, colleague: Account, outside: Outside
) -> None:
    content = bytes(range(256)) * 400
    logged_in(page, person)
    page.goto(ADDRESS.format(LAMDONG) + "?_task=mail&_action=compose")
    page.locator("#compose_to input").fill(f"{colleague.address},")
    page.fill("#compose-subject", "Báo cáo tuần")
    page.fill("#composebody", "Gửi kèm báo cáo.")
    file = {"name": "báo cáo.bin", "mimeType": "application/octet-stream", "buffer": content}
    page.set_input_files("input[name='_attachments[]']", file)  # type: ignore[arg-type]
    expect(page.locator("#attachment-list li")).to_contain_text("báo cáo.bin")
    expect(page.locator("#attachment-list li.uploading")).to_have_count(0)
    page.click("button.send")
    expect(page.locator("#mailboxlist")).to_be_visible()

    (sent,) = poll(
        lambda: [one for one in inbox(outside, colleague) if one["Subject"] == "Báo cáo tuần"], "the message"
    )
    assert sent["From"].addresses[0].addr_spec == person.address
    (attachment,) = sent.iter_attachments()
    assert (attachment.get_filename(), attachment.get_payload(decode=True)) == ("báo cáo.bin", content)


def test_a_delegate_reads_a_units_mailbox_and_answers_in_its_name(
    page: Page, site: Site, unit: Account, outside: Outside
) -> None:
    delegate = site.person()
    asked_ = letter(STRANGER, unit.address, "Đề nghị trả lời.\n", subject=f"Hỏi đơn vị {delegate.uid}")
    outside.send(asked_)
    wait(outside, unit, asked_)
    rights = {name: [delegate.dn] for name in ("congvuReader", "congvuAnswerer", "congvuDelegate")}
    with site.changed(unit, rights):
        logged_in(page, delegate)
        page.locator("#mailboxlist").get_by_text(unit.name).click()
        page.locator("#messagelist").get_by_text(str(asked_["Subject"])).dblclick()
        expect(page.locator("#messagebody")).to_contain_text("Đề nghị trả lời")
        page.locator(".toolbar a.reply").click()
        expect(page.locator("#_from option:checked")).to_have_text(f"{unit.name} <{unit.address}>")
        expect(page.locator("#_from option")).to_have_count(2)
        page.fill("#composebody", "Đơn vị xin trả lời.")
        page.click("button.send")
        expect(page.locator("#messagelist")).to_be_visible()
    poll(lambda: outside.received(STRANGER, f"<{unit.address}>"), "the answer")
    with window(page.context.browser or pytest.fail("no browser")) as later:
        logged_in(later, delegate)
        expect(later.locator("#mailboxlist")).not_to_contain_text("Đơn vị")
        later.goto(ADDRESS.format(LAMDONG) + "?_task=mail&_action=compose")
        expect(later.locator("#_from option")).to_have_count(1)


def test_what_is_marked_as_spam_lies_in_junk(page: Page, site: Site, outside: Outside) -> None:
    account = site.person()
    message = letter(STRANGER, account.address, subject="Trúng thưởng")
    outside.send(message)
    wait(outside, account, message)
    logged_in(page, account)
    page.locator("#messagelist").get_by_text("Trúng thưởng").click()
    expect(page.frame_locator("#messagecontframe").locator("#messagebody")).to_be_visible()
    page.locator(".toolbar a.junk").click()
    told(page, "Đã báo là thư rác")
    expect(page.locator("#messagelist").get_by_text("Trúng thưởng")).to_be_hidden()
    with mailbox(outside, account.address, account.password, "Junk") as junk:
        poll(lambda: stored(junk, message["Message-ID"]), "the message in Junk")


def test_a_reply_while_away_is_set_and_sent(page: Page, site: Site, outside: Outside) -> None:
    account = site.person()
    logged_in(page, account)
    try:
        page.goto(ADDRESS.format(LAMDONG) + "?_task=settings&_action=plugin.managesieve-vacation")
        page.fill("#vacation_reason", f"Tôi đi công tác. {account.uid}")
        page.select_option("#vacation_status", "on")
        page.click("button.submit")
        expect(page.locator("#messagestack .confirmation")).to_be_visible()
        outside.send(letter(STRANGER, account.address))
        poll(lambda: outside.received(STRANGER, f"From: <{account.address}>"), "the reply")
    finally:
        site.on_mail("doveadm", "sieve", "deactivate", "-u", account.address, check=False)


NAME = "Đặng Thị Ấm Êm"
"""Nobody else's in the lab, where many share a name."""


@pytest.fixture
def known(site: Site, colleague: Account) -> Iterator[Account]:
    """Somebody with that name, as the sync would write it."""
    words = site.entry(colleague.dn).value("congvuSearch")
    assert words.startswith(search_words(colleague.name))
    renamed = words.replace(search_words(colleague.name), search_words(NAME), 1)
    with site.changed(colleague, {"cn": [NAME], "congvuSearch": [renamed]}):
        yield colleague


def test_the_address_book_finds_people_with_marks_and_without(
    page: Page, person: Account, known: Account
) -> None:
    logged_in(page, person)
    page.goto(ADDRESS.format(LAMDONG) + "?_task=addressbook&_source=congvu")
    rows = page.locator("#contacts-table tbody tr")
    expect(rows.first).to_be_visible()  # all that there is; a search before that would be written over
    for typed, found in {"Đặng Thị Ấm Êm": 1, "khongcoai": 0, "em am dang": 1}.items():
        page.fill("#searchform", typed)
        with page.expect_response(lambda answer: "_action=search" in answer.url):
            page.press("#searchform", "Enter")  # which empties the list
        expect(rows).to_have_count(found)
    expect(rows).to_contain_text(NAME)
    rows.click()
    expect(page.frame_locator("#contact-frame").locator("body")).to_contain_text(known.address)


def test_the_address_book_completes_a_recipient(page: Page, person: Account, known: Account) -> None:
    logged_in(page, person)
    page.goto(ADDRESS.format(LAMDONG) + "?_task=mail&_action=compose")
    page.locator("#compose_to input").press_sequentially("dang thi am")
    expect(page.locator("#rcmKSearchpane")).to_contain_text(known.address)
