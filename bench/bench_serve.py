"""vlrm serve: grouped traffic beside vlrm score and a batching server on transformers, and ten times the load it can take."""

import base64
import json
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from contextlib import contextmanager

from bench_score import WORDS
from checkpoints import checkpoints
from measure import ROOT, measure, peer_python, table

SHAPE = "small"  # of hundreds of requests on two cores
PROMPTS, RESPONSES, CONNECTIONS = 64, 8, 64
FOR_PEER = 16  # prompts: it takes several times as long
STORM = {"connections": 512, "waiting": 480, "times": 10, "samples": 40, "responses": 4}
PEER_BATCH = 16


def float32(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def words(rng, count):
    return " ".join(rng.choice(WORDS) for _ in range(count))


def make_samples(folder, prompts, responses, length):
    """Samples as vlrm score reads them, an image of its own for each."""
    from PIL import Image

    rng = random.Random(0)
    folder.mkdir(parents=True, exist_ok=True)
    samples = []
    for number in range(prompts):
        image = folder / f"{number}.png"
        Image.effect_noise((160, 120), 20 + number).convert("RGB").save(image)
        texts = [words(rng, length) for _ in range(responses)]
        samples.append({"id": number, "images": [image.name], "prompt": f"Picture {number}: what is shown?", "responses": texts})
    file = folder / "samples.jsonl"
    file.write_text("".join(json.dumps(sample) + "\n" for sample in samples))
    return file, samples


def write_requests(file, samples, together):
    """A request for each response, or with `together` one for each sample."""
    lines = []
    for sample in samples:
        data = base64.b64encode((file.parent / sample["images"][0]).read_bytes()).decode()
        shown = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}, {"type": "text", "text": sample["prompt"]}]
        messages = [{"role": "user", "content": shown, "number": "########"}]  # a field that the template does not write
        for responses in [sample["responses"]] if together else [[text] for text in sample["responses"]]:
            body = json.dumps({"messages": messages, "responses": responses})
            lines.append(json.dumps({"path": "/v1/reward", "body": body}) + "\n")
    out = file.parent / ("together.jsonl" if together else "singly.jsonl")
    out.write_text("".join(lines))
    return out


def scored(options, model, file, limit):
    """The scores by vlrm score, and the seconds that it took."""
    cost, output = measure([options.vlrm, "score", "--model", model, "--input", file, "--limit", limit, "--special-tokens", "escape", "-q"])
    return [[float32(score) for score in json.loads(line)["scores"]] for line in output.splitlines()], cost.wall


