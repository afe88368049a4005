"""jinja2 as transformers sets it up, and random conversations and expressions to compare with it."""

import copy
import warnings

import pytest

transformers = pytest.importorskip("transformers")
from transformers.utils import chat_template_utils  # noqa: E402

TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}


def render(template, conversation):
    """What transformers renders, or None where it raises. Without a clock, as here by default."""
    variables = {"tools": None, "documents": None, "messages": [], "add_generation_prompt": False, **TOKENS}
    variables |= copy.deepcopy(conversation)  # jinja2's sandbox lets some filters change a list
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compiled = chat_template_utils._compile_jinja_template(template)
            compiled.environment.globals.pop("strftime_now", None)
            compiled.globals.pop("strftime_now", None)
            return compiled.render(**variables)
        except Exception:
            return None


WORDS = ["Hi", "  What is this? ", "", "\n\nA cat.\n", "¿Qué? 日本 😀", "<b>&amp;</b> \"q\" 'q'", "a\\nb\tc", "İstanbul ß ΑΣ",
         "<think>\nhm\n</think>\n\nYes.", "line one\r\n\r\nline two", "Größe: 5 cm, x < y", "{{ not a tag }} {% if %}",
         "<tool_response>ok</tool_response>", "A much longer text, with several sentences. It goes on. " * 3]
TOOL = {"type": "function", "function": {
    "name": "get_weather", "description": "Tells the weather", "parameters": {
        "type": "object", "required": ["city"], "properties": {
            "city": {"type": "string", "description": "Où ?"},
            "days": {"type": "array", "items": {"type": "integer"}},
            "unit": {"type": "string", "enum": ["C", "F"]},
            "where": {"type": "object", "properties": {"lat": {"type": "number"}, "lon": {"type": ["number", "null"]}}}}}}}
NO_ARGUMENTS = {"type": "function", "function": {
    "name": "now", "description": "The time", "return": {"type": "string"},
    "parameters": {"type": "object", "properties": {}}}}


def random_content(rng, parts):
    if not parts:
        return rng.choice(WORDS)
    texts = [{"type": "text", "text": rng.choice(WORDS)} for _ in range(rng.randrange(3))]
    images = [{"type": "image"} for _ in range(rng.randrange(3))]
    return rng.choice([texts, images + texts, texts + images])


def random_conversation(rng):
    parts = rng.random() < 0.25
    messages = []
    if rng.random() < 0.5:
        messages.append({"role": "system", "content": random_content(rng, parts and rng.random() < 0.5)})
    for turn in range(rng.randrange(5)):
        messages.append({"role": "user", "content": random_content(rng, parts)})
        if turn == 3 or rng.random() < 0.8:
            messages.append({"role": "assistant", "content": random_content(rng, parts and rng.random() < 0.5)})
    conversation = {"messages": messages, "add_generation_prompt": rng.random() < 0.5}
    if rng.random() < 0.4:
        conversation["tools"] = rng.choice([[TOOL], [NO_ARGUMENTS], [TOOL, NO_ARGUMENTS], []])
        arguments = rng.choice([{"city": "Zürich", "days": [1, 2]}, {}, {"x": 1.5, "y": None, "z": True}])
        call = {"id": "abcdefghi", "type": "function", "function": {"name": "get_weather", "arguments": arguments}}
        answer = rng.choice(["sunny", {"temp": 21.5}, "[1, 2]"])
        messages += rng.choice([[], [
            {"role": "user", "content": "Weather?"},
            {"role": "assistant", "content": rng.choice(["", None, "Let me see."]), "tool_calls": [call] * rng.choice([1, 1, 2])},
            {"role": "tool", "content": answer, "tool_call_id": "abcdefghi"},
            *rng.choice([[], [{"role": "tool", "content": "more"}]]),
            {"role": "assistant", "content": "It is sunny."}]])
    if rng.random() < 0.2:
        conversation["documents"] = [{"title": "A", "text": "Béta"}, {"title": "", "text": "x\ny"}][: rng.randrange(3)]
    if rng.random() < 0.2:
        conversation |= rng.choice([{"enable_thinking": False}, {"date_string": "01 Jan 2025"}, {"add_vision_id": True},
                                    {"controls": {"length": "short"}}])
    return conversation


# Variables that random expressions are made of.
VARIABLES = {
    "a": 3, "b": -7, "z": 0, "f": 2.5, "g": -0.1, "h": 1e15, "s": "Hello wörld", "t": " a,b ,c\n", "e": "",
    "u": "ÀßfiΣ日本😀", "q": "it's \"q\"\t\x00\u200b", "l": [1, 2, 3, 2], "m": ["b", "A", "c"], "n": [],
    "d": {"x": 1, "y": "two", "items": [1]}, "dd": {"b": {"c": [1, {"d": None}]}, "a": [True, False]}, "N": None,
    "T": True, "F": False, "r": [{"n": "x", "v": 3}, {"n": "Y", "v": 1}, {"n": "z"}]}
