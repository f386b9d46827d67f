#!/usr/bin/env python3
"""Runs scenarios on conformance servers and compares the responses.

    conform.py play   SCENARIOS -- SERVER...          print the server's responses
    conform.py record SCENARIOS OUT.json              write the reference's responses as transcripts
    conform.py compare SCENARIOS [--wire W] -- SERVER...   compare the server with the reference
    conform.py relay  SCENARIOS -- SERVER...          alternate between both, with the same cookies

SCENARIOS is a .json file or a folder of .json files. SERVER... is the command that
starts a conformance server (CONTRACT.md). The exit code is 1 if a response differs.
"""
import argparse
import copy
import email.utils
import http.client
import json
import multiprocessing
import os
import runpy
import select
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REFERENCE = [sys.executable, str(HERE / "reference.py")]
# Expiry times may differ by this many seconds, because the servers respond at different times.
EXPIRY_SLACK_SECONDS = 5
# The formats in which a scenario is played, unless it names its own.
WIRES = ["flask", "native", "store"]
# The headers that a scenario may name in "expect". The reference does not have them.
HEADERS = ("www-authenticate", "grpc-status", "clear-site-data")
# Pages that may or may not access the login, and pages that must not.
UNCLEAR = {"/unauthorized", "/needs-refresh"}
UNTOUCHED = {"/health", "/static-page", "/events", "/users", "/store", "/store/dump", "/sessions/end-all"}


def reserve_port():
    """Reserves a free port for a server. Returns a socket that is bound to it, and the port.

    Without the socket, another process could take the port before the server listens. On
    Linux a server can listen on a port to which a shared socket is bound; on other systems
    the socket must be closed.
    """
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    port = held.getsockname()[1]
    if sys.platform == "linux":
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    else:
        held.close()
    return held, port


class Reference(multiprocessing.get_context("fork").Process):
    """The reference in a copy of this process, which has Flask loaded: a new Python takes much longer.

    It has the methods of a `Popen` that are used here.
    """

    def __init__(self, env, log):
        import flask_login, werkzeug.serving  # noqa: E401, F401
        super().__init__(daemon=True)
        self.env, self.log = env, log
        self.start()

    def run(self):
        os.environ.update(self.env)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(self.log.fileno(), 2)
        runpy.run_path(str(HERE / "reference.py"), run_name="__main__")

    def poll(self):
        return self.exitcode

    def wait(self, seconds):
        self.join(seconds)
        if self.exitcode is None:
            raise subprocess.TimeoutExpired("the reference", seconds)


class Server:
    def __init__(self, command, config):
        self.command, self.config = command, config
        self.start()

    def restart(self, changes):
        self.stop()
        self.config = {**self.config, **changes}
        self.start()

    def start(self):
        command, config = self.command, self.config
        self.held, self.port = reserve_port()
        env = {**os.environ, "PORT": str(self.port), "CONFORMANCE_CONFIG": json.dumps(config)}
        self.log = tempfile.TemporaryFile()  # a pipe that is not read blocks a server that logs
        if command == REFERENCE:
            self.process = Reference(env, self.log)
        else:
            self.process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=self.log)
        deadline = time.time() + 30
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/health")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                if self.process.poll() is not None:
                    self.log.seek(0)
                    raise SystemExit(f"{command} ended: {self.log.read().decode('utf-8', 'replace')[-2000:]}")
                if time.time() > deadline:
                    raise SystemExit(f"{command} did not answer /health in 30 s")
                time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()
        self.held.close()

    def send(self, method, path, headers, body=None, address="127.0.0.1"):
        """Sends a request. Returns the connection, on which the response is to be read."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10, source_address=(address, 0))
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value.encode("utf-8") if isinstance(value, str) else value)
        payload = (body or "").encode()
        if payload:
            connection.putheader("Content-Length", str(len(payload)))
        connection.endheaders(payload or None)
        return connection

    def ask(self, path):
        """The JSON that a route answers."""
        connection = self.send("GET", path, {"Host": "localhost"})
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer


def parse_set_cookie(header):
    first, *rest = header.split(";")
    name, _, value = first.strip().partition("=")
    attributes = {}
    for part in rest:
        key, _, val = part.strip().partition("=")
        attributes[key.lower()] = val
    return name, value, attributes


def lifetime(attributes):
    """The seconds until the cookie expires, or None for a session cookie."""
    if "max-age" in attributes:
        return int(attributes["max-age"])
    if "expires" in attributes:
        when = email.utils.parsedate_to_datetime(attributes["expires"]).timestamp()
        return round(when - time.time())
    return None


class Jar(dict):
    def __init__(self):
        self.extra, self.saved = [], {}

    def absorb(self, response):
        seen = []
        for header in response.headers.get_all("Set-Cookie") or []:
            name, value, attributes = parse_set_cookie(header)
            life = lifetime(attributes)
            deleted = life is not None and life <= 0
            if deleted:
                self.pop(name, None)
            else:
                self[name] = value
            seen.append({
                "name": name,
                "deleted": deleted,
                "lifetime": None if deleted else life,
                "domain": attributes.get("domain"),
                "path": attributes.get("path"),
                "secure": "secure" in attributes,
                "httponly": "httponly" in attributes,
                "samesite": attributes.get("samesite"),
            })
        return sorted(seen, key=lambda c: (c["name"], c["deleted"]))

    def header(self):
        return "; ".join([*self.extra, *(f"{n}={v}" for n, v in self.items())])


def jar_action(jar, step):
    """Executes a step that changes the client's cookies. False if it is another kind of step."""
    if "drop_cookie" in step:
        jar.pop(step["drop_cookie"], None)
    elif "extra_cookie" in step:  # sent before those of the jar from now on, not stored in it
        jar.extra.append(step["extra_cookie"])
    elif "set_cookie" in step:
        jar[step["set_cookie"]["name"]] = step["set_cookie"]["value"]
    elif "save_cookie" in step:
        jar.saved[step["save_cookie"]] = jar.get(step["save_cookie"])
    elif "restore_cookie" in step:
        value = jar.saved.get(step["restore_cookie"])
        if value is not None:
            jar[step["restore_cookie"]] = value
    elif "tamper" in step:
        spec = step["tamper"]
        value = jar.get(spec["cookie"], "")
        if "prefix" in spec:
            value = spec["prefix"] + value
        if "suffix" in spec:
            value = value + spec["suffix"]
        if "flip" in spec and value:
            at = spec["flip"] % len(value)
            value = value[:at] + ("A" if value[at] != "A" else "B") + value[at + 1:]
        if "truncate" in spec:
            value = value[: spec["truncate"]]
        if "replace" in spec:
            value = value.replace(*spec["replace"])
        jar[spec["cookie"]] = value
    else:
        return False
    return True


