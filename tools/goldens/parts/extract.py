"""reference/extract.json: the text parts that the reference's extract_tlm.py makes; themselves, for the merges."""

import json

import torch

from parts.checkout import run_script, working_directory
from parts.place import write_json
from parts.tensor_files import described, tensors_of

SOURCES = {"mllama_t": ("vlm", "--vlm_id"), "tulu_t": ("seq", "--seq_id")}


def make(place):
    torch.set_num_threads(1)
    script = place.checkouts["reference"] / "src/VLRM/extract_tlm.py"
    found = {}
    with working_directory(place.work) as work:
        for name, (source, flag) in SOURCES.items():
            folder = place.made(place.models("vlm" if source == "vlm" else "rm"), "models")
            run_script(
                script,
                "--source",
                source,
                flag,
                folder,
                "--tlm_id",
                place.models("base_instruct"),
                "--output_path",
                f"./models/{name}",
            )
            found[name] = described(tensors_of(work / "models" / name))
            config = json.loads((work / "models" / name / "config.json").read_text())
            found[f"{name}_config"] = config | {"_name_or_path": "base_instruct"}
    write_json(place.reference("extract.json"), found, lines=2)
