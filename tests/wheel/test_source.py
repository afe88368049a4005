"""pip install . with the torch that is there, where VLRM_SOURCE_INSTALL is set: it compiles everything."""

import json
import os

import pytest
from conftest import MODELS, ROOT, SAMPLE, Environment, required_torch

pytestmark = pytest.mark.skipif("VLRM_SOURCE_INSTALL" not in os.environ, reason="VLRM_SOURCE_INSTALL is not set")


def test_pip_builds_for_the_torch_that_is_there(tmp_path):
    environment = Environment(tmp_path / "environment")
    environment.install(required_torch("run.txt") + "+cpu", "numpy")
    environment.install(str(ROOT))
    environment.output("vlrm", "build", *MODELS, "--method", "linear", "--weight-rm", 0.5, "-o", tmp_path / "model")
    scores = json.loads(environment.output("vlrm", "score", "--model", tmp_path / "model", *SAMPLE, "--json"))["scores"]
    assert len(scores) == 2
