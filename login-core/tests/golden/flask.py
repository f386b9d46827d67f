"""Writes flask.json: cookies made by the real Flask, itsdangerous and Flask-Login.

    pip install flask==3.1.3 flask-login==0.6.3 itsdangerous==2.2.0
    python flask.py > flask.json

The clock stands still while a cookie is signed, so that the file is the same each time.
"""
import datetime
import json
import sys
import time
import uuid

sys.path.pop(0)  # this file's own name is flask's

import flask_login
from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface, session_json_serializer
from flask_login.utils import _create_identifier, encode_cookie
from markupsafe import Markup
from werkzeug.http import dump_cookie, parse_cookie

KEY = "a secret key in plain ASCII"
NOW = 1_700_000_000


def app(key):
    made = Flask(__name__)
    made.secret_key = key
    flask_login.LoginManager(made)
    return made


def key_of(key):
    return {"bytes": key.hex()} if isinstance(key, bytes) else {"text": key}


def session(name, data, key=KEY, now=NOW):
    time.time = lambda: now
    with app(key).app_context():  # its JSON provider is the one that sorts keys
        text = session_json_serializer.dumps(data)
        cookie = SecureCookieSessionInterface().get_signing_serializer(app(key)).dumps(data)
    return {"name": name, "key": key_of(key), "time": now, "json": text, "cookie": cookie}


def remember(user_id, key=KEY):
    with app(key).app_context():
        value = encode_cookie(user_id)
    header = dump_cookie("c", value).removesuffix("; Path=/").removeprefix("c=")
    assert parse_cookie(f"c={header}")["c"] == value, (header, value)
    return {"user_id": user_id, "key": key_of(key), "value": value, "header": header}


def identifier(address, agent):
    environ = {"REMOTE_ADDR": address} if address else {}
    if agent is not None:
        environ["HTTP_USER_AGENT"] = agent.decode("latin1")
    with app(KEY).test_request_context(environ_overrides=environ) as context:
        for key in ("REMOTE_ADDR", "HTTP_USER_AGENT"):
            if key not in environ:
                context.request.environ.pop(key, None)
        return {"address": address, "agent": agent.hex() if agent is not None else None, "id": _create_identifier()}


def header(text):
    with app(KEY).test_request_context(headers={"Cookie": text}):
        return {"header": text, "parsed": list(request.cookies.items(multi=True))}


login = {"_user_id": "1", "_fresh": True, "_id": "ab" * 64}
sessions = [
    session("a login", login),
    session("a login to be remembered", {**login, "_remember_seconds": 100.0, "_permanent": True}),
    session("half a second", {"_remember_seconds": 0.5}),
    session("flashes", {"_flashes": [("message", "Please log in."), ("é", "\"x\"")], "next": "/a?b=c"}),
    session("an integer ID", {"_user_id": 7, "_fresh": False}),
    session("an ID outside ASCII", {"_user_id": "佐藤"}),
    session("tuple", {"v": (1, (2, "x"), [])}),
    session("bytes", {"v": b"\x00\xff"}),
    session("uuid", {"v": uuid.UUID("12345678123456781234567812345678")}),
    session("datetime", {"v": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)}),
    session("markup", {"v": Markup("<b>x</b>")}),
    session("a dict like a tag", {"v": {" t": [1]}, "w": [{" di": {" b": "x"}}]}),
    session("a dict like an escaped tag", {"v": {" t__": 1}}),
    session("a session like a tag", {" t": (1, 2)}),
    session("a session like an escaped tag", {" di": {" di": 1}}),
    session("two keys, one like a tag", {" t": 1, "a": 2}),
    session("nested", {"a": {"b": [{"c": None}, True, False]}}),
    session("integers", {"big": 10**40, "negative": -(10**40), "zero": 0}),
    session("floats", {"a": 1e100, "b": 0.1, "c": 1e16, "d": -0.0, "e": 1.5e-7}),
    session("no numbers", {"a": float("nan"), "b": float("inf"), "c": -float("inf")}),
    session("text", {"v": "é 佐 😀 \ud800 \x01\x7f\u2028 \" \\ / \t\n"}),
    session("keys", {"": 1, "é": 2, "z": 3, "😀": 4, "\uffff": 5, "\"": 6, "Z": 7}),
    session("compressed", {"v": "x" * 500}),
    session("large and compressed", {"v": [{"row": n % 3} for n in range(900)]}),
    session("not compressed", {"v": "q8Zr1Lx0"}),
    session("a key outside Latin-1", login, key="ключ ключ"),
    session("a key in Latin-1", login, key="clé secrète"),
    session("a key of bytes", login, key=b"\xff\x00 not text"),
    session("long ago", login, now=1_000_000),
    session("far ahead", login, now=5_000_000_000),
]
ids = ["1", "佐藤", "a|b", "a b", "\"", "a,b", "a;b", "\\", "\x01\x1f\x7f", "😀", "", "x" * 200]
remembers = [remember(user_id) for user_id in ids]
remembers += [remember("1", key="clé secrète"), remember("1", key=b"\xff\x00 not text")]
agents = [b"Mozilla/5.0", b"it's", b'"q"', b"it's \"both\"", b"a\\b", b"a\tb", "é".encode(), b"\xe9", b"\x7f", b"", None]
identifiers = [identifier("127.0.0.1", agent) for agent in agents]
identifiers += [identifier("2001:db8::1", b"x"), identifier(None, b"x"), identifier(None, None)]
headers = [
    header(text)
    for text in [
        "a=1; b=2", "a=1;b=2", " a = 1 ; b", "a=1; a=2", "=x; b=2", "a=\"x;y\"; b=1", "a=\"\\344\\275\\220\"",
        "a=\"\\\"\\\\\"", "a=\"x; b=2", "a=b c; d=e", "a==b", ";;a=1;", "a=\"\"", "a=; b=", "a=\"x\"y; b=1", "a b=1; c=2",
        "a=\t1\t; b=1", "\"a\"=1; b=2", "a=1,b=2", "a=\\101",
    ]
]
json.dump(
    {"sessions": sessions, "remembers": remembers, "identifiers": identifiers, "headers": headers},
    sys.stdout, indent=1, ensure_ascii=True,
)
print()
