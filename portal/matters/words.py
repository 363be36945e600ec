"""What codes of matters are called on pages: word, and where one is needed an icon and a look."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from flask_babel import lazy_gettext

Word: TypeAlias = Any
Look: TypeAlias = tuple[Word, str, str]

#: state → word, icon, the badge's look
STATES: Final[dict[str, Look]] = {
    "draft": (lazy_gettext("Being prepared"), "pencil", "draft"),
    "submitted": (lazy_gettext("With the office"), "send", "moving"),
    "accepted": (lazy_gettext("Accepted, being examined"), "scale", "moving"),
    "issued": (lazy_gettext("Certificate issued"), "certificate", "issued"),
    "refused": (lazy_gettext("Not notarised"), "circle-x", "refused"),
    "withdrawn": (lazy_gettext("Withdrawn"), "arrow-back-up", "ended"),
    "archived": (lazy_gettext("Certificate issued, archived"), "file-certificate", "issued"),
}
#: kind of certificate → word, what it is of
TEMPLATES: Final[dict[str, tuple[Word, Word]]] = {
    "preservation": (
        lazy_gettext("Preservation of evidence"),
        lazy_gettext("that the deposited data is complete and unaltered since it was deposited"),
    ),
    "web": (
        lazy_gettext("Preservation of a web page"),
        lazy_gettext("how a page was captured at the desktop, and what it showed then"),
    ),
    "draw": (
        lazy_gettext("Draw"),
        lazy_gettext("that a draw was carried out by the rules announced"),
    ),
}
PURPOSES: Final[dict[str, Word]] = {
    "litigation": lazy_gettext("Evidence in court"),
    "arbitration": lazy_gettext("Evidence in arbitration"),
    "complaint": lazy_gettext("Complaint to an authority or a platform"),
    "copyright": lazy_gettext("Claiming copyright"),
    "contract": lazy_gettext("Proof of a contract and its performance"),
    "abroad": lazy_gettext("Use abroad"),
    "draw": lazy_gettext("Publication of the result of a draw"),
    "own-use": lazy_gettext("Keeping for one's own records"),
    "other": lazy_gettext("Something else, said in words"),
}
LANGUAGES: Final[dict[str, Word]] = {
    "zh+en": lazy_gettext("Chinese and English"),
    "zh": lazy_gettext("Chinese"),
    "en": lazy_gettext("English"),
}
ROLES: Final[dict[str, tuple[Word, Word, str]]] = {
    "applicant": (lazy_gettext("Applicant"), lazy_gettext("for whom is certified"), "user"),
    "agent": (
        lazy_gettext("Agent"),
        lazy_gettext("acts for an applicant: legal representative, lawyer, employee"),
        "writing-sign",
    ),
    "interested": (
        lazy_gettext("Other person concerned"),
        lazy_gettext("such as the other side; no papers are asked of them"),
        "users",
    ),
}
KINDS: Final[dict[str, Word]] = {
    "person": lazy_gettext("A person"),
    "organisation": lazy_gettext("An organisation"),
}
#: code of a material → what it is, and what will do
MATERIALS: Final[dict[str, tuple[Word, Word]]] = {
    "identity": (
        lazy_gettext("Identity document"),
        lazy_gettext("Both sides of the card, or the page of the passport with the photograph."),
    ),
    "authority": (
        lazy_gettext("Authority to act"),
        lazy_gettext(
            "Signed power of attorney; of a legal representative, the certificate of that office."
        ),
    ),
    "ownership": (
        lazy_gettext("Proof of the copyright claimed"),
        lazy_gettext("Registration, first publication with the author's name, or the contract."),
    ),
    "approval": (
        lazy_gettext("Approval or legal basis of the draw"),
        lazy_gettext("The authority's approval, or the rule that the draw rests on."),
    ),
    "rules": (
        lazy_gettext("Rules and notices of the draw"),
        lazy_gettext("As they were announced to the participants, with the date."),
    ),
    "other": (lazy_gettext("Further material"), lazy_gettext("What the office asked for.")),
}
#: of an organisation
IDENTITY_OF_ORGANISATION: Final = lazy_gettext("Business licence or certificate of registration.")
#: state of a line of the checklist → word, icon, look
MATERIAL_STATES: Final[dict[str, Look]] = {
    "missing": (lazy_gettext("missing"), "circle-dashed", "waiting"),
    "handed-in": (lazy_gettext("handed in"), "check", "moving"),
    "accepted": (lazy_gettext("accepted"), "circle-check", "issued"),
    "waived": (lazy_gettext("not needed"), "circle-check", "ended"),
}
WITHDRAWALS: Final[dict[str, Word]] = {
    "settled": lazy_gettext("The matter has been settled"),
    "not-needed": lazy_gettext("The certificate is no longer needed"),
    "mistake": lazy_gettext("There is a mistake in the application"),
    "time": lazy_gettext("It takes too long"),
    "fee": lazy_gettext("Because of the fee"),
    "other": lazy_gettext("Another reason, said in words"),
}
MEDIA: Final[dict[str, str]] = {
    "application/pdf": "PDF",
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WebP",
    "image/heic": "HEIC",
    "image/tiff": "TIFF",
}
#: steps of the application: name of the page → word, icon
STEPS: Final[dict[str, tuple[Word, str]]] = {
    "what": (lazy_gettext("What is certified"), "file-text"),
    "parties": (lazy_gettext("Parties to the matter"), "users"),
    "materials": (lazy_gettext("Documents"), "file-upload"),
    "notice": (lazy_gettext("Notice"), "scale"),
    "review": (lazy_gettext("Review and submit"), "send"),
}
#: what services say of an application that is not complete
MISSING: Final[tuple[Word, ...]] = (
    lazy_gettext("Choose what it is for."),
    lazy_gettext("Say in words what it is for."),
    lazy_gettext("Say which facts are to be proved."),
    lazy_gettext("Name at least one applicant."),
    lazy_gettext("The particulars of %(name)s are not complete: %(why)s"),
    lazy_gettext("Give the name as the document prints it."),
    lazy_gettext("The name holds control characters."),
    lazy_gettext("Choose a document."),
    lazy_gettext("Choose the issuing country or region."),
    lazy_gettext("A document of this kind has no such number: look for a typing error."),
    lazy_gettext("Say for whom %(name)s acts."),
    lazy_gettext("%(name)s is an organisation: name the person who acts for it."),
    lazy_gettext("The identity document of %(name)s is not handed in yet."),
    lazy_gettext("The authority of %(name)s to act for somebody else is not handed in yet."),
    lazy_gettext("Proof of the copyright claimed is not handed in yet."),
    lazy_gettext("Approval or legal basis of the draw is not handed in yet."),
    lazy_gettext("The rules and notices of the draw are not handed in yet."),
    lazy_gettext("Material that the office asked for is not handed in yet."),
    lazy_gettext("Confirm that you have read the notice."),
)
