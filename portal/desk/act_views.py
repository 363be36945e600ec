"""What the office does with a matter, each act with a form of its own.

The forms are pages, and these ask for fresh proof already: nobody writes a refusal and is then sent
away to look for a telephone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from flask import flash, render_template, request
from flask_babel import LazyString, gettext, lazy_gettext
from werkzeug.wrappers import Response

from portal.accounts.fresh import fresh_required
from portal.audit.actor import Actor
from portal.desk import forms, present, words
from portal.desk.blueprint import NOTARY, blueprint
from portal.desk.matter_views import back, desk, refused
from portal.matters.shapes import MatterView
from portal.problems import BadInput, NotFound, PortalError
from portal.security import roles_required
from portal.ui.context import current_actor, services


@dataclass(frozen=True, slots=True)
class Act:
    """One act: what its page says, its form, what is done with it, what is said afterwards."""

    title: LazyString
    lead: LazyString
    form: type[Any]
    do: Callable[[Actor, str, Any], object]
    said: LazyString
    icon: str
    grave: bool = False


@blueprint.get("/matters/<matter_id>/do/<act>")
@roles_required(NOTARY)
@fresh_required
def act(matter_id: str, act: str) -> str:
    """The form of an act."""
    matter = services().matters.office_view(current_actor(), matter_id)
    return _page(matter, act, _begun(matter, _known(act).form(formdata=None)))


@blueprint.post("/matters/<matter_id>/do/<act>")
@roles_required(NOTARY)
@fresh_required
def do(matter_id: str, act: str) -> Response | tuple[str, int]:
    """Do it; 303 to the matter's page."""
    known = _known(act)
    matter = services().matters.office_view(current_actor(), matter_id)
    form = known.form(meta={"csrf": False})  # the guard before every view has checked the token
    _choices(matter, form)
    try:
        known.do(current_actor(), matter_id, form)
    except BadInput as error:
        at = getattr(form, error.field or "", None)
        sentence = gettext(error.message, **error.params)
        if at is not None:
            at.errors = [sentence]
        else:
            flash(sentence, "error")
        return _page(matter, act, form), error.status
    except PortalError as error:
        return refused(matter_id, error)
    flash(str(known.said), "success")
    return back(matter_id)


def _page(matter: MatterView, act: str, form: Any) -> str:
    clock = desk().clock(current_actor(), matter.id)
    return render_template(
        "desk/act.html",
        matter=matter,
        act=act,
        about=_known(act),
        form=form,
        words=words,
        clock=clock,
        bar=present.days_bar(clock, matter.state),
        by_rule=desk().second_by_rule(matter.template),
    )


def _begun(matter: MatterView, form: Any) -> Any:
    """The form as it is first seen."""
    _choices(matter, form)
    holders = {each.part: each.notary_id for each in matter.assignments}
    if isinstance(form, forms.AcceptForm):
        form.second.data = matter.second_needed or desk().second_by_rule(matter.template)
    if isinstance(form, forms.AcceptForm | forms.RefuseForm):
        form.seen.data = str(matter.revision)
    if isinstance(form, forms.AssignForm):
        part = request.args.get("part", "first")
        form.part.data = part if part in words.PARTS else "first"
        form.seen.data = holders.get(form.part.data, "")
    if isinstance(form, forms.KeepAwayForm):
        form.notary.data = current_actor().id
    if isinstance(form, forms.SecondForm):
        form.needed.data = "no" if matter.second_needed else "yes"
    if isinstance(form, forms.AskForm):
        form.code.data = request.args.get("code", "other")
    return form


def _choices(matter: MatterView, form: Any) -> None:
    if hasattr(form, "notary"):
        form.notary.choices = [
            ("", gettext("Choose a notary")),
            *desk().notaries().items(),
        ]
    if hasattr(form, "party"):
        whole = ("", gettext("The application as a whole"))
        form.party.choices = [
            whole,
            *(
                (each.id, f"{words.PARTY_ROLES[each.role]} · {each.masked_name}")
                for each in matter.parties
            ),
        ]


def _known(act: str) -> Act:
    if act not in _ACTS:
        raise NotFound("act", "There is nothing at this address.")
    return _ACTS[act]


