"""vlrm compare: figures against numpy, the page in a browser."""

import json
import resource
import shutil
import subprocess

import numpy as np
import pytest
from browser import open_browser, requests
from conftest import PROGRAM
from safetensors.numpy import load_file, save_file

LAYERS = 3


def model(path, seed, rows=7, **more):
    path.mkdir()
    (path / "config.json").write_text(json.dumps({"model_type": "own", "num_hidden_layers": LAYERS}))
    draw = np.random.default_rng(seed)
    tensors = {"model.embed_tokens.weight": draw.standard_normal((rows, 5), np.float32)}
    for layer in range(LAYERS):
        tensors[f"model.layers.{layer}.mlp.up_proj.weight"] = draw.standard_normal((40, 30), np.float32)
        tensors[f"model.layers.{layer}.norm.weight"] = np.where(draw.random(30) < 0.3, 0, draw.standard_normal(30)).astype(np.float32)
    tensors.update(more)
    save_file(tensors, path / "model.safetensors")
    return tensors


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return folder, {
        "a": model(folder / "a", 1, **{"score.weight": np.ones((1, 5), np.float32)}),
        "b": model(folder / "b", 2, rows=9),
        "base": model(folder / "base", 3)}


def test_two_outputs_appear_together_or_not_at_all(models, vlrm, tmp_path):
    """As on a full disk, where the page is too large and the figures are not: then the same command may go well."""
    folder, _ = models
    command = ["compare", folder / "a", folder / "b", "--json", tmp_path / "c.json", "-o", tmp_path / "c.html", "-q"]
    done = subprocess.run([PROGRAM, *map(str, command)], capture_output=True, text=True,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384)))
    assert done.returncode == 75 and "c.html: cannot be written: File too large" in done.stderr
    assert not list(tmp_path.iterdir())
    vlrm(*command)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.html", "c.json"]


def related(x, y, top):
    x, y = x.ravel().astype(float), y.ravel().astype(float)
    kept = max(1, int(top * x.size))
    largest = [set(np.argsort(-np.abs(v).astype(np.float32), kind="stable")[:kept]) for v in (x, y)]
    both = (x != 0) & (y != 0)
    return {"norm_a": np.linalg.norm(x), "norm_b": np.linalg.norm(y),
            "cosine": x @ y / np.linalg.norm(x) / np.linalg.norm(y),
            "sign_agreement": np.mean(x[both] * y[both] > 0), "top_shared": len(largest[0] & largest[1]) / kept}


@pytest.mark.parametrize("with_base, top", [(False, 0.2), (True, 0.2), (True, 0.05)])
def test_figures_are_numpys(vlrm, models, tmp_path, with_base, top):
    folder, values = models
    flags = ["--base", folder / "base"] if with_base else []
    notes = vlrm("compare", folder / "a", folder / "b", *flags, "--json", tmp_path / "c.json", "--top", top, notes=True)
    found = json.loads((tmp_path / "c.json").read_text())
    assert len(found["tensors"]) == 1 + 2 * LAYERS and found["top"] == top
    for tensor in found["tensors"]:
        rows = tensor["shape"][0]
        x, y, base = (values[name][tensor["name"]][:rows] for name in ("a", "b", "base"))
        expected = related(x - base, y - base, top) if with_base else related(x, y, top)
        for key, value in expected.items():
            assert tensor[key] == pytest.approx(value, rel=1e-5, abs=1e-6), (tensor["name"], key)
    assert any("only the first 7 rows" in note for note in notes)
    assert any("score.weight" in note for note in notes)


PARTS = {"embeddings": "embed_tokens", "MLP": ".mlp.", "norms": "norm."}


