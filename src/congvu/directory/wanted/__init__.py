"""What the directory should hold: registry + policy + ledger → wanted entries (pure)."""

from congvu.directory.wanted.work import Wanted, WantedEntry, telephone, wanted

__all__ = ["Wanted", "WantedEntry", "telephone", "wanted"]
