"""How many tokens the strict verifier judges in a second, beside rfc3161-client."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import rfc3161_client
from cryptography import x509

from benchmarks._figures import figure
from chain_adapter.digest import digest_of
from timestamping import Token, verify_token
from timestamping.authority.pki import Pki

_TOKENS = 200
_ROUNDS = 5


def main() -> None:
    """Print the figures; tokens are all different, the signer is one and the same."""
    with tempfile.TemporaryDirectory() as folder:
        pki = Pki.open(
            Path(folder) / "pki",
            passphrase=None,
            base_url="http://127.0.0.1:8000",
            organisation="Benchmark",
        )
        authority, trust = pki.authority(), pki.trust()
    digests = [digest_of(number.to_bytes(4, "big")) for number in range(_TOKENS)]
    tokens = [Token.parse(authority.issue(digest)) for digest in digests]

    def ours() -> None:
        for token, digest in zip(tokens, digests, strict=True):
            assert verify_token(token.der, trust, digest=digest).ok

    signer = x509.load_der_x509_certificate(authority.certificate)
    root = x509.load_der_x509_certificate(pki.root)
    other = (
        rfc3161_client.VerifierBuilder().tsa_certificate(signer).add_root_certificate(root).build()
    )
    responses = [token.response() for token in tokens]

    def theirs() -> None:
        for response, digest in zip(responses, digests, strict=True):
            decoded = rfc3161_client.decode_timestamp_response(response)
            assert other.verify(decoded, digest.value)

    rate, compared = _rate(ours), _rate(theirs)
    figure("verifier.tokens", rate, "tokens/CPU-s, cached chain", 300)
    figure("verifier.ratio", rate / compared, "times rfc3161-client, same run", 0.5)


def _rate(work: Callable[[], None]) -> float:
    """Median tokens per second of processor time; the machine may have other work."""
    work()
    rates = []
    for _ in range(_ROUNDS):
        start = time.process_time()
        work()
        rates.append(_TOKENS / (time.process_time() - start))
    return median(rates)


if __name__ == "__main__":
    main()
