"""The parts of the token verifier, split along what they know.

``der`` (encoding) · ``tst`` (TSTInfo) · ``cms`` (SignedData) · ``algorithms`` · ``names``
"""
