"""The token of this account, for clients of Azure that take a credential object."""
import json
import os
import stat
import time
from pathlib import Path
from typing import Any, NamedTuple, Optional
from urllib.parse import urlsplit

_DEFAULT_SERVER = "http://127.0.0.1:5080"
#: How long a client goes on with a token before it asks again: one that was changed is taken soon.
_KEPT_SECONDS = 900


class AccessToken(NamedTuple):
    """As ``azure.core.credentials`` has it, which need not be installed."""

    token: str
    expires_on: int


class CredentialError(Exception):
    """There is no token, or it cannot be read. The message says what to do."""


class GleanerCredential:
    """Hands ``MLClient`` and others the token that ``gleaner`` sends.

    That is the one in ``GLEANER_TOKEN``, or else the one that ``gleaner login``, or the first ``gleaner up``, kept for the
    workspace: that of ``server``, of ``GLEANER_SERVER``, of ``ARM_CLOUD_METADATA_URL``, or of this machine.
    """

    def __init__(self, server: Optional[str] = None) -> None:
        self._server = server

    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        """The token, whatever the scopes. Raises ``CredentialError``."""
        token = os.environ.get("GLEANER_TOKEN") or self._kept_token()
        return AccessToken(token, int(time.time()) + _KEPT_SECONDS)

    def _kept_token(self) -> str:
        server = _address(
            self._server
            or os.environ.get("GLEANER_SERVER")
            or os.environ.get("ARM_CLOUD_METADATA_URL")
            or _DEFAULT_SERVER
        )
        path = _credentials_path()
        try:
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                raise CredentialError(f"Others may read {path}, which has tokens in it. Run chmod 600 {path}.")
            kept = json.loads(path.read_text(encoding="utf-8"))["servers"][server]["token"]
        except FileNotFoundError:
            kept = None
        except KeyError:
            kept = None
        except (OSError, ValueError, TypeError) as error:
            # The words of the parser would show what is in the file.
            raise CredentialError(f"{path} cannot be read: {type(error).__name__}.") from None
        if not isinstance(kept, str):
            raise CredentialError(f"There is no token for {server}. Run gleaner login, or set GLEANER_TOKEN.")
        return kept


def _credentials_path() -> Path:
    config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(os.environ.get("GLEANER_CONFIG_DIR") or Path(config, "gleaner"), "credentials.json")


def _address(url: str) -> str:
    """The origin, as the command writes it: ``localhost`` is the same as ``127.0.0.1``, and usual ports are left out."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = "127.0.0.1" if host == "localhost" else host
    host = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"
