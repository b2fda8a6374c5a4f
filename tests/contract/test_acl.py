"""The directory's doors: what everybody can do to every attribute of every kind of entry, tried with slapd.

What is wanted stands in ``data/access.yml``; what slapd is told stands in ``roles/slapd/vars/access.yml``.
Neither is made from the other.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import ldap3
import pytest
import yaml

from congvu.directory.model import Entry, State
from congvu.fleet.lab import Lab
from tests.contract.doors import (
    BASE,
    DOMAIN,
    ELSEWHERE,
    PASSWORD,
    SUCCESS,
    World,
    directory,
    domain_entries,
    person,
    unit,
)

WANTED = yaml.safe_load((Path(__file__).parent / "data" / "access.yml").read_text())
COMPARE_FALSE, COMPARE_TRUE = 5, 6
STRONGER_AUTH_REQUIRED, CONFIDENTIALITY, CONSTRAINT = 8, 13, 19
NO_SUCH_OBJECT, INVALID_CREDENTIALS, INSUFFICIENT_ACCESS, UNWILLING = 32, 49, 50, 53
NAMING_CONTEXT = 71
DENIED = {STRONGER_AUTH_REQUIRED, NO_SUCH_OBJECT, INSUFFICIENT_ACCESS}


# --- The world

NOTED = {  # by ppolicy
    "pwdHistory": "20261101000000Z#1.3.6.1.4.1.1466.115.121.1.40#10#{ARGON2}xx",
    "pwdPolicySubentry": f"cn=default,ou=policies,{BASE}",
}
SOMEONE, DELEGATE, HEAD = (person(uid, **NOTED) for uid in ("An", "Binh", "Chi"))
NEIGHBOUR = person("Dung", ELSEWHERE, **NOTED)
LINKED = {"congvuDelegate": DELEGATE.dn, "congvuHead": HEAD.dn, "congvuParent": f"ou=units,{DOMAIN}"}
LINKED |= {"congvuOwner": HEAD.dn, "congvuReader": DELEGATE.dn, "congvuAnswerer": DELEGATE.dn}
LINKED |= {
    "congvuLeader": HEAD.dn,
    "congvuDelegation": f"20260101 20261231 read,answer 12/QD | {DELEGATE.dn}",
    "congvuHandover": "20261101 12/QD | Chi",
}
OFFICE = unit("PhongAn", **LINKED, **NOTED)
LOCKED_OUT = {"pwdAccountLockedTime": "000001010000Z", "pwdFailureTime": "20261101000000.000001Z"}
PERSON = person("Em", congvuDelegate=DELEGATE.dn, pwdReset="TRUE", **LOCKED_OUT, **NOTED)
UNIT = unit(
    "PhongEm",
    congvuSuccessor=OFFICE.dn,
    congvuContact="Chi, 0999 000 001",
    pwdReset="TRUE",
    **LINKED,
    **LOCKED_OUT,
    **NOTED,
)
STRANGER = person("Phuc", ELSEWHERE, pwdReset="TRUE", **NOTED)
VICTIM = person("Giang")
LOCKED = person("Khoa", congvuState="locked", **NOTED)
STATES = {str(state): person(f"S{state}", congvuState=str(state)) for state in State}
STATES |= {
    "must_change": person("Smust", congvuState="initial", pwdReset="TRUE"),
    "after_wrong_passwords": person("Swrong", **LOCKED_OUT),
}
DOMAIN_ITSELF, CONTAINER, _ = domain_entries(DOMAIN)
SERVICE = Entry.build(
    f"cn=sync,ou=services,{BASE}",
    ("organizationalRole", "simpleSecurityObject"),
    {"cn": "sync", "userPassword": "-", "pwdPolicySubentry": f"cn=service,ou=policies,{BASE}"},
)
RULES = Entry.build(
    f"cn=default,ou=policies,{BASE}",
    ("organizationalRole", "pwdPolicy"),
    {"cn": "default", "pwdAttribute": "userPassword", "pwdMinLength": "8", "pwdMaxFailure": "12"},
)
KINDS = {
    "person": PERSON, "unit": UNIT, "stranger": STRANGER, "locked": LOCKED, "domain": DOMAIN_ITSELF,
    "container": CONTAINER, "service": SERVICE, "rules": RULES,
    "top": Entry.build(BASE, ("domain",), {"dc": "gov"}),
}  # fmt: skip
PEOPLE = {
    "someone": SOMEONE, "delegate": DELEGATE, "head": HEAD, "office": OFFICE, "neighbour": NEIGHBOUR,
}  # fmt: skip
DAEMONS = ("postfix", "dovecot", "webmail", "sync")
EVERYBODY = ("anonymous", *DAEMONS, *PEOPLE)
CLASS_OF = {name: one for one, names in WANTED["classes"].items() for name in names}


@pytest.fixture(scope="module")
def world(lab: Lab) -> Iterator[World]:
    others = (PERSON, UNIT, STRANGER, LOCKED, VICTIM)
    with directory(lab, *PEOPLE.values(), *others, *STATES.values()) as one:
        one.replace(VICTIM.dn, "userPassword", f"{PASSWORD}\n-\nreplace: pwdReset")  # hashed, as in earnest
        yield one


def _entry(who: str, kind: str) -> Entry:
    return PEOPLE[who] if kind == "own" else KINDS[kind]


PAIRS = [(who, kind) for who in EVERYBODY for kind in KINDS] + [(who, "own") for who in PEOPLE]


# --- Entry by entry, attribute by attribute


def _granted(one: ldap3.Connection, entry: Entry) -> dict[str, str]:
    """What succeeds, by attribute, in the letters of the table."""
    one.search(entry.dn, "(objectClass=*)", ldap3.BASE, attributes=["*", "+", *entry.attributes])
    found = one.response if one.result["result"] == SUCCESS else []
    shown = [pair for each in found for pair in each.get("raw_attributes", {}).items()]
    read = {name.lower() for name, values in shown if values}
    granted = {}
    for name, values in entry.attributes.items():
        letters = "r" if name.lower() in read else ""
        asked = "".join(f"\\{octet:02x}" for octet in values[0].encode())
        one.search(entry.dn, f"({name}={asked})", ldap3.BASE, attributes=["1.1"])
        if one.result["result"] == SUCCESS and any(each["type"] == "searchResEntry" for each in one.response):
            letters += "s"
        one.compare(entry.dn, name, values[0].encode())
        if one.result["result"] in (COMPARE_TRUE, COMPARE_FALSE):
            letters += "c"
        one.modify(entry.dn, {name: [(ldap3.MODIFY_REPLACE, [value.encode() for value in values])]})
        same = name == "userPassword" and one.result["message"].startswith("Password is not being changed")
        if one.result["result"] == SUCCESS or same:
            letters += "w"
        granted[name] = letters
    return granted


@pytest.mark.parametrize(("who", "kind"), PAIRS)
def test_everybody_can_do_what_the_table_says_and_nothing_else(who: str, kind: str, world: World) -> None:
    entry = _entry(who, kind)
    rights = (WANTED["may"][who] or {}).get(kind, {})
    with world.as_one(PEOPLE.get(who, who)) as one:
        granted = _granted(one, entry)
    assert granted == {name: rights.get(CLASS_OF[name], "") for name in entry.attributes}


def test_the_table_names_only_what_there_is() -> None:
    assert set(WANTED["may"]) == set(EVERYBODY)
    for rights in WANTED["may"].values():
        assert set(rights) <= {*KINDS, "own"}
        assert {one for classes in rights.values() for one in classes} <= set(WANTED["classes"])
    tried = {name for entry in (*KINDS.values(), *PEOPLE.values()) for name in entry.attributes}
    assert {name for names in WANTED["classes"].values() for name in names} - tried == {"description"}


# --- Entries as a whole


@pytest.mark.parametrize(("who", "kind"), PAIRS)
def test_entries_are_made_by_the_sync_and_removed_and_renamed_by_nobody(
    who: str, kind: str, world: World
) -> None:
    parent = _entry(who, kind).dn
    probe = f"ou=probe,{parent}"
    with world.as_one(PEOPLE.get(who, who)) as one:
        one.add(probe, ["organizationalUnit"], {"ou": "probe"})
        added = one.result["result"]
        try:
            for dn in (probe, parent) if added == SUCCESS else (parent,):
                one.delete(dn)
                assert one.result["result"] in DENIED, dn
                one.modify_dn(dn, "ou=renamed")
                assert one.result["result"] in {*DENIED, NAMING_CONTEXT}, dn
        finally:
            if added == SUCCESS:
                world.server.root("ldapdelete", probe)
    assert added in ({SUCCESS} if kind in WANTED["adds"].get(who, ()) else DENIED)


def test_the_sync_makes_no_account_that_is_under_another_policy(world: World) -> None:
    given = person("Moi", pwdPolicySubentry=f"cn=service,ou=policies,{BASE}")
    attributes = {
        name: list(values) for name, values in given.attributes.items() if not name.startswith("pwd")
    }
    policy = {"pwdPolicySubentry": list(given.values("pwdPolicySubentry"))}
    with world.as_one("sync") as one:
        one.add(given.dn, attributes=attributes | policy)
        assert one.result["result"] == INSUFFICIENT_ACCESS
        one.add(given.dn, attributes=attributes)
        assert one.result["result"] == SUCCESS, one.result
    world.server.root("ldapdelete", given.dn)


# --- Logins


@pytest.mark.parametrize("state", WANTED["logins"])
def test_who_may_log_in_does_and_nobody_else(state: str, world: World) -> None:
    entry, wanted = STATES[state], WANTED["logins"][state]
    with world.connection(entry.dn, PASSWORD) as one:
        assert one.result["result"] == (INVALID_CREDENTIALS if wanted == "out" else SUCCESS)
        one.search(entry.dn, "(objectClass=*)", ldap3.BASE, attributes=["mail"])
        assert (one.result["result"] == SUCCESS) == (wanted == "in")
        if wanted == "change":
            one.modify(entry.dn, {"pwdReset": [(ldap3.MODIFY_REPLACE, ["FALSE"])]})
            assert one.result["result"] == INSUFFICIENT_ACCESS
            assert one.extend.standard.modify_password(entry.dn, PASSWORD, "Da-doi-2026-xyz")
            one.search(entry.dn, "(objectClass=*)", ldap3.BASE, attributes=["mail"])
            assert one.result["result"] == SUCCESS


@pytest.mark.parametrize("state", ["pending", "suspended"])
def test_the_sync_sets_a_password_before_and_after_an_account_is_open(state: str, world: World) -> None:
    """In earnest: to the same password again ppolicy speaks before the ACLs."""
    with world.as_one("sync") as one:
        one.modify(STATES[state].dn, {"userPassword": [(ldap3.MODIFY_REPLACE, ["Moi-2026-abcxyz"])]})
        assert one.result["result"] == SUCCESS, one.result


def test_every_state_is_in_the_table_of_logins() -> None:
    assert set(WANTED["logins"]) == set(STATES)


def test_who_is_locked_while_logged_in_gets_no_new_password(world: World) -> None:
    another = {"userPassword": [(ldap3.MODIFY_REPLACE, ["Khac-han-2026-abc"])]}
    with world.as_one(SOMEONE) as one:
        world.replace(SOMEONE.dn, "congvuState", "locked")
        try:
            one.modify(SOMEONE.dn, another)
            assert one.result["result"] == INSUFFICIENT_ACCESS
        finally:
            world.replace(SOMEONE.dn, "congvuState", "active")


def _tool(world: World, *words: str) -> int:
    """Status of one of OpenLDAP's tools on the host, without a login unless the words say so."""
    port = world.server.settings.providers[0].port
    uri = f"ldap://{world.server.settings.providers[0].tls_name}:{port}"
    tool = shlex.join([words[0], "-x", "-H", uri, *words[1:]])
    script = f"export LDAPTLS_CACERT=/etc/ssl/congvu/ca.pem; {tool} >/dev/null 2>&1; echo $?"
    return int(world.server.shell(f"set +e; {script}"))


