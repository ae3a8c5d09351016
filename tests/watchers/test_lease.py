from __future__ import annotations

import threading

from hotagents.watchers.lease import Lease


def test_closing_an_idle_resource_releases_it_once_without_waking() -> None:
    seen: list[str] = []
    lease = Lease(wake=lambda: seen.append("wake"), release=lambda: seen.append("release"))
    assert lease.enter()
    lease.leave()
    lease.close()
    lease.close()
    assert seen == ["release"]
    assert lease.closed
    assert not lease.enter()


def test_the_last_user_releases_what_was_closed_meanwhile() -> None:
    seen: list[str] = []
    lease = Lease(wake=lambda: seen.append("wake"), release=lambda: seen.append("release"))
    assert lease.enter()
    assert lease.enter()
    lease.close()
    assert seen == ["wake"]
    lease.leave()
    assert seen == ["wake"]
    lease.leave()
    assert seen == ["wake", "release"]


def test_racing_users_and_closers_release_once_and_never_under_a_user() -> None:
    for _ in range(200):
        seen: list[str] = []
        inside = threading.Semaphore(0)

        def release(seen: list[str] = seen) -> None:
            seen.append("release")

        lease = Lease(wake=inside.release, release=release)

        def use(lease: Lease = lease, seen: list[str] = seen, inside: threading.Semaphore = inside) -> None:
            while lease.enter():
                inside.acquire(timeout=0.0001)
                assert "release" not in seen
                lease.leave()

        threads = [threading.Thread(target=use), *(threading.Thread(target=lease.close) for _ in range(2))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
        assert seen == ["release"]
