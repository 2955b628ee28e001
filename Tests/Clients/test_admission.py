"""Who may shake hands: --origins and --authorization, from outside."""

import pytest

from engine_wire import target
from http_wire import get
from websocket_wire import HANDSHAKE

TOKEN = "open-sesame"

#: Every way in, and the status of its answer when all is well.
WAYS = {
    "engine 4": (target(transport="polling"), {}, 200),
    "engine 3": ("/socket.io/?EIO=3&transport=polling", {}, 200),
    "0.9": ("/socket.io/1/?t=1", {}, 200),
    "websocket": (target(transport="websocket"), HANDSHAKE, 101),
    "raw": ("/ws?x=1", HANDSHAKE, 101),
    "sse": ("/sse?x=1", {}, 200),
    "text": ("/text?x=1", {}, 200),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_token_opens_every_way_in(serve, poem, way):
    server = serve("--authorization", TOKEN, "--interval", "1ms")
    address, headers, well = WAYS[way]
    for wrong in "", "&token=", "&token=open-sesam", f"&token={TOKEN}x":
        assert get(server.port, address + wrong, headers).status == 403
    assert get(server.port, f"{address}&token={TOKEN}", headers).status == well
    for scheme in "Bearer", "bearer":
        assert get(server.port, address, {**headers, "Authorization": f"{scheme} {TOKEN}"}).status == well
    assert server.status()["sessions"] <= 5


@pytest.mark.parametrize("way", WAYS)
def test_only_listed_pages_shake_hands(serve, poem, way):
    server = serve("--origins", "good.example:*,*:8080", "--interval", "1ms")
    address, headers, well = WAYS[way]
    for page in "http://good.example", "https://good.example:99", "http://other.example:8080":
        assert get(server.port, address, {**headers, "Origin": page}).status == well
    for page in "http://bad.example", "http://good.example.bad", "null":
        assert get(server.port, address, {**headers, "Origin": page}).status == 403
    assert get(server.port, address, headers).status == 403


def test_a_refusal_names_its_setting(serve):
    server = serve("--origins", "good.example:*")
    assert '"setting":"--origins"' in get(server.port, "/sse", {"Origin": "http://bad.example"}).text


def test_the_page_is_for_everybody(serve):
    server = serve("--origins", "good.example:*", "--authorization", TOKEN)
    assert get(server.port, "/").status == 200
    assert get(server.port, "/healthz").status == 200
