"""For --train.agent_func_path of OpenRLHF."""

from vlrm.integrations.openrlhf import AgentExecutor  # noqa: F401
