"""reference/vlseq.json and vlrm_ties/: merged text models put back into the VLM by the reference's map_vlseq.py."""

import json
import shutil

import torch

from parts.checkout import run_script, working_directory
from parts.place import sha256_of, write_json
from parts.tensor_files import tensors_of

MAPPED = ["linear", "task_vector", "ties_d0.6"]


def make(place):
    torch.set_num_threads(1)
    script, found = place.checkouts["reference"] / "src/VLRM/map_vlseq.py", {}
    with working_directory(place.work) as work:
        for name in [*MAPPED, "vlrm_ties"]:
            text = place.made(work / "merged" / name, "merges")
            shutil.rmtree(work / "vlseq" / name, ignore_errors=True)
            run_script(
                script,
                "--tlm_id",
                text,
                "--seq_id",
                place.models("rm"),
                "--vlseq_id",
                place.models("vlm"),
                "--output_path",
                work / "vlseq" / name,
            )
            config = work / "vlseq" / name / "config.json"
            said = json.loads(config.read_text()) | {"_name_or_path": "vlm"}  # not where it was made
            config.write_text(json.dumps(said, indent=2) + "\n")
        for name in MAPPED:
            found[name] = described(work / "vlseq" / name)
    shutil.rmtree(place.out / "vlrm_ties", ignore_errors=True)
    shutil.copytree(place.work / "vlseq/vlrm_ties", place.out / "vlrm_ties")
    write_json(place.reference("vlseq.json"), found, lines=3)


def described(folder):
    return {
        "config": json.loads((folder / "config.json").read_text()),
        "files": sorted(path.name for path in folder.iterdir()),
        "sha256": {name: sha256_of(tensor) for name, tensor in tensors_of(folder).items()},
    }
