"""Object identifiers of digests and signatures, and which of them still convince."""

from __future__ import annotations

from typing import Final

#: RFC 5754 §2 and GB/T 33560: digest algorithms by OID.
DIGESTS: Final = {
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.8": "sha3_256",
    "2.16.840.1.101.3.4.2.9": "sha3_384",
    "2.16.840.1.101.3.4.2.10": "sha3_512",
    "1.2.156.10197.1.401": "sm3",
}

#: What a signature may rest on, and what an imprint may be.
STRONG: Final = frozenset({"sha256", "sha384", "sha512"})
