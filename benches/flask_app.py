"""The guarded page on Flask with Flask-Login, for the load from outside.

Prints the address and the cookies to send, as the other servers do, and serves."""

import socket

from flask import Flask
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user
from gunicorn.app.base import BaseApplication

USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

app = Flask(__name__)
app.secret_key = "benchmark secret key benchmark secret key benchmark secret key 64"
login_manager = LoginManager(app)


class Account(UserMixin):
    def __init__(self, number):
        self.id = number
        self.name = f"user {number}"


USERS = {str(number): Account(str(number)) for number in range(1000)}


@login_manager.user_loader
def load_user(user_id):
    return USERS.get(user_id)


@app.get("/")
@login_required
def page():
    assert current_user.name == "user 412"
    return "hello"


@app.post("/login")
def log_in():
    login_user(USERS["412"])
    return ""


class Server(BaseApplication):
    def load_config(self):
        self.cfg.set("bind", f"127.0.0.1:{self.port}")
        self.cfg.set("worker_class", "gthread")
        self.cfg.set("threads", 4)
        self.cfg.set("loglevel", "critical")
        self.cfg.set("when_ready", lambda server: print(f"127.0.0.1:{self.port}\n{self.cookies}", flush=True))

    def load(self):
        return app

    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        client = app.test_client()
        answer = client.post("/login", headers={"User-Agent": USER_AGENT}, environ_base={"REMOTE_ADDR": "127.0.0.1"})
        self.cookies = answer.headers["Set-Cookie"].split(";")[0]
        super().__init__()


if __name__ == "__main__":
    Server().run()
