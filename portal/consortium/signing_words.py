"""What the scripts of the pages say."""

from __future__ import annotations

from flask_babel import gettext


def signing_words() -> dict[str, str]:
    return {
        "no_key": gettext("Choose a key file first."),
        "bad_key": gettext("This file holds no key: 64 hexadecimal digits are needed."),
        "bad_address": gettext("An address is 0x and 40 hexadecimal digits."),
        "bad_identity": gettext("An identity is 64 hexadecimal digits."),
        "bad_rule": gettext("This file holds no rule in JSON."),
        "other_id": gettext(
            "What this browser computed is another message than the portal shows. Nothing was "
            "signed."
        ),
        "offline": gettext("The portal did not answer. Try again."),
        "session": gettext("Your session has ended. Sign in again, then repeat this."),
        "working": gettext("Signing …"),
        "your_address": gettext("Address of this key: %(address)s"),
        "made": gettext("The key file was saved. Keep it: whoever loses it loses the account."),
        "no_commitment": gettext("Fill in name and number, or give an identity."),
        "salt_saved": gettext("Keep this salt with your papers: %(salt)s"),
    }
