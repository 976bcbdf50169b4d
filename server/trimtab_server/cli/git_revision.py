"""Policy files as they are at a revision of a Git repository."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .exits import CommandError, ExitCode

_SUFFIXES = frozenset({".yaml", ".yml"})
_FILE_MODES = frozenset({b"100644", b"100755"})


@dataclass(frozen=True, slots=True)
class GitFolder:
    """A folder or file in the working tree of a repository; `inner` is its path from the top, "." for all of it."""

    shown: str
    top: Path
    inner: PurePosixPath

    def files_at(self, revision: str) -> dict[str, bytes]:
        """The policy files there, by the names that the loader gives those of a folder or a file.

        Raises
        ------
        CommandError
            The revision is unknown, or holds no policy file there.
        """
        commit = self._commit(revision)
        blobs = dict(self._blobs(commit))
        if not blobs:
            raise _wrong(f"{self.shown}: is not there at {revision}, or holds no .yaml or .yml file")
        return dict(zip(blobs, self._contents(list(blobs.values())), strict=True))

    def _commit(self, revision: str) -> str:
        found = _run(self.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if found.returncode:
            raise _wrong(f'--git: "{revision}" is no revision of the repository in {self.top}')
        return found.stdout.decode().strip()

    def _blobs(self, commit: str) -> Iterator[tuple[str, str]]:
        """Name and object of each policy file; hidden ones and links aside."""
        listed = self._git("ls-tree", "-r", "-z", "--full-tree", commit, "--", str(self.inner))
        for line in filter(None, listed.split(b"\0")):
            about, _, path = line.partition(b"\t")
            mode, _, blob = about.split()
            at = PurePosixPath(path.decode("utf-8", "surrogateescape"))
            name = PurePosixPath(self.shown) if at == self.inner else at.relative_to(self.inner)
            is_hidden = at != self.inner and any(part.startswith(".") for part in name.parts)
            if mode in _FILE_MODES and (at == self.inner or at.suffix in _SUFFIXES) and not is_hidden:
                yield str(name), blob.decode()

    def _contents(self, blobs: list[str]) -> Iterator[bytes]:
        """Each is answered by a line that ends in its size, itself, and the end of a line."""
        answer = self._git("cat-file", "--batch", given="\n".join(blobs).encode() + b"\n")
        at = 0
        for _ in blobs:
            begin = answer.index(b"\n", at) + 1
            at = begin + int(answer[at:begin].split()[-1])
            yield answer[begin:at]
            at += 1

    def _git(self, *arguments: str, given: bytes = b"") -> bytes:
        done = _run(self.top, *arguments, given=given)
        if done.returncode:
            raise _wrong(f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout


def git_folder(path: Path) -> GitFolder:
    """The folder or file of a repository; it need not be there now.

    Raises
    ------
    CommandError
        Git is not installed, or the path lies in no repository.
    """
    absolute = path.absolute()
    near = next(parent for parent in (absolute, *absolute.parents) if parent.is_dir())
    found = _run(near, "rev-parse", "--show-toplevel")
    if found.returncode:
        raise _wrong(f"{path}: --git needs a Git repository: {found.stderr.decode(errors='replace').strip()}")
    top = Path(found.stdout.decode().rstrip("\n"))
    inner = (near.resolve() / absolute.relative_to(near)).relative_to(top.resolve())
    return GitFolder(path.as_posix(), top, PurePosixPath(inner))


def revisions_of(text: str) -> tuple[str, str | None]:
    """Old and new revision in ``REF`` or ``REF..REF``; none for the working tree. A side left out is HEAD.

    Raises
    ------
    CommandError
        It has three dots.
    """
    if "..." in text:
        old, _, new = text.partition("...")
        raise _wrong(f"--git: write {old}..{new} with two dots; from where two branches part is not compared")
    old, dots, new = text.partition("..")
    return old or "HEAD", (new or "HEAD") if dots else None


def _run(folder: Path, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - no shell, and what the user names follows --end-of-options or --
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the git that the user has
            input=given,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise _wrong("--git needs git, which is not installed here (or not on the PATH)") from None


def _wrong(line: str) -> CommandError:
    return CommandError(ExitCode.USAGE, [line])
