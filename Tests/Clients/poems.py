"""The texts that are read out in the tests, and how a text is cut into stanzas."""

from pathlib import Path

#: The built-in text, as the repository holds it.
CANTO = Path(__file__).parents[2] / "Resources" / "inferno-1-longfellow.txt"


def stanzas_of(text):
    """The stanzas of a text whose stanzas are separated by one blank line each."""
    return text.rstrip("\n").split("\n\n")


def canto():
    """The 46 stanzas of the built-in text."""
    return stanzas_of(CANTO.read_text(encoding="utf-8"))


def numbered(count):
    """A text of `count` stanzas that name themselves, so that a lost or doubled one is seen at a glance.

    The characters are such as transports get wrong: two, three and four bytes of UTF-8, quotes, a backslash,
    markup, and U+2028, which ends a line in old JavaScript.
    """
    odd = 'perché "così" \\ <b>&amp;</b> \u2028 🔥'
    return [
        f"Stanza {number}, first verse\n{odd}\nStanza {number}, last verse" for number in range(1, count + 1)
    ]


def text_of(stanzas):
    """The text that is cut into these stanzas."""
    return "\n\n".join(stanzas) + "\n"
