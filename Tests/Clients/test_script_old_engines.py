"""The scripts of the page in engines of the past: the syntax of ECMAScript 3, and the client script's logic.

`mujs` knows ECMAScript 5 and nothing later; `rhino -version 100` reads the JavaScript of 1997 to 1999, in which the words
ECMAScript 3 reserved are still reserved.
"""

import re
import subprocess

import pytest

from proxies import program
from server import ROOT

SCRIPTS = ["socket.io.js", "page.js", "slash.js", "embed.js"]
HERE = ROOT / "Tests/Clients"

#: Each engine's way to run a file.
ENGINES = {"mujs": ["mujs"], "rhino": ["rhino", "-opt", "-1", "-version", "100"]}


def run(engine, source, folder):
    """Runs a script: what it printed, with what it complained of."""
    path = folder / "script.js"
    path.write_text(source, encoding="utf-8")
    name, *options = ENGINES[engine]
    done = subprocess.run(
        [program(name), *options, str(path)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("script", SCRIPTS)
def test_the_syntax_is_that_of_old_browsers(tmp_path, engine, script):
    source = (ROOT / "Public" / script).read_text(encoding="utf-8")
    code, said = run(engine, f"function never() {{\n{source}\n}}", tmp_path)
    assert (code, said.strip()) == (0, "")


NEWER = ["let a = 1;", "var f = () => 1;", "var s = `text`;", "class A {}", "for (var a of []) {}", "var {b} = {};"]


@pytest.mark.parametrize("newer", NEWER)
def test_an_old_engine_sees_what_is_newer(tmp_path, newer):
    """What would make the test above fail, so that its silence means something."""
    code, said = run("mujs", f"function never() {{ {newer} }}", tmp_path)
    assert code != 0 and "SyntaxError" in said


RESERVED = (
    "abstract boolean break byte case catch char class const continue debugger default delete do double else enum export "
    "extends final finally float for function goto if implements import in instanceof int interface long native new "
    "package private protected public return short static super switch synchronized this throw throws transient try "
    "typeof var void volatile while with"
).split()


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_reserved_word_is_a_name_and_no_list_ends_with_a_comma(script):
    """What no engine of today refuses any more (ECMA-262, third edition, 7.5.2, 7.5.3, 11.1.4)."""
    source = (ROOT / "Public" / script).read_text(encoding="utf-8")
    bare = re.sub(r"/\*.*?\*/", "", source, flags=re.S)
    bare = re.sub(r"'(\\.|[^'\\\n])*'", "''", bare)
    bare = re.sub(r"(?<=[(,=:&|!]) ?/(\\.|\[[^\]]*\]|[^/\\\n])+/", " RE", bare)
    words = "|".join(RESERVED)
    assert re.findall(rf"\.\s*(?:{words})\b", bare) == []
    assert re.findall(rf"[{{,]\s*(?:{words})\s*:", bare) == []
    assert re.findall(r",\s*[}\]]", bare) == []
    assert re.findall(r"\b(?:get|set)\s+\w+\s*\(", bare) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_the_client_script_works_in_a_browser_of_2009(tmp_path, engine):
    parts = [HERE / "old_browser.js", ROOT / "Public/socket.io.js", HERE / "old_browser_checks.js"]
    code, said = run(engine, "\n".join(part.read_text(encoding="utf-8") for part in parts), tmp_path)
    assert code == 0 and re.search(r"^\d+ checks passed$", said.strip().split("\n")[-1]), said