LITERALS = """0|1|2|10|3.5|1e3|""|'a'|'abc'|'x'|' '|'a\\nb'|'\\u00e9'|true|false|none
[]|{}|()|(1,)|[1,'a',none]|{'x':1,'y':[2]}|(3,1,2)|range(4)|range(1,10,3)|[1.0,2,true]""".replace("\n", "|").split("|")
METHODS = """upper()|lower()|title()|capitalize()|strip()|lstrip()|rstrip("c ")|split()|split(",")|split("l",1)|rsplit(",",1)
startswith("H")|endswith(("d","c"))|replace("l","LL")|replace("","-",3)|find("l")|rfind("l")|count("l")|index("l")|join(["a","b"])
splitlines()|isdigit()|isalpha()|isupper()|islower()|istitle()|isspace()|isalnum()|zfill(8)|center(15,"*")
ljust(12)|rjust(12,"é")|partition(",")|rpartition("l")|swapcase()|removeprefix("H")|removesuffix("d")|expandtabs()|items()|keys()
values()|get("x")|get("nope","D")|get("nope")|copy()|index(2)|count(2)|append(1)|update({})|pop()""".replace("\n", "|").split("|")
FILTERS = """upper;lower;title;capitalize;trim;length;count;first;last;list;sort;reverse;reverse|list;join;join(",")
join("-",attribute="n");default("D");default("D",true);abs;int;int(7);float;round;round(1);round(2,"floor");round(-1);string;tojson
tojson(indent=2);tojson(ensure_ascii=True);tojson(sort_keys=true);tojson(separators=(",",":"));replace("l","1");map("upper")|list
map(attribute="n")|list;map(attribute="v",default=9)|list;map("int")|list;select|list;select("odd")|list;reject("none")|list
selectattr("v")|list;selectattr("n","equalto","x")|list;rejectattr("v","defined")|list;unique|list;min;max;sum;sum(attribute="v")
sum(start=10);dictsort;dictsort(reverse=true);dictsort(by="value");items|list;batch(2)|list;batch(2,"F")|list;slice(2)|list
slice(3,0)|list;truncate(5,true,"..");truncate(9);wordcount;center(20);sort(reverse=true);sort(attribute="v,n")
sort(case_sensitive=true);attr("upper")""".replace("\n", ";").split(";")
TESTS = """defined;undefined;none;string;mapping;iterable;sequence;number;integer;float;boolean;true;false;odd;even;divisibleby 2
divisibleby(3);lower;upper;equalto 3;eq(2.5);ne "a";in [1,2,3];in "Hello";callable;lt 3;gt(1);ge 2;le "b\"""".replace("\n", ";").split(";")


def random_expression(rng, depth):
    pick = rng.choice

    def part():
        return random_expression(rng, depth - rng.choice([1, 2]))

    if depth <= 0:
        return pick([*VARIABLES, "undef"]) if rng.random() < 0.6 else pick(LITERALS)
    kinds = [
        lambda: f"({part()} {pick(['+', '-', '*', '/', '//', '~', '**'])} {part()})",
        lambda: f"({part()}|int % {part()})",  # of text it formats, which vlrm refuses
        lambda: f"({part()} {pick(['==', '!=', '<', '>', '<=', '>=', 'in', 'not in'])} {part()})",
        lambda: f"({part()} {pick(['and', 'or'])} {part()})",
        lambda: f"(not {part()})",
        lambda: f"{pick('+-')}{part()}",
        lambda: f"({part()})|{pick(FILTERS)}",
        lambda: f"{pick(list(VARIABLES))}|{pick(FILTERS)}",
        lambda: f"({part()} is {pick(['', 'not '])}{pick(TESTS)})",
        lambda: f"({part()}).{pick(METHODS)}",
        lambda: f"{pick(list(VARIABLES))}.{pick(METHODS)}",
        lambda: f"{pick(list(VARIABLES))}[{part()}]",
        lambda: f"{pick(list(VARIABLES))}[{pick(['', '0', '1', '-2'])}:{pick(['', '2', '-1'])}{pick(['', ':2', ':-1'])}]",
        lambda: f"({part()}).{pick(['x', 'y', 'b', 'n', 'items', '_p', '0'])}",
        lambda: f"({part()} if {part()} else {part()})",
        lambda: f"[{part()}, {part()}]",
        lambda: f"({part()}, {part()})",
        lambda: f"{{'k': {part()}, {pick(list(VARIABLES))}: 1}}",
        lambda: f"({part()} < {part()} <= {part()})",
    ]
    return pick(kinds)()
