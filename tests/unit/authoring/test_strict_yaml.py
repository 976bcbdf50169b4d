"""Strict YAML: scalars of YAML 1.2, what is refused, and where values stand."""

from __future__ import annotations

import pytest

from trimtab_solver.authoring.strict_yaml import MAX_FILE_BYTES, read_yaml
from trimtab_solver.errors import Reason
from trimtab_solver.policy.documents import Source


def content_of(text: str) -> object:
    read = read_yaml("f.yaml", text.encode())
    assert not read.faults
    return read.documents[0].content


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'yes'", "yes"),
        ('"No"', "No"),
        ("y", "y"),
        ("onward", "onward"),
        ("true", True),
        ("FALSE", False),
        ("tRue", "tRue"),
        ("~", None),
        ("", None),
        ("null", None),
        ("'null'", "null"),
        ("12", 12),
        ("-7", -7),
        ("0", 0),
        ("'010'", "010"),
        ("0o10", 8),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2026-11-23", "2026-11-23"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("'12'", "12"),
        ('"a\\tb"', "a\tb"),
        ("75%", "75%"),
        ("=", "="),
    ],
)
def test_scalars_follow_the_yaml_1_2_core_schema(text: str, expected: object) -> None:
    """No Norway problem, no octal surprise, no date, no sexagesimal number."""
    value = content_of(f"k: {text}\n")
    assert value == {"k": expected}
    assert isinstance(value, dict)
    assert type(value["k"]) is type(expected)


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("a: &x 1\n", "f.yaml:1:4 a", "defines the anchor &x"),
        ("a: 1\nb: *x\n", "f.yaml:2:4 b", "uses the alias *x"),
        ("a: 1\n<<: {b: 1}\n", "f.yaml:2:1", "uses the merge key <<"),
        ("a:\n  b: 1\n  b: 2\n", "f.yaml:3:3 a.b", 'repeats the key "b" of line 2'),
        ("a: 1\n'a': 2\n", "f.yaml:2:1 a", 'repeats the key "a" of line 1'),
        ("1: x\n", "f.yaml:1:1", "has the key 1, which is not a string"),
        ("true: x\n", "f.yaml:1:1", "has the key true, which is not a string"),
        ("? [a]\n: x\n", "f.yaml:1:3", "has a key that is not a string"),
        ("? {a: [b]}\n: {c: d}\n", "f.yaml:1:3", "has a key that is not a string"),
        ("a: !!str 5\n", "f.yaml:1:4 a", "has the tag tag:yaml.org,2002:str"),
        (
            "a: !!python/object:os.system x\n",
            "f.yaml:1:4 a",
            "has the tag tag:yaml.org,2002:python/object:os.system",
        ),
        ("a: no\n", "f.yaml:1:4 a", "is no, a boolean in YAML 1.1 and a word in 1.2"),
        ("a: [NO, x]\n", "f.yaml:1:5 a[0]", "is NO, a boolean in YAML 1.1 and a word in 1.2"),
        ("a:\n  on: 1\n", "f.yaml:2:3 a", "has the key on, a boolean in YAML 1.1 and a word in 1.2"),
        ("a: 010\n", "f.yaml:1:4 a", "is 010, octal in YAML 1.1 and decimal in 1.2"),
        ("a: .inf\n", "f.yaml:1:4 a", "is .inf, not a usable number"),
        (f"a: {'9' * 5000}\n", "f.yaml:1:4 a", f"is {'9' * 40}, not a usable number"),
        ("[" * 40, "f.yaml:1:33", "is nested more than 32 deep"),
        (
            "a: [1,\n",
            "f.yaml:2:1",
            "is not YAML: did not find expected node content while parsing a flow node",
        ),
        (
            "a: 'x\n",
            "f.yaml:2:1",
            "is not YAML: found unexpected end of stream while scanning a quoted scalar",
        ),
        (
            "a: \x00\n",
            "f.yaml",
            "is not YAML: unacceptable character #x0000: control characters are not allowed",
        ),
    ],
)
def test_what_has_two_meanings_is_refused_where_it_stands(text: str, path: str, message: str) -> None:
    """Each refused construct is one fault with position, reason and fix."""
    (fault,) = read_yaml("f.yaml", text.encode()).faults
    assert (fault.path, fault.message) == (path, message)
    assert fault.fix


