"""Sealing a letter: PAdES baseline B-LTA (ETSI EN 319 142-1 §6) with a visible seal.

One signature that certifies the document and allows no changes (DocMDP 1, ISO 32000-1 §12.8.2.2),
its signature time-stamp, the certificates and revocation lists needed to judge it later (DSS), and
a document time-stamp over all of that. Everything is appended; the letter's own bytes stay as they
were and it stays PDF/A-3b.
"""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from asn1crypto import crl, x509
from pyhanko.pdf_utils.content import RawContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.misc import PdfError as PyHankoPdfError
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.signers.constants import ESIC_EXTENSION_1
from pyhanko.sign.signers.pdf_signer import DSSContentSettings, TimestampDSSContentSettings
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import ValidationError

from timestamping.authority.pki import SealKey
from timestamping.pdf.errors import SealError
from timestamping.pdf.seal_art import SIDE, seal_content
from timestamping.pdf.signer import LocalTimeStamper, PreloadedSigner
from timestamping.stamper import Stamper
from timestamping.trust import TrustStore

FIELD: Final = "Seal"
STAMP_FIELD: Final = "DocumentTimestamp"
#: Lower left corner of the seal on page 1 of a letter, PDF points from the page's lower left.
_LEFT, _BOTTOM = 148 / 25.4 * 72, 44 / 25.4 * 72
BOX: Final = (round(_LEFT), round(_BOTTOM), round(_LEFT + SIDE), round(_BOTTOM + SIDE))
#: Room for the signature with its time-stamp, hexadecimal digits. An elliptic seal with our own
#: clock needs 6,500, RSA with the chains of the large authorities less than 20,000. Left to itself,
#: pyHanko makes every signature twice to see how long it becomes.
_ROOM: Final = 24_576
#: How long a stamper's certificates are taken to be the same, seconds. They go into each letter's
#: DSS, and learning them costs a token.
_REMEMBERED: Final = 3600.0
#: Validation data of seal and time-stamps together in the revision of the document time-stamp, so
#: that this covers the file to its last byte. VRI dictionaries would have to come after it.
_DSS: Final = DSSContentSettings(
    include_vri=False,
    next_ts_settings=TimestampDSSContentSettings(include_vri=False, update_before_ts=True),
)
# pyHanko warns at each signature that nothing is fetched; all that is needed was supplied.
logging.getLogger("pyhanko.sign.signers.pdf_signer").addFilter(
    lambda record: "fetching is not allowed" not in record.getMessage()
)


class Sealer:
    """Seals letters with one key, safe for threads.

    ``trust`` is asked anew for each letter, so that a renewed revocation list is used at once; it
    must hold the roots of the seal's and of the stamper's certificates and a current CRL of each
    CA, because nothing is fetched from a network.
    """

    def __init__(
        self,
        seal: SealKey,
        stamper: Stamper,
        trust: Callable[[], TrustStore],
        *,
        name: str,
        purpose: str = "电子存证专用章",
        location: str = "",
    ) -> None:
        """``name`` stands on the visible seal's rim, ``location`` in the signature.

        Raises:
            SealError: the visible seal cannot be drawn.
        """
        self.signer = PreloadedSigner(seal)
        self._stamper = stamper
        self.trust = trust
        self._clock: tuple[LocalTimeStamper, float] | None = None
        self.name, self.location = name, location
        self.style = drawn_style(seal_content(name, purpose))

    def seal(self, pdf: bytes, *, reason: str) -> bytes:
        """The sealed letter. Takes one signature and two tokens.

        Raises:
            SealError: the PDF cannot be signed, or a chain cannot be completed from ``trust``.
            TimestampError: no token was to be had.
        """
        try:
            return self._in_room(pdf, reason)
        except (SigningError, ValidationError, PyHankoPdfError) as error:
            self.forget_clock()
            raise SealError(f"the letter cannot be sealed: {error}") from error

    def _in_room(self, pdf: bytes, reason: str) -> bytes:
        try:
            return self._sealed(pdf, reason, _ROOM)
        except SigningError:
            # Perhaps there was too little room for the chains of an outside clock: now with as
            # much as it takes. Whatever else was wrong is wrong again, and is told.
            return self._sealed(pdf, reason, None)

    def _sealed(self, pdf: bytes, reason: str, room: int | None) -> bytes:
        out, letter = io.BytesIO(), IncrementalPdfFileWriter(io.BytesIO(pdf))
        self._pdf_signer(reason).sign_pdf(letter, output=out, bytes_reserved=room)
        return out.getvalue()

    def timestamper(self) -> LocalTimeStamper:
        """The stamper as pyHanko wants it; its certificates are remembered for a while."""
        known, now = self._clock, time.monotonic()
        if known is None or now - known[1] > _REMEMBERED:
            known = self._clock = LocalTimeStamper(self._stamper), now
        return known[0]

    def forget_clock(self) -> None:
        """After a failure: perhaps the TSA has a new certificate."""
        self._clock = None

    def _pdf_signer(self, reason: str) -> PdfSigner:
        metadata = PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm="sha256",
            name=self.name,
            reason=reason,
            location=self.location or None,
            subfilter=SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
            embed_validation_info=True,
            use_pades_lta=True,
            timestamp_field_name=STAMP_FIELD,
            dss_settings=_DSS,
            validation_context=validation_context(self.trust()),
        )
        return PlainPdfSigner(
            metadata,
            signer=self.signer,
            timestamper=self.timestamper(),
            stamp_style=self.style,
            new_field_spec=SigFieldSpec(FIELD, on_page=0, box=BOX),
        )


class PlainPdfSigner(PdfSigner):
    """pyHanko declares PDF 2.0 for any P-256 key (ISO/TS 32002), but PDF/A-3 is built on PDF 1.7,
    where PAdES brings elliptic curves by its own extension (ETSI EN 319 142-1 §5.2)."""

    def register_extensions(self, pdf_out: BasePdfFileWriter, *, md_algorithm: str) -> None:
        pdf_out.register_extension(ESIC_EXTENSION_1)


def drawn_style(content: RawContent) -> StaticStampStyle:
    """A visible signature that is ``content`` and nothing else."""
    return StaticStampStyle(
        background=content,
        background_opacity=1.0,
        border_width=0,
        background_layout=SimpleBoxLayoutRule(
            x_align=AxisAlignment.ALIGN_MID,
            y_align=AxisAlignment.ALIGN_MID,
            margins=Margins(0, 0, 0, 0),
        ),
    )


def validation_context(
    trust: TrustStore, moment: datetime | None = None, revocation: str = "soft-fail"
) -> ValidationContext:
    """pyHanko's view of ``trust``, without any network.

    ``moment`` is when chains are judged (None: now). With ``revocation`` "hard-fail" a missing list
    is a failure; sealing uses "soft-fail", because an outside authority's list may not be at hand.
    """
    return ValidationContext(
        trust_roots=[x509.Certificate.load(der) for der in trust.roots],
        other_certs=[x509.Certificate.load(der) for der in trust.intermediates],
        crls=[crl.CertificateList.load(der) for der in trust.crls],
        allow_fetching=False,
        revocation_mode=revocation,
        moment=moment,
    )
