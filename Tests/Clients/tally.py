"""Adds up the reports of a test run: prints `N passed, N failed` (and `, N skipped`) as its last line.

    tally.py --step NAME CODE REPORT... [--step …]

A step has a name, the exit code it ended with, and the JUnit reports it should have written. One that ends
with a code other than 0 counts as a failure even if its reports know of none, as after a crash; so does a
report that is missing. The exit code is 1 when anything failed, and also when nothing ran.

What counts of a test that was tried again is its last try; such tests are named, since they are to be mended.
"""

import argparse
import sys
import xml.etree.ElementTree as ElementTree


def count(path):
    """Passed, failed and skipped tests of one report."""
    cases = {}
    for case in ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        if name in cases:
            print(f"tried again: {name}")
        cases[name] = case
    cases = cases.values()
    failed = sum(any(case.find(tag) is not None for tag in ("failure", "error")) for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    return len(cases) - failed - skipped, failed, skipped


def step(name, code, *reports):
    """Passed, failed and skipped tests of one step."""
    passed = failed = skipped = 0
    for report in reports:
        try:
            sums = count(report)
        except (OSError, ElementTree.ParseError) as problem:
            print(f"{name}: no report: {problem}", file=sys.stderr)
            sums = 0, 1, 0
        passed, failed, skipped = passed + sums[0], failed + sums[1], skipped + sums[2]
    if code != "0" and failed == 0:
        print(f"{name} ended with code {code}", file=sys.stderr)
        failed = 1
    return passed, failed, skipped


def main():
    """The sum over all steps."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--step", action="append", nargs="+", required=True)
    steps = [step(*words) for words in parser.parse_args().step]
    passed, failed, skipped = (sum(column) for column in zip(*steps))
    if passed + failed == 0:
        print("nothing ran", file=sys.stderr)
    sys.stderr.flush()
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
