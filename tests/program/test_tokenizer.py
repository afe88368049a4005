"""Random texts through `vlrm tokenize` and through the tokenizers library, which must give the same ids.

VLRM_TOKENIZER_TEXTS sets how many texts of each tokenizer, VLRM_TOKENIZER_SEED which.
"""

import json
import os
import random
import subprocess

import pytest
from conftest import PROGRAM
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

COUNT = int(os.environ.get("VLRM_TOKENIZER_TEXTS", "200"))
SEED = int(os.environ.get("VLRM_TOKENIZER_SEED", "0"))

LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN_2 = LLAMA_3.replace("{1,3}", "")
CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
)
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# Every construct that Oniguruma and PCRE2 read differently, or might.
ODDITIES = [
    r"\w+", r"\W", r"\s", r"[^\s]+", r"[\S]", r"\d+", r"[\D]+", r"\h+", r"\H", r"\b", r"\B.", r"\bthe\b", r"^.", r".$",
    r"\A\w", r".\z", r".\Z", r"\R", r"[\r\n]+$", r"a{,2}", r"\p{N}{1,2}+", r"\p{N}{2}?", r"x{2", r"a(?i)b|c", r"(?i:K|s)",
    r"(?m:e.)", r"e.", r"(?<word>\w)\W", r"(\p{L})|(\p{N})", r"(?<=a)\w", r"(?<!a)\w", r"(?>a+)b?", r"[a-c\-\]\[^]",
    r"[]a]", r"\p{^L}+", r"\P{L}+", r"\p{Lu}", r"\p{Letter}+", r"\p{Han}+", r"\p{Greek}", r"\p{Alpha}+", r"\u0061",
    r"\x{4e00}|\x61", r"[一-龥]+", r"[\u4e00-\u9fa5]", r"(?#nothing)t", r"\.|\-|\#|\/", r"# ", r"(|a)", r"x*", r"[\b]|\t",
    r"[a-z&&[^aeiou]]+", r"[\p{L}&&[^\p{Lu}]&&[^t]]+", r"[^a-z&&\w]+", r"[a-c[x-z]]+", r"[[a-c][^\p{L}]]+", r"[^[^a-c]b]+", r"[^\W\d]+",
    r"[\W\d]+", r"[a-z[:digit:]&&[^3]]", r"[[:alpha:]]+", r"[[:^alpha:]]+", r"[[:punct:][:space:]]", r"[^[:punct:]\p{L}]+", r"[[:upper:]]",
    r"[[:alnum:]_]+", r"[[:graph:]]+", r"[[:word:]]+", r"[:a]", r"[[:a]]", r"(\p{L})\1", r"(['\"])(\w+)\1", r"(?<c>\w)\k<c>+", r"(a|b)(\w)\2\1?",
    r"(\w)\k<-1>", r"(?<x>a|b)|\k<x>c", r"(?i:(\w)\1)", r"(\d)\g<1>", r"(?<n>\((?:[^()]|\g<n>)*\))", r"(?x) [ a-z ] +  # words", r"\O\N",
    r"\p{Uppercase_Letter}+", r"\p{Alnum}+", r"[\x41-\132]+", r"[a-c&&]", r"[&a]&",
    r"[\w'-]+", r"[^\w]", r"\p{P}+|\p{S}+|\p{M}+|\p{Z}|\p{Cc}|\p{Cf}", "\n", r"(?:\r?\n)+", "a|b",
]  # fmt: skip

ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJ", "0123456789", "  \t\n\r", "éèüñßſİıŉǆẞK", "\u0301\u0308\u0327\u093c\u20dd", "¹²³½¼Ⅳ٣४๓",
    "今天天气很好我们日本語カタカナ안녕하세요", "😀🏽👩\u200d👧🇺🇸🏳️", "\u00a0\u2028\u2029\u0085\u3000\u180e\u200b\ufeff\u2003",
    "\0\x01\x7f\x0b\x0c\x1c", ".,!?'\"-_#<>|$%&()[]{}/\\", "приветΓειάمرحباשלוםनमस्तेไทย", "ﬁ①Ａ㎏",
]  # fmt: skip
PHRASES = [
    "The quick brown fox", "don't", "We'LL", "it's", " the", "\n\n", "    ", "\r\n", "12345", "3.14", "<|a|>", "<|b|>", "<c>", "word",
    "Word", " word ", "<|begin_of_text|>", "<|eot_id|>", "<|image|>", "<pad>", "http://a.b/c?d=e", "été", "def f(x):\n    return x",
]  # fmt: skip