class Sent:
    """A request that was sent, and its response."""

    def __init__(self, server, jar, step, ids, hold=None):
        self.server, self.jar, self.ids = server, jar, ids
        request = step.get("get") and {"method": "GET", "path": step["get"]} or step["request"]
        path = request["path"]
        if hold:
            path += ("&" if "?" in path else "?") + f"hold={hold}"
        self.request = f"{request.get('method', 'GET')} {path}"
        for number, session_id in enumerate(ids, 1):
            path = path.replace(f"ID{number}", session_id)
        headers = {"Host": f"localhost:{server.port}", "User-Agent": "Conformance/1.0"}
        headers.update(request.get("headers", {}))
        headers = {k: v for k, v in headers.items() if v is not None}
        if jar.header() and "Cookie" not in headers:
            headers["Cookie"] = jar.header()
        self.carried = [pair.split("=")[0].strip() for pair in headers.get("Cookie", "").split(";")]
        self.failure = None
        try:
            self.connection = server.send(
                request.get("method", "GET"), path, headers, request.get("body"), step.get("from", "127.0.0.1")
            )
        except OSError as e:
            self.connection, self.failure = None, e
        while hold and not server.ask(f"/held?hold={hold}")["held"]:
            if select.select([self.connection.sock], [], [], 0)[0]:
                raise SystemExit(f"{self.request} was answered and not held")

    def answer(self):
        try:
            if self.failure:
                raise self.failure
            response = self.connection.getresponse()
            text = response.read()
            self.connection.close()
        except (OSError, http.client.HTTPException) as e:
            return {"request": self.request, "status": f"no answer: {e!r}", "location": None, "body": None,
                    "set_cookies": [], "vary_cookie": False, "headers": {}, "carried": self.carried}
        body = text.decode("utf-8", "replace")
        content_type = (response.headers.get("Content-Type") or "").split(";")[0]
        if response.status >= 300 and not body.endswith(" handler"):
            body = None  # error and redirect pages depend on the framework
        elif content_type == "application/json":
            try:
                body = json.loads(body)
            except ValueError:
                body = f"not JSON: {body}"
        if self.request.split("?")[0] == "GET /sessions" and body:
            self.number(body)
        location = response.headers.get("Location")
        if location is not None:
            location = location.replace(f"localhost:{self.server.port}", "localhost:PORT")
            location = location.replace(f"localhost%3A{self.server.port}", "localhost%3APORT")
        vary = ", ".join(response.headers.get_all("Vary") or []).lower()
        return {
            "request": self.request,
            "status": response.status,
            "location": location,
            "body": body,
            "set_cookies": self.jar.absorb(response),
            "vary_cookie": "cookie" in vary,
            "headers": {name: response.headers[name] for name in HEADERS if name in response.headers},
            "carried": self.carried,
        }

    def number(self, sessions):
        """Replaces the IDs of sessions by ID1, ID2 and so on, in the order in which they are first seen."""
        for session in sessions:
            if session["id"] not in self.ids:
                self.ids.append(session["id"])
            session["id"] = f"ID{self.ids.index(session['id']) + 1}"