def _revision(form: Any) -> int | None:
    text = form.seen.data or ""
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _accept(actor: Actor, matter_id: str, form: Any) -> None:
    desk().accept(actor, matter_id, form.fee.data or "", bool(form.second.data), _revision(form))


def _refuse(actor: Actor, matter_id: str, form: Any) -> None:
    reason, note = form.reason.data or "", form.note.data or ""
    desk().refuse(actor, matter_id, reason, note, _revision(form))


def _pause(actor: Actor, matter_id: str, form: Any) -> None:
    desk().pause(actor, matter_id, form.reason.data or "", form.note.data or "")


def _assign(actor: Actor, matter_id: str, form: Any) -> None:
    notary, part = form.notary.data or "", form.part.data or "first"
    desk().assign(actor, matter_id, notary, part, form.seen.data or "")


def _second(actor: Actor, matter_id: str, form: Any) -> None:
    desk().set_second(actor, matter_id, form.needed.data == "yes", form.reason.data or "")


def _keep_away(actor: Actor, matter_id: str, form: Any) -> None:
    notary = form.notary.data or ""
    if not notary:  # it is not taken back: nobody is meant by leaving it empty
        raise BadInput("no_notary", "Choose one of the office's notaries.", field="notary")
    other = "" if notary == actor.id else notary
    desk().keep_away(actor, matter_id, form.reason.data or "", other)


def _ask(actor: Actor, matter_id: str, form: Any) -> None:
    code, note, party = form.code.data or "", form.note.data or "", form.party.data or ""
    desk().ask_material(actor, matter_id, code, note, party, bool(form.stop.data))


_ACTS: Final = {
    "accept": Act(
        lazy_gettext("Accept the application"),
        lazy_gettext(
            "The office's period of fifteen working days begins: today does not count. The "
            "applicant is told."
        ),
        forms.AcceptForm,
        _accept,
        lazy_gettext("The application is accepted; the clock runs."),
        "circle-check",
    ),
    "refuse": Act(
        lazy_gettext("Refuse the application"),
        lazy_gettext("The matter ends. The applicant reads the ground and your words."),
        forms.RefuseForm,
        _refuse,
        lazy_gettext("The application is refused."),
        "circle-x",
        grave=True,
    ),
    "pause": Act(
        lazy_gettext("Stop the clock"),
        lazy_gettext("Days do not count from today on, until you let the clock go on."),
        forms.PauseForm,
        _pause,
        lazy_gettext("The clock stands still."),
        "player-pause",
    ),
    "resume": Act(
        lazy_gettext("Let the clock go on"),
        lazy_gettext("Days count again from today on; the last day is counted anew."),
        forms.ResumeForm,
        lambda actor, matter_id, form: desk().resume(actor, matter_id),
        lazy_gettext("The clock runs again."),
        "player-play",
    ),
    "assign": Act(
        lazy_gettext("Assign"),
        lazy_gettext("Whoever it is assigned to is told by mail. Notaries who keep away cannot."),
        forms.AssignForm,
        _assign,
        lazy_gettext("It is assigned."),
        "user-check",
    ),
    "release": Act(
        lazy_gettext("Let go of it"),
        lazy_gettext("It stands in the queue as unassigned again."),
        forms.ReleaseForm,
        lambda actor, matter_id, form: desk().release(actor, matter_id, form.reason.data or ""),
        lazy_gettext("It is no longer yours."),
        "arrow-back-up",
    ),
    "keep-away": Act(
        lazy_gettext("Note a conflict of interest"),
        lazy_gettext(
            "Whoever keeps away can neither act on this matter nor read it here (Notarization Law, "
            "article 23). It is not taken back."
        ),
        forms.KeepAwayForm,
        _keep_away,
        lazy_gettext("It is noted."),
        "hand-stop",
        grave=True,
    ),
    "second": Act(
        lazy_gettext("Second notary"),
        lazy_gettext("Decide for this matter otherwise than the office's rule has it."),
        forms.SecondForm,
        _second,
        lazy_gettext("It is decided."),
        "users",
    ),
    "ask": Act(
        lazy_gettext("Ask for more material"),
        lazy_gettext("It stands on the applicant's checklist at once."),
        forms.AskForm,
        _ask,
        lazy_gettext("The applicant is asked for it."),
        "file-upload",
    ),
}
