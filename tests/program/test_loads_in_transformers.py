"""What vlrm build writes is what transformers expects of a …ForSequenceClassification: here and now in the version of the
reference, and, by what transformers 4.57 and 5 made of it for the reference outputs, in those."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image
from tensors import read_tensors
from test_vision_models import sample

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


LOADED = {version: json.loads((ROOT / f"tests/goldens/reference/loaded_models_{version}.json").read_text())
          for version in (4, 5)}


def reward_model_class():
    """The model as a checkpoint of this name is laid out: an Mllama's parts and a linear head without bias."""
    from transformers.models.mllama import modeling_mllama as mllama

    class MllamaForSequenceClassification(mllama.MllamaPreTrainedModel):
        def __init__(self, config):
            super().__init__(config)
            text, vision = config.text_config, config.vision_config
            self.vision_model = mllama.MllamaVisionModel._from_config(vision)
            self.language_model = mllama.MllamaForCausalLM._from_config(text)
            self.multi_modal_projector = torch.nn.Linear(vision.vision_output_dim, text.hidden_size, bias=True)
            self.score = torch.nn.Linear(text.hidden_size, config.num_labels, bias=False)

    return MllamaForSequenceClassification


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_no_key_is_missing_and_none_unexpected(vlrm, goldens, tmp_path, dtype):
    models = goldens / "models"
    inputs = ["--vlm", models / "vlm", "--rm", models / "rm", "--base", models / "base"]
    method = ["--method", "ties", "--weight", "0.7", "--density", "0.4"]
    vlrm("build", *inputs, *method, "--dtype", dtype, "--max-shard-size", "2MB", "-o", tmp_path / "out", "-q")

    model, report = reward_model_class().from_pretrained(
        tmp_path / "out", output_loading_info=True, torch_dtype="auto"
    )
    assert report["missing_keys"] == []
    assert report["unexpected_keys"] == []
    assert report["mismatched_keys"] == []
    assert model.config.num_labels == 1
    assert model.dtype == getattr(torch, dtype)
    written = read_tensors(tmp_path / "out")
    state = model.state_dict()
    assert state.keys() == written.keys()
    for name, tensor in state.items():
        assert torch.equal(tensor.float(), torch.from_numpy(written[name][1].copy())), name


def test_scores_in_transformers_are_those_of_vlrm(vlrm, tmp_path):
    """Through modeling_vlrm.py, of prompts with an image and without one, alone and in a padded batch."""
    world, out, picture = ROOT / "world", tmp_path / "out", tmp_path / "a.png"
    inputs = ["--vlm", world / "vlm", "--rm", world / "rm", "--base", world / "base"]
    vlrm("build", *inputs, "--method", "task_arithmetic", "--weight", "1", "--dtype", "float32", "-o", out, "-q")
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (56, 56, 3), dtype=np.uint8)).save(picture)

    model = transformers.AutoModelForSequenceClassification.from_pretrained(out, trust_remote_code=True).eval()
    processor = transformers.AutoProcessor.from_pretrained(out)
    answers = ["A red circle.", "I see a blue square on a white ground, and nothing else."]
    chats = [[{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is this?"}]},
              {"role": "assistant", "content": [{"type": "text", "text": answer}]}] for answer in answers]  # fmt: skip
    texts = [processor.apply_chat_template(chat) for chat in chats]
    command = ["score", "-q", "--json", "--model", out, "--image", picture, "--prompt", "What is this?"]
    ours = [json.loads(vlrm(*command, "--response", answer))["scores"][0] for answer in answers]
    images = [Image.open(picture)]
    with torch.no_grad():
        batch = processor(images=[images] * 2, text=texts, add_special_tokens=False, padding=True, return_tensors="pt")
        together = model(**batch).logits[:, 0].tolist()
        alone = [model(**processor(images=images, text=text, add_special_tokens=False, return_tensors="pt")).logits.item()
                 for text in texts]  # fmt: skip
    assert alone == pytest.approx(ours, abs=2e-4)
    assert together == pytest.approx(ours, abs=2e-4)


def test_processor_and_tokenizer_load(vlrm, goldens, tmp_path):
    models = goldens / "models"
    inputs = ["--vlm", models / "vlm", "--rm", models / "rm"]
    vlrm("build", *inputs, "--method", "linear", "--weight-rm", "0.5", "-o", tmp_path / "out", "-q")
    processor = transformers.AutoProcessor.from_pretrained(tmp_path / "out")
    expected = transformers.AutoProcessor.from_pretrained(models / "vlm")
    assert processor.chat_template == expected.chat_template
    assert processor.tokenizer.get_vocab() == expected.tokenizer.get_vocab()
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "out")
    assert tokenizer("Is this a cat?").input_ids == expected.tokenizer("Is this a cat?").input_ids
    config = json.loads((tmp_path / "out/config.json").read_text())
    assert config["architectures"] == ["MllamaForSequenceClassification"]


@pytest.mark.parametrize("version, name", [(version, name) for version, made in LOADED.items() for name in made["cases"]])
def test_later_transformers_score_it_alike(vlrm, tmp_path, version, name):
    """Each response alone and all in a padded batch, of conversations with one image, several and none."""
    made, out = LOADED[version], tmp_path / "out"
    case, models = made["cases"][name], ROOT / "world"
    if case["arguments"]:
        models = tmp_path / "models"
        command = [sys.executable, ROOT / "tools/random_checkpoint.py", models, *case["arguments"]]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    inputs = [word for role in ("vlm", "rm", "base") for word in (f"--{role}", models / role)]
    vlrm("build", *inputs, *made["build"], "-o", out, "-q")
    (kind,) = json.loads((out / "config.json").read_text())["architectures"]
    written = hashlib.sha256((out / "modeling_vlrm.py").read_bytes()).hexdigest()
    assert written == made["modeling"][kind], "another modeling_vlrm.py: make the part loaded_models of tools/goldens again"
    for conversation in made["conversations"]:
        (tmp_path / "in.jsonl").write_text(json.dumps(sample(tmp_path, conversation, made["responses"])) + "\n")
        ours = json.loads(vlrm("score", "--model", out, "--input", tmp_path / "in.jsonl", "-q"))["scores"]
        for theirs in case[conversation].values():
            assert ours == pytest.approx(theirs, abs=2e-4)
