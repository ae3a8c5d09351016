"""Connections to a cluster: which one, with whose credentials, and why not.

Nothing is sent here, except by a credential plugin that the kubeconfig names.
"""

from __future__ import annotations

import os
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final, final
from urllib.parse import urlsplit
from urllib.request import getproxies

from hotagents.diagnostics import escape
from hotagents_k8s_monitor.cluster.client import official
from hotagents_k8s_monitor.cluster.details import detail
from hotagents_k8s_monitor.cluster.errors import ClusterError
from hotagents_k8s_monitor.cluster.kubeconfig import context_of, default_location

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hotagents_k8s_monitor.cluster.client import ApiClient
    from hotagents_k8s_monitor.cluster.kubeconfig import Context

__all__ = ["Connection", "connect", "disconnect"]

_USER_AGENT: Final = "hotagents-k8s-monitor"
_NOT_THERE: Final = "File does not exist: "


def connect(*, kubeconfig: str | None, context: str | None) -> ApiClient:
    """Return a client of the cluster that was named; else of the one around this pod; else of ``kubectl``'s.

    It follows no redirect and tries nothing twice. Proxies come from the environment, as for every client; as for
    ``kubectl``, none of those is asked for a server on the loopback. A credential plugin of the kubeconfig runs without
    a time limit.

    Args:
        kubeconfig: File, or several as in ``KUBECONFIG``.
        context: Of the kubeconfig; the current one for None.

    Returns:
        A client that the caller ends with `disconnect`.

    Raises:
        ClusterError: If nothing says which cluster, or what does cannot be used.
    """
    client = official("client")
    configuration = client.Configuration()
    if kubeconfig or context or not _is_in_cluster():
        _load_kubeconfig(configuration, kubeconfig, context)
    else:
        _load_service_account(configuration)
    if _is_loopback(configuration.host) and configuration.proxy in getproxies().values():
        configuration.proxy = None
    configuration.retries = False  # urllib3's own would sleep for any Retry-After, and follow redirects
    try:
        api_client: ApiClient = client.ApiClient(configuration)
    except Exception as error:  # noqa: BLE001 - of a proxy's address, for one
        message = f"the client cannot be made: {type(error).__name__}; look at the proxy settings and certificates"
        raise ClusterError(message) from None
    api_client.user_agent = _USER_AGENT
    return api_client


def disconnect(api_client: ApiClient) -> None:
    """Close the idle connections of a client; those of a request that still runs close with it."""
    api_client.rest_client.pool_manager.clear()  # in old versions the client's own close() leaves them open
    api_client.close()


@final
class Connection:
    """A client, made when first needed; one that hangs is replaced by another, and nobody waits for it.

    Args:
        connect: Makes a client; it may raise `ClusterError`.
    """

    def __init__(self, connect: Callable[[], ApiClient]) -> None:
        self._connect = connect
        self._client: ApiClient | None = None

    def client(self) -> ApiClient:
        """Return the client.

        Raises:
            ClusterError: If none can be made.
        """
        if self._client is None:
            self._client = self._connect()
        return self._client

    def renewed(self) -> Connection:
        """Return another one, that has no client yet; this one is left to whoever still waits for it."""
        return Connection(self._connect)

    def close(self) -> None:
        """End the client, if there is one; a later call makes a new one."""
        client, self._client = self._client, None
        if client is not None:
            disconnect(client)


def _is_loopback(url: str) -> bool:
    try:
        name = urlsplit(url).hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:  # a name, or no address at all
        return False


def _is_in_cluster() -> bool:
    inside = official("config.incluster_config")
    return bool(os.environ.get(inside.SERVICE_HOST_ENV_NAME)) and Path(inside.SERVICE_TOKEN_FILENAME).is_file()


def _load_service_account(configuration: Any) -> None:
    config = official("config")
    try:
        config.load_incluster_config(client_configuration=configuration)
    except (config.ConfigException, OSError, ValueError) as error:
        message = f"service account: {detail(str(error))} Mount its token, or name a kubeconfig."
        raise ClusterError(message) from None


def _load_kubeconfig(configuration: Any, kubeconfig: str | None, name: str | None) -> None:
    location = kubeconfig or default_location()
    try:
        context = context_of(location, name)
    except ClusterError as error:
        if kubeconfig:
            raise
        tried = "no kubeconfig was named" if name else "no kubeconfig was named, and no service account is mounted"
        raise ClusterError(f"{error} ({tried})") from None
    _forget_files_that_are_gone()
    try:
        official("config").load_kube_config(
            config_file=location, context=context.name, client_configuration=configuration
        )
    except Exception as error:  # noqa: BLE001 - the client raises whatever an odd file makes it stumble over
        raise ClusterError(f"{_place(location, context)}: {_why(error, context)}") from None
    if context.plugin and not configuration.api_key and not configuration.cert_file:
        raise ClusterError(f"{_place(location, context)}: {_no_credential(context)}")


def _forget_files_that_are_gone() -> None:
    """Make the client write again what it keeps in temporary files: it never looks whether they are still there."""
    files: dict[Any, str] = getattr(official("config.kube_config"), "_temp_files", {})
    for content, path in list(files.items()):
        if not Path(path).exists():
            files.pop(content, None)


def _place(location: str, context: Context) -> str:
    return f'kubeconfig {escape(location)}: context "{escape(context.name)}"'


def _why(error: Exception, context: Context) -> str:
    said = str(error)
    if said.startswith(_NOT_THERE):  # the one message of the client's that quotes no more than a path
        return f"no such file: {detail(said.removeprefix(_NOT_THERE))}"
    if isinstance(error, OSError) and error.strerror:
        return f"{detail(str(error.filename or 'a file'))}: {error.strerror}"
    if context.plugin:
        return _no_credential(context)
    return f"its cluster or user cannot be used ({type(error).__name__}); try it with kubectl"


def _no_credential(context: Context) -> str:
    return f'"{escape(context.plugin)}" gave no credential; try the context with kubectl'
