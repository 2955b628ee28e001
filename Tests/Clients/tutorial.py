"""The code that stands in the catalogue: the tutorial's files as they are at the end of each step, and the articles'."""

import re
import subprocess
from dataclasses import dataclass

from server import ROOT

CATALOGUE = ROOT / "Sources/SocketIOServer/SocketIOServer.docc"

#: Where it is built. It stays, so that only the first build is a long one.
SCRATCH = ROOT / ".build-tutorial"

#: A file: its path in bold, and below it what is in it.
FILE = re.compile(r"^\*\*(\S+)\*\*\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```swift\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Step:
    """A section of the tutorial."""

    title: str
    #: What the section shows, by path.
    files: dict

    @property
    def is_built(self):
        """Whether it changes the program."""
        return any(path.endswith(".swift") for path in self.files)


def steps():
    """The tutorial's sections that have files."""
    sections = re.split(r"^### ", (CATALOGUE / "Tutorial.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = [Step(section.partition("\n")[0], dict(FILE.findall(section))) for section in sections[1:]]
    return [step for step in found if step.files]


def blocks(article):
    """All Swift of an article."""
    return BLOCK.findall((CATALOGUE / article).read_text(encoding="utf-8"))


def package(name):
    """An empty directory for a package, beside the checkout: as the tutorial has it, at `../dante`."""
    folder = SCRATCH / name
    folder.mkdir(parents=True, exist_ok=True)
    link = SCRATCH / "dante"
    if not link.is_symlink():
        link.symlink_to(ROOT)
    # `Package.resolved` alone stays: without it every run would ask the network for newer versions.
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            path.rmdir()
        elif path.name != "Package.resolved":
            path.unlink()
    return folder


def write(folder, files):
    """Puts files in their places."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def build(folder):
    """Builds a package, without a warning: where its programs are."""
    command = ["swift", "build", "--package-path", folder, "--scratch-path", SCRATCH / "build"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    said = done.stdout + done.stderr
    assert done.returncode == 0 and "warning:" not in said, f"{folder.name}: {said[-6000:]}"
    return SCRATCH / "build" / "debug"


def program_after(folder, step, keep):
    """The tutorial's program at the end of a step, kept as `keep`."""
    write(folder, step.files)
    keep.write_bytes((build(folder) / "chat").read_bytes())
    keep.chmod(0o755)
    return keep
