"""`ConfigMapVolume`: a directory that changes as the kubelet changes a mounted ConfigMap, well or badly.

A mounted ConfigMap is a link, ``..data``, to a payload directory that holds the files, and for each name one visible
link through it, ``a.md -> ..data/a.md``. A change is a new payload and one rename of the link: the only atomic point.
What comes before it and after it can be seen by a reader, in this order:

1. all paths are checked, and the content is compared: what is equal is not written;
2. the new payload is made and filled; with a group for the volume, everything is given to it;
3. ``..data_tmp`` is linked to the new payload and renamed onto ``..data``;
4. missing visible links are made, those of vanished names removed; the old payload is deleted.

The methods below `write` and `update` each do what goes wrong in practice. `hotagents.testing.payload` has the files.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from hotagents.testing import payload

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ConfigMapVolume"]

_DATA: Final = "..data"
_DATA_TMP: Final = "..data_tmp"


@final
class ConfigMapVolume:
    """A ConfigMap that is mounted at a directory, made by the first `write`; it can be used as that directory's path.

    One writer at a time, as in the kubelet: calls must not overlap; readers may be anywhere. The directory belongs
    to the caller; nothing is deleted at the end. A write that raises OSError before its rename leaves ``..data`` at the
    old content, and can be repeated.

    Args:
        path: The mount directory.
        mode: Mode of every file.
        keep_old: Whether old payloads are left behind: a kubelet that died, or could not delete them.
        old_link_order: Whether visible links are made before the rename, dangling: kubelets up to 1.22.
        fs_group: Whether each swap is preceded by chown and chmod over the whole volume, as with a pod's fsGroup: a
            storm of attribute events. Group and modes stay what they are.

    Attributes:
        path, mode: As given.
        keep_old, old_link_order, fs_group: As given; may be assigned between writes.
        swapped_at: `time.perf_counter` immediately before the newest rename onto ``..data`` (so that no reader can have
            seen the new content earlier), or None before the first; latency counts from here.

    Raises:
        NotImplementedError: On Windows, where symbolic links and renames work otherwise.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        mode: int = 0o644,
        keep_old: bool = False,
        old_link_order: bool = False,
        fs_group: bool = False,
    ) -> None:
        if sys.platform == "win32":
            raise NotImplementedError("ConfigMapVolume needs the links of Linux or macOS; on Windows use Memory")
        self.path = Path(path)
        self.mode = mode
        self.keep_old = keep_old
        self.old_link_order = old_link_order
        self.fs_group = fs_group
        self.swapped_at: float | None = None
        self._names: set[str] = set()

    def __fspath__(self) -> str:
        return str(self.path)

    @property
    def payload(self) -> str:
        """Name of the payload directory that ``..data`` leads to.

        Raises:
            FileNotFoundError: If there is no ``..data``: before the first write, or detached.
        """
        return str((self.path / _DATA).readlink())

    @property
    def files(self) -> dict[str, bytes]:
        """Present content by path, sorted; empty where there is no ``..data``."""
        return payload.read(self.path / self.payload) if self._mounted else {}

    def write(self, files: Mapping[str, str | bytes]) -> bool:
        """Replace the whole content as the kubelet does; say whether ``..data`` was swapped.

        Equal content makes no directory, no swap and no event, but a missing visible link is made again. A left-over
        ``..data_tmp`` means that the writer died in the middle: the volume is then rebuilt under a new inode.

        Args:
            files: Text or bytes by path; ``pdf/SKILL.md`` shows as one link ``pdf -> ..data/pdf``.

        Raises:
            ValueError: For a path that a ConfigMap's volume cannot have; nothing was touched.
        """
        content = payload.checked(files)
        self.path.mkdir(parents=True, exist_ok=True)
        if self._mounted and self.files == content:
            self._link(content)
            return False
        if (self.path / _DATA_TMP).is_symlink():
            self._tear_down()
        self._replace(content)
        return True

    def update(self, changes: Mapping[str, str | bytes | None]) -> bool:
        """Write the present content with some files replaced and without those given as None; else like `write`."""
        merged = {**self.files, **changes}
        return self.write({path: content for path, content in merged.items() if content is not None})

    def nested(self, name: str) -> ConfigMapVolume:
        """Return a volume mounted inside this one at ``name``: a real directory, which no write here touches.

        Raises:
            FileExistsError: If this volume shows a link of its own there.
        """
        payload.checked({name: b""})
        inner = self.path / name
        if (self.path / name.partition("/")[0]).is_symlink():
            raise FileExistsError(
                f"{inner}: the outer volume has a link there; mount the inner one first, or elsewhere"
            )
        inner.mkdir(parents=True, exist_ok=True)
        return ConfigMapVolume(inner, mode=self.mode)

    # --- what goes wrong in practice --------------------------------------------------------------------------------

    def write_in_place(self, files: Mapping[str, str | bytes]) -> None:
        """Write files into the payload that is served, without a swap: somebody with a shell on the node.

        Not atomic: a reader may find a file empty, half-written, or new beside old ones. No event on the mount.

        Raises:
            FileNotFoundError: If there is no ``..data``.
        """
        payload.fill(self.path / self.payload, payload.checked(files), self.mode)

    def swap_by_recreation(self, files: Mapping[str, str | bytes]) -> None:
        """Replace the content by deleting ``..data`` and linking it anew: ``ln -sfn``, and tools that imitate a mount.

        Not atomic: between the two a reader finds no ``..data``. Equal content is swapped too.
        """
        content = payload.checked(files)
        self.path.mkdir(parents=True, exist_ok=True)
        self._replace(content, recreate=True)

    def stale_payload(self, files: Mapping[str, str | bytes]) -> str:
        """Leave a payload beside the served one for ever and return its name: a kubelet killed while it wrote.

        It is newer than the served one, and ``files`` are the part that was written; nothing leads there.
        """
        content = payload.checked(files)
        self.path.mkdir(parents=True, exist_ok=True)
        return self._new_payload(content)

    def without_links(self) -> None:
        """Remove the visible links; ``..data`` stays: the moment after a swap, before links of new names are made."""
        self._unlink(payload.first_elements(self.files))

    def remount(self) -> None:
        """Tear the mount down and build it anew, same content, new inode: a kubelet that finds its work half done.

        For a moment the directory is not there. Watches on the old one are dead. Volumes nested in it are gone.
        """
        content = self.files
        self._tear_down()
        self._replace(content)

    def detach(self) -> None:
        """Empty the mount, ``..data`` and nested volumes included: what a container sees after its volume was rebuilt.

        A real container sees the empty directory until its pod is recreated; here the next `write` fills it again.
        """
        (self.path / _DATA).unlink(missing_ok=True)
        for entry in sorted(self.path.iterdir()):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    # --- steps of a write -------------------------------------------------------------------------------------------

    @property
    def _mounted(self) -> bool:
        return (self.path / _DATA).is_symlink()

    def _replace(self, content: Mapping[str, bytes], *, recreate: bool = False) -> None:
        old_payload = self.payload if self._mounted else None
        old_names = payload.first_elements(self.files)
        new_payload = self._new_payload(content)
        if self.fs_group:
            payload.own(self.path)
        if self.old_link_order:
            self._link(content)
        self._swap(new_payload, recreate=recreate)
        self._link(content)
        self._unlink(old_names - payload.first_elements(content))
        if old_payload is not None and not self.keep_old:
            shutil.rmtree(self.path / old_payload)

    def _new_payload(self, content: Mapping[str, bytes]) -> str:
        while (name := payload.fresh_name()) in self._names or (self.path / name).exists():
            pass
        self._names.add(name)
        payload.make(self.path / name, content, self.mode)
        return name

    def _swap(self, target: str, *, recreate: bool) -> None:
        link = self.path / _DATA
        if recreate:
            link.unlink(missing_ok=True)
            self.swapped_at = time.perf_counter()
            link.symlink_to(target)
            return
        temporary = self.path / _DATA_TMP
        temporary.symlink_to(target)
        self.swapped_at = time.perf_counter()
        temporary.rename(link)

    def _link(self, content: Mapping[str, bytes]) -> None:
        for name in payload.shuffled(payload.first_elements(content)):
            if not os.path.lexists(self.path / name):
                (self.path / name).symlink_to(f"{_DATA}/{name}")

    def _unlink(self, names: set[str]) -> None:
        for name in payload.shuffled(names):
            if (self.path / name).is_symlink():  # a real directory is another volume's mount
                (self.path / name).unlink()

    def _tear_down(self) -> None:
        # The old directory lives on beside until the new one is there, or the new one could be given the same inode.
        with tempfile.TemporaryDirectory(dir=self.path.parent, prefix="..torn_down_") as aside:
            self.path.rename(Path(aside, "volume"))
            self.path.mkdir()