def play(scenario, servers):
    """Runs a scenario. Request k is sent to servers[k % len(servers)]."""
    jar = Jar()
    jars, held, ids, seen, turn = {}, {}, [], [], 0
    for step in scenario["steps"]:
        if "restart" in step:
            for server in servers:
                server.restart(step["restart"])
        elif "browser" in step:  # from now on this browser, with a jar of its own, sends the requests
            saved, jar.saved = jar.saved, {}
            jar = jars.setdefault(step["browser"], Jar())
            jar.saved = saved  # a copy of a cookie can be used elsewhere
        elif "hold" in step:  # sends a request that waits under this name, after it was loaded
            held[step["hold"]] = Sent(servers[0], jar, step, ids, step["hold"])
        elif "release" in step:  # lets that request go on, and reads its response
            servers[0].ask(f"/release?hold={step['release']}")
            seen.append(held.pop(step["release"]).answer())
        elif not jar_action(jar, step):
            seen.append(Sent(servers[turn % len(servers)], jar, step, ids).answer())
            turn += 1
    return seen


def better_than_reference(scenario, seen, wire="flask"):
    """The reference's responses, corrected where a server must do better.

    The reference sends `Vary: Cookie` with every response, even if the page does not access the
    cookie. A cache then stores a copy for each user. The "expect" of a step replaces known
    mistakes of the reference, and "expect_store" what differs from that with a session store.
    """
    for expect, answer in zip(expects(scenario, wire), seen):
        whole_removals(scenario, answer)
        whole_logout(scenario, answer)
        answer.update({"headers": None, **expect})
        method, path = answer["request"].split("?")[0].split(" ")
        untouched = path in UNTOUCHED or method == "OPTIONS"
        answer["vary_cookie"] = not untouched or bool(answer["set_cookies"])
        if path in UNCLEAR or answer["status"] == 400 or answer["body"] == {"ok": False}:
            answer["vary_cookie"] = None  # both are accepted
        if "vary_cookie" in expect:
            answer["vary_cookie"] = expect["vary_cookie"]
    return seen


def whole_removals(scenario, answer):
    """Adds the attributes that Flask-Login omits when it deletes the remember cookie."""
    spec = {"name": "remember_token", "secure": False, "httponly": True, "samesite": None,
            **scenario.get("config", {}).get("remember_cookie", {})}
    for cookie in answer["set_cookies"]:
        if cookie["deleted"] and cookie["name"] == spec["name"]:
            cookie.update({k: spec[k] for k in ("secure", "httponly", "samesite")})


def whole_logout(scenario, answer):
    """Adds the deletions that Flask-Login omits. A logout with either cookie deletes both."""
    config = scenario.get("config", {})
    session = {"name": "session", "secure": False, "httponly": True, "samesite": None, **config.get("session_cookie", {})}
    remember = {"name": "remember_token", "secure": False, "httponly": True, "samesite": None,
                **config.get("remember_cookie", {})}
    carried = set(answer.pop("carried"))
    if not answer["request"].startswith("GET /logout") or not carried & {session["name"], remember["name"]}:
        return
    for spec in (session, remember):
        is_set = any(cookie["name"] == spec["name"] for cookie in answer["set_cookies"])
        # A visitor who is not logged in keeps the session, which Flask-Login does not touch.
        is_kept = spec is session and session["name"] in carried
        if not is_set and not is_kept:
            answer["set_cookies"].append({
                "name": spec["name"], "deleted": True, "lifetime": None, "domain": spec.get("domain"),
                "path": spec.get("path", "/"), **{k: spec[k] for k in ("secure", "httponly", "samesite")},
            })
    answer["set_cookies"].sort(key=lambda c: (c["name"], c["deleted"]))


def expects(scenario, wire="flask"):
    """The "expect" of each step that has a response."""
    steps = [s for s in scenario["steps"] if "hold" not in s and ("get" in s or "request" in s or "release" in s)]
    return [{**s.get("expect", {}), **(s.get("expect_store", {}) if wire == "store" else {})} for s in steps]


def filled(want, have):
    """The expected value. Where it is "any", it is what the server has."""
    if want == "any":
        return have
    if isinstance(want, dict) and isinstance(have, dict):
        return {key: filled(value, have.get(key)) for key, value in want.items()}
    if isinstance(want, list) and isinstance(have, list) and len(want) == len(have):
        return [filled(each, other) for each, other in zip(want, have)]
    return want


