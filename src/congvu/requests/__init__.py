"""Requests of units: lists that come by mail or on paper, are checked, wait, and are carried out.

`submitted` reads a message, `lists` the list in it, `checks` says what is wrong, `model` is what `store`
keeps of it; `intake` does all that for what has come, `paper` for what came on paper, `decide` what the
operator says.
"""
