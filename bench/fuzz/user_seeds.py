"""What users write: recipes, samples and requests."""

import json


def recipes():
    yield b"""merge_method: slerp
base_model: a
slices:
- sources: [{model: a, layer_range: [0, 2]}, {model: b, layer_range: [1, 3]}]
  parameters: {t: [{filter: mlp, value: [0, 1]}, {value: 0.5}]}
- sources: [{model: a, layer_range: [2, 3]}, {model: b, layer_range: [2, 3]}]
  base_model: b
parameters: {t: 0.3}
chat_template: chatml
"""
    yield b"""name: half
merge_method: della
base_model: base
models: [{model: a, parameters: {weight: 1, density: 0.5, epsilon: 0.1}}, {model: b, parameters: {weight: 0.2, density: 0.6}}]
parameters: {rescale_norm: l1, lambda: 0.5}
---
merge_method: nuslerp
modules:
  model: {models: [{model: half, parameters: {weight: 1}}, {model: b, parameters: {weight: 2}}], parameters: {nuslerp_flatten: false}}
  default: {slices: [{sources: [{model: half, layer_range: [0, 1]}, {model: b, layer_range: [0, 1]}], parameters: {weight: 1}}]}
tokenizer:
  source: union
  tokens:
    x: {source: {kind: zero}, force: true}
    y: {source: {kind: model_token, model: b, token_id: 3}}
    z: {source: b}
out_dtype: float16
"""
    for method, more in (("sce", "select_topk: 0.5"), ("karcher", "max_iter: 3"), ("model_stock", "filter_wise: true"),
                         ("breadcrumbs_ties", "weight: 1, density: 0.4, gamma: 0.2"), ("multislerp", "weight: 1"), ("ramplus_tl", "r: 1"),
                         ("arcee_fusion", ""), ("nearswap", "t: 0.1"), ("passthrough", "")):
        models = ["a"] if method in ("arcee_fusion", "nearswap", "passthrough") else ["a", "b"]
        base = "" if method in ("karcher", "passthrough") else "base_model: base\n"
        listed = ", ".join(f"{{model: {name}}}" for name in models)
        yield f"merge_method: {method}\n{base}models: [{listed}]\nparameters: {{{more}}}\n".encode()
    yield b"""base_model: base
merge_method: dare_ties
models:
- {model: a, parameters: {weight: [0, 0.5, 1], density: 0.5}}
- model: b
  parameters:
    weight:
    - {filter: lm_head, value: 0}
    - value: &w [1.0, .5]
    density: 1e-1
parameters: {normalize: true, rescale: false, int8_mask: yes}
tokenizer: {source: a, pad_to_multiple_of: 8}
dtype: bfloat16
"""
    yield b"merge_method: linear\nmodels: [{model: a, parameters: {weight: 1}}]\ntokenizer_source: base\nout_dtype: float16\n"
    yield b"\xef\xbb\xbfmerge_method: passthrough\r\nmodels: [{model: base+adapter}]\r\n"
    yield b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nmerge_method: linear\nmodels: *c\n"


def samples():
    yield b'{"id": 1, "images": ["a.png"], "prompt": "What?", "responses": ["x", "y"]}'
    yield b'{"id": "q", "prompt": "\\u00e9 \\ud83d\\ude00", "responses": []}'
    yield b'{"id": 1, "messages": [{"role": "user", "content": [{"type": "image", "image": "a"}]}], "responses": ["b"]}'
    yield b"""{"id": null, "images": ["b"], "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"},
 {"role": "user", "content": [{"type": "text", "text": "t"}, {"type": "image"}]}, {"role": "assistant", "content": "a"}]}"""
    yield json.dumps({"id": 1, "prompt": "x", "responses": ["y"], **{f"key {number}": "a" for number in range(400)}}).encode()
    yield b'{"id": 1, "images": ["../private/photo.png", "/photo.png"], "prompt": "\\u0000", "responses": ["a", null]}'


def requests():
    """Bodies of `vlrm serve`'s routes, behind the byte that chooses one, as bench/fuzz/fuzz_request.cpp does."""
    shown = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    user = {"role": "user", "content": [shown, {"type": "text", "text": "What?"}]}
    answer = {"role": "assistant", "content": "A cat."}
    settings = {"use_activation": True, "mode": "no-image", "special_tokens": "refuse", "truncate_prompt_tokens": -1}
    chats = ["<|im_start|>user\n<image>What?<|im_end|>\n<|im_start|>assistant\nA cat.<|im_end|>\n",
             "<|start_header_id|>user<|end_header_id|>\n\n<|image|>What?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nA cat.",
             "<start_of_turn>user\n<start_of_image><end_of_image>What?<end_of_turn>\n<start_of_turn>model\nA cat.<end_of_turn>\n"]
    label = json.dumps({"images": ["data:image/png;base64,iVBORw0KGgo=", "/sys/class/x"], "prompt": "What?"})
    for route, body in (
        (0, {"model": "fuzz", "messages": [user], "responses": ["A cat.", "A dog."], **settings}),
        (1, {"messages": [{"role": "system", "content": "x"}, user, answer]}),
        (2, {"input": ["A cat.", [1, 2]], "add_special_tokens": False}),
        (3, {"input": [1, 2], "encoding_format": "float"}),
        (4, {"messages": [user, answer], "task": "classify"}),
        (5, {"queries": "What?", "documents": ["A cat.", {"content": [{"type": "text", "text": "A dog."}]}]}),
        (6, {"data_1": [{"content": [shown]}], "data_2": ["A cat."]}),
        (7, {"query": "What?", "documents": ["A cat."], "top_n": 1}),
        (10, {"query": chats, "prompts": [chat[:-9] for chat in chats], "labels": [label, None, {"images": []}]}),
        (10, {"prompt": [user], "response": "A cat.", "label": label}),
        (10, {"prompt": "What?", "response": "A cat."}),
    ):
        yield bytes([route]) + json.dumps(body, ensure_ascii=False).encode()
    yield b'\0{"messages": [{"role": "user", "content": "file:///sys/class/..%2f%00"}], "messages": 1e999}'
