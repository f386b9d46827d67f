"""Checks in Chromium that each accepted `next` stays on the site.

    cargo test -p login-core --test redirects    # writes target/tmp/redirects.jsonl
    python3 redirects.py [--browser /usr/bin/chromium] ../target/tmp/redirects.jsonl

Chromium opens each case twice: as the Location that the library makes of it (303), and in its
original form as a link. All other hosts and ports lead to a trap server, so that nothing
reaches the network and leaving the site is detected. URLs that do leave the site are opened
first, to check that the trap works. Needs only Python's standard library.
"""

import argparse
import asyncio
import html
import json
import os
import signal
import sys
import tempfile

SITE = "site.example:8080"
# Each of these leaves the site in every browser. They test the trap server.
HOSTILE = [
    "//evil.example/x",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "http:\\\\evil.example",
    "http://site.example:8080@evil.example/",
    "http://site.example:8081/",
    "//evil\u3002example/",
]
STARTING_SECONDS, STUCK_SECONDS = 60, 15


class Course:
    """The cases of one pass. The browser opens them one after the other in one tab."""

    def __init__(self, cases, as_link):
        self.cases, self.as_link = cases, as_link
        self.at, self.arrived, self.left, self.progress = 0, set(), set(), asyncio.Event()

    def case(self, number):
        """The page or redirect that starts a case."""
        self.at = number
        self.progress.set()
        if number >= len(self.cases):
            return page("done")
        next_, location = self.cases[number]
        if self.as_link:
            return page(f'<a href="{html.escape(next_)}"></a><script>document.links[0].click()</script>')
        head = b"HTTP/1.1 303 See Other\r\nCache-Control: no-store\r\nContent-Length: 0\r\nLocation: "
        return head + location.encode() + b"\r\n\r\n"

    def onward(self):
        return page(f"<script>location.replace('http://{SITE}/case/{self.at + 1}')</script>")

    def land(self):
        self.arrived.add(self.at)
        return self.onward()

    def trap(self):
        self.left.add(self.at)
        return self.onward()

    def answer_site(self, path):
        if path == "/favicon.ico":
            return page("")
        return self.case(int(path.removeprefix("/case/"))) if path.startswith("/case/") else self.land()

    def answer_elsewhere(self, path):
        return page("") if path == "/favicon.ico" else self.trap()


def page(body):
    document = f"<!doctype html><meta charset=utf-8>{body}".encode()
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nCache-Control: no-store\r\nContent-Length: "
    return f"{head}{len(document)}\r\n\r\n".encode() + document


async def serve(answer):
    """Starts a server that responds to each request by its path. Returns it and its port."""

    async def connection(reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(answer(head.split(b" ", 2)[1].decode("latin-1")))
        except (OSError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError):
            # The browser or this program ends, or it is not HTTP, such as the browser's own
            # background requests over TLS.
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", 0, limit=1 << 22)
    return server, server.sockets[0].getsockname()[1]


async def browse(browser, ports, start):
    site, trap = ports
    profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    arguments = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-ipc-flooding-protection",
        "--disable-features=HttpsUpgrades",
        f"--host-resolver-rules=MAP {SITE} 127.0.0.1:{site}, MAP * 127.0.0.1:{trap}",
        f"--user-data-dir={profile.name}",
        f"http://{SITE}/case/{start}",
    ]
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        browser, *arguments, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
    )
    return process, profile


async def end(process, profile):
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    profile.cleanup()


async def follow(browser, cases, as_link):
    """Returns the cases that stayed on the site, that left it, and that opened no page."""
    course, stuck = Course(cases, as_link), set()
    site, trap = await serve(course.answer_site), await serve(course.answer_elsewhere)
    start = 0
    while course.at < len(cases):
        running = await browse(browser, (site[1], trap[1]), start)
        patience = STARTING_SECONDS
        try:
            while course.at < len(cases):
                course.progress.clear()
                await asyncio.wait_for(course.progress.wait(), patience)
                patience = STUCK_SECONDS
        except asyncio.TimeoutError:
            if patience == STARTING_SECONDS:
                sys.exit("the browser did not start")
            stuck.add(course.at)
            start = course.at + 1
        finally:
            await end(*running)
        if start >= len(cases):
            break
    site[0].close()
    trap[0].close()
    return course.arrived, course.left, stuck


async def run(options):
    with open(options.file) as lines:
        accepted = [json.loads(line) for line in lines]
    hostile = [(address, address) for address in HOSTILE]
    wrong = 0
    for as_link in (False, True):
        way = "link" if as_link else "Location"
        arrived, left, _ = await follow(options.browser, hostile, as_link)
        escaped = [case for number, case in enumerate(hostile) if number not in left - arrived]
        print(f"{way}: {len(hostile)} hostile, {len(hostile) - len(escaped)} caught", flush=True)
        arrived, left, stuck = await follow(options.browser, accepted, as_link)
        # The trap also gets the browser's background requests, so only cases that never arrived count.
        lost = [case for number, case in enumerate(accepted) if number not in arrived]
        strayed = f"{len(left - arrived)} left, {len(stuck)} stuck"
        print(f"{way}: {len(accepted)} accepted, {len(accepted) - len(lost)} stayed, {strayed}", flush=True)
        for case in (escaped + lost)[:20]:
            print(f"WRONG {case!r}")
        wrong += len(escaped + lost)
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description="Follow accepted redirects in Chromium.")
    parser.add_argument("--browser", default="/usr/bin/chromium")
    parser.add_argument("file", help="next and Location, a JSON list on each line")
    sys.exit(asyncio.run(run(parser.parse_args())))


if __name__ == "__main__":
    main()
