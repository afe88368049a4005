"""The hub's cache, as huggingface_hub keeps it: where it is, what lies in it, and whether that is what the hub has."""
# ruff: noqa: F401, F811 - fixtures are imported, and named again where they are used

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hub_fixtures import COMMIT, HUB_PYTHON, WORLD, error_of, hf, home, hub, run, scan, snapshot_of


def test_an_older_cache_without_weights_is_completed(run, home):
    """As AutoTokenizer.from_pretrained leaves it."""
    snapshot = snapshot_of(home)
    for name in ("config.json", "tokenizer.json"):
        blob = home / "hub/models--org--rm/blobs" / name
        blob.parent.mkdir(parents=True, exist_ok=True)
        snapshot.mkdir(parents=True, exist_ok=True)
        shutil.copy(WORLD / "rm" / name, blob)
        (snapshot / name).symlink_to(f"../../blobs/{name}")
    (home / "hub/models--org--rm/refs").mkdir()
    (home / "hub/models--org--rm/refs/main").write_text(COMMIT)
    assert "holds neither model.safetensors nor" in error_of(run("inspect", "org/rm", "--offline"))
    assert run("inspect", "org/rm")[0] == 0


@pytest.mark.parametrize("variables, place", [
    ({"HUGGINGFACE_HUB_CACHE": "{}/legacy"}, "legacy"),
    ({"HUGGINGFACE_HUB_CACHE": "{}/legacy", "HF_HUB_CACHE": "{}/mine"}, "mine"),
    ({"HF_HUB_CACHE": "$PLACE/x/${{WORD}}-$WORD", "PLACE": "{}", "WORD": "a"}, "x/a-a"),
    ({"HF_HOME": "$PLACE/home", "PLACE": "{}"}, "home/hub"),
    ({"HF_HOME": None, "XDG_CACHE_HOME": "$PLACE/xdg", "PLACE": "{}"}, "xdg/huggingface/hub"),
    ({"HF_HUB_CACHE": "{}/$not_set_$"}, "$not_set_$"),
    ({"HF_HUB_CACHE": "~/cache", "HOME": "{}"}, "cache"),
])  # fmt: skip
def test_places_of_the_cache(run, hub, tmp_path, variables, place):
    variables = {name: value and value.format(tmp_path) for name, value in variables.items()}
    assert run("inspect", "org/rm", **variables)[0] == 0
    assert (tmp_path / place / "models--org--rm/snapshots" / COMMIT / "config.json").exists()
    hub.requests.clear()
    # The same place as huggingface_hub's own.
    code = "import huggingface_hub as h; print(h.snapshot_download('org/rm', local_files_only=True, allow_patterns='config.json'))"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "XDG_"))}
    environment = {name: value for name, value in (kept | variables).items() if value is not None}
    found = subprocess.run([HUB_PYTHON, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
    assert Path(found.strip()) == (tmp_path / place / "models--org--rm/snapshots" / COMMIT).resolve()


def share_blobs(cache, folder):
    """Moves large blobs into the store that all repositories share, as today's huggingface_hub keeps them."""
    for blob in (cache / folder / "blobs").iterdir():
        if len(blob.name) != 64:
            continue
        name = hashlib.sha256(b"xet" + blob.name.encode()).hexdigest()
        store = cache / "blobs" / name[:2]
        store.mkdir(parents=True, exist_ok=True)
        blob.rename(store / name)
        blob.symlink_to(f"../../blobs/{name[:2]}/{name}")
    (cache / "blobs/.huggingface-shared-blobs").write_text("1\n")


def test_the_shared_store_of_blobs(run, hub, home):
    _, out, _ = run("inspect", "org/sharded")
    share_blobs(home / "hub", "models--org--sharded")
    assert run("inspect", "org/sharded", "--offline") == (0, out, "")
    assert scan(home / "hub") == "['org/sharded'] []"
    assert run("inspect", "--verify", "org/sharded", "--offline")[:2] == (0, "the files are those of the hub\n")
    blob = next(path for path in (home / "hub/blobs").rglob("*") if len(path.name) == 64)
    blob.unlink()
    assert "1 of 2 shards is missing" in error_of(run("inspect", "org/sharded", "--offline"))


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer_config.json"])
def test_verify_finds_a_changed_file(run, hub, home, file):
    assert run("inspect", "org/rm")[0] == 0
    hub.requests.clear()
    assert run("inspect", "--verify", "org/rm")[:2] == (0, "the files are those of the hub\n")
    blob = (snapshot_of(home) / file).resolve()
    content = bytearray(blob.read_bytes())
    content[-1] ^= 1  # of the same size
    blob.write_bytes(content)
    code, out, err = run("inspect", "--verify", "org/rm")
    assert code == 3 and out == f"{snapshot_of(home) / file}: is not the file that the hub has\n"
    assert "holds other files than the hub" in err
    assert hub.requests == []


def test_a_list_that_cannot_be_read_is_none(run, hub, home):
    assert run("inspect", "org/rm")[0] == 0
    for text in ("", "[]", '{"format_version": 2, "files": {}}', '{"format_version": 1, "files": {"../x": {"size": 1}}}',
                 '{"format_version": 1, "files": {"x": {"size": "1"}}}', '{"format_version": 1}'):
        (home / "hub/models--org--rm/trees" / f"{COMMIT}.json").write_text(text)
        assert run("inspect", "org/rm", "--offline")[0] == 0, text
        assert error_of(run("inspect", "--verify", "org/rm", "--offline")), text
