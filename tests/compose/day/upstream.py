"""Makes the repository that operators clone and pull from, of what is committed here."""

from dataclasses import dataclass
from pathlib import Path

from deploy.local.processes import ROOT
from tests.compose.day.handbook import Handbook, add
from tests.compose.running import output

BRANCH = "main"
VENDOR = ("-c", "user.name=Vendor", "-c", "user.email=vendor@example.org")


@dataclass
class Upstream:
    """The repository, in a folder of its own beside the clones."""

    folder: Path
    released: int = 0  # commits

    @classmethod
    async def made(cls, folder: Path) -> "Upstream":
        """Makes it with the commit that is checked out here on its only branch."""
        here = cls(folder)
        await output("git", "init", "--quiet", "--bare", "--initial-branch", BRANCH, str(here.shared))
        await output("git", "-C", str(ROOT), "push", "--quiet", str(here.shared), f"HEAD:refs/heads/{BRANCH}")
        return here

    @property
    def shared(self) -> Path:
        return self.folder / "upstream.git"

    async def cloned(self, operator: Handbook, name: str) -> Path:
        """Makes a clone of that name, as the handbook does."""
        to = self.folder / name
        await operator.does("git clone … forewarn && cd forewarn", ("… forewarn", f"{self.shared} {to}"), ("cd forewarn", f"cd {to}"))
        return to

    async def release(self, file: Path, more: str) -> None:
        """Commits a newer version, in which a file has more at its end."""
        work = self.folder / "vendor"
        await output("git", "clone", "--quiet", str(self.shared), str(work))
        add(work / file, more)
        await output("git", "-C", str(work), *VENDOR, "commit", "--quiet", "--all", "--message", "A rule more")
        await output("git", "-C", str(work), "push", "--quiet")
        self.released += 1
