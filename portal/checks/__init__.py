"""The check before a certificate: ticked by machine, confirmed by the notary, repeatable."""
