"""What the API server would refuse of a ConfigMap, and what it would do in silence."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents import Diagnostic, Snapshot

    Read = Callable[..., Snapshot]

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"


def only(snapshot: Snapshot) -> Diagnostic:
    (found,) = snapshot.diagnostics
    return found


@pytest.mark.parametrize("key", ["a", "A-1_b.md", ".hidden", "x..y", "k" * 253])
def test_a_key_that_the_api_server_takes_is_taken(read: Read, key: str) -> None:
    snapshot = read(HEAD + f'data:\n  "{key}": "x"\n')
    assert dict(snapshot.files) == {key: b"x"}
    assert snapshot.diagnostics == ()


@pytest.mark.parametrize("key", ["", "a/b.md", ".", "..", "..a", "a b", "é", "a\\nb", "k" * 254])
@pytest.mark.parametrize("field", ["data", "binaryData"])
def test_a_key_that_the_api_server_refuses_is_an_error_at_the_key(read: Read, field: str, key: str) -> None:
    snapshot = read(HEAD + f'{field}:\n  "{key}": "aGk="\n')
    found = only(snapshot)
    assert (found.code, found.severity, found.line, found.column) == ("configmap-key", "error", 5, 3)
    assert "ConfigMap one" in found.message
    assert snapshot.files == {}


@pytest.mark.parametrize("key", ["yes", "012", "1.5"])
def test_a_key_of_which_kubectl_makes_another_is_an_error(read: Read, key: str) -> None:
    found = only(read(HEAD + f"data:\n  {key}: x\n"))
    assert (found.code, found.hint) == ("configmap-key", f'write: "{key}": ...')
    assert read(HEAD + "data:\n  7: x\n").diagnostics == ()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("3", "number 3"),
        ("012", "number 012"),
        ("1_000", "number 1_000"),
        ("-.5e3", "number -.5e3"),
        ("0x1F", "number 0x1F"),
        (".inf", "number .inf"),
        ("true", "boolean true"),
        ("yes", "boolean yes"),
        ("Off", "boolean Off"),
        ("n", "boolean n"),
        ("!!int 3", "number 3"),
    ],
)
def test_an_unquoted_number_or_boolean_is_an_error_with_the_line_to_write(read: Read, value: str, said: str) -> None:
    found = only(read(HEAD + f"data:\n  flag: {value}\n"))
    assert (found.code, found.line, found.column) == ("configmap-value", 5, 9)
    assert found.message == f"ConfigMap one: data: flag: expected a text, got {said}"
    assert found.hint == f'write: flag: "{value.removeprefix("!!int ")}"'


@pytest.mark.parametrize(
    "value", ["2001-12-14", "1:30", "v1", "1.2.3", "yess", "'3'", '"true"', "!!str 3", "! 3", "|\n    3"]
)
def test_what_kubectl_takes_for_text_is_text(read: Read, value: str) -> None:
    snapshot = read(HEAD + f"data:\n  flag: {value}\n")
    assert list(snapshot.files) == ["flag"]
    assert snapshot.diagnostics == ()


@pytest.mark.parametrize(
    ("value", "said"), [("", "got nothing"), ("~", "got nothing"), ("[a]", "got a list"), ("{a: b}", "got a mapping")]
)
def test_a_value_that_is_no_single_text_is_an_error(read: Read, value: str, said: str) -> None:
    found = only(read(HEAD + f"data:\n  flag: {value}\n"))
    assert (found.code, found.line) == ("configmap-value", 5)
    assert said in found.message


def test_data_that_is_no_mapping_is_an_error_and_none_at_all_is_empty(read: Read) -> None:
    found = only(read(HEAD + "data: [a]\n"))
    assert (found.code, found.message) == ("manifest-field", "data: expected a mapping, got a list")
    assert read(HEAD + "data:\nbinaryData: ~\n").diagnostics == ()


def test_binary_data_is_decoded_and_may_be_folded(read: Read) -> None:
    content = bytes(range(256))
    text = base64.encodebytes(content).decode().replace("\n", "\n    ")
    snapshot = read(HEAD + f"binaryData:\n  image.png: |\n    {text}\n")
    assert dict(snapshot.files) == {"image.png": content}


@pytest.mark.parametrize("value", ["aGk", "!!", "aGk=aGk=", "a Gk=", "é"])
def test_bad_base64_is_an_error(read: Read, value: str) -> None:
    found = only(read(HEAD + f'binaryData:\n  a: "{value}"\n'))
    assert (found.code, found.line) == ("configmap-value", 5)
    assert "put the text into data" in found.hint


def test_a_key_in_both_maps_is_an_error_with_both_lines(read: Read) -> None:
    found = only(read(HEAD + "data:\n  a: x\nbinaryData:\n  a: aGk=\n"))
    assert (found.code, found.line, found.column) == ("configmap-key", 7, 3)
    assert found.hint.endswith("the other is on line 5")


def test_values_may_sum_to_a_mebibyte_and_not_to_more(read: Read) -> None:
    most = 1_048_576
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}}
    half = {"a": "x" * (most - 4), "b": "é"}
    binary = {"c": base64.b64encode(b"\0\0").decode()}
    assert read(json.dumps(manifest | {"data": half, "binaryData": binary})).diagnostics == ()
    found = only(read(json.dumps(manifest | {"data": half | {"b": "éx"}, "binaryData": binary})))
    assert (found.code, found.severity) == ("configmap-too-large", "error")
    assert f"at most {most} bytes in all, got {most + 1}" in found.message


def test_an_immutable_configmap_is_a_warning(read: Read) -> None:
    found = only(read(HEAD + "immutable: true\ndata: {a: x}\n"))
    assert (found.code, found.severity, found.line, found.column) == ("configmap-immutable", "warning", 4, 12)
    assert read(HEAD + "immutable: false\ndata: {a: x}\n").diagnostics == ()


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (HEAD.replace("apiVersion: v1\n", ""), "expected an apiVersion"),
        (HEAD.replace("name: one", ""), "metadata.name"),
        (HEAD.replace("{name: one}", ""), "metadata.name"),
    ],
)
def test_what_every_object_must_have_is_asked_for(read: Read, head: str, said: str) -> None:
    found = only(read(head + "data: {a: x}\n"))
    assert (found.code, found.severity) == ("manifest-field", "error")
    assert said in found.message


def test_two_configmaps_with_one_key_are_an_error_that_says_how_to_keep_them_apart(read: Read) -> None:
    two = HEAD.replace("one", "two")
    snapshot = read(HEAD + "data:\n  a: x\n", two + "data:\n  a: v\n  b: z\n")
    found = only(snapshot)
    assert (found.code, found.severity, found.line, found.column) == ("duplicate-path", "error", 12, 3)
    assert found.message == '"a" comes from ConfigMap one, key a and from ConfigMap two, key a'
    assert "--workload" in found.hint
    assert dict(snapshot.files) == {"a": b"x", "b": b"z"}


def test_each_configmap_may_bring_its_own_lock(read: Read) -> None:
    data = "data:\n  hotagents.lock: x\n"
    assert read(HEAD + data, HEAD.replace("one", "two") + data).diagnostics == ()


def test_one_configmap_twice_is_an_error_and_in_two_namespaces_two_parts(read: Read) -> None:
    found = only(read(HEAD + "data: {a: x}\n", HEAD + "data: {b: x}\n"))
    assert (found.code, found.line) == ("configmap-ambiguous", 7)
    assert "the first is at (text):1" in found.message
    spaces = [HEAD.replace("one", f"one, namespace: {space}") + f"data: {{{space}: x}}\n" for space in ("m", "o")]
    snapshot = read(*spaces)
    assert [part.name for part in snapshot.parts] == ["m/one", "o/one"]
    assert snapshot.diagnostics == ()
    assert list(read(*spaces, namespace="o").files) == ["o"]


def test_a_flood_of_faults_is_told_in_part(read: Read) -> None:
    data: dict[str, Any] = {f"a/{n}": "x" for n in range(2000)}
    snapshot = read(json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}))
    assert len(snapshot.diagnostics) == 501
    assert snapshot.diagnostics[-1].message.startswith("and more")