@pytest.mark.parametrize(
    ("words", "status"),
    [
        pytest.param(("-ZZ", "-D", SOMEONE.dn, "-w", PASSWORD), SUCCESS, id="under TLS"),
        pytest.param(("-D", SOMEONE.dn, "-w", PASSWORD), CONFIDENTIALITY, id="in clear"),
        pytest.param(("-ZZ", "-D", SOMEONE.dn, "-w", ""), UNWILLING, id="without a password"),
        pytest.param(("-ZZ", "-D", SOMEONE.dn, "-w", "wrong"), INVALID_CREDENTIALS, id="with a wrong one"),
        pytest.param(("-ZZ", "-D", f"cn=nobody,{BASE}", "-w", "x"), INVALID_CREDENTIALS, id="of nobody"),
    ],
)
def test_a_login_is_under_tls_and_with_a_password(words: tuple[str, ...], status: int, world: World) -> None:
    assert _tool(world, "ldapwhoami", *words) == status


# --- Without a login, and the server itself


@pytest.mark.parametrize("base", [BASE, SOMEONE.dn, f"ou=services,{BASE}", f"ou=policies,{BASE}"])
def test_nobody_gets_to_the_tree_without_a_login(base: str, world: World) -> None:
    with world.connection() as one:
        one.search(base, "(objectClass=*)", ldap3.SUBTREE, attributes=["*", "+"])
        assert (one.result["result"], one.result["message"]) == (UNWILLING, "authentication required")
        assert not one.response
        one.modify(SOMEONE.dn, {"congvuQuota": [(ldap3.MODIFY_REPLACE, ["1"])]})
        assert one.result["result"] == STRONGER_AUTH_REQUIRED


