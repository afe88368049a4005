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
    assert "--output: name what to write" in vlrm("compare", folder / "a", folder / "b", fails=True)
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
    assert f"note: 1 tensor has elements that are infinite or NaN ({name}): norms and cosines are left empty" in notes
    figures = {tensor["name"]: tensor for tensor in json.loads((tmp_path / "c.json").read_text())["tensors"]}
    assert figures[name]["norm_a"] is None and figures[name]["cosine"] is None


def test_the_page_shows_the_figures(vlrm, models, tmp_path):
    folder, _ = models
    page = tmp_path / "c.html"
    vlrm("-q", "compare", folder / "a", folder / "b", "--base", folder / "base", "-o", page, "--json", tmp_path / "c.json")
    figures = {tensor["name"]: tensor for tensor in json.loads((tmp_path / "c.json").read_text())["tensors"]}
    with open_browser(tmp_path / "profile") as browser:
        browser.get(page.as_uri())
        cells = browser.find_elements("css selector", ".heat td[style]")
        assert len(cells) == 1 + 2 * LAYERS
        first = browser.find_element("css selector", ".heat td[tabindex='0']")
        browser.execute_script("arguments[0].focus()", first)
        shown = browser.find_element("id", "cell").text
        name = shown.split(" ")[0]
        assert name in figures and f"cosine {figures[name]['cosine']:.4g}"[:12] in shown
        browser.switch_to.active_element.send_keys("\ue014")  # →
        assert browser.find_element("id", "cell").text.split(" ")[0] != name
        before = cells[0].text
        browser.execute_script("const f = document.getElementById('figure'); f.value = 3; f.dispatchEvent(new Event('change'))")
        assert browser.find_elements("css selector", ".heat td[style]")[0].text != before
        colour = "return getComputedStyle(document.body).backgroundColor"
        light = browser.execute_script(colour)
        browser.find_element("id", "theme").click()
        assert browser.execute_script(colour) != light
        assert "score.weight" in browser.find_element("id", "notes").text
        browser.save_screenshot(str(tmp_path / "c.png"))
        assert {url for url in requests(browser) if not url.startswith("chrome:")} == {page.as_uri()}