def random_text(rng):
    parts = []
    for _ in range(rng.randint(0, 12)):
        kind = rng.randrange(10)
        if kind < 4:
            parts.append(rng.choice(PHRASES))
        elif kind < 8:
            alphabet = rng.choice(ALPHABETS)
            parts.append("".join(rng.choice(alphabet) for _ in range(rng.choice([1, 2, 3, 5, 9, 60]))))
        elif kind == 8:
            parts.append(rng.choice([" ", "\n", "a", "7", "é"]) * rng.choice([1, 2, 7, 40, 200]))
        else:
            points = [rng.randrange(0x30000) for _ in range(4)]
            parts.append("".join(chr(p) for p in points if not 0xD800 <= p < 0xE000))
    return "".join(parts)


ADDED = [
    AddedToken("<|a|>", special=True),
    AddedToken("<|b|>", special=True, lstrip=True),
    AddedToken("<c>", special=True, rstrip=True, normalized=True),
    AddedToken("word", single_word=True),
    AddedToken("Word", single_word=True, lstrip=True, rstrip=True, normalized=False),
    AddedToken("été", normalized=True),
    AddedToken("<|a|><|b|>", special=True),
    AddedToken("  ", normalized=False),
]


def trained(pre_tokenizer, normalizer=None, decoder=None, added=ADDED, byte_level=True, **model):
    ignore_merges = model.pop("ignore_merges", False)
    tokenizer = Tokenizer(models.BPE(**model))
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.decoder = decoder or decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet() if byte_level else [],
        special_tokens=["<unk>"] + [f"<0x{byte:02X}>" for byte in range(256) if model.get("byte_fallback")],
        show_progress=False,
    )
    rng = random.Random(7)
    tokenizer.train_from_iterator((random_text(rng) for _ in range(400)), trainer)
    tokenizer.add_tokens(added)
    start = tokenizer.token_to_id("<|a|>") if added else None
    if start is not None:
        template = processors.TemplateProcessing(single="<|a|> $A <|b|>", special_tokens=[
            ("<|a|>", start), ("<|b|>", tokenizer.token_to_id("<|b|>"))])  # fmt: skip
        tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template])
    file = json.loads(tokenizer.to_str())
    file["model"]["ignore_merges"] = ignore_merges
    return file


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


def byte_level(prefix=False, regex=False):
    return pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=regex)


def in_order(*parts):
    return pre_tokenizers.Sequence(list(parts))


def falcon():
    return in_order(
        pre_tokenizers.Punctuation("contiguous"), byte_level(regex=True), pre_tokenizers.Digits(False), split("[0-9][0-9][0-9]")
    )


SETTINGS = {
    "gpt2": lambda: trained(byte_level(regex=True)),
    "gpt2 with a prefix space": lambda: trained(byte_level(prefix=True, regex=True), ignore_merges=True),
    "llama 3": lambda: trained(in_order(split(LLAMA_3), byte_level()), ignore_merges=True),
    "qwen 2": lambda: trained(in_order(split(QWEN_2), byte_level()), normalizer=normalizers.NFC()),
    "cl100k": lambda: trained(in_order(split(CL100K, "removed", True), byte_level())),
    "o200k": lambda: trained(in_order(split(O200K), byte_level()), normalizer=normalizers.NFKC()),
    "deepseek": lambda: trained(
        in_order(split(r"\p{N}{1,3}"), split(r"[一-龥぀-ゟ゠-ヿ]+"), split(r"[\r\n]"), split(r"\s?\p{L}+"), byte_level())
    ),
    "starcoder": lambda: trained(in_order(pre_tokenizers.Digits(True), byte_level(regex=True))),
    "falcon": lambda: trained(falcon()),
    "prefix spaces inside": lambda: trained(in_order(split(r"\s+", "merged_with_next"), byte_level(prefix=True))),
    "lower case": lambda: trained(
        byte_level(regex=True), normalizer=normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase(), normalizers.Strip()])
    ),
    "whitespace, unknown": lambda: trained(
        pre_tokenizers.Whitespace(), byte_level=False, unk_token="<unk>", added=[], decoder=decoders.Fuse()
    ),
    "whitespace split, fused unknown": lambda: trained(
        pre_tokenizers.WhitespaceSplit(), byte_level=False, unk_token="<unk>", fuse_unk=True, decoder=decoders.Fuse()
    ),
    "llama 2": lambda: trained(
        split("(?!)"),
        normalizer=normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]),
        decoder=decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]),
        byte_level=False, byte_fallback=True, unk_token="<unk>", fuse_unk=True,
    ),
    **{
        f"metaspace {scheme} {splits}": lambda scheme=scheme, splits=splits: trained(
            pre_tokenizers.Metaspace(prepend_scheme=scheme, split=splits), decoder=decoders.Metaspace(prepend_scheme=scheme),
            byte_level=False, byte_fallback=True, unk_token="<unk>", fuse_unk=True,
        )
        for scheme in ["always", "first", "never"]
        for splits in [True, False]
    },
    "metaspace and digits": lambda: trained(
        in_order(pre_tokenizers.Metaspace(prepend_scheme="first"), pre_tokenizers.Digits(True)), normalizer=normalizers.NFKC(),
        decoder=decoders.Sequence([decoders.Metaspace(), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]),
        byte_level=False, byte_fallback=True, unk_token="<unk>",
    ),
    "words and metaspace": lambda: trained(
        in_order(pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="first")), byte_level=False,
        unk_token="<unk>", decoder=decoders.Metaspace(prepend_scheme="never"),
    ),
    "nfkd": lambda: trained(byte_level(regex=True), normalizer=normalizers.NFKD()),
} | {
    f"{behavior} {'inverted' if invert else ''}": lambda behavior=behavior, invert=invert: trained(
        in_order(split(r"\s|\p{N}+|[.,']", behavior, invert), byte_level())
    )
    for behavior in ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]
    for invert in [False, True]
}  # fmt: skip


