"""What is done by hand to mail that is under way or stored: what is held, what is recalled.

It runs as root on a mail server, beside Postfix and Dovecot, and asks them through their own tools. Every act
stands in an audit log of its own, before and after.
"""
