"""Hosts before and around Ansible: the lab's containers, the bootstrap of bare hosts, deployment runs.

pyinfra needs only a shell on the other side; that is why it, and not Ansible, takes a bare Debian to the
point where Ansible can work. Nothing here imports LDAP.
"""
