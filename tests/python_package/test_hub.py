"""What vlrm.hub says before any request."""

from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub")


def test_snapshot_takes_paths(tmp_path):
    import vlrm

    assert vlrm.hub.snapshot(tmp_path) == str(tmp_path)
    with pytest.raises(vlrm.Error, match="offline"):
        vlrm.hub.snapshot(Path("org/nowhere"))
    with pytest.raises(vlrm.OptionError, match="files: 'x' is none of model, texts, dataset") as error:
        vlrm.hub.snapshot("org/nowhere", files="x")
    assert error.value.option == "files"


def test_push_says_what_names_folders(built):
    import vlrm

    said = []
    with pytest.raises(vlrm.Error, match="org/made: this run is offline, and nothing is uploaded"):
        vlrm.hub.push(built, "org/made", say=said.append)
    assert said[-1] == "note: folders of this machine, which the inputs lay in, are named in README.md, vlrm_manifest.json"
    with pytest.raises(vlrm.Error, match="a b c: is not the name of a repository"):
        vlrm.hub.push(built, "a b c", say=pytest.fail)
