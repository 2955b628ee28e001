"""The proxies of Debian in front of dante, each on loopback ports and in a folder of its own.

A proxy has four sites, each a port: it keeps or strips the prefix, in front of the server that reads
quickly or of the one that reads slowly. Every site serves the prefixes `/dante/` and `/apps/poetry/`, also
without their last slash. The configurations are the ones an operator would write; nothing is tuned for
dante, and nothing but WebSocket forwarding is added to what the proxy does by itself.
"""

import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

#: One level and two.
PREFIXES = ["/dante/", "/apps/poetry/"]

PATIENCE = 20


@dataclass(frozen=True)
class Site:
    """One port of a proxy: what it does with the prefix, and the port of the server behind it."""

    port: int
    mode: str
    behind: int


def free_port():
    """A port that is free now. Nothing keeps it free, which is why starting a proxy is tried twice."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(name):
    """A program of the system; daemons are often outside an ordinary user's path."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/sbin")
    assert found, f"{name} is not installed: run Tests/run, which installs it"
    return found


class Proxy:
    """A proxy process. A subclass writes the configuration and the command."""

    #: What it does with the prefix: `keep`, `strip`, and for nginx `short`.
    modes = ["keep", "strip"]

    def __init__(self, folder, behind):
        """Starts it. `behind` names the servers: {"quick": port, "slow": port}."""
        self.folder, self.behind = Path(folder), behind
        self.folder.mkdir(parents=True, exist_ok=True)
        for attempt in range(2):
            self.sites = {
                (mode, speed): Site(free_port(), mode, port)
                for mode in self.modes
                for speed, port in behind.items()
            }
            self.process = self._start()
            if self._listens():
                return
            self.stop()
        raise AssertionError(f"{type(self).__name__} does not start: {self.log()}")

    def _start(self):
        with (self.folder / "output").open("wb") as output:
            return subprocess.Popen(
                self.command(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=os.environ
                | {
                    "HOME": str(self.folder),
                    "XDG_DATA_HOME": str(self.folder),
                    "XDG_CONFIG_HOME": str(self.folder),
                },
            )

    def _listens(self):
        """Whether all ports answer in time. No proxy tells when it is ready, so they are asked."""
        waiting = [site.port for site in self.sites.values()]
        end = time.monotonic() + PATIENCE
        while waiting and self.process.poll() is None and time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", waiting[0]), timeout=1).close()
                waiting.pop(0)
            except OSError:
                time.sleep(0.02)
        return not waiting

    def port(self, mode, speed="quick"):
        """The port of a site."""
        return self.sites[mode, speed].port

    def log(self):
        """What it has written, for failures."""
        files = sorted(path for path in self.folder.glob("*") if path.name in ("output", "error.log"))
        return "\n".join(path.read_text(errors="replace")[-2000:] for path in files)

    def stop(self):
        """Ends it, at once if it does not end by itself."""
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def write(self, name, text):
        """Writes a configuration: its path."""
        path = self.folder / name
        path.write_text(text)
        return str(path)


class Nginx(Proxy):
    """nginx. Mode `short` is a beginner's configuration: one line, no upgrade, HTTP/1.0 to the server."""

    modes = ["keep", "strip", "short"]

    UPGRADE = """
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_set_header Host $http_host;"""

    def command(self):
        user = "user root;" if os.geteuid() == 0 else ""
        places = "".join(
            f"{kind}_temp_path temp-{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        configuration = self.write(
            "nginx.conf",
            f"""{user}
daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    {places}
    map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
    {"".join(map(self.server, self.sites.values()))}
}}
""",
        )
        return [program("nginx"), "-p", str(self.folder), "-e", "error.log", "-c", configuration]

    def server(self, site):
        """The `server` block of a site."""
        locations = "".join(
            f"""
        location {prefix} {{
            proxy_pass http://127.0.0.1:{site.behind}{"/" if site.mode == "strip" else ""};\
{"" if site.mode == "short" else self.UPGRADE}
        }}
        {self.bare(prefix, site)}"""
            for prefix in PREFIXES
        )
        return f"""
    server {{
        listen 127.0.0.1:{site.port};{locations}
    }}"""

    def bare(self, prefix, site):
        """`/dante`: nginx redirects it to `/dante/` by itself; in keep mode it is left to the server."""
        if site.mode != "keep":
            return ""
        return (
            f"location = {prefix[:-1]} {{ proxy_pass http://127.0.0.1:{site.behind}; "
            "proxy_set_header Host $http_host; }"
        )


class HAProxy(Proxy):
    """HAProxy. It forwards an upgrade without being told."""

    def command(self):
        configuration = self.write(
            "haproxy.cfg",
            f"""
global
    maxconn 512
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout tunnel 60s
{"".join(map(self.site, self.sites.values()))}
""",
        )
        return [program("haproxy"), "-db", "-f", configuration]

    def site(self, site):
        """The frontend and backend of a site. A stripped `/dante` and `/dante/` are both `/`."""
        prefixes = "|".join(prefix.strip("/") for prefix in PREFIXES)
        strip = rf"http-request replace-path ^/({prefixes})(/(.*))?$ /\3" if site.mode == "strip" else ""
        return f"""
frontend front{site.port}
    bind 127.0.0.1:{site.port}
    {strip}
    default_backend back{site.port}
backend back{site.port}
    server dante 127.0.0.1:{site.behind}
"""


class Apache(Proxy):
    """Apache httpd 2.4.47 or later, whose mod_proxy_http forwards an upgrade when it is told to."""

    MODULES = ["mpm_event", "authz_core", "proxy", "proxy_http"]

    def command(self):
        modules = "".join(
            f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in self.MODULES
        )
        # Started by root, httpd insists on giving that up; the folder is the test's own and closed to others.
        user = "User nobody\nGroup nogroup" if os.geteuid() == 0 else ""
        configuration = self.write(
            "httpd.conf",
            f"""
ServerRoot {self.folder}
ServerName localhost
PidFile httpd.pid
ErrorLog error.log
Mutex pthread
{modules}{user}
{"".join(map(self.site, self.sites.values()))}
""",
        )
        return [program("apache2"), "-DFOREGROUND", "-f", configuration]

    def site(self, site):
        """The port and virtual host of a site."""
        passes = "".join(
            f"    ProxyPass {prefix[:-1]} http://127.0.0.1:{site.behind}"
            f"{prefix[:-1] if site.mode == 'keep' else ''} upgrade=websocket\n"
            for prefix in PREFIXES
        )
        return f"Listen 127.0.0.1:{site.port}\n<VirtualHost 127.0.0.1:{site.port}>\n{passes}</VirtualHost>\n"


class Caddy(Proxy):
    """Caddy. It forwards an upgrade without being told."""

    def command(self):
        configuration = self.write(
            "Caddyfile",
            f"""
{{
    admin off
    auto_https off
}}
{"".join(map(self.site, self.sites.values()))}
""",
        )
        return [program("caddy"), "run", "--adapter", "caddyfile", "--config", configuration]

    def site(self, site):
        """The site block. `handle_path` strips what it matches, `handle` keeps it."""
        verb = "handle_path" if site.mode == "strip" else "handle"
        handlers = "".join(
            f"    {verb} {prefix[:-1]}* {{\n        reverse_proxy 127.0.0.1:{site.behind}\n    }}\n"
            for prefix in PREFIXES
        )
        return f"http://127.0.0.1:{site.port} {{\n    bind 127.0.0.1\n{handlers}}}\n"


#: Every proxy by name.
PROXIES = {"nginx": Nginx, "haproxy": HAProxy, "apache": Apache, "caddy": Caddy}
