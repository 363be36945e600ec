"""The embedded time-stamping authority and the PKI that certifies it.

:class:`Authority` answers RFC 3161 requests; :class:`Pki` makes and keeps its key;
:class:`TsaApplication` serves it over HTTP. None of them needs the rest of the package.
"""

from timestamping.authority.ca import Lifetimes
from timestamping.authority.clock import Clock, SystemClock
from timestamping.authority.engine import DEFAULT_POLICY, Authority
from timestamping.authority.errors import (
    AuthorityError,
    BadSigner,
    Failure,
    PkiError,
    Rejection,
    WrongPassphrase,
)
from timestamping.authority.keys import KeyType
from timestamping.authority.notaries import (
    NotaryKeyFile,
    issue_notary_certificate,
    make_notary_key,
)
from timestamping.authority.pki import Pki, SealKey
from timestamping.authority.request import MAX_REQUEST
from timestamping.authority.wsgi import QUERY_TYPE, REPLY_TYPE, TsaApplication

__all__ = [
    "DEFAULT_POLICY",
    "MAX_REQUEST",
    "QUERY_TYPE",
    "REPLY_TYPE",
    "Authority",
    "AuthorityError",
    "BadSigner",
    "Clock",
    "Failure",
    "KeyType",
    "Lifetimes",
    "NotaryKeyFile",
    "Pki",
    "PkiError",
    "Rejection",
    "SealKey",
    "SystemClock",
    "TsaApplication",
    "WrongPassphrase",
    "issue_notary_certificate",
    "make_notary_key",
]
