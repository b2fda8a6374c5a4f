"""The LDAP directory: what is wanted, what is there, the difference, and the one writer.

::

    registry, policy ──► wanted ─┐
    LDAP ──► inspect (snapshot) ─┴─► diff ──► Plan ──► apply ──► LDAP

`wanted` and `diff` are pure. `inspect` only reads, `apply` and `password` write. The layout of the tree
is in `model`; docs/directory.md describes it for those who write the daemons' configuration.
"""
