"""Many digests from one CSV file: looked at first, deposited when confirmed."""
