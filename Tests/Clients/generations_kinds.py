"""Which clients are tried, on which of their transports."""

from generations import Kind

#: Soon back after a cut, and every time after the same while.
RETRY_V09 = {"reconnection delay": 50, "reconnection limit": 200, "max reconnection attempts": 100}
RETRY = {"reconnectionDelay": 50, "reconnectionDelayMax": 200, "randomizationFactor": 0}

#: What the transports are called in the table, where that is more than their name.
TITLES = {"base64": "polling, base64", "jsonp": "polling, JSONP", "upgrade": "polling, then websocket"}

#: The Python clients join all their namespaces when they connect.
JOINED = {"namespaces": ["/", "/echo"]}


def browser_v09():
    """0.9's own browser client. `ActiveXObject` is what htmlfile needs of Internet Explorer, and the page stands in."""
    for transport in "websocket", "htmlfile", "xhr-polling", "jsonp-polling":
        options = {"resource": "socket.io", "transports": [transport], "try multiple transports": False} | RETRY_V09
        yield Kind(
            f"0.9-browser-{transport}", "0.9", "socket.io-client 0.9.10", transport,
            options | ({"activeX": True} if transport == "htmlfile" else {}), "0.9.10", has_binary=False,
            settles_on=transport, shows=f"/socket.io/1/{transport}/")


def browsers(version, generation, jsonp=True, recovers=False):
    """The browser clients since 1.0."""
    ways = {
        "websocket": ({"transports": ["websocket"]}, "websocket"),
        "polling": ({"transports": ["polling"]}, "polling"),
        "base64": ({"transports": ["polling"], "forceBase64": True}, "polling"),
        "jsonp": ({"transports": ["polling"], "forceJSONP": True}, "polling"),
        "upgrade": ({"transports": ["polling", "websocket"]}, "websocket"),
    }
    if not jsonp:
        del ways["jsonp"]
    for way, (options, settles_on) in ways.items():
        yield Kind(
            f"{version}-browser-{way}", generation, f"socket.io-client {version}", TITLES.get(way, way),
            options | RETRY, version, settles_on=settles_on, recovers=recovers,
            shows={"base64": "&b64=1", "jsonp": "&j=0", "websocket": "ws://"}.get(way, "transport=polling"))


def python_socketio(version, generation):
    """python-socketio, old and new."""
    for way, transports in {
        "websocket": ["websocket"], "polling": ["polling"], "upgrade": ["polling", "websocket"],
    }.items():
        yield Kind(
            f"{version}-python-{way}", generation, f"python-socketio {version}", TITLES.get(way, way),
            {"transports": transports} | JOINED, f"python-socketio {version[0]}",
            settles_on="polling" if way == "polling" else "websocket")


def socketio_client_v09():
    """socketIO-client 0.5. After a cut it polls on with its sid, so that it loses nothing."""
    for transport in "websocket", "xhr-polling", "jsonp-polling":
        yield Kind(
            f"0.9-python-{transport}", "0.9", "socketIO-client 0.5.7.4", transport,
            {"transports": [transport]} | JOINED, "socketIO-client 0.5", has_binary=False,
            recovers=transport != "websocket")


def socketio_client():
    """socketIO-client 0.7: Engine.IO 3 as it was with Socket.IO 1. It has no bytes."""
    for way, transports in {"polling": ["xhr-polling"], "upgrade": ["xhr-polling", "websocket"]}.items():
        yield Kind(
            f"1.x-python-{way}", "1.x", "socketIO-client 0.7.2", TITLES.get(way, way),
            {"transports": transports} | JOINED, "socketIO-client 0.7", has_binary=False)


KINDS = [
    *browser_v09(),
    *socketio_client_v09(),
    *browsers("1.3.5", "1.x"),
    *socketio_client(),
    *browsers("2.0.3", "2.x"),
    *python_socketio("4.6.1", "2.x"),
    *browsers("3.1.3", "3.x"),
    *browsers("4.8.1", "4.x", jsonp=False, recovers=True),
    *python_socketio("5.18.1", "3.x, 4.x"),
]