def test_an_alias_bomb_is_refused_without_being_expanded() -> None:
    """Billions of laughs cost as many faults as there are aliases."""
    text = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
    read = read_yaml("f.yaml", text.encode())
    assert len(read.faults) == 60 + 2 * 59


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a: \xff\n", "is not UTF-8: byte 3 invalid start byte"),
        (
            b"#" * (MAX_FILE_BYTES + 1),
            f"has {MAX_FILE_BYTES + 1} bytes, the limit is {MAX_FILE_BYTES}",
        ),
    ],
)
def test_a_file_that_is_no_text_or_too_long_is_refused(data: bytes, message: str) -> None:
    """Nothing of such a file is parsed."""
    read = read_yaml("f.yaml", data)
    assert read.documents == ()
    assert [(fault.reason, fault.message) for fault in read.faults] == [(Reason.MALFORMED_FILE, message)]


def test_a_million_brackets_are_refused_at_once() -> None:
    """Depth is limited while reading, so hostile nesting never reaches the stack."""
    (fault,) = read_yaml("f.yaml", b"[" * MAX_FILE_BYTES).faults
    assert fault.message == "is nested more than 32 deep"


def test_empty_documents_and_byte_order_marks_are_nothing() -> None:
    """A file of comments holds no documents, and a mark at its beginning is no key."""
    read = read_yaml("f.yaml", b"\xef\xbb\xbf---\n# nothing\n---\na: 1\n---\n")
    assert [document.content for document in read.documents] == [{"a": 1}]


def test_values_and_keys_know_where_they_stand() -> None:
    """Scalars stand at their value, collections at their key; keys have a place of their own."""
    (document,) = read_yaml("f.yaml", b"a:\n  - b: 1\n    c: [x, \xc3\xa9, z]\n").documents
    places = {path: (source.line, source.column) for path, source in document.positions.items()}
    assert places == {
        "": (1, 1),
        "a": (1, 1),
        "a[0]": (2, 5),
        "a[0].b": (2, 8),
        "a[0].c": (3, 5),
        "a[0].c[0]": (3, 9),
        "a[0].c[1]": (3, 12),
        "a[0].c[2]": (3, 15),
    }
    assert document.keys["a[0].b"] == Source("f.yaml", 2, 5)


@pytest.mark.parametrize(
    ("text", "line", "column", "expected"),
    [
        ("k: abc", 1, 3, (1, 6)),
        ("k: 'abc'", 1, 3, (1, 7)),
        ('k: "abc"', 1, 3, (1, 7)),
        ("k: 'a''c'", 1, 3, (1, 4)),
        ('k: "a\\"c"', 1, 3, (1, 4)),
        ("k: |\n    abc\n    def\n", 2, 3, (3, 7)),
        ("k: >-\n    abc\n    def\n", 1, 6, (1, 4)),
        ("k: abc\n  def", 1, 6, (1, 4)),
    ],
)
def test_a_place_inside_a_scalar_is_a_place_in_the_file(
    text: str, line: int, column: int, expected: tuple[int, int]
) -> None:
    """Where text and value run in step the place is exact; else it is where the scalar begins."""
    (document,) = read_yaml("f.yaml", text.encode()).documents
    source = document.scalars["k"].point(line, column)
    assert (source.line, source.column) == expected


@pytest.mark.parametrize("text", ["{<", "a: {", "- ", "a:\x85b: 1", "a: 'x\u2028y'\nb: no\n"])
def test_places_beyond_the_last_line_and_rare_line_breaks_are_no_trouble(text: str) -> None:
    """Found by fuzzing: the library sees one line more than the text, and breaks lines at other characters too."""
    for fault in read_yaml("f.yaml", text.encode()).faults:
        assert fault.path.startswith("f.yaml")


def test_a_long_key_is_refused() -> None:
    """It would be repeated in the path of all that is below it, which is as long as the square of the file."""
    data = f"{'k' * 600}: [{'1, ' * 1000}]\n".encode()
    (fault,) = read_yaml("p.yaml", data).faults
    assert str(fault) == "p.yaml:1:1: has a key of 600 characters, the limit is 512 (use a shorter name)"
