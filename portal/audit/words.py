"""The custody log's codes in words people read."""

from __future__ import annotations

from flask_babel import lazy_gettext

ACTIONS = {
    "account.created": lazy_gettext("account created"),
    "account.registered": lazy_gettext("registered"),
    "account.signed_in": lazy_gettext("signed in"),
    "account.signed_out": lazy_gettext("signed out"),
    "account.sign_in_failed": lazy_gettext("sign-in refused"),
    "account.password_changed": lazy_gettext("password changed"),
    "account.password_reset": lazy_gettext("password set anew by a mailed link"),
    "account.confirmed": lazy_gettext("e-mail address confirmed"),
    "account.verified": lazy_gettext("proved again who it is"),
    "account.slowed": lazy_gettext("too many attempts to sign in: slowed down"),
    "account.app_added": lazy_gettext("authenticator app set up"),
    "account.app_removed": lazy_gettext("authenticator app removed"),
    "account.passkey_added": lazy_gettext("passkey added"),
    "account.passkey_renamed": lazy_gettext("passkey renamed"),
    "account.passkey_removed": lazy_gettext("passkey removed"),
    "account.codes_made": lazy_gettext("recovery codes made"),
    "account.factors_reset": lazy_gettext("second factors taken away by an administrator"),
    "account.session_ended": lazy_gettext("one browser signed out"),
    "account.signed_out_everywhere": lazy_gettext("signed out everywhere"),
    "identity.submitted": lazy_gettext("identity stated"),
    "identity.read": lazy_gettext("identity read"),
    "identity.checked": lazy_gettext("identity document checked"),
    "identity.refused": lazy_gettext("identity not accepted"),
    "account.roles_changed": lazy_gettext("roles changed"),
    "account.key_created": lazy_gettext("API key created"),
    "account.key_revoked": lazy_gettext("API key revoked"),
    "deposit.received": lazy_gettext("received, digest computed"),
    "deposit.timestamped": lazy_gettext("time-stamped"),
    "deposit.anchored": lazy_gettext("recorded on the ledger"),
    "deposit.followed": lazy_gettext("recorded on a further ledger"),
    "deposit.issued": lazy_gettext("letter issued"),
    "deposit.letter_made": lazy_gettext("letter made on demand"),
    "deposit.waiting": lazy_gettext("a step waits"),
    "deposit.exported": lazy_gettext("taken away"),
    "deposit.list_exported": lazy_gettext("list of deposits taken away"),
    "organisation.created": lazy_gettext("organisation made"),
    "organisation.renamed": lazy_gettext("organisation's particulars changed"),
    "organisation.verified": lazy_gettext("organisation verified"),
    "organisation.verification_withdrawn": lazy_gettext("organisation's verification withdrawn"),
    "organisation.invited": lazy_gettext("invited to the organisation"),
    "organisation.invitation_withdrawn": lazy_gettext("invitation withdrawn"),
    "organisation.joined": lazy_gettext("joined the organisation"),
    "organisation.declined": lazy_gettext("declined an invitation"),
    "organisation.role_changed": lazy_gettext("member's role changed"),
    "organisation.member_removed": lazy_gettext("member removed"),
    "organisation.left": lazy_gettext("left the organisation"),
    "access.given": lazy_gettext("reading access given"),
    "access.taken_back": lazy_gettext("reading access taken back"),
    "draw.created": lazy_gettext("draw begun"),
    "draw.planned": lazy_gettext("plan of the draw changed"),
    "draw.deleted": lazy_gettext("draft of a draw deleted"),
    "draw.invited": lazy_gettext("party invited to the draw"),
    "draw.uninvited": lazy_gettext("party taken out of the draw"),
    "draw.claimed": lazy_gettext("invitation to a draw accepted"),
    "draw.joined": lazy_gettext("party's keys handed in"),
    "draw.list_taken": lazy_gettext("list of entries uploaded"),
    "draw.columns_chosen": lazy_gettext("columns of the list chosen"),
    "draw.list_surveyed": lazy_gettext("list of entries read"),
    "draw.list_committed": lazy_gettext("list of entries committed to"),
    "draw.list_failed": lazy_gettext("list of entries refused"),
    "draw.list_again": lazy_gettext("list of entries to be read again"),
    "draw.list_dropped": lazy_gettext("list of entries removed"),
    "draw.frozen": lazy_gettext("draw frozen"),
    "draw.thawed": lazy_gettext("freeze of the draw taken back"),
    "draw.waived": lazy_gettext("late application of a draw allowed"),
    "draw.stated": lazy_gettext("signed statement handed in"),
    "draw.stepped": lazy_gettext("step of the draw made"),
    "draw.beacon": lazy_gettext("beacon of the draw received"),
    "draw.sample_read": lazy_gettext("sampled entries shown to the notary"),
    "draw.bound": lazy_gettext("whole draw deposited"),
    "draw.complete": lazy_gettext("draw complete"),
    "draw.cancelled": lazy_gettext("draw cancelled"),
    "webhook.created": lazy_gettext("webhook added"),
    "webhook.changed": lazy_gettext("webhook changed"),
    "webhook.secret_changed": lazy_gettext("secret of a webhook renewed"),
    "webhook.enabled": lazy_gettext("webhook enabled"),
    "webhook.disabled": lazy_gettext("webhook disabled"),
    "webhook.removed": lazy_gettext("webhook removed"),
    "webhook.tested": lazy_gettext("webhook tested"),
    "webhook.resent": lazy_gettext("webhook message sent again"),
    "announcement.published": lazy_gettext("announced"),
    "announcement.withdrawn": lazy_gettext("announcement withdrawn"),
    "operator.retried": lazy_gettext("a waiting step retried"),
    "operator.checked": lazy_gettext("health of the parts checked"),
    "vault.orphans_deleted": lazy_gettext("content that no record names deleted"),
    "account.closed": lazy_gettext("account closed"),
    "account.opened": lazy_gettext("account opened again"),
    "account.password_demanded": lazy_gettext("new password demanded"),
    "account.sessions_ended": lazy_gettext("signed out everywhere"),
    "deposit.case_changed": lazy_gettext("case changed"),
    "deposit.tagged": lazy_gettext("tags changed"),
    "case.created": lazy_gettext("case made"),
    "case.changed": lazy_gettext("case described anew"),
    "case.closed": lazy_gettext("case closed"),
    "case.reopened": lazy_gettext("case reopened"),
    "case.noted": lazy_gettext("noted"),
    "case.deposits_added": lazy_gettext("deposits put into the case"),
    "case.deposits_removed": lazy_gettext("deposits taken out of the case"),
    "case.exported": lazy_gettext("timeline exported"),
    "import.confirmed": lazy_gettext("import confirmed"),
    "import.exported": lazy_gettext("result of an import exported"),
    "capture.asked": lazy_gettext("desktop for a capture asked for"),
    "capture.scheduled": lazy_gettext("captures scheduled"),
    "capture.schedule_stopped": lazy_gettext("schedule of captures stopped"),
    "capture.schedule_failed": lazy_gettext("a scheduled capture could not be asked for"),
    "capture.started": lazy_gettext("desktop started"),
    "capture.live": lazy_gettext("recording on, input released"),
    "capture.used": lazy_gettext("sat down at the desktop"),
    "capture.watched": lazy_gettext("watched the desktop"),
    "capture.finished": lazy_gettext("recording ended"),
    "capture.ready": lazy_gettext("recording kept, digests compared"),
    "capture.viewed": lazy_gettext("recording looked at"),
    "capture.exported": lazy_gettext("file of a recording taken away"),
    "capture.sealed": lazy_gettext("recording sealed as a deposit"),
    "capture.discarded": lazy_gettext("recording discarded"),
    "capture.failed": lazy_gettext("capture failed"),
    "capture.orphan_ended": lazy_gettext("desktop that belonged to nothing ended"),
    "audit.verified": lazy_gettext("custody log proved"),
    "audit.exported": lazy_gettext("custody log taken away"),
    "audit.anchor_asked": lazy_gettext("anchor of the custody log asked for"),
    "audit.anchored": lazy_gettext("custody log anchored on the ledger"),
    "audit.anchor_waiting": lazy_gettext("anchor of the custody log waits"),
    "activity.exported": lazy_gettext("own part of the custody log taken away"),
    "verification.made": lazy_gettext("verified by a member of staff"),
    "erasure.asked": lazy_gettext("erasure of the content asked for"),
    "erasure.cancelled": lazy_gettext("erasure taken back"),
    "erasure.done": lazy_gettext("content erased, proof kept"),
    "hold.set": lazy_gettext("legal hold set"),
    "hold.lifted": lazy_gettext("legal hold lifted"),
    "account.data_exported": lazy_gettext("own data taken away"),
}
ROLES = {
    "depositor": lazy_gettext("depositor"),
    "organiser": lazy_gettext("organiser of draws"),
    "notary": lazy_gettext("notary"),
    "auditor": lazy_gettext("auditor"),
    "operator": lazy_gettext("operator"),
    "administrator": lazy_gettext("administrator"),
}
WAYS = {
    "web": lazy_gettext("web page"),
    "api": lazy_gettext("API"),
    "cli": lazy_gettext("command line"),
    "worker": lazy_gettext("worker process"),
}
FAULTS = {
    "missing": lazy_gettext("It is missing."),
    "relinked": lazy_gettext("It does not follow the entry before it."),
    "changed": lazy_gettext("It was changed after it was recorded."),
    "truncated": lazy_gettext("The log ends too early."),
    "surplus": lazy_gettext("It stands behind the end and was never recorded properly."),
}
#: step of the proof → what it shows, and what it means when it fails
CHECKS = {
    "chain": (
        lazy_gettext("The chain is intact"),
        lazy_gettext("An entry was changed, moved or taken out."),
    ),
    "anchors-kept": (
        lazy_gettext("Every anchor that the log names is there"),
        lazy_gettext("An anchor that the log speaks of was taken away."),
    ),
    "ledger-anchors": (
        lazy_gettext("Every anchor on the ledger is there"),
        lazy_gettext("The ledger holds an anchor that is no longer here."),
    ),
    "anchor-head": (
        lazy_gettext("The log is what was anchored"),
        lazy_gettext("The log up to here is not the one that was anchored: it was rewritten."),
    ),
    "anchor-token": (
        lazy_gettext("The time-stamp verifies"),
        lazy_gettext("The time-stamp is not over this head, or nobody trusted made it."),
    ),
    "anchor-entry": (
        lazy_gettext("The ledger entry is of this head and time-stamp"),
        lazy_gettext("The ledger entry speaks of another head or time-stamp."),
    ),
    "anchor-ledger": (
        lazy_gettext("The ledger holds it"),
        lazy_gettext("Receipt and proof do not show that the ledger holds this entry."),
    ),
}
#: state of an anchor → its next step
STEPS = {
    "taken": lazy_gettext("waits for the time-stamp"),
    "timestamped": lazy_gettext("waits for the ledger"),
    "anchored": lazy_gettext("on the ledger"),
}


def act_name(action: str) -> str:
    """``"account.signed_in"`` in words; the code itself when there are none."""
    return str(ACTIONS.get(action, action))


def role_names(roles: str) -> list[str]:
    """The roles of an entry, in words."""
    return [str(ROLES.get(role, role)) for role in roles.split()]


def way_name(via: str) -> str:
    """By which way in, in words; processes are named so too."""
    return str(WAYS.get(via, via))
