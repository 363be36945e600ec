"""The checklist of a matter, kept in step with what the rules ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.matters import rules
from portal.matters.kit import Kit
from portal.matters.models import Matter, MatterDocument, MatterMaterial, MatterParty
from portal.matters.shapes import MATERIALS, MaterialView, Missing

_SENTENCES = {
    "identity": "The identity document of %(name)s is not handed in yet.",
    "authority": "The authority of %(name)s to act for somebody else is not handed in yet.",
    "ownership": "Proof of the copyright claimed is not handed in yet.",
    "approval": "Approval or legal basis of the draw is not handed in yet.",
    "rules": "The rules and notices of the draw are not handed in yet.",
    "other": "Material that the office asked for is not handed in yet.",
}


def keep_in_step(kit: Kit, session: Session, matter: Matter) -> list[str]:
    """Add the lines that the rules ask for now, and drop those they no longer do; the vault's keys
    of what was handed in for these, whose content goes once the transaction is through."""
    session.flush()
    query = select(MatterParty.id, MatterParty.role).where(MatterParty.matter_id == matter.id)
    parties = [(row.id, row.role) for row in session.execute(query.order_by(MatterParty.place))]
    wanted = rules.needed(matter.template, matter.purpose_code, parties)
    lines = session.scalars(select(MatterMaterial).where(MatterMaterial.matter_id == matter.id))
    known = {(each.code, each.party_id): each for each in lines if each.asked_by is None}
    for code, party_id in wanted:
        if (code, party_id) not in known:
            session.add(
                MatterMaterial(matter_id=matter.id, party_id=party_id, code=code, asked_at=kit.now)
            )
    gone = [line for need, line in known.items() if need not in wanted]
    return forget(session, gone)


def forget(session: Session, lines: Iterable[MatterMaterial]) -> list[str]:
    """Delete these lines with their documents; where the content lies."""
    ids = [each.id for each in lines]
    if not ids:
        return []
    mine = MatterDocument.material_id.in_(ids)
    keys = [key for key in session.scalars(select(MatterDocument.vault_key).where(mine)) if key]
    session.execute(delete(MatterDocument).where(mine))
    session.execute(delete(MatterMaterial).where(MatterMaterial.id.in_(ids)))
    return keys


def ordered(lines: Iterable[MatterMaterial], places: dict[str, int]) -> list[MatterMaterial]:
    """As the checklist shows them: by party, then what concerns the matter as a whole."""
    last = len(places) + 1

    def rank(line: MatterMaterial) -> tuple[int, int, str]:
        place = places.get(line.party_id or "", last)
        return place, MATERIALS.index(line.code) if line.code in MATERIALS else 9, line.id

    return sorted(lines, key=rank)


def missing(lines: Iterable[MaterialView]) -> Iterator[Missing]:
    """What is still to be handed in, by name."""
    for line in lines:
        if line.state == "missing":
            message = _SENTENCES.get(line.code, _SENTENCES["other"])
            params = {"name": line.party_name} if line.party_name else {}
            yield Missing(f"material_{line.code}", "materials", message, params)
