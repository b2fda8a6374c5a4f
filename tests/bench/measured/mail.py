"""What `tests.bench.mail` runs on the lab's hosts: scripts for Debian's Python and shell."""

FIGURES = r"""
import json, os, re
tick, found = os.sysconf("SC_CLK_TCK"), {}
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        unit = re.findall(r"([^/\n]+)\.service", open(f"/proc/{pid}/cgroup").read())
        times = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[11:15]
        memory = re.findall(r"^Pss: +(\d+)", open(f"/proc/{pid}/smaps_rollup").read(), re.M)
    except OSError:
        continue
    if unit:
        one = found.setdefault(unit[-1], {"seconds": 0.0, "pss": 0.0})
        one["seconds"] += sum(map(int, times)) / tick
        one["pss"] += sum(map(int, memory)) / 1024
print(json.dumps(found))
"""
"""Of each systemd unit: seconds of the processor, children that have ended included, and MB."""

DELAYS = r"""
import json, re, subprocess, sys
command = ["journalctl", "--quiet", "--output=cat", f"--since=@{sys.argv[1]}", "--identifier=postfix/lmtp"]
lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout
print(json.dumps([float(one) for one in re.findall(r" delay=([\d.]+),.* status=sent", lines)]))
"""
"""Seconds from the beginning of a message's transaction to its delivery, of all since a time."""

LETTERS = r"""
import base64, json, pathlib, random, sys
given = json.load(sys.stdin)
folder, source = pathlib.Path("/tmp/bench-mail"), random.Random(given["seed"])
folder.mkdir(exist_ok=True)
for old in folder.glob("*.eml"):
    old.unlink()
words = "Kính gửi quý cơ quan, đơn vị xin gửi kèm công văn số theo yêu cầu của Sở về việc năm nay".split()
with (folder / "jobs").open("w") as jobs:
    for number in range(given["messages"]):
        recipient = given["recipients"][number % len(given["recipients"])]
        text = "\n".join(" ".join(source.choices(words, k=14)) for _ in range(20))
        size = max(given["bytes"] - 2100, 0) * 3 // 4 * 76 // 77
        data = base64.encodebytes(source.randbytes(size)).decode()
        (folder / f"{number}.eml").write_text(
            f"From: <{given['sender']}>\nTo: <{recipient}>\nSubject: Cong van {number}\n"
            f"Date: Mon, 23 Nov 2026 08:00:00 +0700\nMessage-ID: <{given['seed']}.{number}@ngoai.example>\n"
            'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"\n\n--x\n'
            "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
            f"{text}\n--x\nContent-Type: application/octet-stream\n"
            f'Content-Disposition: attachment; filename="so-lieu.bin"\n'
            f"Content-Transfer-Encoding: base64\n\n{data}--x--\n"
        )
        jobs.write(f"{number} {recipient}\n")
"""
"""Write messages that differ from each other and from all earlier ones: no filter has seen them."""

SEND = r"""
xargs -a /tmp/bench-mail/jobs -n 2 -P "$1" sh -c \
  '/usr/sbin/smtp-source -m 1 -s 1 -f "$0" -t "$3" -F "/tmp/bench-mail/$2.eml" "$1"' "$2" "$3"
"""
"""Hand them in, one connection each, so many at once: sessions, sender, server."""

PEOPLE = r"""
import json, sys
given = json.load(sys.stdin)
suffix, host = given["suffix"], given["host"]
for number in range(given["domains"]):
    name = f"tinh{number:03}"
    print(f"dn: dc={name},{suffix}\nobjectClass: domain\nobjectClass: domainRelatedObject\n"
          f"objectClass: congvuDomain\ndc: {name}\nassociatedDomain: {name}.gov.vn\n")
    print(f"dn: ou=people,dc={name},{suffix}\nobjectClass: organizationalUnit\nou: people\n")
for number in range(given["people"]):
    name = f"tinh{number % given['domains']:03}"
    mail = f"nguoi{number}@{name}.gov.vn"
    print(f"dn: uid=P{number},ou=people,dc={name},{suffix}\nobjectClass: inetOrgPerson\n"
          f"objectClass: inetLocalMailRecipient\nobjectClass: congvuAccount\nuid: P{number}\n"
          f"cn: Nguoi {number}\nsn: Nguoi\nmail: {mail}\nmailLocalAddress: {mail}\nmailHost: {host}\n"
          f"congvuState: active\ncongvuQuota: 2147483648\ndepartmentNumber: A{number % 100:02}\n")
"""
"""A directory of so many domains and people, as LDIF."""