def test_totals_are_of_all_elements_together(vlrm, models, tmp_path):
    """The share of the largest is counted tensor by tensor, as TIES trims."""
    folder, values = models
    vlrm("-q", "compare", folder / "a", folder / "b", "--base", folder / "base", "--json", tmp_path / "c.json")
    found = json.loads((tmp_path / "c.json").read_text())
    each = {tensor["name"]: tensor for tensor in found["tensors"]}

    def difference(model, name):
        rows = each[name]["shape"][0]
        return (values[model][name][:rows] - values["base"][name][:rows]).ravel()

    totals = found["totals"]
    assert [part["name"] for part in totals["parts"]] == list(PARTS)
    assert [layers["name"] for layers in totals["layers"]] == [f"layer {layer}" for layer in range(LAYERS)]
    wanted = [("all", "")] + list(PARTS.items()) + [(f"layer {layer}", f".layers.{layer}.") for layer in range(LAYERS)]
    for total, (name, text) in zip([totals["all"], *totals["parts"], *totals["layers"]], wanted, strict=True):
        names = [tensor for tensor in each if text in tensor]
        x, y = (np.concatenate([difference(model, tensor) for tensor in names]) for model in ("a", "b"))
        expected = related(x, y, 0.2) | {"top_shared": sum(each[n]["largest_shared"] for n in names) / sum(each[n]["largest"] for n in names)}
        assert total["name"] == name and total["tensors"] == len(names) and total["elements"] == x.size
        for key, value in expected.items():
            assert total[key] == pytest.approx(value, rel=1e-5, abs=1e-6), (name, key)


def conflicting(folder, **mixes):
    """Two models that were tuned from one base: B's change of a tensor is A's, times what is given for a part of its
    name, and a change of its own."""
    draw = np.random.default_rng(5)
    shapes = {"self_attn.q_proj.weight": (40, 40), "mlp.down_proj.weight": (40, 80)}
    models = {name: {} for name in ("a", "b", "base")}
    for layer in range(8):
        for module, shape in shapes.items():
            name = f"model.layers.{layer}.{module}"
            start, x, y = (draw.standard_normal(shape, np.float32) for _ in range(3))
            mix = next((share for part, share in mixes.items() if part in name and layer >= 6), 0)
            models["base"][name], models["a"][name], models["b"][name] = start, start + x, start + mix * x + y
    for name, tensors in models.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "config.json").write_text(json.dumps({"model_type": "own", "num_hidden_layers": 8}))
        save_file(tensors, folder / name / "model.safetensors")
    return [folder / "a", folder / "b", "--base", folder / "base"]


def test_a_sentence_says_where_they_conflict(vlrm, tmp_path):
    """The cosine of x and y - x/2, of independent x and y, is -1/√5."""
    done = vlrm("-q", "compare", *conflicting(tmp_path / "down", down_proj=-0.5), "-o", tmp_path / "c.html", "--json", tmp_path / "c.json")
    sentence = done.strip()
    assert sentence.startswith("Conflict is strongest in layers 6–7's mlp.down_proj: the task vectors' cosine is −0.4")
    assert json.loads((tmp_path / "c.json").read_text())["sentence"] == sentence
    done = vlrm("-q", "compare", *conflicting(tmp_path / "none"))
    assert "The models hardly conflict: the task vectors' cosine is 0.0" in done and "nowhere clearly below 0." in done
    done = vlrm("-q", "compare", *conflicting(tmp_path / "same", down_proj=-3)[:2])
    assert "The weights' cosine is 0." in done and "in layers 6–7's mlp.down_proj; name a base" in done
    a = tmp_path / "same/a"
    assert "One of the two is the base wherever they are compared." in vlrm("-q", "compare", a, a, "--base", a)


def test_without_an_output_a_table_goes_to_the_terminal(vlrm, tmp_path):
    lines = vlrm("-q", "compare", *conflicting(tmp_path / "down", down_proj=-0.5)).splitlines()
    rows = {line[:12].strip(): line[12:].split() for line in lines}
    assert [name for name, cells in rows.items() if len(cells) == 5] == ["attention", "MLP", "layers 0–1", "layers 2–3", "layers 4–5", "layers 6–7", "all"]
    assert float(rows["layers 6–7"][2]) < -0.2 < float(rows["layers 0–1"][2])
    assert float(rows["all"][3]) == pytest.approx(0.5, abs=0.05)


def test_models_of_different_widths_are_refused(vlrm, models, tmp_path):
    folder, _ = models
    for name, changed in (("model.layers.1.mlp.up_proj.weight", (40, 32)), ("model.layers.1.mlp.up_proj.weight", (41, 30)),
                          ("model.embed_tokens.weight", (7, 6))):
        other = tmp_path / f"{name}{changed}"
        shutil.copytree(folder / "a", other)
        tensors = load_file(other / "model.safetensors") | {name: np.ones(changed, np.float32)}
        save_file(tensors, other / "model.safetensors")
        error = vlrm("-q", "compare", folder / "a", other, "-o", tmp_path / "c.html", fails=True)
        assert f"tensor {name} is [" in error and f"[{changed[0]}, {changed[1]}] in {other}: these models cannot be compared" in error
        assert not (tmp_path / "c.html").exists()


