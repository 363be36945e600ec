"""What the browser may do: Chromium's managed policy, the same for every session.

Local files, the browser's own pages, developer tools and scripts typed as addresses are closed;
nothing is signed in, synchronised, measured, remembered or fetched in the background. Every name is
one of Chromium's policies (chromeenterprise.google/policies); one it does not know it would ignore.
"""

from __future__ import annotations

import json
from typing import Any, Final

from forensics.desktop.layout import DOWNLOADS_INSIDE

POLICY_INSIDE: Final = "/etc/chromium/policies/managed/notary.json"
_CLOSED: Final = (
    "file://*", "chrome://*", "chrome-untrusted://*", "chrome-extension://*", "devtools://*",
    "javascript://*", "view-source:*", "filesystem:*", "ftp://*", "about:*", "data:*",
    "chrome-search://*", "isolated-app://*",
)  # fmt: skip
_OFF: Final = (
    "AllowDinosaurEasterEgg", "AlternateErrorPagesEnabled", "AudioCaptureAllowed",
    "AutofillAddressEnabled", "AutofillCreditCardEnabled", "BackgroundModeEnabled",
    "BookmarkBarEnabled", "BrowserAddPersonEnabled", "BrowserGuestModeEnabled",
    "BrowserNetworkTimeQueriesEnabled", "BuiltInDnsClientEnabled", "ComponentUpdatesEnabled",
    "DefaultBrowserSettingEnabled", "DomainReliabilityAllowed", "EditBookmarksEnabled",
    "EnableMediaRouter", "ImportAutofillFormData", "ImportBookmarks", "ImportHistory",
    "ImportSavedPasswords", "ImportSearchEngine", "MetricsReportingEnabled",
    "PasswordManagerEnabled", "PaymentMethodQueryEnabled", "PrintingEnabled",
    "PrivacySandboxPromptEnabled", "PromotionsEnabled", "PromptForDownloadLocation",
    "QuicAllowed", "SearchSuggestEnabled", "SpellCheckServiceEnabled",
    "TranslateEnabled", "UrlKeyedAnonymizedDataCollectionEnabled", "VideoCaptureAllowed",
)  # fmt: skip


def policy(cdp_port: int) -> dict[str, Any]:
    """``cdp_port`` is closed to the person at the desktop: who drives the browser through it is
    what captures pages."""
    own = [f"{host}:{cdp_port}" for host in ("127.0.0.1", "localhost", "[::1]")]
    chosen: dict[str, Any] = {
        "URLBlocklist": [*_CLOSED, *own],
        "URLAllowlist": ["about:blank"],
        # 1: developer tools and the protocol behind them are there, which page capture needs; the
        # list above keeps their window shut.
        "DeveloperToolsAvailability": 1,
        "BrowserSignin": 0,
        "SyncDisabled": True,
        "IncognitoModeAvailability": 1,
        "ExtensionInstallBlocklist": ["*"],
        "BlockExternalExtensions": True,
        "DnsOverHttpsMode": "off",
        # 2: never. Nothing is asked for that nobody asked for.
        "NetworkPredictionOptions": 2,
        "SafeBrowsingProtectionLevel": 0,
        "DefaultGeolocationSetting": 2,
        "DefaultNotificationsSetting": 2,
        "DownloadDirectory": DOWNLOADS_INSIDE,
        "DownloadRestrictions": 0,
        "HomepageIsNewTabPage": False,
        "HomepageLocation": "about:blank",
        "NewTabPageLocation": "about:blank",
        # 4: open the pages named next, which is one empty page.
        "RestoreOnStartup": 4,
        "RestoreOnStartupURLs": ["about:blank"],
    }
    return chosen | dict.fromkeys(_OFF, False)


def policy_file(cdp_port: int) -> bytes:
    return json.dumps(policy(cdp_port), indent=1, sort_keys=True).encode() + b"\n"
