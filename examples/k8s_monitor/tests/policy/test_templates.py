"""Templates of messages: what could do more than show what is there is refused, with the line of the template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from hotagents_k8s_monitor.notifiers.wording import slack_text
from hotagents_k8s_monitor.policy.templates import SAMPLE, Template, render
from hotagents_k8s_monitor.shipped import config_dir

if TYPE_CHECKING:
    from collections.abc import Callable

ADAPTER = TypeAdapter[Any](Template)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ title", "one whose line 1 is wrong"),
        ("{{ titel }}", "'titel' is undefined; there are id, thread"),
        ("{{ owner.nmae }}", "nmae"),
        ("{{ 'x' * 999999999 }}", "got Mul on line 1"),
        ("{{ 2 ** 99999999 }}", "got Pow on line 1"),
        ("{{ '%999999999d' % 1 }}", "got Mod on line 1"),
        ("{{ title.ljust(999999999) }}", "got Call on line 1"),
        ("{{ range(9) }}", "got Call on line 1"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "got Call on line 1"),
        ("\n{% set x = title ~ title %}", "got Assign on line 2"),
        ("{% include 'x' %}", "got Include on line 1"),
        ("{% macro m() %}{% endmacro %}", "got Macro on line 1"),
        (
            "{% for a in lines %}{% for b in lines %}{% for c in lines %}{% endfor %}{% endfor %}{% endfor %}",
            "at most 2",
        ),
        ("{% for a in lines recursive %}{% endfor %}", "at most 2"),
        ("{{ title | replace('', 'xxxxxxxxx') }}", 'got "replace" on line 1'),
        ("{{ title | center(999999999) }}", 'got "center" on line 1'),
        ("{{ title | join('xxxx') | join('xxxx') }}", "got Filter on line 1"),
        ("{{ ''.__class__ }}", "SecurityError"),
    ],
)
def test_what_could_harm_is_refused_with_a_word_of_why(source: str, said: str) -> None:
    with pytest.raises(ValidationError) as error:
        ADAPTER.validate_python(source)
    assert said in str(error.value)


@pytest.mark.parametrize(
    "source",
    [
        "{{ title }}",
        "{% for line in lines %}{{ line.rule | upper }}{% if not loop.last %}, {% endif %}{% endfor %}",
        "{{ note or 'nothing' }}",
        "{{ contact | default('nobody', true) }}",
        "{% if severity == 'SEV-1' and lines | length > 0 %}<!here>{% else %}quiet{% endif %}",
        "{{ 'SEV-1' in severity }} {{ lines[0].owner.name ~ '!' }} {{ lasts }}",
    ],
)
def test_what_shows_what_is_there_is_fine(source: str) -> None:
    assert ADAPTER.validate_python(source) == source
    assert render(source, SAMPLE, slack_text)


def test_what_is_shown_is_escaped_and_what_stands_there_is_not() -> None:
    values = {**SAMPLE, "title": "<!channel> & <@U1>"}
    assert render("<!here> {{ title }}", values, slack_text) == "<!here> &lt;!channel&gt; &amp; &lt;@U1&gt;"
    assert render("{{ title ~ title }}", values, slack_text).count("&lt;!channel&gt;") == 2
    assert "<" not in render("{{ lines | join('') }}", {**SAMPLE, "lines": ["<!channel>"]}, slack_text)


def test_the_output_is_bounded() -> None:
    values = {**SAMPLE, "lines": [{"text": "x" * 700}] * 50}
    loops = "{% for a in lines %}{% for b in lines %}{{ a.text }}{% endfor %}{% endfor %}"
    assert len(render(loops, values, str)) == 12_000


def test_a_bad_template_is_refused_at_its_line_of_the_file(refusals: Callable[..., Any]) -> None:
    (error,) = refusals("slack-notifier", "blocks: true\ntemplates:\n  alert: '{{ titel }}'\n")
    assert (error.line, error.key) == (6, "templates.alert")
    assert "expected a template that works for every message" in error.message


@pytest.mark.parametrize("name", ["@ana", "here", "@sre-team", "<!here>", "", "@U", "@u012ab3cd"])
def test_a_mention_that_would_ping_nobody_is_refused(refusals: Callable[..., Any], name: str) -> None:
    (error,) = refusals("slack-notifier", f'mentions: {{SEV-1: ["{name}"]}}\n')
    assert 'expected "@here", "@channel", "@everyone", or the id' in error.message


def test_the_examples_in_the_shipped_comments_are_right() -> None:
    text = (config_dir() / "agents" / "slack-notifier.md").read_text(encoding="utf-8")
    examples = [line.partition(": ")[2].strip().strip('"') for line in text.splitlines() if line.startswith("#  ")]
    assert len(examples) == 3
    for example in examples:
        assert ADAPTER.validate_python(example) == example
