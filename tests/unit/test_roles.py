"""What STYLE.md asks of roles, held for each of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.helpers import ROOT

ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
PLAYBOOKS = ROOT / "playbooks"
WHOLE_OF_A_TASK = {
    "always", "any_errors_fatal", "become", "become_user", "block", "changed_when", "check_mode", "debugger",
    "delay", "delegate_facts", "delegate_to", "diff", "environment", "failed_when", "ignore_errors", "listen",
    "loop", "loop_control", "module_defaults", "name", "no_log", "notify", "register", "rescue", "retries",
    "run_once", "tags", "throttle", "timeout", "until", "vars", "when",
}  # fmt: skip
"""Keywords of a task that are not its module (Ansible's "Playbook keywords")."""
OWN_MODULES = {path.stem for path in (PLAYBOOKS / "library").glob("*.py")}
COMMANDS = {"ansible.builtin.command", "ansible.builtin.shell"}
FREE_FORM = {"lineinfile", "replace", "blockinfile"}
# A template with a checker that tests one file before it is put in place (STYLE.md 4).
VALIDATED = {
    "slapd/config.ldif.j2": "slapd-apply --try",
    "dovecot/dovecot.conf.j2": "doveconf -n -c",
    "clamav/clamd.conf.j2": "clamconf",
    "dovecot/learn.conf.j2": "sh -n",
    "dovecot/posted.sieve.j2": "sievec -d",
    "rspamd/rspamd.conf.j2": "rspamadm configtest -c",
    "outside_dns/knot.conf.j2": "conf-check",
    "outside_dns/zone.j2": "kzonecheck",
    "outside_web/nginx.conf.j2": "nginx -t -c",
    "sync/service.j2": "systemd-analyze verify",
    "sync/sync.yml.j2": "check-settings",
    "sync/timer.j2": "systemd-analyze calendar",
    "held/service.j2": "systemd-analyze verify",
    "held/timer.j2": "systemd-analyze timespan",
    "lifecycle/congvu-archive.service.j2": "systemd-analyze verify",
    "lifecycle/congvu-archive.timer.j2": "systemd-analyze verify",
    "lifecycle/congvu-follow.service.j2": "systemd-analyze verify",
    "lifecycle/congvu-follow.timer.j2": "systemd-analyze verify",
    "lifecycle/congvu-handover.service.j2": "systemd-analyze verify",
    "lifecycle/congvu-handover.timer.j2": "systemd-analyze verify",
    "lifecycle/congvu-lifecycle.service.j2": "systemd-analyze verify",
    "lifecycle/congvu-lifecycle.timer.j2": "systemd-analyze verify",
    "requests/congvu-requests.service.j2": "systemd-analyze verify",
    "requests/congvu-requests.timer.j2": "systemd-analyze verify",
    "web/autoconfig.xml.j2": "xml.parse",
    "web/nginx.conf.j2": "nginx -t",
    "roundcube/php-fpm.conf.j2": "--test --fpm-config",
    "unbound/unbound.conf.j2": "unbound-checkconf",
}
# … and those that only the whole configuration can be tested with, or not at all, each with its reason.
NOT_VALIDATED = {
    "tls/congvu-acme.service.j2": "in one task with its timer; the test of ACME starts it",
    "tls/congvu-acme.timer.j2": "in one task with its service; the test of ACME looks at it",
    "tls/dehydrated.sh.j2": "dehydrated reads it from its place; the test of ACME does",
    "tls/domains.txt.j2": "names",
    "clamav/congvu.cdb.j2": "only clamd reads it, from its place; the policy has checked the names",
    "rspamd/scans.conf.j2": "a line of a unit; the handler restarts it",
    "ban/fail2ban.local.j2": "fail2ban-client --test, in the handler, reads all files from their place",
    "ban/jail.local.j2": "fail2ban-client --test, in the handler, reads all files from their place",
    "base/journald.conf.j2": "systemd has no checker; an unknown key is only a warning in the journal",
    "base/resolv.conf.j2": "the role's check looks a name up",
    "clamav/freshclam.conf.j2": "freshclam tests by downloading",
    "dovecot/sieve-submission.service.j2": "a unit by a name of its own; the tests redirect mail through it",
    "dovecot/sieve-submission.socket.j2": "starting it, in the same run, is the test",
    "dovecot/environment.conf.j2": "a drop-in of systemd; the role's check asks the directory through it",
    "dovecot/hardening.conf.j2": "a drop-in of systemd; tests/host/test_security.py looks at what it does",
    "mta_sts/environment.conf.j2": "a drop-in of systemd; the tests fetch a policy through it",
    "mta_sts/mta-sts-daemon.yml.j2": "the daemon has no checker; the role's check looks for its port",
    "outside_mta/main.cf.j2": "a lab's own; postfix check needs all files in place",
    "postfix/ldap.cf.j2": "postfix check, in the handler, and a look-up in the role's check",
    "postfix/main.cf.j2": "postfix check, in the handler",
    "postfix/master.cf.j2": "postfix check, in the handler",
    "rspamd/charset.conf.j2": "rspamadm configtest, in the handler, reads it from its place",
    "rspamd/policy.conf.j2": "rspamadm configtest, in the handler, reads it from its place",
    "redis/redis.conf.j2": "no checker: an unknown word keeps redis from starting, and the run says so",
    "rspamd/groups.conf.j2": "a drop-in of systemd; without it the check misses the controller's socket",
    "roundcube/hardening.conf.j2": "a drop-in of systemd; tests/host/test_security.py looks at what it does",
    "roundcube/nginx.conf.j2": "part of a server's block; nginx -t, in the role web, reads it from its place",
    "slapd/hardening.conf.j2": "a drop-in of systemd; tests/host/test_security.py looks at what it does",
    "slapd/seed.ldif.j2": "applied by slapd-apply, which fails on what slapd refuses",
    "slapd/slapd.default.j2": "variables for a shell",
}


@dataclass(frozen=True, slots=True)
class Task:
    file: Path
    content: dict[str, Any]

    @property
    def module(self) -> str:
        return next((key for key in self.content if key not in WHOLE_OF_A_TASK), "block")

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}: {self.content.get('name')}"


