"""How names become addresses: pure functions, no I/O, no clock.

`letters` folds Vietnamese and its neighbours to ASCII, `units` abbreviates names of units, `template`
renders a policy's ladder, `namespace` knows what is taken, `allocation` issues addresses in order.
"""
