"""The Autobahn test suite (RFC 6455 and RFC 7692) against the echo of the suite server.

A chosen set each time, all 517 cases with `DANTE_AUTOBAHN=all`, as `Tests/run --all` sets it. What each case did
is in `.build/reports/autobahn/index.html`.
"""

import json
import os
import subprocess
from collections import Counter

import pytest

import autobahn_install
from server import ROOT, SuiteServer

REPORT = ROOT / ".build" / "reports" / "autobahn"

#: All but the performance and limits cases of group 9 and the many sizes of 12 and 13, of which one or two stand here.
QUICK = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"]
QUICK += ["9.1.1", "9.2.1", "9.3.1", "9.5.1", "9.7.1"]
QUICK += ["12.1.1", "12.1.9", "12.2.4", "12.3.2", "12.4.8", "12.5.6"]
QUICK += [f"13.{group}.{case}" for group in range(1, 8) for case in (1, 8)]

#: Runs the suite without installing it: some of its packages share a name space, which only site knows.
WSTEST = """
import site, sys
site.addsitedir(sys.argv.pop(1))
from autobahntestsuite.wstest import run
run()
"""


@pytest.mark.timeout(3600)
def test_no_case_fails(tmp_path, capsys):
    python = autobahn_install.python2()
    if not python:
        pytest.skip("the Autobahn test suite needs CPython 2.7 with pip, in the path or by pyenv")
    folder = autobahn_install.suite(python)
    is_whole = os.environ.get("DANTE_AUTOBAHN") == "all"
    cases = ["*"] if is_whole else QUICK
    with SuiteServer(tmp_path) as server:
        url = f"ws://127.0.0.1:{server.port}/ws-echo"
        wanted = {
            "outdir": str(REPORT),
            "servers": [{"agent": "dante", "url": url}],
            "cases": cases,
            "exclude-cases": [],
            "exclude-agent-cases": {},
        }
        spec = tmp_path / "spec.json"
        spec.write_text(json.dumps(wanted))
        command = [python, "-c", WSTEST, str(folder), "-m", "fuzzingclient", "-s", str(spec)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((REPORT / "index.json").read_text())["dante"]
    counts = Counter(result["behavior"] for result in results.values())
    with capsys.disabled():
        print(f"\nAutobahn: {len(results)} cases: {dict(counts)}")
    assert len(results) == (517 if is_whole else 272)
    good = {"OK", "INFORMATIONAL", "NON-STRICT"}
    bad = {name: how for name, how in results.items() if {how["behavior"], how["behaviorClose"]} - good}
    assert not bad