def test_heads_of_other_shapes_are_left_out(vlrm, models, tmp_path):
    folder, _ = models
    shutil.copytree(folder / "a", tmp_path / "two")
    save_file(load_file(folder / "a/model.safetensors") | {"score.weight": np.ones((2, 5), np.float32)}, tmp_path / "two/model.safetensors")
    notes = vlrm("compare", folder / "a", tmp_path / "two", notes=True)
    assert [note for note in notes if "score.weight: not compared: it is [1, 5] and [2, 5]" in note]


def test_threads_change_nothing(vlrm, models, tmp_path):
    folder, _ = models
    for threads in (1, 3):
        vlrm("--threads", threads, "-q", "compare", folder / "a", folder / "b", "--json", tmp_path / f"{threads}.json")
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "3.json").read_bytes()


def test_a_vlms_text_part_meets_the_llamas(vlrm, goldens, tmp_path):
    names = [goldens / "models" / name for name in ("vlm", "rm", "base")]
    vlrm("-q", "compare", *names[:2], "--base", names[2], "--json", tmp_path / "c.json")
    found = json.loads((tmp_path / "c.json").read_text())
    layers = {tensor["name"].split(".")[2] for tensor in found["tensors"] if ".layers." in tensor["name"]}
    assert len(layers) == json.loads((names[2] / "config.json").read_text())["num_hidden_layers"]


def test_names_are_fit_for_a_terminal(vlrm, models, tmp_path):
    folder, _ = models
    model(tmp_path / "other", 4)
    save_file({**load_file(folder / "a/model.safetensors"), "x\x1b[31m": np.ones(3, np.float32)}, tmp_path / "other/model.safetensors")
    notes = vlrm("compare", folder / "a", tmp_path / "other", "--json", tmp_path / "c.json", notes=True)
    assert [note for note in notes if "x\\x1b[31m" in note]


def test_says_what_is_wrong(vlrm, models, tmp_path):
    folder, _ = models
    out = tmp_path / "c.html"
    assert "nowhere" in vlrm("compare", folder / "a", "nowhere", "-o", out, fails=True)
    other = tmp_path / "other"
    model(other, 4)
    save_file({"x": np.ones(3, np.float32)}, other / "model.safetensors")
    assert "have no tensor in common" in vlrm("compare", folder / "a", other, "-o", out, fails=True)
    assert f"b and {other} have no tensor in common" in vlrm(
        "compare", folder / "a", folder / "b", "--base", other, "-o", out, fails=True)
    assert "is to be the page, too" in vlrm("compare", folder / "a", folder / "b", "-o", out, "--json", out, fails=True)
    assert "--top" in vlrm("compare", folder / "a", folder / "b", "-o", out, "--top", "nan", fails=True)
    assert not out.exists()
    out.write_text("")
    assert "exists already" in vlrm("compare", folder / "a", folder / "b", "-o", out, fails=True)


def test_no_file_of_an_input_is_replaced(vlrm, models, tmp_path):
    folder, _ = models
    for name, file in (("a", "config.json"), ("b", "model.safetensors"), ("base", "config.json")):
        before = (folder / name / file).read_bytes()
        for flag in ("-o", "--json"):
            error = vlrm("compare", folder / "a", folder / "b", "--base", folder / "base", flag, folder / name / file, "--force", fails=True)
            assert "is there already, in the folder of an input" in error
        assert (folder / name / file).read_bytes() == before


def test_elements_that_are_no_numbers_are_told(vlrm, models, tmp_path):
    folder, _ = models
    shutil.copytree(folder / "a", tmp_path / "odd")
    tensors = load_file(tmp_path / "odd/model.safetensors")
    name = next(name for name in tensors if ".layers.1." in name)
    tensors[name].flat[3] = np.nan
    save_file(tensors, tmp_path / "odd/model.safetensors")
    notes = vlrm("-q", "compare", tmp_path / "odd", folder / "b", "--json", tmp_path / "c.json", notes=True)
    assert f"note: 1 tensor has elements that are infinite or NaN ({name}): norms and cosines are left empty, and totals leave it out" in notes
    found = json.loads((tmp_path / "c.json").read_text())
    figures = {tensor["name"]: tensor for tensor in found["tensors"]}
    assert figures[name]["norm_a"] is None and figures[name]["cosine"] is None
    assert found["totals"]["all"]["tensors"] == len(figures) - 1 and found["totals"]["all"]["cosine"] is not None


