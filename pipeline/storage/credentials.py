"""The shared files of AWS's programs, which obstore does not read: ~/.aws/credentials and ~/.aws/config."""

import configparser
import os
from collections.abc import Mapping
from pathlib import Path

_NAMES = {
    "aws_access_key_id": "access_key_id",
    "aws_secret_access_key": "secret_access_key",
    "aws_session_token": "session_token",
    "region": "region",
    "endpoint_url": "endpoint",
}
"""name in the files -> name of the option"""


def shared_aws(given: Mapping[str, str]) -> dict[str, str]:
    """What the user's profile (AWS_PROFILE, else ``default``) says; nothing where the environment or ``given`` holds a key."""
    options = {name.lower().removeprefix("aws_") for name in given}
    if "AWS_ACCESS_KEY_ID" in os.environ or options & {"access_key_id", "skip_signature", "role_arn"}:
        return {}
    profile = os.environ.get("AWS_PROFILE", "default")
    home = Path.home() / ".aws"
    found: dict[str, str] = {}
    for variable, path, section in (
        ("AWS_CONFIG_FILE", home / "config", profile if profile == "default" else f"profile {profile}"),
        ("AWS_SHARED_CREDENTIALS_FILE", home / "credentials", profile),
    ):
        file = configparser.RawConfigParser(strict=False)
        try:
            file.read(os.environ.get(variable, path), encoding="utf-8")
        except (OSError, ValueError, configparser.Error):
            continue
        if file.has_section(section):
            found |= {_NAMES[name]: value for name, value in file.items(section) if name in _NAMES}
    if "access_key_id" not in found:  # roles and single sign-on are the store's own affair
        found.pop("secret_access_key", None)
    from_environment = {"region": ("AWS_REGION", "AWS_DEFAULT_REGION"), "endpoint": ("AWS_ENDPOINT", "AWS_ENDPOINT_URL")}
    return {
        name: value
        for name, value in found.items()
        if name not in options and not any(variable in os.environ for variable in from_environment.get(name, ()))
    }
