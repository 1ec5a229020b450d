"""Takes secrets out of text before it is written anywhere (law 14)."""

from __future__ import annotations

import re
from urllib.parse import quote

_HIDDEN = "***"
_SHORTEST = 4
_NAMES = r"signature|sign|api_?key|api_?secret|secret_?key|secret|passphrase|password|token|listen_?key"
_PATTERNS = (
    # httpx tells the whole address of each request, and the token is in it
    (re.compile(r"\bbot\d{1,20}:[A-Za-z0-9_-]+"), "bot" + _HIDDEN),
    (re.compile(r"(?<![\d:.])\d{6,20}:[A-Za-z0-9_-]{20,}"), _HIDDEN),
    (re.compile(rf"(?i)\b({_NAMES})=[^&\s\"'<>]+"), rf"\1={_HIDDEN}"),
    (re.compile(rf"(?i)([\"']({_NAMES})[\"']\s*:\s*)([\"'])[^\"']*\3"), rf"\1\3{_HIDDEN}\3"),
    (
        re.compile(
            r"(?i)\b(X-MBX-APIKEY|X-BX-APIKEY|OK-ACCESS-[A-Z]+|X-BAPI-[A-Z-]+|KC-API-[A-Z-]+|API-Key|API-Sign"
            r"|Authorization)([\"']?\s*[:=,]\s*[\"']?)(?:(?:Bearer|Basic)\s+)?[^\"',\s)}]+"
        ),
        rf"\1\2{_HIDDEN}",
    ),
    (re.compile(r"://([^/\s:@]+):[^/\s@]+@"), rf"://\1:{_HIDDEN}@"),
)


class Scrubber:
    """Hides registered secrets and whatever looks like one."""

    def __init__(self) -> None:
        self._known: list[str] = []

    def register(self, *secrets: str) -> None:
        """Hide these values from now on, also as they look inside an address."""
        found = {
            form
            for secret in secrets
            if len(secret) >= _SHORTEST
            for form in (secret, quote(secret, safe=""))
        }
        self._known = sorted({*self._known, *found}, key=len, reverse=True)

    def clean(self, text: str) -> str:
        """The same text without secrets."""
        for secret in self._known:
            text = text.replace(secret, _HIDDEN)
        for pattern, instead in _PATTERNS:
            text = pattern.sub(instead, text)
        return text

    def clean_value(self, value: object) -> object:
        """A value for JSON: text cleaned, numbers as they are, everything else as cleaned text."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, dict):
            return {self.clean(str(key)): self.clean_field(str(key), inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean_value(inner) for inner in value]
        return self.clean(str(value))

    def clean_field(self, name: str, value: object) -> object:
        """As `clean_value`, but all of it is hidden when the name says that it is a secret."""
        if re.fullmatch(rf"(?i)(\w+_)?({_NAMES})", name):
            return _HIDDEN
        return self.clean_value(value)