def test_the_page_shows_the_figures(vlrm, models, tmp_path):
    folder, _ = models
    page = tmp_path / "c.html"
    vlrm("-q", "compare", folder / "a", folder / "b", "--base", folder / "base", "-o", page, "--json", tmp_path / "c.json")
    figures = {tensor["name"]: tensor for tensor in json.loads((tmp_path / "c.json").read_text())["tensors"]}
    with open_browser(tmp_path / "profile") as browser:
        browser.get(page.as_uri())
        cells = browser.find_elements("css selector", "#maps td:not(.total)")
        assert len(cells) == 1 + 2 * LAYERS
        first = browser.find_element("css selector", "#maps td[tabindex='0']")
        browser.execute_script("arguments[0].focus()", first)
        shown = browser.find_element("id", "cell").text
        name = shown.split(" ")[0]
        assert name in figures and f"cosine {figures[name]['cosine']:.4g}"[:12] in shown
        browser.switch_to.active_element.send_keys("\ue014")  # →
        assert browser.find_element("id", "cell").text.split(" ")[0] != name
        before = cells[0].text
        browser.execute_script("const f = document.getElementById('figure'); f.value = 3; f.dispatchEvent(new Event('change'))")
        assert browser.find_elements("css selector", "#maps td:not(.total)")[0].text != before
        colour = "return getComputedStyle(document.body).backgroundColor"
        light = browser.execute_script(colour)
        browser.find_element("id", "theme").click()
        assert browser.execute_script(colour) != light
        assert "score.weight" in browser.find_element("id", "notes").text
        browser.save_screenshot(str(tmp_path / "c.png"))
        assert {url for url in requests(browser) if not url.startswith("chrome:")} == {page.as_uri()}


CELLS = """
const numbers = (colour) => colour.match(/[0-9.]+/g).slice(0, 3).map(Number);
const light = (rgb) => rgb.map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const luminance = (rgb) => { const [r, g, b] = light(rgb); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
return [...document.querySelectorAll(".heat td[style]")].map((cell) => {
  const style = getComputedStyle(cell), back = numbers(style.backgroundColor), ink = numbers(style.color);
  const [low, high] = [luminance(back), luminance(ink)].sort((a, b) => a - b);
  return { value: Number(cell.textContent.replace("−", "-")), back, contrast: (high + 0.05) / (low + 0.05) };
});
"""


def test_colours_say_conflict_and_every_figure_can_be_read(vlrm, tmp_path):
    """White stands at 0 and at chance; conflict is red, agreement blue, in light and dark."""
    page = tmp_path / "c.html"
    vlrm("-q", "compare", *conflicting(tmp_path / "long/way", down_proj=-2.5, q_proj=2), "-o", page, "--json", tmp_path / "c.json")
    found = json.loads((tmp_path / "c.json").read_text())
    with open_browser(tmp_path / "profile") as browser:
        browser.get(page.as_uri())
        assert browser.find_element("id", "models").text == "a and b" == browser.title
        assert browser.find_element("css selector", "#models abbr").get_attribute("title") == str(tmp_path / "long/way/a")
        assert browser.find_element("id", "sentence").text == found["sentence"]
        corner = browser.find_element("css selector", "#maps tr.totals td:last-child").text
        assert float(corner.replace("−", "-")) == pytest.approx(found["totals"]["all"]["cosine"], abs=0.006)
        for _ in ("light", "dark"):
            for figure in range(5):
                browser.execute_script("const f = document.getElementById('figure'); f.value = arguments[0]; f.dispatchEvent(new Event('change'))", figure)
                cells = browser.execute_script(CELLS)
                assert len(cells) > 20 and min(cell["contrast"] for cell in cells) >= 4.5
                own = cells[3 * 7 :]  # behind the table of totals
                middle = {0: 0, 1: 0.5}.get(figure)
                if middle is None:
                    continue
                red = [cell["back"][0] - cell["back"][2] for cell in own]
                assert min(red[i] for i, cell in enumerate(own) if cell["value"] < middle - 0.3) > 40
                assert max(red[i] for i, cell in enumerate(own) if cell["value"] > middle + 0.3) < -30
                assert max(abs(red[i]) for i, cell in enumerate(own) if abs(cell["value"] - middle) < 0.02) < 20
            numbers = browser.find_element("css selector", ".scale .numbers").text.split()
            assert len(numbers) == 2
            browser.find_element("id", "theme").click()
