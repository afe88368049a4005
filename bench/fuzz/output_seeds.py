"""What stands in outputs: results, what a killed run left, manifests; and the logs of lmms-eval."""

import json


def text_of(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def with_settings(settings, lines):
    return json.dumps(settings).encode() + b"\0" + lines


PAIR = {"id": "mathverse_1", "prompts": ["u a", "u bé"], "outputs": [1.25, -0.5], "predicted_answer": 0, "ground_truth": [0, 1]}
BEST = {"id": 7, "question": "q", "answer": "a", "input": "i", "responses": ["x", "y", "x"], "correctness": [1, 0.3, False],
        "scores": [0.5, 2, 0.5]}
RUN = {"vlrm": "1.0", "format": 2, "task": "vl-rewardbench", "subtask": None, "rows": 2, "label": "a", "mode": "image",
       "data": {"name": "d", "config": "default", "split": "test", "stamp": "0" * 32}, "responses": None, "model": "0" * 32,
       "device": "cpu", "dtype": "float32", "batch_samples": 8, "threads": 2}


def results():
    yield text_of(PAIR, {**PAIR, "texts": {"special_tokens": 1, "equal_pairs": 1}})
    yield text_of({key: value for key, value in PAIR.items() if key != "id"})
    yield text_of(BEST, {**BEST, "id": "b", "scores": [float("nan"), float("inf"), 1e308]})
    yield text_of({key: value for key, value in BEST.items() if key != "scores"})
    yield with_settings({**RUN, "groups": {"names": ["General", "Reasoning"], "rows": [0, 1]}}, text_of(PAIR, PAIR))
    recipe = {"file": "r.yml", "method": "ties", "weights": {"vlm": 1, "rm": 0.7}, "density": 0.5}
    mixed = [{"rows": [[0, 7], [9, 9]], "threads": 1}]
    best = {**RUN, "task": "best-of-n", "responses": {"file": "r.jsonl", "digest": "0" * 32}, "mixed": mixed}
    for subtask in ("textvqa_val", "mmmu-pro-vision-cot", "my own"):
        yield with_settings({**best, "subtask": subtask, "recipe": recipe}, text_of(BEST, BEST)[:-20])
    yield with_settings({**RUN, "task": "rlaif_v", "rows": 0}, b"")
    yield text_of({**PAIR, **{f"key {number}": 0 for number in range(400)}})


def journals():
    settings = {"format": 2, "threads": 2, "data": {"name": "d", "stamp": "a"}}
    lines = [{"request": request, "written": ["text", "é"]} for request in (2, 0, 1)]
    yield with_settings(settings, text_of(*lines))
    yield with_settings({**settings, "threads": 1, "mixed": [{"rows": [[0, 1], [2, 2]], "device": "cuda"}]}, text_of(*lines)[:-5])
    yield with_settings({**settings, "vlrm": "0.1", "label": "b"}, text_of(*({"request": request, "written": 0.5} for request in range(8))))
    yield with_settings(settings, b"identity\n0 lm_head.weight\n2 model.norm.weight\n1 model.emb")
    yield with_settings(settings, b"0 a\n")


def manifests():
    weights = {"xxh3-128": "0" * 32}
    manifest = {"version": "1.0", "command": "build", "settings": {"seed": 0},
                "inputs": {"vlm": {"name": "a/b", "directory": "input", "files": {"config.json": "xxh3-128:" + "0" * 32}, "weights": weights}},
                "output_bytes": {"model.safetensors": 1000}}
    vlm = manifest["inputs"]["vlm"]
    yield json.dumps(manifest).encode()
    empty = {"config.json": "xxh3-128:99aa06d3014798d86001c324468d497f"}  # of no bytes
    for change in ({"files": empty}, {"files": empty, "weights": {**weights, "left_out": ["lm_head.weight"]}},
                   {"files": {"config.json": "sha256:" + "0" * 64, "model.safetensors": "sha256:" + "1" * 64}, "contents": empty}):
        yield json.dumps({**manifest, "inputs": {"vlm": {**vlm, **change}}}).encode()
        yield json.dumps({**manifest, "inputs": {"adapter vlm": {**vlm, **change}, "rm": {"directory": "gone", "files": {}}}}).encode()
    yield json.dumps({**manifest, "output_bytes": {"../input/model.safetensors": 1}, "inputs": {}}).encode()


def lmms_eval_logs():
    """The same samples as versions 0.3, 0.4 and 0.7 log them."""
    asked = {"target": "['stop']", "doc_hash": "0", "input": "What is written?\nAnswer."}
    text = {"doc_id": 0, **asked, "exact_match": 1.0, "submission": {"question_id": 901, "answer": "stop"}}
    doc = {"question_id": 901, "question": "what is written?", "answers": ["stop", "halt"]}
    yield text_of({**text, "doc": doc, "resps": [["stop"]], "filtered_resps": ["stop"]}, {**text, "doc": doc, "resps": [["go"]]})
    yield text_of({**text, "filtered_resps": ["stop"]}, {**text, "filtered_resps": ["go"], "exact_match": 0.0})
    yield text_of({**text, "filtered_resps": "stop", "token_counts": [None]})
    choice = {"id": "test_1", "subject": "Art", "question": "q", "answer": "B"}
    marked = {**asked, "mmmu_acc": {"id": "test_1", "subdomain": "Art", "answer": "B", "parsed_pred": "A"}, "filtered_resps": ["Answer: A"]}
    yield text_of({**marked, "doc": choice, "resps": [["Answer: A"]]})
    yield text_of(marked, {**marked, "mmmu_acc": {**marked["mmmu_acc"], "id": 2**70, "answer": float("nan")}})