@contextmanager
def running(command, ready):
    """A server that says `ready` of a line of its output, and its port if the line has one; ends with the block."""
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield process, ready(process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        process.stderr.close()


def port_of(process):
    for line in process.stderr:
        if found := re.search(r"serving on http://.*:(\d+)", line):
            return int(found.group(1))
    sys.exit("bench serve: the server did not start")


def load(port, requests, connections, *rest, lines=None):
    """What http_load.py says of the first `lines` requests."""
    if lines:
        part = requests.with_suffix(".part")
        part.write_text("".join(requests.read_text().splitlines(True)[:lines]))
        requests = part
    command = [sys.executable, ROOT / "bench/http_load.py", port, requests, connections, *rest]
    return json.loads(subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout)


def peak_of(process):
    with open(f"/proc/{process.pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) << 10


def metric(port, name):
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    return int(float(re.search(rf"^vlrm:{name}{{.*}} (\S+)$", text, re.MULTILINE).group(1)))


def serve(options, model, *flags):
    command = [options.vlrm, "serve", "--model", model, "--port", "0", "--disable-log-requests", *flags]
    return running(command, port_of)


def wrong(answers, expected):
    """How many answers with scores are not float32-equal to what is expected for their requests."""
    return sum([float32(score) for score in scores] != expected[number] for number, status, _, scores in answers if status == 200)


def rate_of_score(options, model, file):
    """The scores by vlrm score, and responses a second without start and loading."""
    few = PROMPTS // 8
    _, few_seconds = scored(options, model, file, few)
    scores, seconds = scored(options, model, file, PROMPTS)
    return scores, (PROMPTS - few) * RESPONSES / (seconds - few_seconds)


def grouped(options, model, work):
    """64 prompts, each response sent alone."""
    file, samples = make_samples(work / "grouped", PROMPTS, RESPONSES, 24)
    expected, before = rate_of_score(options, model, file)
    requests = write_requests(file, samples, together=False)
    singly = [[score] for scores in expected for score in scores]
    with serve(options, model) as (process, port):
        load(port, requests, CONNECTIONS, lines=RESPONSES)
        result = load(port, requests, CONNECTIONS)
        batches, encoded = metric(port, "batches_total"), metric(port, "images_encoded_total")
        peak = peak_of(process)
    rate = len(singly) / result["seconds"]
    _, after = rate_of_score(options, model, file)
    statuses = Counter(status for _, status, _, _ in result["answers"])
    print(f"grouped: {dict(statuses)}, {wrong(result['answers'], singly)} wrong; {batches} batches, {encoded} images encoded")
    rows = [("vlrm score, 8 responses a sample, before", f"{before:.1f}", ""),
            ("vlrm score, after", f"{after:.1f}", ""),
            ("vlrm serve, each response sent alone", f"{rate:.1f}", f"{peak / 2**20:.0f}")]
    if not options.no_peers:
        rows.append(("transformers, padded batches", *against_peer(model, requests, singly)))
    table(rows, ("64 prompts × 8 responses, 64 connections", "responses/s", "MiB"))
    print(f"serve is {rate / max(before, after):.2f} × score" + ("" if options.no_peers else f", {rate / float(rows[-1][1]):.1f} × the peer"))


def against_peer(model, requests, expected):
    """The peer's responses a second on the first prompts, and its peak memory in MiB."""
    def ready(process):
        for _ in range(600):
            try:
                urllib.request.urlopen("http://127.0.0.1:8123/docs", timeout=5).read()
                return 8123
            except OSError:
                time.sleep(0.5)
        sys.exit("bench serve: the peer did not start")

    command = [peer_python("batching"), ROOT / "bench/peers/batching_server.py", model, 8123, PEER_BATCH]
    with running(command, ready) as (process, port):
        load(port, requests, CONNECTIONS, lines=PEER_BATCH)
        result = load(port, requests, CONNECTIONS, lines=FOR_PEER * RESPONSES)
        peak = peak_of(process)
    gap = max(abs(scores[0] - expected[number][0]) for number, _, _, scores in result["answers"])
    print(f"the peer's scores differ by {gap:.1e} at most")
    return f"{len(result['answers']) / result['seconds']:.1f}", f"{peak / 2**20:.0f}"


def storm(options, model, work):
    """Ten times what the model can do, for some minutes, a connection for each request."""
    file, samples = make_samples(work / "storm", STORM["samples"], STORM["responses"], 48)
    expected, _ = scored(options, model, file, len(samples))
    requests = write_requests(file, samples, together=True)
    with serve(options, model, "--max-waiting", STORM["waiting"]) as (process, port):
        load(port, requests, 16, lines=8)
        capacity = len(samples) / load(port, requests, 16)["seconds"]
        before = peak_of(process)
        result = load(port, requests, STORM["connections"], capacity * STORM["times"], options.minutes * 60)
        peak, refused = peak_of(process), metric(port, "requests_refused_total")
        process.send_signal(signal.SIGTERM)
        code = process.wait()
    answers = result["answers"]
    statuses = Counter(status for _, status, _, _ in answers)
    latencies = sorted(seconds for _, status, seconds, _ in answers if status == 200)
    print(f"storm: alone {capacity:.1f} requests a second; {len(answers)} offered in {result['seconds']:.0f} s, "
          f"{len(answers) / result['seconds']:.1f} a second; {statuses[200]} answered, {statuses[503]} refused "
          f"(the server counted {refused}), {len(answers) - statuses[200] - statuses[503]} otherwise, "
          f"{wrong(answers, expected)} wrong; exit code {code}")
    print(f"p50 {latencies[len(latencies) // 2]:.2f} s, p99 {latencies[len(latencies) * 99 // 100]:.2f} s of those answered; "
          f"peak memory {before / 2**20:.0f} MiB before, {peak / 2**20:.0f} MiB after")


def run(options):
    paths = checkpoints(options, SHAPE)
    work = options.work / "serve"
    model = work / "vlrm-float32"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    build = [options.vlrm, "build", "--vlm", paths["vlm"], "--rm", paths["rm"], "--base", paths["base"]]
    measure([*build, "--method", "linear", "--weight-rm", "0.5", "--dtype", "float32", "-o", model, "-q"])
    grouped(options, model, work)
    storm(options, model, work)
