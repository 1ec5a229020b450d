"""The phone's side: config, the conversation, and the command line."""

VERSION = "0.1.0"
"""As in pyproject.toml; reading it from the installed package's metadata would take longer than `version` itself."""
