"""The archive volume of a notarial matter (公证卷宗): set as one PDF, listed, verified."""

from timestamping.certificate.volume.custody import Custody, custody_document, read_custody
from timestamping.certificate.volume.data import (
    Block,
    Facts,
    Note,
    Section,
    Table,
    VolumeData,
)
from timestamping.certificate.volume.errors import BadCustody, BadVolume
from timestamping.certificate.volume.manifest import (
    CUSTODY,
    PDF,
    SUBJECT,
    VolumeFiles,
    certificate_path,
    read_volume,
    write_volume,
)
from timestamping.certificate.volume.render import render_volume
from timestamping.certificate.volume.verifying import verify_volume

__all__ = [
    "CUSTODY",
    "PDF",
    "SUBJECT",
    "BadCustody",
    "BadVolume",
    "Block",
    "Custody",
    "Facts",
    "Note",
    "Section",
    "Table",
    "VolumeData",
    "VolumeFiles",
    "certificate_path",
    "custody_document",
    "read_custody",
    "read_volume",
    "render_volume",
    "verify_volume",
    "write_volume",
]
