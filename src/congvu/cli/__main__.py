"""`python3 -m congvu.cli`: the command line without an installed entry point."""

from congvu.cli import main

main()
