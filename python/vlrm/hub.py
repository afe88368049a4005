"""Models and datasets of the Hugging Face hub, by huggingface_hub: `snapshot` downloads, `push` uploads.

    vlrm push OUT org/name          (or python -m vlrm.hub push OUT org/name)"""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
from pathlib import Path

from vlrm.errors import Error, OptionError, TemporaryError

# Which files are downloaded: as in src/base/hub_files.cpp. tests/program/test_hub.py compares the two.
TEXTS = [
    "config.json", "generation_config.json", "*processor_config.json", "tokenizer*", "special_tokens_map.json",
    "added_tokens.json", "vocab.*", "merges.txt", "chat_template.*", "adapter_config.json",
]  # fmt: skip
WEIGHTS = ["*.safetensors", "*.safetensors.index.json"]
COMPANIONS = ["LICENSE*", "LICENCE*", "NOTICE*", "USE_POLICY*", "*.py"]
OTHER_MODELS = ["*/*", "consolidated*"]
NO_ROWS = [
    ".*", "*/.*", "*.py", "*.ipynb", "*.zip", "*.tar", "*.tar.*", "*.tgz", "*.gz", "*.7z", "*.rar", "*.bz2", "*.xz",
    "*.zst", "*.csv", "*.tsv", "*.txt", "*.pdf", "*.mp4", "*.avi", "*.mkv", "*.webm", "*.mov", "*.mp3", "*.wav",
    "*.flac", "*.npy", "*.npz", "*.pkl", "*.h5", "*.db", "*.pt", "*.pth", "*.safetensors", "*.bin", "*.gguf",
]  # fmt: skip
PATTERNS = {  # what is included and excluded
    "model": (TEXTS + WEIGHTS + COMPANIONS, OTHER_MODELS),
    "texts": (TEXTS, OTHER_MODELS),
    "dataset": (["*"], NO_ROWS),
}
NOT_UPLOADED = [".*", "*/.*"]
MANIFEST = "vlrm_manifest.json"
TEXT_ENDINGS = (".json", ".md", ".txt", ".yml", ".yaml")
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def _huggingface_hub():
    try:
        import huggingface_hub
        import huggingface_hub.constants
        import huggingface_hub.errors
        import huggingface_hub.utils  # noqa: F401 - names of the package only once they are imported
    except ImportError as error:
        raise Error("huggingface_hub is not installed: pip install huggingface_hub") from error
    return huggingface_hub


def _causes(error: BaseException):
    """The exception, what it came from, what that came from, …"""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _explained(error: Exception, repository: str, kind: str, uploads: bool = False) -> Error:
    """What huggingface_hub's exception means, in one line."""
    hub = _huggingface_hub()
    errors = hub.errors
    page = f"{hub.constants.ENDPOINT}/{'datasets/' if kind == 'dataset' else ''}{repository}"
    said = " ".join(str(error).split())[:300] or type(error).__name__
    chain = list(_causes(error))

    def is_one(*types):
        return any(isinstance(each, types) for each in chain)

    def status():
        codes = [getattr(getattr(each, "response", None), "status_code", None) for each in chain]
        return next((code for code in codes if code), 0)

    if any(isinstance(each, OSError) and each.errno in DISK_FULL for each in chain):
        return TemporaryError(f"{repository}: the disk is full: make room, and the same call goes on")
    if is_one(errors.GatedRepoError):
        lack = "your token gives no access" if hub.get_token() else "there is no token"
        return Error(f"{repository}: is gated, and {lack}: accept its licence at {page}, then log in (hf auth login) or set HF_TOKEN")
    if "Invalid credentials" in said:
        return Error(f"{repository}: the hub does not know your token: log in again (hf auth login), or correct HF_TOKEN")
    if is_one(errors.RevisionNotFoundError):
        return Error(f"{repository}: has no such revision on the hub: see {page}/tree/main")
    if any(type(each).__name__ == "IncompleteSnapshotError" for each in chain):  # of huggingface_hub 2
        return Error(f"{repository}: not all of it is in the hub cache: {said}")
    if is_one(errors.OfflineModeIsEnabled) and uploads:
        return Error(f"{repository}: this run is offline, and nothing is uploaded: leave --offline out, and HF_HUB_OFFLINE unset")
    if is_one(errors.OfflineModeIsEnabled):
        return Error(f"{repository}: is not in the hub cache, and this run is offline")
    if is_one(errors.LocalTokenNotFoundError) or (status() == 401 and not hub.get_token()):
        return Error(f"{repository}: not on the hub for one without a token: check the name, or log in (hf auth login, or HF_TOKEN)")
    if is_one(errors.RepositoryNotFoundError) or status() == 404:
        return Error(f"{repository}: no {kind} of that name on the hub that your token sees: check the name")
    if status() == 403:
        return Error(f"{repository}: your token may not do that: it needs the permission to write there, or to read gated repositories: {said}")
    if status() == 429 or status() >= 500:
        return TemporaryError(f"{repository}: the hub is busy or down: try again later: {said}")
    if isinstance(error, (OSError, errors.LocalEntryNotFoundError)) or "httpx" in type(error).__module__:
        return TemporaryError(f"{repository}: the network fails: the same call goes on: {said}")
    return Error(f"{repository}: {said}")


