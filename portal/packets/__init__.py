"""Content as packets at deposit nodes: cut before the entry is signed, spread, fetched back."""
