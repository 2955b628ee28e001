"""Pictures of the page for a person to look at, in `.build/screenshots`: every width, light and dark.

A test can only see that a picture is there, that nothing sticks out of the page at the side, and that the text can be
read on its ground; whether it is beautiful is for whoever opens the folder.
"""

import base64

import pytest

from poems import text_of
from server import ROOT

PICTURES = ROOT / ".build/screenshots"

WIDTHS = {"phone": (390, 844, 3), "tablet": (820, 1180, 2), "desktop": (1440, 900, 1)}

#: Written from right to left, and without spaces: the beginning of the Inferno in Arabic and in Japanese.
ARABIC = ["في منتصف طريق حياتنا\nوجدت نفسي في غابة مظلمة\nإذ ضللت الطريق القويم", "آه ما أصعب الحديث\nعن تلك الغابة الموحشة"]
JAPANESE = ["人生の道の半ばで\n正道を踏みはずした私が\n目をさましたときは暗い森の中にいた", "その苛烈で荒涼とした峻厳な森が\nいかなるものであったか"]


def screen(browser, page, width, theme, **media):
    """Gives the page a screen, and what its reader's system wishes."""
    wide, high, scale = WIDTHS[width]
    browser.ask(
        "Emulation.setDeviceMetricsOverride", page.session, width=wide, height=high, deviceScaleFactor=scale,
        mobile=width == "phone",
    )
    features = {"prefers-color-scheme": theme, "prefers-reduced-motion": "reduce"} | media
    browser.ask(
        "Emulation.setEmulatedMedia", page.session,
        features=[{"name": name.replace("_", "-"), "value": value} for name, value in features.items()],
    )


def picture(browser, page, name):
    """Takes a picture; the page must not be wider than its screen."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name
    PICTURES.mkdir(parents=True, exist_ok=True)
    data = browser.ask("Page.captureScreenshot", page.session, format="png")["data"]
    path = PICTURES / f"{name}.png"
    path.write_bytes(base64.b64decode(data))
    assert path.stat().st_size > 5000
    print(f"picture: {path.relative_to(ROOT)}")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_pictures_of_the_page(browser, quick, slow, width, theme):
    with browser.open("about:blank") as page:
        screen(browser, page, width, theme)
        page.go(f"http://127.0.0.1:{slow.port}/?from=4")
        page.hears(1)
        page.go(f"http://127.0.0.1:{quick.port}/?from=34")
        page.reaches("over")
        page.evaluate("window.scrollTo(0, 0)")
        picture(browser, page, f"{width}-{theme}-beginning")
        page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
        picture(browser, page, f"{width}-{theme}-end")
        page.evaluate("document.getElementById('more').click()")
        picture(browser, page, f"{width}-{theme}-settings")


@pytest.mark.parametrize("language, stanzas", [("ar", ARABIC), ("ja", JAPANESE)])
def test_pictures_of_other_scripts(browser, serve, tmp_path, language, stanzas):
    path = tmp_path / "text.txt"
    path.write_text(text_of(stanzas), encoding="utf-8")
    server = serve(path, "--interval", "20ms", "--language", language, "--title", stanzas[0].split("\n")[0])
    with browser.open("about:blank") as page:
        screen(browser, page, "phone", "light")
        page.go(f"http://127.0.0.1:{server.port}/")
        page.reaches("over")
        wanted = "rtl" if language == "ar" else "ltr"
        for element in "h1", ".stanza":
            direction = page.evaluate(f"getComputedStyle(document.querySelector('{element}')).direction")
            assert direction == wanted, element
        assert page.evaluate("document.getElementById('poem').lang") == language
        picture(browser, page, f"phone-light-{language}")