def snapshot(name: str | os.PathLike[str], *, files: str = "model") -> str:
    """The folder that holds `name`, "org/name" or "org/name@revision"; a local path is its own. `files` says what is
    needed: "model", "texts" (what a model has beside its weights) or "dataset". Without a request where the hub cache
    has it, else downloaded, and only the files that vlrm reads. Raises Error."""
    if files not in PATTERNS:
        raise OptionError(f"files: {files!r} is none of {', '.join(PATTERNS)}", "files")
    name = os.fspath(name)
    if os.path.exists(name):
        return name
    repository, _, revision = name.partition("@")
    kind = "dataset" if files == "dataset" else "model"
    include, exclude = PATTERNS[files]
    needed = [pattern for pattern in include if pattern not in COMPANIONS]
    wanted = dict(repo_type=kind, revision=revision or None, ignore_patterns=exclude)
    hub = _huggingface_hub()
    try:
        try:
            folder = hub.snapshot_download(repository, local_files_only=True, allow_patterns=needed, **wanted)
            if _is_listed(Path(folder)):
                return folder
        except hub.errors.LocalEntryNotFoundError:
            pass
        return hub.snapshot_download(repository, allow_patterns=include, **wanted)
    except Exception as error:
        raise _explained(error, repository, kind) from error


def _is_listed(snapshot: Path) -> bool:
    """Whether the cache has the list of the repository's files, without which nothing says that a snapshot is whole."""
    return (snapshot.parent.parent / "trees" / f"{snapshot.name}.json").exists()


def _human(size: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def _checked_manifest(folder: Path) -> dict:
    """The manifest of an output that is whole."""
    for needed in (MANIFEST, "config.json"):
        if not (folder / needed).is_file():
            raise Error(f"{folder}: has no {needed}: push takes what vlrm build, merge, map or extract wrote")
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        sizes = dict(manifest.get("output_bytes", {}))
    except (ValueError, AttributeError, TypeError) as error:
        raise Error(f"{folder / MANIFEST}: is not a manifest of vlrm's: {error}") from error
    for name, size in sizes.items():
        found = (folder / name).stat().st_size if (folder / name).is_file() else None
        if found != size:
            raise Error(f"{folder / name}: {'is gone' if found is None else f'has {found} bytes'}, where the manifest says {size}")
    return manifest


def _files_of(folder: Path) -> list[Path]:
    """What is uploaded. A link that leads out of the folder would publish what is not of it."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [str(path.relative_to(folder)) for path in paths]
    chosen = [folder / name for name in _huggingface_hub().utils.filter_repo_objects(names, ignore_patterns=NOT_UPLOADED)]
    for path in chosen:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise Error(f"{path}: is a link out of the folder, to {path.resolve()}: put a copy in its place")
    return chosen


def _naming_folders(files: list[Path], manifest: dict) -> list[str]:
    """The texts among the files that name a folder of this machine which an input lay in."""
    inputs = manifest.get("inputs")
    named = [each.get(field) for each in (inputs.values() if isinstance(inputs, dict) else []) if isinstance(each, dict)
             for field in ("name", "directory")]  # fmt: skip
    folders = [each for each in named if isinstance(each, str) and os.sep in each and (os.path.isabs(each) or os.path.exists(each))]
    texts = [path for path in files if path.suffix in TEXT_ENDINGS and not path.name.startswith("tokenizer")]
    return [path.name for path in texts if any(folder in path.read_text(encoding="utf-8", errors="replace") for folder in folders)]


def push(out: str | os.PathLike, repo_id: str, *, private: bool | None = None, revision: str | None = None,
         token: str | None = None, say=print) -> str:  # fmt: skip
    """Uploads an output of vlrm to the model repository `repo_id`, which is made if it is not there (`private`: None is
    the account's default), and returns the address of the commit. What is uploaded is said before, by `say`, with
    sizes. Raises Error for a folder that is no whole output of vlrm, and for what the hub refuses."""
    hub = _huggingface_hub()
    try:
        hub.utils.validate_repo_id(repo_id)
    except hub.errors.HFValidationError as error:
        raise Error(f"{repo_id}: is not the name of a repository: {error}") from error
    folder = Path(out)
    manifest = _checked_manifest(folder)
    files = _files_of(folder)
    for path in files:
        say(f"  {_human(path.stat().st_size):>12}  {path.relative_to(folder)}")
    total = _human(sum(path.stat().st_size for path in files))
    say(f"uploading {len(files)} files, {total}, to {repo_id}{f' ({revision})' if revision else ''}")
    if naming := _naming_folders(files, manifest):
        say(f"note: folders of this machine, which the inputs lay in, are named in {', '.join(naming)}")
    api = hub.HfApi(token=token, library_name="vlrm")
    try:
        api.create_repo(repo_id, private=private, exist_ok=True)
        if revision:
            api.create_branch(repo_id, branch=revision, exist_ok=True)
        commit = api.upload_folder(repo_id=repo_id, folder_path=folder, revision=revision, ignore_patterns=NOT_UPLOADED,
                                   commit_message="Upload by vlrm")  # fmt: skip
    except Exception as error:
        raise _explained(error, repo_id, "model", uploads=True) from error
    return str(getattr(commit, "commit_url", commit))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="vlrm", description="What vlrm does with the hub by huggingface_hub.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("push", help="upload an output to the hub", description=push.__doc__.split(" Raises")[0])
    command.add_argument("out", metavar="OUT", help="a folder that vlrm build, merge, map or extract wrote")
    command.add_argument("repository", metavar="org/name")
    command.add_argument("--private", action="store_true", default=None, help="make the repository a private one")
    command.add_argument("-q", "--quiet", action="store_true", help="do not list the files")
    command.add_argument("--offline", action="store_true", help="upload nothing: end with an error")
    command.add_argument("--revision", help="a branch, made if it is not there (default: main)")
    options = parser.parse_args(arguments)

    if options.offline:
        os.environ["HF_HUB_OFFLINE"] = "1"

    def say(line: str) -> None:
        if not options.quiet:
            print(line, file=sys.stderr)

    try:
        print(push(options.out, options.repository, private=options.private, revision=options.revision, say=say))
    except Error as error:
        print(f"vlrm: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
