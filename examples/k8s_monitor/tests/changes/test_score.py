"""The score: a number that code makes, the same each time, between its bounds, and never higher for what is further."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents_k8s_monitor.changes import Rollout
from hotagents_k8s_monitor.changes.score import (
    IMAGE_WEIGHT,
    PATH_WEIGHT,
    TIME_WEIGHT,
    nearness,
    path_match,
    rollout_match,
    score,
)
from hotagents_k8s_monitor.testing.objects import NOW

MINUTE: Final = timedelta(minutes=1)
WINDOW: Final = timedelta(hours=2)
SHA: Final = "0123456789abcdef0123456789abcdef01234567"
SPANS: Final = st.timedeltas(timedelta(days=-2), timedelta(days=400))
WINDOWS: Final = st.timedeltas(timedelta(0), timedelta(days=366))


def near(minutes: float, window: timedelta = WINDOW) -> float:
    return score(timedelta(minutes=minutes), window, path_matches=False, image_matches=False)


def test_the_weights_are_a_whole() -> None:
    assert pytest.approx(1.0) == TIME_WEIGHT + PATH_WEIGHT + IMAGE_WEIGHT
    assert score(MINUTE, WINDOW, path_matches=True, image_matches=True) == 1.0


def test_half_an_hour_is_as_near_as_can_be_and_the_windows_edge_is_nothing() -> None:
    assert near(0) == near(30) == TIME_WEIGHT
    assert near(75) == TIME_WEIGHT / 2
    assert near(120) == 0.0


def test_what_lies_outside_of_the_window_is_nothing_whatever_fits() -> None:
    for before in (-MINUTE, WINDOW + MINUTE):
        assert score(before, WINDOW, path_matches=True, image_matches=True) == 0.0


def test_a_window_shorter_than_half_an_hour_is_strong_up_to_its_edge() -> None:
    assert near(10, timedelta(minutes=10)) == TIME_WEIGHT
    assert near(11, timedelta(minutes=10)) == 0.0


def test_nearness_alone_is_nothing_outside_of_the_window_too() -> None:
    assert [nearness(before, WINDOW) for before in (-MINUTE, MINUTE, WINDOW, WINDOW + MINUTE)] == [0.0, 1.0, 0.0, 0.0]


@given(before=SPANS, window=WINDOWS, path=st.booleans(), image=st.booleans())
def test_it_lies_between_nothing_and_one_and_is_the_same_each_time(
    before: timedelta,
    window: timedelta,
    *,
    path: bool,
    image: bool,
) -> None:
    found = score(before, window, path_matches=path, image_matches=image)
    assert 0.0 <= found <= 1.0
    assert found == score(before, window, path_matches=path, image_matches=image)


@given(first=SPANS, second=SPANS, window=WINDOWS, path=st.booleans(), image=st.booleans())
def test_what_is_further_back_is_never_higher(
    first: timedelta,
    second: timedelta,
    window: timedelta,
    *,
    path: bool,
    image: bool,
) -> None:
    nearer, further = sorted(abs(span) for span in (first, second))
    found = [score(before, window, path_matches=path, image_matches=image) for before in (nearer, further)]
    assert found[0] >= found[1]


@given(before=SPANS, window=WINDOWS)
def test_what_fits_more_is_never_lower(before: timedelta, window: timedelta) -> None:
    plain, by_path, by_image, by_both = (
        score(before, window, path_matches=path, image_matches=image)
        for image in (False, True)
        for path in (False, True)
    )
    assert plain <= by_path <= by_image <= by_both


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("deploy/cart/values.yaml", "cart"),
        ("charts/Cart.yaml", "cart"),
        ("services/cart_api/main.go", "cart"),
        ("kubernetes/shop.d/x", "shop"),
    ],
)
def test_a_path_names_what_is_failing_by_a_whole_word(path: str, name: str) -> None:
    assert path_match(["README.md", path], ["shop", "cart"]) == (path, name)


@pytest.mark.parametrize("path", ["docs/carton.md", "src/discart.py", "default/main/app.py", "a/b.c"])
def test_a_part_of_a_word_and_what_everything_is_called_names_nothing(path: str) -> None:
    assert path_match([path], ["cart", "default", "main", "app", "a", ""]) is None


@pytest.mark.parametrize("namespace", ["production", "prod", "Staging", "dev", "test"])
def test_an_environment_that_half_of_all_paths_name_names_nothing(namespace: str) -> None:
    assert path_match([f"overlays/{namespace.lower()}/search.yaml"], [namespace]) is None


def rollout(**fields: object) -> Rollout:
    values = {"at": NOW, "kind": "Deployment", "namespace": "shop", "name": "cart", "revision": "2", **fields}
    return Rollout(**values)  # type: ignore[arg-type]  # as they are


@pytest.mark.parametrize(
    ("there", "title"),
    [
        (rollout(source_revision=SHA), ""),
        (rollout(images=("cart:main-0123456789abc",), images_before=("cart:1",)), ""),
        (rollout(images=("cart:v1.4.2",), images_before=("cart:v1.4.1",)), "Release v1.4.2 (#12)"),
        (rollout(images=("cart:v1.4.2",)), "Release v1.4.2"),
        (rollout(images=("cart:1.4.2",)), "release-1.4.2."),
        (rollout(images=("cart:build-512",)), "Build-512: smaller pool"),
    ],
)
def test_a_commit_is_in_a_rollout_by_revision_tag_or_title(there: Rollout, title: str) -> None:
    found = rollout_match(SHA, title, [rollout(), there])
    assert found is not None
    assert found[0] == there
    assert "cause" not in found[1]


@pytest.mark.parametrize(
    ("there", "title"),
    [
        (rollout(source_revision="f" * 40), ""),
        (rollout(images=("cart:0123456789abc",), images_before=("cart:0123456789abc",)), ""),
        (rollout(images=("cart:v1.4.2",), images_before=("cart:v1.4.1",)), "Release v1.4.21 and v1.4.1"),
        (rollout(images=("cart:latest",)), "Use latest"),
        (rollout(images=("cart:1",)), "Fix 1 of 7"),
        (rollout(images=("cart:512",)), "Empty the cart (#512)"),
        (rollout(images=("cart:20261124",)), "Release of 20261124"),
        (rollout(images=("cart:1.4.2",)), "Release 0.1.4.2"),
        (rollout(images=("cart:v1.4.2",)), "Release v1.4.2-rc1"),
        (rollout(images=("cart:v1.4.2",)), "Release v1.4.2.1"),
    ],
)
def test_what_says_little_puts_no_commit_in_a_rollout(there: Rollout, title: str) -> None:
    assert rollout_match(SHA, title, [there]) is None