def test_without_a_login_the_server_says_what_it_can_do_and_no_more(world: World) -> None:
    with world.connection() as one:
        one.search("", "(objectClass=*)", ldap3.BASE, attributes=["*", "+"])
        (root,) = one.response
    assert root["attributes"]["namingContexts"] == [BASE]
    assert "1.3.6.1.4.1.1466.20037" in root["attributes"]["supportedExtension"]  # StartTLS
    assert {name.lower() for name in root["attributes"]} <= {
        "objectclass", "structuralobjectclass", "namingcontexts", "supportedcontrol", "supportedextension",
        "supportedfeatures", "supportedldapversion", "supportedsaslmechanisms", "entrydn",
        "subschemasubentry",
    }  # fmt: skip


@pytest.mark.parametrize("who", EVERYBODY)
def test_the_schema_is_for_who_is_logged_in_and_the_configuration_for_root(who: str, world: World) -> None:
    with world.as_one(PEOPLE.get(who, who)) as one:
        one.search("cn=Subschema", "(objectClass=*)", ldap3.BASE, attributes=["attributeTypes"])
        seen = any("attributeTypes" in each.get("attributes", ()) for each in one.response or ())
        assert seen == (who != "anonymous")
        for base in ("cn=config", "olcDatabase={1}mdb,cn=config", "cn=Monitor"):
            one.search(base, "(objectClass=*)", ldap3.BASE, attributes=["*"])
            assert one.result["result"] in DENIED, base
            assert not one.response, base


