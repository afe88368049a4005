"""Strings for the tokenizers: what pre-tokenization, merges, special tokens and decoding may trip over."""

import random

WRITTEN = [
    "",
    " ",
    "  ",
    "\n",
    "\n\n\n",
    "\t",
    " \t \n ",
    "Hello, world!",
    "Runs  of   spaces    here",
    "   before and after   ",
    "I'm you're we've they'll he'd it's DON'T CAN'T We'Re",
    "'s 't 're 've 'm 'll 'd",
    "1234567890",
    "2.71828 2,000,000 14 235 7689",
    "v1.4.2-rc1",
    "a=1;b=22;c=333;d=4444",
    "A red box stands on a table.",
    "def area(a, b=2):\n    return a * b\n",
    "\tif a:\n\t\tpass\r\n",
    "one\r\ntwo\rthree\n",
    "Straße in München — schöne Grüße",
    "naïve café résumé",
    "cafe\u0301 vs caf\u00e9",
    "¿Dónde está el puente?",
    "На картинке мост",
    "今天天气很好。",
    "写真には赤い車があります",
    "안녕하세요",
    "مرحبا بالعالم",
    "שלום עולם",
    "नमस्ते",
    "สวัสดี",
    "Xin chào",
    "Γειά σου",
    "😀😂🤣😍",
    "👩‍👩‍👧‍👦 family",
    "👍🏽👍🏿",
    "🇺🇸🇯🇵",
    "🏳️‍🌈 flag",
    "∑∫√∞≈≠≤≥",
    "½ ² ③ Ⅳ ٣ ४",
    "zero\u200bwidth\u200djoin\u2060nbsp\ufeffbom",
    "no\u00a0break\u3000wide",
    "\u0000null\u0001ctrl",
    "<|begin_of_text|>Hi",
    "a<|eot_id|>b",
    "<|image|>Describe.",
    "<|image|><|image|> two",
    "<pad> pad <pad>",
    "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>",
    "<|reserved_special_token_2|><|step_id|><|reserved_special_token_23|>",
    "<|python_tag|>print(1)<|eom_id|>",
    "<|not_special|> <|begin_of_text",
    "< |eot_id| >",
    " <|eot_id|> ",
    "<|finetune_right_pad_id|>x",
    "https://example.org/a?b=c&d=%20#e",
    "C:\\a\\b.txt",
    '{"key": [1, 2.5, null, true]}',
    "A" * 60,
    "ab " * 30,
    "!!!???...---***",
    "Ends with a newline\n",
    "CamelCase and snake_case and kebab-case",
    " , . ! ? n't 'm 's",
    "e\u0301\u0301\u0301",
    "\ud7ff\ue000\ufffd \U0010ffff",
    "ﬁ ﬂ ŉ ǆ",
    "ſharp ẞ İı",
    "…and “quotes” ‘single’ – dash",
]
PIECES = ["the", " ", "  ", "\n", "\t", "42", "don't", "été ", "🚀", "мост", "世界", "###", "box", "Two", "x_y", "…"]


def mixed():
    draw = random.Random(0)
    for _ in range(6):
        yield "".join(draw.choices(PIECES, k=12))
    for _ in range(3):
        yield "".join(chr(draw.randrange(1, 256)) for _ in range(18))
    yield "".join(chr(draw.randrange(0x400, 0x2FFF)) for _ in range(24))


STRINGS = [*WRITTEN, *mixed()]
