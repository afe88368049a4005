"""The order of rooms that DESIGN.md draws: a room includes and links only rooms above it in the table."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def rooms_of(design):
    """The rooms in the order of DESIGN.md's table."""
    return re.findall(r"^\| `src/(\w+)` \|", design, re.MULTILINE)


ROOMS = rooms_of((ROOT / "DESIGN.md").read_text())


def included_rooms(text):
    """The folders of the includes in quotes; those in angle brackets are of other libraries."""
    return re.findall(r'^\s*#\s*include "(?:\.\./)*(\w+)/', text, re.MULTILINE)


def targets_of(cmake):
    """The targets that a CMakeLists.txt makes."""
    return re.findall(r"(?:vlrm_room|add_library|add_executable)\(\s*(\w+)", cmake)


def links_of(cmake):
    """What the targets of a CMakeLists.txt link."""
    links = re.findall(r"\bUSES\s+([^)]*)\)", cmake) + re.findall(r"target_link_libraries\(\s*\w+([^)]*)\)", cmake)
    return {name for group in links for name in re.findall(r"\bvlrm_(\w+)", group)}


def cmake_files():
    return {room: (ROOT / "src" / room / "CMakeLists.txt").read_text() for room in ROOMS}


def room_of_target():
    """Each target's room: vlrm_room(samples …) in src/prompt makes vlrm_samples of the room prompt."""
    return {target.removeprefix("vlrm_"): room for room, text in cmake_files().items() for target in targets_of(text)}


def room_of(path):
    """How a family computes lies beside what it is, but belongs to the room that it is compiled with."""
    computes = re.match(r"architecture/(\w+/model/|family_parts\.cpp)", path)
    return "model" if computes else path.split("/")[0]


def forbidden_includes(sources, rooms):
    """("room/file", "folder") for each include of what is not a room above; `sources` are (path, text)."""
    return [(path, other) for path, text in sources for other in included_rooms(text)
            if other not in rooms[: rooms.index(room_of(path)) + 1]]


def sources():
    root = ROOT / "src"
    files = sorted([*root.rglob("*.h"), *root.rglob("*.cpp"), *root.rglob("*.in")])
    return [(str(path.relative_to(root)), path.read_text()) for path in files]


def test_design_lists_every_room():
    assert sorted(ROOMS) == sorted(path.name for path in (ROOT / "src").iterdir() if path.is_dir())


def test_cmake_adds_rooms_in_the_order_of_design():
    foreach = re.search(r"foreach\(room ([^)]*)\)", (ROOT / "CMakeLists.txt").read_text()).group(1)
    assert foreach.split() == ROOMS


def test_includes_go_upward():
    assert forbidden_includes(sources(), ROOMS) == []


def test_an_include_of_a_lower_room_is_found():
    source = '#include "weights/dtype.h"\n#include "base/file.h"\n#include "../methods/ties.h"\n'
    assert forbidden_includes([("base/error.h", source)], ["base", "weights"]) == [
        ("base/error.h", "weights"), ("base/error.h", "methods")]


@pytest.mark.parametrize("room", ROOMS)
def test_links_go_upward(room):
    rooms = room_of_target()
    linked = {rooms[target] for target in links_of(cmake_files()[room]) if target in rooms}
    assert {other for other in linked if ROOMS.index(other) > ROOMS.index(room)} == set()


@pytest.mark.parametrize("room", ROOMS)
def test_what_is_included_is_linked(room):
    """Directly or through another room's links, so that no include relies on what the executable happens to link."""
    rooms, files = room_of_target(), cmake_files()
    reached, waiting = set(), [room]
    while waiting:
        at = waiting.pop()
        reached.add(at)
        waiting += [rooms[name] for name in links_of(files[at]) if name in rooms and rooms[name] not in reached]
    included = {other for path, text in sources() if room_of(path) == room for other in included_rooms(text)}
    assert included - reached == set()


def namespaces_and_types(text):
    """("vlrm::jinja", "Generator") for each type that is defined outside others in a header."""
    space = ""
    for line in text.splitlines():
        if found := re.match(r"namespace ([\w:]*) ?\{", line):
            space = found[1]
        elif found := re.match(r"(?:struct|class) (\w+)(?: final)? ?(?::(?!:)|\{)", line):
            yield space, found[1]


def test_no_two_types_have_one_name():
    """The linker would take one of the two for both, without a word."""
    places = {}
    for path, text in sources():
        for space, name in namespaces_and_types(text) if path.endswith(".h") else ():
            places.setdefault((space, name), []).append(path)
    assert {name: files for name, files in places.items() if len(files) > 1} == {}
    assert ("vlrm", "Sample") in places


# What talks to the person or changes the process: a library leaves both to the program that it is in.
OF_THE_PROCESS = re.compile(
    r"\b(?:std::)?(?:cerr|cout|clog|stderr|stdout|STDERR_FILENO|STDOUT_FILENO)\b"
    r"|\b(?:fmt::print|printf|fprintf|vfprintf|fputs|fputc|puts|putchar|perror|abort|_Exit|_exit|exit|quick_exit|terminate"
    r"|signal|sigaction|setenv|putenv|set_terminate|set_thread_count)\s*\(|::raise\b"
)


def of_the_process(sources):
    """("room/file", "what") for each thing that only a program may do; comments do not count."""
    return [(path, found) for path, text in sources for found in OF_THE_PROCESS.findall(re.sub(r"//.*", "", text))]


def test_the_library_leaves_the_process_alone():
    library = [(path, text) for path, text in sources() if not path.startswith("cli/")]
    # Declared, defined, and called for the count that libvlrm_model has of its own, with what its caller asks for.
    of_threads = {("base/threads.h", "set_thread_count("), ("base/threads.cpp", "set_thread_count("),
                  ("model/library.cpp", "set_thread_count(")}  # fmt: skip
    of_children = {("base/command.cpp", "STDOUT_FILENO"), ("base/command.cpp", "STDERR_FILENO")}
    assert set(of_the_process(library)) == of_threads | of_children


def test_the_library_knows_no_options_of_the_program():
    """Its texts name fields of include/vlrm in back quotes: `force`. The hub's own commands have options of theirs, and a
    model's card shows commands."""
    of_commands = ("cli/", "serve/", "base/hub_", "app/cards.cpp", "artifact/derived_card.cpp")
    headers = [(path.name, path.read_text()) for path in (ROOT / "include/vlrm").iterdir()]
    library = [(path, re.sub(r"//.*", "", text)) for path, text in sources() if not path.startswith(of_commands)]
    assert headers and library
    assert [(path, words) for path, text in [*headers, *library] for words in re.findall(r'"[^"\n]*--[a-z][^"\n]*"', text)] == []


@pytest.mark.parametrize("line", ['std::fprintf(stderr, "x");', 'std::cerr << "x";', "std::abort();", "std::_Exit(1);", 'std::puts("x");',
                                  "::signal(SIGINT, handler);", '::setenv("A", "b", 1);', "write_all_or_throw(STDOUT_FILENO, x, y);"])
def test_what_a_library_may_not_do_is_found(line):
    assert of_the_process([("base/error.cpp", line)])
    assert not of_the_process([("base/error.cpp", f"// {line}")])
