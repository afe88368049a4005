"""For --external_plugins of ms-swift, which puts the folder of this file before all others on the module path."""

import vlrm.integrations.swift  # noqa: F401