def test_people_find_nobody_but_themselves(world: World) -> None:
    with world.as_one(SOMEONE) as one:
        for base in (BASE, DOMAIN, f"ou=people,{DOMAIN}", PERSON.dn):
            one.search(base, "(objectClass=*)", ldap3.SUBTREE, attributes=["mail"])
            assert one.result["result"] == NO_SUCH_OBJECT, base
        one.search(SOMEONE.dn, "(objectClass=*)", ldap3.SUBTREE, attributes=["mail"])
        assert [each["dn"] for each in one.response] == [SOMEONE.dn]


GUESSES: dict[str, Callable[[str], list[tuple[str, list[str]]]]] = {
    "instead": lambda guess: [(ldap3.MODIFY_REPLACE, [guess])],
    "old and new": lambda guess: [(ldap3.MODIFY_DELETE, [guess]), (ldap3.MODIFY_ADD, ["Moi-2026-abcxyz"])],
    "away": lambda guess: [(ldap3.MODIFY_DELETE, [guess])],
    "beside": lambda guess: [(ldap3.MODIFY_ADD, [guess])],
}


@pytest.mark.parametrize("who", [who for who in EVERYBODY if who != "sync"])
@pytest.mark.parametrize("how", GUESSES)
def test_nobody_learns_whether_a_guessed_password_of_another_is_right(
    how: str, who: str, world: World
) -> None:
    """ppolicy would tell, before the ACLs are asked, and without counting towards a lock."""
    with world.as_one(PEOPLE.get(who, who)) as one:
        told = []
        for guess in (PASSWORD, "Sai-2026-abcxyz"):
            one.modify(VICTIM.dn, {"userPassword": GUESSES[how](guess)})
            told.append((one.result["result"], one.result["message"]))
    assert told[0] == told[1]
    assert told[0][0] in {*DENIED, CONSTRAINT}
