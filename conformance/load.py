"""Runs many sessions on a conformance server whose loads fail and hang, and cancels requests.

    python3 load.py [--seconds 120] [--sessions 48] [--wire native|flask] -- path/to/server

Checks that every response matches the cookies of the request, that a 5xx is sent only for a
failed load, that memory does not grow, that nothing panics, and that a login works at the end.
Needs Linux, and only Python's standard library.
"""

import argparse
import asyncio
import itertools
import json
import random
import socket
import struct
import sys
import time

USERS = {"1": "Notch", "2": "Steve", "佐藤": "Müller"}
FAULTS = {"fail_every": 100, "hang_every": 1000, "timeout_ms": 300}
DISCONNECT_EVERY = 50
ANSWER_SECONDS = 10
# The allocator keeps some memory after a busy moment. That is not a leak.
MARGIN_SHARE, MARGIN_KIB = 0.10, 8 * 1024


class Gone(Exception):
    """The client closed the connection on purpose."""


class Tally:
    """The results of the whole run."""

    def __init__(self):
        self.requests = self.checked = self.failed = self.disconnects = 0
        self.faults = {"fails": 0, "hangs": 0}
        self.wrong = []

    def expect(self, holds, what):
        if not holds:
            self.wrong.append(what)


class Server:
    """The server as a child process."""

    @classmethod
    async def start(cls, command, wire, tally):
        self, config = cls(), {"wire": wire, "loader_faults": FAULTS}
        self.tally = tally
        self.process = await asyncio.create_subprocess_exec(
            *command,
            env={"PORT": "0", "CONFORMANCE_CONFIG": json.dumps(config)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        line = (await self.process.stdout.readline()).decode()
        if not line.startswith("listening on "):
            sys.exit(f"the server did not start: {line}{(await self.process.stderr.read()).decode()}")
        host, _, port = line.removeprefix("listening on ").strip().rpartition(":")
        self.address = host, int(port)
        self.listening = asyncio.create_task(self.listen())
        return self

    async def listen(self):
        async for line in self.process.stderr:
            line = line.decode(errors="replace").rstrip()
            if line.startswith("loader fault: "):
                self.tally.faults[line.rsplit(" ", 1)[1]] += 1
            else:
                self.tally.expect(False, f"the server said: {line}")

    def rss(self):
        """Resident memory in KiB."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))

    async def stop(self):
        self.tally.expect(self.process.returncode is None, "the server ended by itself")
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self.listening


class Client:
    """One connection. It is kept open, and opened again if it was lost."""

    def __init__(self, server, tally):
        self.server, self.tally = server, tally
        self.reader = self.writer = None

    async def get(self, path, cookies, may_leave=False):
        """Returns the status, the body and the cookies that were set (None if deleted)."""
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(*self.server.address)
        header = "; ".join(f"{name}={value}" for name, value in cookies.items())
        request = f"GET {path} HTTP/1.1\r\nHost: site.example\r\nUser-Agent: load\r\nCookie: {header}\r\n\r\n".encode()
        self.tally.requests += 1
        if may_leave and self.tally.requests % DISCONNECT_EVERY == 0:
            self.leave(request)
            raise Gone
        self.writer.write(request)
        return await asyncio.wait_for(self.answer(), ANSWER_SECONDS)

    async def answer(self):
        head, *lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = [(name.lower(), value) for name, value in (line.split(": ", 1) for line in lines)]
        length = next((int(value) for name, value in headers if name == "content-length"), 0)
        body = (await self.reader.readexactly(length)).decode()
        cookies = {}
        for line in (value for name, value in headers if name == "set-cookie"):
            name, value = line.split(";", 1)[0].split("=", 1)
            cookies[name] = value if "Max-Age=0" not in line else None
        return int(head.split()[1]), body, cookies

    def leave(self, request):
        """Closes the connection within the request, after it, or after it with a reset."""
        self.tally.disconnects += 1
        way = self.tally.disconnects % 3
        self.writer.write(request[: len(request) // 2] if way == 0 else request)
        if way == 2:
            reset = struct.pack("ii", 1, 0)
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        self.close()

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


class Session:
    """One browser: its cookies, and the responses that it must get."""

    def __init__(self, server, tally, seed):
        self.client, self.tally = Client(server, tally), tally
        self.dice = random.Random(seed)
        self.names = itertools.count()
        self.seed, self.jar, self.user, self.owner = seed, {}, None, None

    async def ask(self, path, cookies=None, loads=False, keep=True):
        """Returns status and body, or None if the client left or the load failed."""
        sent = self.jar if cookies is None else cookies
        try:
            status, body, new = await self.client.get(path, sent, may_leave=True)
        except Gone:
            return None
        except (OSError, EOFError, asyncio.TimeoutError) as error:
            self.client.close()
            self.tally.expect(False, f"{path}: no answer: {error!r}")
            return None
        self.tally.checked += 1
        if status >= 500:
            self.tally.failed += 1
            self.tally.expect(loads, f"{path}: {status} where no user is loaded")
            is_logout = path == "/logout"
            # In the flask format the session's other data stays.
            left = {name: value for name, value in new.items() if value is not None}
            is_kept = self.tally.wire == "flask" and set(left) <= {"session"}
            self.tally.expect(not left or is_logout and is_kept, f"{path}: {status} with a cookie")
            if is_logout:
                # A logout is made even if the loader fails.
                self.tally.expect(set(self.jar) <= set(new), f"{path}: {status} without the deletions")
                self.jar, self.user = left, None
                self.owner = self.owner if left else None
            return None
        if keep:
            merged = {**self.jar, **new}
            self.jar = {name: value for name, value in merged.items() if value is not None}
        return status, body

    def check(self, path, answer, *expected):
        self.tally.expect(answer is None or answer == expected, f"session {self.seed} {path}: {answer} not {expected}")

    async def me(self, cookies, user, **states):
        answer = await self.ask("/me", cookies, loads=True, keep=False)
        if answer is None:
            return
        found = json.loads(answer[1])
        expected = {"id": user, "name": USERS.get(user, "Anonymous"), "is_anonymous": user is None, **states}
        said = {key: found[key] for key in expected}
        self.tally.expect(said == expected, f"session {self.seed} /me: {said} not {expected}")

    async def log_in(self):
        """Logs a random user in. The data of a different previous user must be gone."""
        user = self.dice.choice(list(USERS))
        path = f"/login?user={user if user.isascii() else '%E4%BD%90%E8%97%A4'}&remember=1"
        answer = await self.ask(path)
        self.check(path, answer, 200, '{"ok":true}')
        if answer is None:
            return
        if user != self.user and self.user is not None:
            self.owner = None
        self.user = user
        await self.read()

    async def log_out(self):
        answer = await self.ask("/logout", loads=True)
        self.check("/logout", answer, 200, '{"ok":true}')
        if answer is not None:
            self.user = None
            if self.tally.wire == "native":
                self.owner = None  # the data ends with the login
            self.tally.expect("remember_token" not in self.jar, f"session {self.seed}: remembered after a logout")

    async def write(self):
        owner = f"session-{self.seed}-{next(self.names)}"
        answer = await self.ask(f"/set?key=owner&value={owner}")
        self.check("/set", answer, 200, "ok")
        if answer is not None:
            self.owner = owner

    async def read(self):
        expected = json.dumps({"value": self.owner}, separators=(",", ":"))
        self.check("/get", await self.ask("/get?key=owner"), 200, expected)

    async def forged(self):
        """Changes one character of each cookie."""
        forged = {}
        for name, value in self.jar.items():
            at = self.dice.randrange(len(value) // 4, len(value) - 4)
            forged[name] = value[:at] + ("A" if value[at] != "A" else "B") + value[at + 1 :]
        await self.me(forged, None)

    async def step(self):
        if self.user is None:
            answer = await self.ask("/required")
            self.tally.expect(answer is None or answer[0] == 401, f"session {self.seed} /required: {answer} not 401")
            return await self.log_in()
        match self.dice.choices(range(9), [40, 15, 15, 6, 5, 5, 5, 4, 3])[0]:
            case 0:
                await self.me(None, self.user, fresh=True, remembered=True)
            case 1:
                self.check("/required", await self.ask("/required", loads=True), 200, "required ok")
            case 2:
                await self.read()
            case 3:
                await self.write()
            case 4:
                self.check("/fresh", await self.ask("/fresh", loads=True), 200, "fresh ok")
            case 5:
                remembered = {"remember_token": self.jar["remember_token"]}
                await self.me(remembered, self.user, fresh=False, remembered=True)
            case 6:
                await (self.log_out() if self.dice.random() < 0.5 else self.log_in())
            case 7:
                await self.forged()
            case 8:
                await self.me({}, None)

    async def play(self, end):
        while time.monotonic() < end:
            await self.step()
        self.client.close()


async def watch(server, tally, end, samples):
    """Measures memory every ten seconds, and takes the events every second, so that they do not pile up."""
    client, begun = Client(server, tally), time.monotonic()
    for second in itertools.count():
        await asyncio.sleep(max(0, begun + second - time.monotonic()))
        await client.get("/events", {})
        if second % 10 == 0:
            samples.append((second, server.rss()))
            print(f"{second:4} s  {samples[-1][1]:6} KiB  {tally.requests} requests", flush=True)
        if time.monotonic() >= end:
            return client.close()


async def clean_login(server, tally):
    """Checks that a login works at the end. It has three tries, because its loads can fail too."""
    client = Client(server, tally)
    for _ in range(3):
        _, _, cookies = await client.get("/login?user=1", {})
        status, body, _ = await client.get("/me", cookies)
        if status < 500:
            break
        tally.failed += 1
    client.close()
    tally.expect(status == 200 and json.loads(body)["id"] == "1", f"the last login: {status} {body}")


async def run(options):
    tally, samples = Tally(), []
    tally.wire = options.wire
    server = await Server.start(options.command, options.wire, tally)
    end = time.monotonic() + options.seconds
    sessions = [Session(server, tally, seed).play(end) for seed in range(options.sessions)]
    await asyncio.gather(watch(server, tally, end, samples), *sessions)
    await clean_login(server, tally)
    samples.append((options.seconds, server.rss()))
    await server.stop()

    base = next(rss for second, rss in samples if second >= min(30, options.seconds // 4))
    limit = base + max(int(base * MARGIN_SHARE), MARGIN_KIB)
    last, faults = samples[-1][1], sum(tally.faults.values())
    tally.expect(last <= limit, f"memory grew from {base} to {last} KiB")
    # Every fault makes a response fail, unless the client had left.
    is_counted = tally.failed <= faults <= tally.failed + tally.disconnects
    tally.expect(is_counted, f"{tally.failed} answers of 5xx for {faults} faults")
    tally.expect(tally.checked > 0 and faults > 0 and tally.disconnects > 0, "too little was played")
    print(f"{tally.requests} requests, {tally.checked} answers checked, {tally.disconnects} disconnects")
    print(f"loads that failed {tally.faults['fails']}, that hung {tally.faults['hangs']}, answers of 5xx {tally.failed}")
    print(f"memory {base} KiB, at the end {last} KiB")
    for what in tally.wrong[:20]:
        print(f"WRONG {what}")
    print(f"{len(tally.wrong)} wrong")
    return 1 if tally.wrong else 0


def main():
    parser = argparse.ArgumentParser(description="Run a load test on a conformance server.")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--sessions", type=int, default=48)
    parser.add_argument("--wire", choices=["native", "flask"], default="native")
    parser.add_argument("command", nargs="+", help="the server")
    sys.exit(asyncio.run(run(parser.parse_args())))


if __name__ == "__main__":
    main()
