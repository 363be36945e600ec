"""Depositors' own keys: made in the browser, brought as a certificate, or held by the portal."""
