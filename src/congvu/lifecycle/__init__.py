"""The life of an account between two registries: acts of people in charge, timers, and who is told.

What may happen is one table (`transitions`). `acts` and `timers` make operations of it (pure), `desk` carries
them out as the sync does, `follow` does on the mail server what follows: it ends sessions and writes letters.
docs/lifecycle.md describes it.
"""
