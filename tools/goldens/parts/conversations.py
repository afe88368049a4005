"""Conversations for the chat templates: name → (models, messages, tools, variables)."""

from parts.frozen_date import TEMPLATE_DATE

TOOL = {
    "type": "function",
    "function": {
        "name": "find_colour",
        "description": "Finds <colours> & more",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
    },
}
CALL = {
    "role": "assistant",
    "content": "",
    "tool_calls": [{"type": "function", "function": {"name": "find_colour", "arguments": {"place": "left", "é": "ü"}}}],
}
BOTH, SEES = ("rm", "vlm"), ("vlm",)


def user(content):
    return {"role": "user", "content": content}


def assistant(content):
    return {"role": "assistant", "content": content}


def system(content):
    return {"role": "system", "content": content}


def text(content):
    return {"type": "text", "text": content}


IMAGE = {"type": "image"}


def case(models, *messages, tools=None, **variables):
    return models, list(messages), tools, {"date_string": TEMPLATE_DATE} | variables


CONVERSATIONS = {
    "single_str": case(BOTH, user("Which is larger?")),
    "user_asst": case(BOTH, user("Which is larger?"), assistant("The left one.")),
    "multi_turn": case(BOTH, user("One?"), assistant("a"), user("  Two? \n"), assistant("b")),
    "system": case(BOTH, system("  Answer in one word.\n"), user("Hello")),
    "empty": case(BOTH, user(""), assistant("")),
    "unicode": case(BOTH, user("¿Qué? 日本 😀 <i>&amp;</i> \"q\" 'q'"), assistant("\n\nnew lines\n\n")),
    "date": case(SEES, user("Hello"), date_string="01 Jan 2025"),
    "text_list": case(SEES, user([text("No picture")]), assistant([text("yes"), text(" indeed")])),
    "image": case(SEES, user([IMAGE, text("Describe it.")])),
    "image_asst": case(SEES, user([IMAGE, text("Describe it.")]), assistant([text("A box.")])),
    "image_system": case(SEES, system("Be brief."), user([IMAGE, text("Hello")])),
    "image_multi_turn": case(SEES, user([IMAGE, text("One")]), assistant("plain"), user("Two")),
    "two_images": case(
        SEES,
        user([IMAGE, IMAGE, text("Compare.")]),
        assistant([text("Equal.")]),
        user([text("before"), IMAGE, text("after")]),
    ),
    "literal_image_token": case(SEES, system("S"), user([text("before <|image|> after <|eot_id|>")])),
    "tools_user": case(SEES, user("Which colour is left?"), tools=[TOOL]),
    "tools_system": case(SEES, system("sys"), user("Which colour?"), tools=[TOOL], tools_in_user_message=False),
    "tool_call": case(
        SEES,
        user("Colour?"),
        CALL,
        {"role": "tool", "content": {"hue": 21.5}},
        {"role": "ipython", "content": "plain string"},
    ),
}
