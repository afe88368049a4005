"""Mutated inputs for every parser, under AddressSanitizer and UndefinedBehaviorSanitizer, coverage-guided by libFuzzer."""

import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from fuzz.seeds import seeds
from measure import ROOT

LARGEST = 1 << 16  # bytes of an input: small ones mutate faster
TIMEOUT = 60  # seconds: the sanitizers, and other work beside them, make 10 s of what 1 s is


def words(inputs):
    """A libFuzzer dictionary of the words in `inputs`: field names and the like, which chance seldom hits."""
    found = {word for data in inputs for word in re.findall(rb"[A-Za-z_]{3,32}", data)}
    return "".join(f'"{word.decode()}"\n' for word in sorted(found)[:2000])


def fuzz(program, options):
    parser = program.name.removeprefix("fuzz_")
    corpus = options.work / "fuzz" / parser
    corpus.mkdir(parents=True, exist_ok=True)
    inputs = [data for data in seeds(parser) if len(data) <= LARGEST]
    for number, data in enumerate(inputs):
        (corpus / f"seed-{number}").write_bytes(data)
    dictionary, log = corpus.parent / f"{parser}.dict", corpus.parent / f"{parser}.log"
    dictionary.write_text(words(inputs))
    seconds = int(options.minutes * 60)
    command = [program, corpus, f"-max_total_time={seconds}", f"-max_len={LARGEST}", f"-timeout={TIMEOUT}", "-rss_limit_mb=4096",
               "-malloc_limit_mb=1024", f"-artifact_prefix={corpus.parent}/{parser}-", f"-dict={dictionary}",
               "-print_final_stats=1"]
    with tempfile.TemporaryDirectory(dir="/dev/shm") as scratch, log.open("w") as output:
        environment = {**os.environ, "TMPDIR": scratch, "XDG_CACHE_HOME": scratch}
        done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
    facts = dict(re.findall(r"^stat::(\w+): +(\d+)", log.read_text(errors="replace"), re.MULTILINE))
    runs, rate = (int(facts.get(name, 0)) for name in ("number_of_executed_units", "average_exec_per_sec"))
    verdict = "no crash" if done.returncode == 0 else f"CRASH, see {log}"
    print(f"{parser:12} {verdict} in {seconds} s, {runs:,} inputs, {rate:,} a second", flush=True)
    return done.returncode


def run(options):
    built = {program.name.removeprefix("fuzz_"): program for program in (ROOT / "build/fuzz/bin").glob("fuzz_*")}
    if not built:
        sys.exit("bench fuzz: no fuzzer is built; ./dev bench fuzz builds them")
    chosen = options.parsers or sorted(built)
    if unknown := set(chosen) - set(built):
        sys.exit(f"bench fuzz: no parser {', '.join(unknown)}; there are {', '.join(sorted(built))}")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        if any(list(pool.map(lambda parser: fuzz(built[parser], options), chosen))):
            sys.exit(1)
