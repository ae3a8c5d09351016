"""What the exceptions of the libraries below mean."""

from __future__ import annotations

import ssl

import pytest
from urllib3 import exceptions as http

from hotagents_k8s_monitor.cluster.failures import Failure, failure_of, refused


def of(error: Exception, cause: Exception | None = None) -> Failure:
    error.__cause__ = cause
    return failure_of(error)


@pytest.mark.parametrize(
    ("error", "cause", "expected"),
    [
        (http.InvalidHeader("1, 2"), None, "malformed: no HTTP answer that can be read: InvalidHeader"),
        (http.SSLError("x"), ssl.SSLEOFError(8, "EOF"), "unreachable: no connection, or it was cut: EOF"),
        (http.ProtocolError("x"), OSError(104, "reset"), "unreachable: no connection, or it was cut: reset"),
        (http.LocationParseError("x"), None, "unreachable: no connection: LocationParseError"),
        (http.ProtocolError("x"), None, "unreachable: no connection, or it was cut: ProtocolError"),
        (MemoryError(), None, "failed: unexpected MemoryError"),
    ],
)
def test_an_exception_becomes_a_failure(error: Exception, cause: Exception | None, expected: str) -> None:
    assert str(of(error, cause)) == expected


def test_a_certificate_that_is_not_trusted_is_not_tried_again() -> None:
    found = of(http.SSLError("x"), ssl.SSLCertVerificationError(1, "certificate verify failed"))
    assert (found.reason, found.is_passing) == ("unreachable", False)
    assert found.detail == "no connection: certificate verify failed"


def test_a_failure_stays_itself() -> None:
    failure = Failure("slow", "late")
    assert failure_of(failure) is failure


def test_a_circle_of_causes_is_walked_once() -> None:
    one, other = http.HTTPError("x"), OSError(1, "why")
    one.__cause__, other.__cause__ = other, one
    assert failure_of(one).detail.endswith("why")


@pytest.mark.parametrize("body", [None, [], "x", {"message": 7}, {"message": None}, {"message": "Teapot"}])
def test_a_refusal_without_a_message_is_told_by_its_status(body: object) -> None:
    assert refused(418, "Teapot", body).detail == "HTTP 418 Teapot"
