#!/usr/bin/env python3
"""Reads random sessions and cookies with Flask and with the library, and compares the results.

    differential.py [CASES [SEED]]

Needs Flask 3.1.3, itsdangerous 2.2.0 and Flask-Login 0.6.3. Run
`cargo build --release --bin decide` first. Prints each disagreement and the number of cases of
each kind. The exit code is 1 if there was a disagreement.

Cookies that the library refuses on purpose are counted separately: signatures that are not
canonical Base64 (characters outside the alphabet, padding, unused bits), sessions that inflate
to more than 256 KiB, and headers that are not UTF-8. Changed cookies on which Flask itself
fails are counted separately too, if the library reads nothing from them.
"""

import base64
import collections
import datetime
import json
import pathlib
import random
import subprocess
import sys
import uuid
import zlib

import flask
import flask_login
import itsdangerous
from flask.json.tag import TaggedJSONSerializer
from markupsafe import Markup
from werkzeug.http import dump_cookie

HERE = pathlib.Path(__file__).resolve().parent
KEY = "a secret key for fuzzing, of more than 32 bytes"
NOW = 1_700_000_000
MONTH = 31 * 24 * 60 * 60
MAX_COOKIE = 4096
MAX_INFLATED = 256 * 1024
# Generated names that applications cannot set.
RESERVED = ("_flashes", "_id")

clock = NOW
itsdangerous.TimestampSigner.get_timestamp = lambda self: clock
tagged = TaggedJSONSerializer()

app = flask.Flask(__name__)
app.secret_key = KEY
manager = flask_login.LoginManager(app)
manager.session_protection = None
signer = app.session_interface.get_signing_serializer(app)
with app.app_context():
    sign_other = itsdangerous.URLSafeTimedSerializer(
        "another key", salt="cookie-session", serializer=tagged,
        signer_kwargs={"key_derivation": "hmac", "digest_method": "sha1"},
    ).dumps({"_user_id": "1"})


class User(flask_login.UserMixin):
    def __init__(self, user_id):
        self.id = user_id


manager.user_loader(User)


