"""Puts the Autobahn test suite where its test looks for it. It is Python 2 code, so it needs such an interpreter:
one in the path, or one of pyenv's."""

import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
BUILD = HERE.parents[1] / ".build"
WANTED = HERE / "requirements-autobahn.txt"


def candidates():
    """Where a CPython 2.7 may be."""
    yield from filter(None, [shutil.which("python2.7")])
    yield from sorted(Path.home().glob(".pyenv/versions/2.7.*/bin/python2.7"), reverse=True)


def python2():
    """A CPython 2.7 that runs and has pip; None if there is none."""
    for path in candidates():
        # pyenv puts a stand-in into the path also when no such version is chosen.
        if subprocess.run([path, "-m", "pip", "--version"], capture_output=True).returncode == 0:
            return str(path)
    return None


def suite(python):
    """The folder the suite is in, installed there unless it is already."""
    folder = BUILD / "autobahn"
    noted = folder / WANTED.name
    if noted.exists() and noted.read_bytes() == WANTED.read_bytes():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    command = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    command += ["--no-deps", "--target", str(folder), "-r", str(WANTED)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"
    noted.write_bytes(WANTED.read_bytes())
    return folder
