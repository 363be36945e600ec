"""Making a certificate: the signed file of one number, in the vault, outside of any transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from portal.certificates import evidence, gathering, numbers, papers, sealing
from portal.certificates.gathering import Whole
from portal.certificates.keys import Opened
from portal.certificates.kit import Kit
from portal.certificates.numbers import Number
from portal.certificates.sealing import Kept
from portal.certificates.signing import problem_of
from portal.deposits.models import Deposit
from portal.problems import BadInput, Unavailable
from timestamping.certificate import (
    CertificateData,
    MachineCheck,
    SigningKeyError,
    render_certificate,
    sign_certificate,
)
from timestamping.certificate.record import record_document
from timestamping.errors import TimestampError
from timestamping.pdf.errors import LetterError, PdfError


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was read, and is signed as it was read."""

    whole: Whole
    people: papers.People
    check: MachineCheck | None
    signers: Sequence[Opened]


@dataclass(frozen=True, slots=True)
class Made:
    """The signed certificate of one number, in the vault with its files."""

    number: Number
    moment: datetime
    record: bytes
    pdf: Kept
    manifest: Kept
    files: tuple[Kept, ...]


class Making:
    """Leaves files in the vault that nobody was given; who does not issue them forgets them."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._tools = kit, kit.tools

    def make(self, prepared: Prepared) -> Made:
        """The signed PDF for the next number, with its files, in the vault.

        Raises:
            BadInput: it holds what cannot be printed, or a key is not there any more.
            Unavailable: no time-stamp or no signature was to be had.
            Conflict: the evidence is not what the check saw.
        """
        whole, zone = prepared.whole, self._tools.settings.zone
        package = b""
        if prepared.check is not None:
            evidence.check_original(self._kit, whole.deposit)
            package = evidence.package_of(self._kit, whole.deposit)
            whole = self._with_letter(whole)
        moment = self._kit.now
        year = numbers.year_of(moment, zone)
        number = numbers.upcoming(self._tools.database, year, self._tools.settings.office_code)
        data = papers.data_of(self._kit, whole, prepared.people, prepared.check, number, moment)
        pdf = self._signed(data, prepared.signers)
        record = record_document(data)
        contents = {sealing.PDF: pdf, sealing.RECORD: record}
        if prepared.check is not None:
            contents |= {sealing.CHECK: prepared.check.document, sealing.SUBJECT: package}
        files = sealing.keep(self._kit, contents)
        manifest = sealing.keep_manifest(self._kit, data, files)
        kept = next(each for each in files if each.path == sealing.PDF)
        return Made(number, moment, record, kept, manifest, files)

    def _with_letter(self, whole: Whole) -> Whole:
        """A letter made on demand has been made by now."""
        with self._tools.database.reading() as session:
            deposit = session.get_one(Deposit, whole.deposit.id)
        return replace(whole, deposit=deposit, subject=gathering.subject_of(deposit))

    def _signed(self, data: CertificateData, signers: Sequence[Opened]) -> bytes:
        try:
            unsigned = render_certificate(data)
            signed = sign_certificate(
                unsigned, [each.signer for each in signers], self._tools.sealer
            )
        except LetterError as error:
            message = "This cannot stand on a certificate (%(place)s): %(why)s"
            raise BadInput("unprintable", message, place=error.field, why=str(error)) from error
        except TimestampError as error:
            message = (
                "The time-stamping authority did not answer. Nothing was issued and no number was "
                "used: press again in a moment."
            )
            raise Unavailable("tsa_down", message) from error
        except SigningKeyError as error:  # a token that was pulled out meanwhile
            raise problem_of(error, "secret") from error
        except PdfError as error:
            message = "The certificate could not be signed, and nothing was issued: %(why)s"
            raise Unavailable("not_signed", message, why=str(error)) from error
        return signed
