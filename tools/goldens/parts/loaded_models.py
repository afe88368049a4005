"""reference/loaded_models_VERSION.json: scores of reward models that vlrm build writes, loaded in that transformers by
AutoModelForSequenceClassification through the file modeling_vlrm.py beside them, whose digests are recorded.

The program makes the models ($VLRM, else build/release/bin/vlrm); they are not kept.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForSequenceClassification, AutoProcessor

from parts.place import write_json
from parts.vision_models import CASES, CONVERSATIONS, GENERATOR, RESPONSES, picture, reader_of

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = os.environ.get("VLRM", ROOT / "build/release/bin/vlrm")
BUILD = ["--method", "task_arithmetic", "--weight", "0.6", "--dtype", "float32", "--quiet"]
SHOWN = ("one", "several", "none")  # of the conversations


def make(place):
    torch.set_num_threads(1)
    found = {"build": BUILD[:-1], "responses": RESPONSES, "conversations": {}, "modeling": {}, "cases": {}}
    found["conversations"] = {name: CONVERSATIONS[name] for name in SHOWN}
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments in {"mllama": None, **CASES}.items():
            out, words = built(Path(folder) / name, arguments)
            digest = hashlib.sha256((out / "modeling_vlrm.py").read_bytes()).hexdigest()
            model, report = AutoModelForSequenceClassification.from_pretrained(
                out, trust_remote_code=True, dtype=torch.float32, output_loading_info=True
            )
            assert not any(report.values()), report
            found["modeling"][type(model).__name__] = digest
            read = reader_of(out, model.config) if arguments else MllamaReader(out)
            found["cases"][name] = {
                "arguments": words,
                **{each: scores(model.eval(), read, *CONVERSATIONS[each]) for each in SHOWN},
            }
    major = transformers.__version__.split(".")[0]
    write_json(place.reference(f"loaded_models_{major}.json"), found, lines=3)


def built(folder, arguments):
    """Of random models, or of the little world's; and the generator's arguments."""
    models, words = ROOT / "world", None
    if arguments:
        models, words = folder / "models", ["--family", *arguments.split()]
        subprocess.run([sys.executable, GENERATOR, models, *words], check=True, stdout=subprocess.DEVNULL)
    inputs = [word for role in ("vlm", "rm", "base") for word in (f"--{role}", models / role)]
    subprocess.run([PROGRAM, "build", *inputs, *BUILD, "-o", folder / "out"], check=True, stdout=subprocess.DEVNULL)
    return folder / "out", words


class MllamaReader:
    def __init__(self, folder):
        self.processor = AutoProcessor.from_pretrained(folder)

    def __call__(self, sizes, messages, response):
        chat = []
        for number, parts in enumerate([*messages, [response]]):
            content = [{"type": "image"} if part is None else {"type": "text", "text": part} for part in parts]
            chat.append({"role": "user" if number % 2 == 0 else "assistant", "content": content})
        images = {"images": [picture(*size) for size in sizes]} if sizes else {}
        text = self.processor.apply_chat_template(chat)
        return dict(self.processor(text=text, **images, add_special_tokens=False, return_tensors="pt"))


def scores(model, read, sizes, messages):
    """Of each response alone, and of all in a batch padded on the right."""
    rows = [read(sizes, messages, response) for response in RESPONSES]
    with torch.no_grad():
        alone = [model(**row).logits.item() for row in rows]
        together = model(**padded(rows, model.config.get_text_config().pad_token_id or 0)).logits[:, 0].tolist()
    return {"alone": alone, "together": together}


def padded(rows, pad_token):
    length = max(row["input_ids"].shape[1] for row in rows)
    batch = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        if name in ("input_ids", "attention_mask", "mm_token_type_ids", "cross_attention_mask"):
            filler = pad_token if name == "input_ids" else 0
            values = [filled(value, length, filler) for value in values]
        batch[name] = torch.cat(values)
    return batch


def filled(value, length, filler):
    missing = value.new_full((1, length - value.shape[1], *value.shape[2:]), filler)
    return torch.cat([value, missing], 1)
