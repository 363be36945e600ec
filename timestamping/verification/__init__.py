"""The parts of the token verifier, split along what they know.

``der`` encoding · ``response`` TimeStampResp · ``cms`` SignedData · ``tst`` TSTInfo ·
``attributes`` what is signed · ``algorithms`` digests and signatures · ``certificates`` one
certificate · ``chain`` several · ``revocation`` CRLs · ``carried`` what nobody signed ·
``signatory`` what is remembered about a signer · ``report`` steps and verdict
"""
