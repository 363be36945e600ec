"""Verification: the public page, and a command that needs neither web framework nor database.

Importing this package imports neither: ``python -m portal.verification`` must run on any machine
that has the four domain packages.
"""