def assert_same(vlrm, directory, file, texts, only_ids=False):
    directory.mkdir(exist_ok=True)
    (directory / "tokenizer.json").write_text(json.dumps(file))
    theirs = Tokenizer.from_str(json.dumps(file))
    theirs.no_truncation()

    def through(values, *flags):
        path = directory / "lines.jsonl"
        path.write_text("".join(json.dumps(value) + "\n" for value in values))
        lines = vlrm("tokenize", "--model", directory, "--input", path, *flags).split("\n")
        assert lines.pop() == ""
        return [json.loads(line) for line in lines]

    ids = [theirs.encode(text, add_special_tokens=False).ids for text in texts]
    for text, mine, expected in zip(texts, through(texts), ids, strict=True):
        assert mine == expected, repr(text)
    if only_ids:
        return
    for text, mine in zip(texts, through(texts, "--add-special-tokens"), strict=True):
        assert mine == theirs.encode(text).ids, repr(text)
    rng = random.Random(SEED)
    shuffled = [rng.sample(some, len(some)) for some in ids]  # bytes out of order are no UTF-8
    for lists in (ids, shuffled):
        for some, mine in zip(lists, through(lists, "--decode"), strict=True):
            assert mine == theirs.decode(some, skip_special_tokens=False), some
        for some, mine in zip(lists, through(lists, "--decode", "--skip-special-tokens"), strict=True):
            assert mine == theirs.decode(some, skip_special_tokens=True), some


@pytest.mark.parametrize("name", ["models/base", "models/rm", "models/vlm", "vlrm_ties"])
def test_golden_tokenizers(vlrm, goldens, tmp_path, name):
    rng = random.Random(SEED)
    file = json.loads((goldens / name / "tokenizer.json").read_text())
    assert_same(vlrm, tmp_path, file, [random_text(rng) for _ in range(COUNT)])


@pytest.mark.parametrize("name", SETTINGS)
def test_trained_tokenizers(vlrm, tmp_path, name):
    rng = random.Random(f"{name} {SEED}")
    assert_same(vlrm, tmp_path, SETTINGS[name](), [random_text(rng) for _ in range(COUNT)])


