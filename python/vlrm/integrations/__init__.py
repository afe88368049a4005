"""Rewards for trainers. `python -m vlrm.integrations swift` prints the path of the file that this trainer is to be given."""
