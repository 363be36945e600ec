"""The steps of :mod:`forensics.verifier`, by what they look at."""
