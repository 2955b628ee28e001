"""A pytest plugin: writes which client generation reads over which transport, as far as the tests have proved it.

The table goes to `.build/clients-table.md`; what the README shows between its two `<!-- clients -->` lines is to be the
same, or the run fails. A row is a client on a transport, a column
what it did; an empty place is what its protocol does not have.
"""

import re

from generations_install import BUILD
from generations_kinds import KINDS

FILE = "test_generations_clients.py"

#: The columns: the heading, and the test that proves it.
PROOFS = {
    "first stanza at once": "test_hears_the_first_stanza_at_once",
    "all 46 once, in order": "test_hears_every_stanza_once_to_the_end",
    "is acknowledged": "test_emits_and_is_acknowledged",
    "bytes both ways": "test_values_come_back_as_they_were",
    "second namespace": "test_joins_another_namespace",
    "comes back after a cut": "test_comes_back_after_a_cut",
}

outcomes = {}


def pytest_runtest_logreport(report):
    """Notes how each of the tests ended; the teardown may still spoil it."""
    found = re.search(rf"{FILE}::(\w+)\[(.+)\]$", report.nodeid)
    if found and (report.when == "call" or report.failed):
        name = found.groups()
        outcomes[name] = outcomes.get(name, True) and report.passed


def mark(kind, heading):
    """What stands in one place of the table."""
    if heading == "bytes both ways" and not kind.has_binary:
        return ""
    return {True: "yes", False: "**no**", None: ""}[outcomes.get((PROOFS[heading], kind.name))]


def rows():
    """The lines of the table."""
    yield "| Socket.IO | client | transport | " + " | ".join(PROOFS) + " | tests |"
    yield "| --- " * (len(PROOFS) + 4) + "|"
    for kind in KINDS:
        marks = " | ".join(mark(kind, heading) for heading in PROOFS)
        yield f"| {kind.generation} | {kind.client} | {kind.transport} | {marks} | `{kind.name}` |"


def pytest_sessionfinish(session):
    """Writes the table and compares it with the README, if all the tests it is made of ran."""
    if len(outcomes) != len(KINDS) * len(PROOFS):
        return
    table = "\n".join(rows()) + "\n"
    (BUILD / "clients-table.md").write_text(table, encoding="utf-8")
    readme = (BUILD.parent / "README.md").read_text(encoding="utf-8").split("<!-- clients -->\n")
    if len(readme) != 3 or readme[1].strip() != table.strip():
        print("\nREADME.md does not show what the tests found: put .build/clients-table.md between its <!-- clients --> lines.")
        session.exitstatus = session.exitstatus or 1