@pytest.mark.parametrize("pattern", ODDITIES)
def test_regular_expressions(vlrm, tmp_path, bare_tokenizer, pattern):
    """A vocabulary of characters without merges shows what "removed" leaves; with "isolated" merges show the borders."""
    rng = random.Random(f"{pattern} {SEED}")
    texts = [random_text(rng) for _ in range(COUNT // 5)] + ["", "a\n", "\n", "ab\ncd\n", "x\r\n\r\n"]
    for behavior, invert in [("Isolated", False), ("Removed", False), ("Removed", True)]:
        bare_tokenizer["pre_tokenizer"]["pretokenizers"][0] |= {
            "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}  # fmt: skip
        assert_same(vlrm, tmp_path, bare_tokenizer, texts, only_ids=True)


@pytest.fixture(scope="module")
def bare_tokenizer():
    return trained(in_order(split("."), byte_level()), added=[]) | {
        "model": trained(in_order(split(r"(?!)"), byte_level()), added=[])["model"]
    }


@pytest.mark.parametrize("pattern", [r"\p{L}", r"\p{N}", r"\p{M}", r"\p{P}", r"\s", r"\w"])
def test_every_character(vlrm, tmp_path, bare_tokenizer, pattern):
    characters = [chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    texts = ["".join(characters[i : i + 10000]) for i in range(0, len(characters), 10000)]
    bare_tokenizer["pre_tokenizer"]["pretokenizers"][0] |= {
        "pattern": {"Regex": pattern}, "behavior": "Removed", "invert": False}  # fmt: skip
    assert_same(vlrm, tmp_path, bare_tokenizer, texts, only_ids=True)


def test_a_word_of_a_megabyte(vlrm, tmp_path):
    file = trained(in_order(split(LLAMA_3), byte_level()), added=[])
    rng = random.Random(SEED)
    texts = ["a" * 2**20, "".join(rng.choice("thequickbrownfox") for _ in range(2**20)), " " * 2**20 + "x"]
    assert_same(vlrm, tmp_path, file, texts, only_ids=True)


# The ids that a file gives its added tokens, in its order; those of its vocabulary end at 2.
GAPS = {
    "a gap": {"<x>": 5},
    "two gaps": {"<x>": 5, "<y>": 9},
    "backwards": {"<y>": 9, "<x>": 5},
    "behind one in its place": {"<x>": 3, "<y>": 7, "<z>": 8},
    "the id of another": {"<x>": 2},
    "one of the vocabulary": {"a": 7, "<x>": 3},
    "one id twice": {"<x>": 3, "<y>": 3},
}


@pytest.mark.parametrize("name", GAPS)
def test_added_tokens_go_by_their_places(tmp_path, name):
    settings = {"special": True, "normalized": False, "single_word": False, "lstrip": False, "rstrip": False}
    added = [{"id": number, "content": token, **settings} for token, number in GAPS[name].items()]
    model = {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2}, "merges": []}
    text = json.dumps({"version": "1.0", "added_tokens": added, "model": model})
    (tmp_path / "tokenizer.json").write_text(text)
    line = "a<x>b<y>c<z>"
    done = subprocess.run([PROGRAM, "tokenize", "--model", tmp_path], input=json.dumps(line), capture_output=True, text=True)
    assert json.loads(done.stdout) == Tokenizer.from_str(text).encode(line).ids, done.stderr
    warnings = done.stderr.splitlines()
    assert len(warnings) == 1 and warnings[0].startswith(f"warning: {tmp_path}/tokenizer.json: the added token "), warnings
    count = sum(each["id"] != Tokenizer.from_str(text).token_to_id(each["content"]) for each in added)
    assert (f"({count - 1} more get other ids, too)" in warnings[0]) == (count > 1)


def test_clean_up(vlrm, goldens):
    """What transformers decodes, with the spaces that tokenizer_config.json has removed, and without."""
    model = goldens / "models/vlm"
    ids = vlrm("tokenize", "--model", model, stdin=json.dumps("I do n't know , really . <|eot_id|>") + "\n")
    assert json.loads(vlrm("tokenize", "--model", model, "--decode", stdin=ids)) == "I don't know, really. <|eot_id|>"
    skipped = vlrm("tokenize", "--model", model, "--decode", "--skip-special-tokens", "--no-clean-up", stdin=ids)
    assert json.loads(skipped) == "I do n't know , really . "


def test_errors_name_the_line(vlrm, goldens, tmp_path):
    model = goldens / "models/vlm"
    for lines, flags, what in [
        ('"fine"\n7\n', [], "line 2: not a JSON string"),
        ('"fine"\n"broken\n', [], "line 2: not valid JSON"),
        ('"\\ud800"\n', [], "line 1: not valid JSON"),
        ("[1]\n\n", ["--decode"], "line 2: not valid JSON"),
        ("[1.5]\n", ["--decode"], "line 1: not a JSON list of ids"),
        ("[4294967297]\n", ["--decode"], "line 1: not a JSON list of ids"),
        ("[123456]\n", ["--decode"], "line 1: the id 123456 has no token"),
    ]:
        path = tmp_path / "lines.jsonl"
        path.write_text(lines)
        assert f"{path}, {what}" in vlrm("tokenize", "--model", model, "--input", path, *flags, fails=True)
    assert "missing.jsonl" in vlrm("tokenize", "--model", model, "--input", tmp_path / "missing.jsonl", fails=True)
    assert "tokenizer.json" in vlrm("tokenize", "--model", tmp_path, fails=True)