def _flat(file: Path, tasks: list[dict[str, Any]]) -> Iterator[Task]:
    for content in tasks:
        yield Task(file, content)
        for inner in ("block", "rescue", "always"):
            yield from _flat(file, content.get(inner, []))


def tasks(role: str) -> list[Task]:
    files = [
        *(ROOT / "roles" / role / "tasks").glob("*.yml"),
        *(ROOT / "roles" / role / "handlers").glob("*.yml"),
    ]
    return [task for file in sorted(files) for task in _flat(file, yaml.safe_load(file.read_text()) or [])]


def load(role: str, name: str) -> Any:
    file = ROOT / "roles" / role / name
    return yaml.safe_load(file.read_text()) if file.exists() else None


def options(role: str) -> dict[str, Any]:
    found: dict[str, Any] = load(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    return found


def templates(role: str) -> list[Path]:
    return sorted((ROOT / "roles" / role / "templates").glob("*"))


ALL_TEMPLATES = [f"{role}/{path.name}" for role in ROLES for path in templates(role)]
ALL_TASKS = [task for role in ROLES for task in tasks(role)]


def test_the_walk_finds_the_roles() -> None:
    assert {"base", "tls", "slapd", "postfix", "dovecot", "clamav", "rspamd", "sync"} <= set(ROLES)
    assert len(ALL_TASKS) > 60
    assert {task.module for task in ALL_TASKS} >= {
        "daemon_check",
        "block",
        "ansible.builtin.template",
        "ansible.builtin.command",
    }


@pytest.mark.parametrize("role", ROLES)
def test_a_role_answers_install_and_check_and_describes_its_arguments(role: str) -> None:
    for name in ("tasks/main.yml", "tasks/install.yml", "tasks/check.yml", "meta/argument_specs.yml"):
        assert load(role, name), f"roles/{role}/{name} is missing or empty"
    assert all(option.get("description") and option.get("type") for option in options(role).values())


@pytest.mark.parametrize("role", ROLES)
def test_a_check_loads_what_is_a_fact_of_the_release(role: str) -> None:
    """scripts/check runs it without the role's other tasks, which load that too."""
    text = (ROOT / "roles" / role / "tasks/check.yml").read_text()
    used = [name for name in load(role, "vars/Debian_13.yml") or {} if name in text]
    assert not used or "ansible.builtin.include_vars" in text, used


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from map(str, value)
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _keys(inner)


@pytest.mark.parametrize("task", ALL_TASKS, ids=str)
def test_no_key_is_an_expression(task: Task) -> None:
    """Ansible leaves the keys of a mapping as they are written."""
    assert not [key for key in _keys(task.content) if "{{" in key]


@pytest.mark.parametrize("role", ROLES)
def test_every_default_is_described_with_the_same_value(role: str) -> None:
    described = {name: option["default"] for name, option in options(role).items() if "default" in option}
    assert (load(role, "defaults/main.yml") or {}) == described


@pytest.mark.parametrize("role", ROLES)
def test_every_required_variable_stands_commented_out_among_the_defaults(role: str) -> None:
    text = (ROOT / "roles" / role / "defaults/main.yml").read_text()
    commented = set(re.findall(rf"^# ({role}_\w+):", text, re.MULTILINE))
    assert commented == {name for name, option in options(role).items() if option.get("required")}


@pytest.mark.parametrize("role", ROLES)
def test_every_option_is_used(role: str) -> None:
    folders = ("tasks", "handlers", "templates", "vars")
    files = [path for folder in folders for path in (ROOT / "roles" / role / folder).glob("*")]
    text = "\n".join(path.read_text() for path in files)
    assert [name for name in options(role) if not re.search(rf"\b{name}\b", text)] == []


@pytest.mark.parametrize("role", ROLES)
def test_an_option_is_required_or_has_a_default(role: str) -> None:
    unclear = [name for name, one in options(role).items() if bool(one.get("required")) == ("default" in one)]
    assert unclear == []


@pytest.mark.parametrize("role", ROLES)
def test_every_default_has_a_comment_above_its_paragraph(role: str) -> None:
    paragraphs = (ROOT / "roles" / role / "defaults/main.yml").read_text().strip().split("\n\n")
    bare = [part for part in paragraphs if not part.startswith("#")]
    assert bare == []


@pytest.mark.parametrize("role", ROLES)
def test_variables_bear_the_name_of_their_role(role: str) -> None:
    assert all(name.startswith(f"{role}_") for name in options(role))
    assert all(name.startswith(f"{role}_") for name in load(role, "defaults/main.yml") or {})
    for file in (ROOT / "roles" / role / "vars").glob("*.yml"):
        assert all(name.startswith(f"__{role}_") for name in yaml.safe_load(file.read_text())), file
    for task in tasks(role):
        made = [task.content["register"]] if "register" in task.content else []
        made += [*task.content.get("vars", {}), *task.content.get("ansible.builtin.set_fact", {})]
        assert all(name.startswith(f"__{role}_") for name in made), str(task)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_names_no_variable_of_another_and_no_group(role: str) -> None:
    others = "|".join(other for other in ROLES if other != role)
    names = (
        rf"(?<![\w./-])_{{0,2}}(?:{others})_[a-z]\w*|\bhostvars\b|\bgroups\[|\bgroup_names\b|\bmail_domains\b"
    )
    # Of a task only what Ansible evaluates; words such as a file's name may be another daemon's.
    for file in [*templates(role), *(ROOT / "roles" / role).glob("[tvh]*s/*.yml")]:
        evaluated = " ".join(
            re.findall(r"\{\{.+?\}\}|\{%.+?%\}|^\s*when: .+$", file.read_text(), re.S | re.M)
        )
        own = [name for name in re.findall(names, evaluated) if not name.lstrip("_").startswith(f"{role}_")]
        assert own == [], file


@pytest.mark.parametrize("name", ALL_TEMPLATES)
def test_a_template_says_who_manages_the_file_and_bears_no_date(name: str) -> None:
    role, _, file = name.partition("/")
    text = (ROOT / "roles" / role / "templates" / file).read_text()
    assert re.match(r"\{\{ ansible_managed \| comment(\((decoration=)?'.+'\))? \}\}\n", text)
    assert not re.search(r"ansible_facts\['date_time'\]|\bnow\(|\bstrftime\b|template_run_date", text)


@pytest.mark.parametrize("name", ALL_TEMPLATES)
def test_a_template_with_a_checker_is_checked_before_it_is_put_in_place(name: str) -> None:
    role, _, file = name.partition("/")
    arguments = [
        task.content[task.module] for task in tasks(role) if task.module == "ansible.builtin.template"
    ]
    users = [one for one in arguments if one["src"] == file or one["src"] == "{{ item }}.j2"]
    assert users, f"{name} is not used"
    for one in users:
        assert (name in VALIDATED) != (name in NOT_VALIDATED), f"{name}: give it a validate, or say why not"
        assert VALIDATED.get(name, "") in one.get("validate", "")
        assert ("validate" in one) == (name in VALIDATED)
        assert "%s" in one.get("validate", "%s")


def test_the_tables_of_checkers_name_only_templates_that_exist() -> None:
    assert {*VALIDATED, *NOT_VALIDATED} == set(ALL_TEMPLATES)


@pytest.mark.parametrize("task", ALL_TASKS, ids=str)
def test_a_task_has_a_name_and_a_module_by_its_full_name(task: Task) -> None:
    assert re.match(r"[A-Z]", task.content.get("name", "")), f"{task}: an imperative name"
    assert task.module == "block" or task.module in OWN_MODULES or task.module.count(".") >= 2, task.module
    assert task.module.rpartition(".")[2] not in FREE_FORM, "own the whole file with a template"


@pytest.mark.parametrize("task", [task for task in ALL_TASKS if task.module in COMMANDS], ids=str)
def test_a_command_says_when_it_changes_something_and_why_it_is_one(task: Task) -> None:
    assert "changed_when" in task.content
    lines = task.file.read_text().splitlines()
    line = next(n for n, words in enumerate(lines) if words.endswith(f"name: {task.content['name']}"))
    module = next(words for words in lines[line:] if task.module in words)
    assert re.search(r": # \w+", module), f"{task}: give the reason beside {task.module}"


@pytest.mark.parametrize("task", ALL_TASKS, ids=str)
def test_a_file_is_written_with_owner_group_and_mode(task: Task) -> None:
    if task.module.rpartition(".")[2] in {"template", "copy", "file"}:
        given = task.content[task.module]
        if given.get("state") == "absent":
            return
        assert {"owner", "group", "mode"} <= set(given)
        assert isinstance(given["mode"], str), "a bare 0644 is a decimal in YAML"


def _secret_templates() -> Iterator[tuple[str, Path]]:
    for role in ROLES:
        for path in templates(role):
            if re.search(r"\{\{[^}]*password|in __slapd_accounts", path.read_text()):
                yield role, path


@pytest.mark.parametrize(("role", "path"), [*_secret_templates()], ids=lambda one: getattr(one, "name", one))
def test_a_file_with_a_password_is_shown_in_no_diff_and_read_by_nobody_else(role: str, path: Path) -> None:
    (task,) = [
        task
        for task in tasks(role)
        if task.module == "ansible.builtin.template" and task.content[task.module]["src"] == path.name
    ]
    assert task.content.get("diff") is False
    assert task.content[task.module]["mode"] in {"0600", "0640"}


def test_the_secrets_are_found() -> None:
    assert {path.name for _, path in _secret_templates()} == {"seed.ldif.j2", "ldap.cf.j2", "dovecot.conf.j2"}


def _plays(name: str) -> list[dict[str, Any]]:
    plays: list[dict[str, Any]] = yaml.safe_load((PLAYBOOKS / name).read_text())
    return plays


@pytest.mark.parametrize("kind", ["mail_servers", "lab_outside"])
def test_a_playbook_lists_the_roles_that_its_group_has(kind: str) -> None:
    (play,) = _plays(f"{kind}.yml")
    wired = yaml.safe_load((PLAYBOOKS / f"group_vars/{kind}.yml").read_text())
    assert play["hosts"] == kind
    assert [one["role"] for one in play["roles"]] == wired["host_roles"]
    assert all(one["tags"] == [one["role"]] for one in play["roles"])


def test_every_role_is_in_a_playbook_and_every_playbook_in_the_site() -> None:
    kinds = {path.stem for path in (PLAYBOOKS / "group_vars").glob("*.yml")}
    used = {one["role"] for kind in kinds for play in _plays(f"{kind}.yml") for one in play["roles"]}
    assert used == set(ROLES)
    imported = [play["ansible.builtin.import_playbook"] for play in _plays("site.yml")]
    assert {f"{kind}.yml" for kind in kinds} <= set(imported)
    assert imported[0] == "preflight.yml", "nothing is changed before all was checked"


def test_the_wiring_gives_roles_only_options_they_have() -> None:
    known = {name for role in ROLES for name in options(role)}
    for file in (PLAYBOOKS / "group_vars").glob("*.yml"):
        wired = yaml.safe_load(file.read_text())
        roles = wired["host_roles"]
        of_roles = {name for name in wired if any(name.startswith(f"{role}_") for role in roles)}
        assert of_roles <= known
        # What has no default anywhere must come from the wiring or from the inventory, which preflight tells.
        assert len(of_roles) == len(wired) - len({"host_roles", "policies"} & set(wired))


def test_the_module_of_ours_is_documented_as_it_is() -> None:
    source = (PLAYBOOKS / "library/daemon_check.py").read_text()
    tree = ast.parse(source)
    documented = next(
        yaml.safe_load(ast.literal_eval(node.value))["options"]
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION"
    )
    spec = next(
        ast.literal_eval(keyword.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "argument_spec"
    )
    assert {
        name: {k: v for k, v in one.items() if k != "description"} for name, one in documented.items()
    } == spec