def same(a, b):
    a, b = json.loads(json.dumps({**a, "carried": None})), json.loads(json.dumps({**b, "carried": None}))
    if a["vary_cookie"] is None:
        b["vary_cookie"] = None
    if a["headers"] is None:
        b["headers"] = None
    a["body"], a["set_cookies"] = filled(a["body"], b["body"]), filled(a["set_cookies"], b["set_cookies"])
    if isinstance(a["status"], str) and str(b["status"]) in a["status"].split("|"):
        a["status"] = b["status"]
    for ca, cb in zip(a["set_cookies"], b["set_cookies"]):
        la, lb = ca["lifetime"], cb["lifetime"]
        if la is not None and lb is not None and abs(la - lb) <= EXPIRY_SLACK_SECONDS:
            cb["lifetime"] = la
    return a == b


def load(path):
    path = Path(path)
    files = sorted(path.glob("**/*.json")) if path.is_dir() else [path]
    scenarios = []
    for file in files:
        loaded = json.loads(file.read_text())
        scenarios += loaded if isinstance(loaded, list) else [loaded]
    return scenarios


def config_of(scenario, wire, folder):
    config = {**scenario.get("config", {}), "wire": wire}
    if wire == "store":  # the native format, with a session store in a new file
        handle, file = tempfile.mkstemp(suffix=".db", dir=folder)
        os.close(handle)
        os.unlink(file)
        config.update({"wire": "native", "store": "sqlite", "store_file": file})
    return config


def run(args):
    scenarios = load(args.scenarios)
    failures = 0
    transcripts = []
    for scenario in scenarios:
        seen = None
        for wire in args.wire.split(","):
            if wire not in scenario.get("wires", WIRES):
                continue
            if args.verb == "relay" and (wire != "flask" or not scenario.get("relay", True)):
                continue  # the reference supports only its own format
            config = config_of(scenario, wire, args.folder)
            if args.verb in ("record", "compare"):
                if seen is None:  # the reference has no formats: it is played once for all
                    reference = Server(REFERENCE, config)
                    seen = play(scenario, [reference])
                    reference.stop()
                expected = better_than_reference(scenario, copy.deepcopy(seen), wire)
            if args.verb == "record":
                transcripts.append({**scenario, "wire": wire, "expected": expected})
                continue
            if args.verb == "relay":
                reference = Server(REFERENCE, config)
                target = Server(args.server, config)
                alone = Server(REFERENCE, config)
                expected = better_than_reference(scenario, play(scenario, [alone]))
                for k in range(2):
                    if k:
                        reference.stop(), target.stop()
                        reference, target = Server(REFERENCE, config), Server(args.server, config)
                    got = play(scenario, [[reference, target], [target, reference]][k])
                    for index, answer in enumerate(got):
                        if (index + k) % 2 == 0:  # correct the reference's own responses
                            whole_removals(scenario, answer)
                            whole_logout(scenario, answer)
                            answer["vary_cookie"] = expected[index]["vary_cookie"]
                            answer["headers"] = {}
                            answer.update(expects(scenario)[index])
                    failures += report(scenario, f"relay{k}", expected, got)
                for s in (reference, target, alone):
                    s.stop()
                continue
            target = Server(args.server, config)
            got = play(scenario, [target])
            target.stop()
            if args.verb == "play":
                print(json.dumps({"name": scenario["name"], "wire": wire, "seen": got}, indent=1, ensure_ascii=False))
                continue
            failures += report(scenario, wire, expected, got)
    if args.verb == "record":
        Path(args.server[0]).write_text(json.dumps(transcripts, indent=1, ensure_ascii=False) + "\n")
        print(f"{len(transcripts)} transcripts recorded")
    elif args.verb != "play":
        print(f"{len(scenarios)} scenarios, {failures} failures")
    return 1 if failures else 0


def report(scenario, label, expected, got):
    for index, (want, have) in enumerate(zip(expected, got)):
        if not same(want, have):
            print(f"FAIL {scenario['name']} [{label}] step {index}: {want['request']}")
            for key in want:
                if want[key] != have[key]:
                    print(f"   {key}: reference {json.dumps(want[key], ensure_ascii=False)}")
                    print(f"   {' ' * len(key)}  server    {json.dumps(have[key], ensure_ascii=False)}")
            return 1
    print(f"ok   {scenario['name']} [{label}]")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=["play", "record", "compare", "relay"])
    parser.add_argument("scenarios")
    parser.add_argument("--wire", default="flask", help="flask, native and store, separated by commas")
    own, server = sys.argv[1:], []
    if "--" in own:
        cut = own.index("--")
        own, server = own[:cut], own[cut + 1:]
    if own and own[0] == "record" and len(own) >= 3:
        server = [own.pop(2)]
    args = parser.parse_args(own)
    args.server = server or REFERENCE
    with tempfile.TemporaryDirectory() as args.folder:
        sys.exit(run(args))


if __name__ == "__main__":
    main()
