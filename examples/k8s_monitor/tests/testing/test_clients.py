"""The official client and ``kubectl``, which know nothing of a fake."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.testing import FakeCluster, Fault, Recording
from hotagents_k8s_monitor.testing.objects import pod

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Untyped on purpose: each version of the client has types of its own, or none.
official: Final[Any] = importlib.import_module("kubernetes.client")
config: Final[Any] = importlib.import_module("kubernetes.config")


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster(Recording.load("trouble").frames[0]) as started:
        yield started


@pytest.fixture
def api(cluster: FakeCluster, tmp_path: Path) -> Iterator[Any]:
    client = config.new_client_from_config(str(cluster.kubeconfig(tmp_path)))
    yield client
    client.rest_client.pool_manager.clear()
    client.close()


def _read(response: Any) -> Any:
    """Return the document of an answer that the client was told not to look into."""
    return json.loads(response.data)


def test_the_client_lists_pages_and_selects(api: Any) -> None:
    core = official.CoreV1Api(api)
    first = _read(core.list_pod_for_all_namespaces(limit=20, resource_version="0", _preload_content=False))
    token = first["metadata"]["continue"]
    second = _read(core.list_pod_for_all_namespaces(limit=20, _continue=token, _preload_content=False))
    assert (len(first["items"]), len(second["items"])) == (20, first["metadata"]["remainingItemCount"])
    cart = _read(core.list_namespaced_pod("shop", label_selector="app=cart", _preload_content=False))
    assert len(cart["items"]) == 4
    on_it = _read(core.list_pod_for_all_namespaces(field_selector="spec.nodeName=node-c", _preload_content=False))
    assert len(on_it["items"]) == 3


def test_the_clients_own_models_take_what_is_served(api: Any) -> None:
    assert len(official.CoreV1Api(api).list_node().items) == 4
    assert official.AppsV1Api(api).read_namespaced_deployment("cart", "shop").status.available_replicas == 3
    assert official.AppsV1Api(api).list_replica_set_for_all_namespaces().items
    assert official.BatchV1Api(api).list_job_for_all_namespaces().items
    assert official.CoreV1Api(api).list_pod_for_all_namespaces().items
    assert official.VersionApi(api).get_code().minor


def test_the_client_hears_of_a_refusal(api: Any, cluster: FakeCluster) -> None:
    cluster.fault("nodes", Fault.forbidden())
    with pytest.raises(official.ApiException) as caught:
        official.CoreV1Api(api).list_node()
    assert caught.value.status == 403
    with pytest.raises(official.ApiException) as caught:
        official.CoreV1Api(api).delete_namespaced_pod("cart", "shop")
    assert caught.value.status == 403
    with pytest.raises(official.ApiException) as caught:
        official.CoreV1Api(api).read_namespaced_pod("cart", "shop")
    assert caught.value.status == 404


def test_the_client_may_ask_what_it_may(api: Any) -> None:
    attributes = official.V1ResourceAttributes(verb="list", resource="pods", group="")
    spec = official.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes)
    body = official.V1SelfSubjectAccessReview(spec=spec)
    assert official.AuthorizationV1Api(api).create_self_subject_access_review(body).status.allowed


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kubectl_reads_and_dry_runs(cluster: FakeCluster, tmp_path: Path) -> None:
    manifest = tmp_path / "pod.json"
    manifest.write_text(json.dumps(pod("new", namespace="shop")))
    command = ["kubectl", f"--kubeconfig={cluster.kubeconfig(tmp_path)}", f"--cache-dir={tmp_path}"]

    def kubectl(*arguments: str) -> str:
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=30, check=False)
        return done.stdout + done.stderr

    assert "node-c" in kubectl("get", "nodes")
    assert "checkout-api" in kubectl("get", "pods", "-A")
    assert kubectl("get", "deploy/cart", "-n", "shop", "-o", "jsonpath={.status.readyReplicas}") == "3"
    assert "(dry run)" in kubectl("apply", "--dry-run=client", "--validate=false", "-f", str(manifest))
    assert "Forbidden" in kubectl("delete", "deploy", "cart", "-n", "shop")
    cluster.put(pod("talks", namespace="shop"))
    cluster.log("shop", "talks", "one\ntwo\n")
    assert kubectl("logs", "talks", "-n", "shop", "--tail=1") == "two\n"