class Library:
    def __init__(self):
        binary = HERE / "target" / "release" / "decide"
        self.process = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **question):
        self.process.stdin.write(json.dumps({"key": KEY, "now": NOW} | question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def header(session=None, remember=None):
    pairs = {"session": session, "remember_token": remember}
    return "; ".join(f"{name}={value}" for name, value in pairs.items() if value is not None)


def is_text(text):
    return not any("\ud800" <= character <= "\udfff" for character in text)


def flask_reads(cookies):
    """The user's ID, the session's text and its keys, or `None` if Flask itself fails."""
    try:
        with app.test_request_context("/", headers={"Cookie": cookies}):
            session = dict(flask.session)
            user = flask_login.current_user
            user_id = str(user.get_id()) if user.is_authenticated else None
            # Rust strings have no lone surrogates. The library keeps such keys, but does not list them.
            return user_id, tagged.dumps(session), sorted(key for key in session if is_text(key))
    except Exception:
        return None


def library_reads(library, cookies):
    """The same with the library. The session's text is that of the cookie that it writes again."""
    answer = library.ask(cookie=cookies)
    text = "{}"
    if answer["session"] is not None:
        with app.app_context():
            text = tagged.dumps(signer.loads(answer["session"]))
    return answer["user_id"], text, answer["keys"]


# Sessions that applications can make.


def text(rng):
    alphabet = rng.choice(["abc", "abc _-|;,\"\\'<&\t\n\x7f", "é佐😀\u2028", " tbmud_i", "\ud800\udfff a"])
    return "".join(rng.choice(alphabet) for _ in range(rng.randrange(8)))


def key(rng):
    tag_like = [" t", " di", " b", " t__", " di__", "t", "next", "_flashes", "", " "]
    return rng.choice(tag_like) if rng.random() < 0.4 else text(rng)


def value(rng, depth=0):
    nested = [
        lambda: [value(rng, depth + 1) for _ in range(rng.randrange(4))],
        lambda: tuple(value(rng, depth + 1) for _ in range(rng.randrange(4))),
        lambda: {key(rng): value(rng, depth + 1) for _ in range(rng.choice([1, 1, 0, 3]))},
    ]
    plain = [
        lambda: None,
        lambda: rng.random() < 0.5,
        lambda: rng.randrange(-100, 100),
        lambda: rng.randrange(-(10**40), 10**40),
        lambda: rng.choice([0.0, -0.0, 1e300, 5e-324, float("nan"), float("inf"), -float("inf"), rng.random()]),
        lambda: text(rng),
        lambda: rng.randbytes(rng.randrange(5)),
        lambda: Markup(text(rng)),
        lambda: uuid.UUID(int=rng.getrandbits(128)),
        lambda: datetime.datetime.fromtimestamp(rng.randrange(4 * 10**9), datetime.timezone.utc),
    ]
    return rng.choice(plain if depth > 4 or rng.random() < 0.5 else nested)()


def a_session(rng):
    session = {key(rng): value(rng) for _ in range(rng.randrange(5))}
    session.pop("_flashes", None)
    if rng.random() < 0.6:
        session["_user_id"] = rng.choice([text(rng).encode("utf-8", "replace").decode(), rng.randrange(10**12), "1"])
        session["_fresh"] = rng.random() < 0.5
        session["_id"] = rng.randbytes(64).hex()
    if rng.random() < 0.2:
        session["_permanent"] = rng.random() < 0.8
    if rng.random() < 0.2:
        session["_remember_seconds"] = rng.randrange(10**9) / 8
    if rng.random() < 0.2:
        session["_flashes"] = [(text(rng), text(rng)) for _ in range(rng.randrange(3))]
    if rng.random() < 0.1:
        session["run"] = rng.choice("ab") * rng.randrange(3000)
    return session


# Cookies that were changed after signing.


def mutated(rng, cookie, other):
    alphabet = "AQgw_-.9z=+/! \"|\\;,é\xff"
    at = rng.randrange(len(cookie) + 1)
    near_end = max(0, len(cookie) - 1 - rng.randrange(3))
    return rng.choice([
        lambda: cookie[:at] + rng.choice(alphabet) + cookie[at + 1 :],
        lambda: cookie[:at] + rng.choice(alphabet) + cookie[at:],
        lambda: cookie[:at] + cookie[at + 1 :],
        lambda: cookie[:at],
        lambda: cookie[at:],
        lambda: cookie[:near_end] + rng.choice(alphabet + "ABCDEFGHIJ") + cookie[near_end + 1 :],
        lambda: cookie[:at] + other[at:],
        lambda: cookie.swapcase(),
        lambda: cookie + rng.choice(["=", "==", ".", "A", "\xff", "é", "Ã©"]),
        lambda: f'"{cookie}"',
        lambda: f"{cookie}; session=x",
        lambda: f"x; {cookie}",
    ])()


def canonical(cookies):
    """The header with the session's signature in canonical Base64."""
    start, sign, rest = cookies.partition("session=")
    value, semicolon, end = rest.partition(";")
    signed, dot, signature = value.strip(' "').rpartition(".")
    try:
        signature = itsdangerous.base64_encode(itsdangerous.base64_decode(signature)).decode()
    except itsdangerous.BadData:
        return cookies
    return start + sign + signed + dot + signature + semicolon + end


def is_utf8(cookies):
    try:
        cookies.encode("latin1").decode()
    except UnicodeDecodeError:
        return False
    return True


class Cases:
    def __init__(self, library):
        self.library = library
        self.counts = collections.Counter()
        self.disagreements = 0

    def disagree(self, kind, cookies, by_flask, by_library):
        self.disagreements += 1
        print(f"{kind}: {cookies!r:.5000}\n  Flask:   {by_flask!s:.5000}\n  library: {by_library!s:.5000}")

    def read(self, kind, cookies, must_be_canonical=True):
        by_flask, by_library = flask_reads(cookies), library_reads(self.library, cookies)
        refused = (None, "{}", [])
        if by_flask == by_library:
            self.counts[f"{kind}, {'nothing in it' if by_flask == refused else 'the same'} for both"] += 1
        elif must_be_canonical:
            self.disagree(kind, cookies, by_flask, by_library)
        elif not is_utf8(cookies) and by_library[0] is None:
            self.counts[f"{kind}, not UTF-8"] += 1
        elif by_flask is None and by_library == refused:
            self.counts[f"{kind}, an error in Flask"] += 1
        elif by_library == refused and canonical(cookies) != cookies and by_flask == library_reads(self.library, canonical(cookies)):
            self.counts[f"{kind}, another Base64"] += 1
        else:
            self.disagree(kind, cookies, by_flask, by_library)

    def session(self, rng):
        global clock
        session = a_session(rng)
        clock = NOW
        cookie = signer.dumps(session)
        if len(cookie) > MAX_COOKIE - 64:
            self.counts["too large for a browser"] += 1
            return
        self.read("session", header(cookie))
        self.read("changed session", header(mutated(rng, cookie, sign_other)), must_be_canonical=False)
        if rng.random() < 0.2:
            clock = NOW - rng.choice([1, MONTH - 1, MONTH, MONTH + 1, -1, -60, 10**9])
            cookie, clock = signer.dumps(session), NOW
            self.read("session of another time", header(cookie))
        if rng.random() < 0.1:
            # The same session with another compression level, or without compression.
            plain = tagged.dumps(session).encode()
            payload = b"." + base64.urlsafe_b64encode(zlib.compress(plain, rng.randrange(10))).rstrip(b"=")
            cookie = signer.make_signer(signer.salt).sign(payload).decode()
            if len(cookie) <= MAX_COOKIE - 64:
                self.read("session zipped otherwise", header(cookie))

    def remember(self, rng):
        user_id = text(rng).encode("utf-8", "replace").decode()
        with app.app_context():
            cookie = flask_login.encode_cookie(user_id)
        # The value as Werkzeug writes it, without the name and the attributes.
        quoted = dump_cookie("c", cookie).split("=", 1)[1].rsplit("; Path", 1)[0]
        # Werkzeug does not escape some control characters, which a header must not contain.
        if quoted.isprintable():
            self.read("remember cookie", header(remember=quoted))
            other = f'"{"0" * 128}"'
            self.read("changed remember cookie", header(remember=mutated(rng, quoted, other)), must_be_canonical=False)

    def bomb(self, rng):
        size = MAX_INFLATED + rng.randrange(-2000, 2000)
        cookie = signer.dumps({"run": "x" * size})
        inflated = len(tagged.dumps({"run": "x" * size}))
        by_library = library_reads(self.library, header(cookie))
        # The session may be too large to be written with one more key, so only the keys are compared.
        if by_library[2] == (["run"] if inflated <= MAX_INFLATED else []):
            self.counts["about 256 KiB inflated, as documented"] += 1
        else:
            self.disagree("bomb", f"{inflated} bytes", flask_reads(header(cookie)), by_library)

    def written(self, rng):
        """Writes cookies with the library and reads them with Flask."""
        data = {name: each for name, each in json_data(rng).items() if name not in RESERVED}
        user_id = text(rng).encode("utf-8", "replace").decode() if rng.random() < 0.7 else None
        flashes = [(rng.choice("ab"), text(rng).encode("utf-8", "replace").decode()) for _ in range(rng.randrange(3))]
        answer = self.library.ask(user_id=user_id, data=data, flashes=flashes)
        with app.test_request_context("/", headers={"Cookie": header(answer["session"])}):
            session = dict(flask.session)
            found = {name: each for name, each in session.items() if name in data}
            messages = flask.get_flashed_messages(with_categories=True)
            user = flask_login.current_user
            found_id = user.get_id() if user.is_authenticated else None
        ours = {"_user_id", "_fresh", "_id", "_flashes"}
        if (found, messages, found_id) != (data, flashes, user_id) or set(session) - set(data) - ours:
            self.disagree("written session", answer, session, (user_id, data, flashes))
        if answer["remember"] is not None:
            by_flask = flask_reads(header(remember=answer["remember"]))
            if by_flask is None or by_flask[0] != user_id:
                self.disagree("written remember cookie", answer, by_flask, user_id)
        self.counts["written by the library, read by Flask"] += 1


def json_data(rng):
    """Values that JSON, Rust and Python represent in the same way."""

    def plain(depth=0):
        choices = [
            lambda: rng.choice([None, True, False]),
            lambda: rng.randrange(-(2**63), 2**63),
            lambda: rng.randrange(1000) / 8,
            lambda: text(rng).encode("utf-8", "replace").decode(),
            lambda: [plain(depth + 1) for _ in range(rng.randrange(3))],
            lambda: {name(): plain(depth + 1) for _ in range(rng.choice([1, 1, 0, 2]))},
        ]
        return rng.choice(choices[:4] if depth > 4 else choices)()

    def name():
        return key(rng).encode("utf-8", "replace").decode()

    return {name(): plain() for _ in range(rng.randrange(4))}


def main():
    count, seed = (int(number) for number in (sys.argv[1:] + ["10000", "1"][len(sys.argv) - 1 :]))
    rng = random.Random(seed)
    cases = Cases(Library())
    for at in range(count):
        cases.session(rng)
        cases.remember(rng)
        cases.written(rng)
        if at % 100 == 0:
            cases.bomb(rng)
    for kind, number in sorted(cases.counts.items()):
        print(f"{number:8} {kind}")
    print(f"{cases.disagreements:8} disagreements")
    return 1 if cases.disagreements else 0


if __name__ == "__main__":
    sys.exit(main())
