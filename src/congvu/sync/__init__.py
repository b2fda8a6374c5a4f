"""The sync: the directory follows the registry, safely, in every run.

`settings` says where everything is; `sources`, `layers`, `overrides` and `identity` read it and find out who
is who; `congvu.directory` computes and carries out.
"""
