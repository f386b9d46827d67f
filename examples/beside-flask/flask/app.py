"""The Flask application that is moved. It prints the port on which it listens, and ends when its
input ends: the Rust application starts it and holds the other end."""
import logging
import os
import sys
import threading

from flask import Blueprint, Flask, abort, flash, get_flashed_messages, redirect, request, session
from flask_login import (LoginManager, UserMixin, confirm_login, current_user, fresh_login_required,
                         login_required, login_user, logout_user)
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.serving import make_server

app = Flask(__name__)
app.config.update(
    SECRET_KEY=os.environ["SECRET_KEY"],
    SESSION_COOKIE_SAMESITE="Lax",
    REMEMBER_COOKIE_SAMESITE="Lax",
)
# The Rust application is the only proxy. It keeps the Host header.
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)

login_manager = LoginManager(app)
login_manager.login_view = "auth.login"
login_manager.refresh_view = "auth.confirm"


class Member(UserMixin):
    def __init__(self, id, name):
        self.id, self.name = id, name


# In a real application both sides ask the same database.
MEMBERS = [Member(1, "ann"), Member(2, "ben")]


@login_manager.user_loader
def load_user(user_id):
    return next((member for member in MEMBERS if member.get_id() == user_id), None)


def page(text):
    flashes = "".join(f"<p>{message}</p>\n" for message in get_flashed_messages())
    return f"<!doctype html>\n{flashes}{text}\n<p>Served by Flask</p>\n"


def to_next():
    """Only to a page of this site: `//other.example` is another one."""
    target = request.args.get("next", "/")
    is_own = target.startswith("/") and not target.startswith(("//", "/\\"))
    return redirect(target if is_own else "/")


@app.get("/")
def home():
    name = current_user.name if current_user.is_authenticated else "visitor"
    return page(f"<p>Hello, {name}. Your colour is {session.get('colour', 'grey')}.</p>\n"
                '<p><a href="/account">Account</a></p><form method="post" action="/logout"><button>Log out</button></form>')


auth = Blueprint("auth", __name__)


@auth.get("/login")
def login():
    return page('<form method="post"><input name="name"> <label><input type="checkbox" name="remember" value="true">'
                'Remember me</label> <button>Log in</button></form>')


@auth.post("/login")
def logged_in():
    # There are no passwords here.
    member = next((member for member in MEMBERS if member.name == request.form["name"]), None)
    if member is None:
        flash("Nobody has this name.")
        return redirect("/login")
    login_user(member, remember="remember" in request.form)
    return to_next()


@auth.get("/confirm")
@login_required
def confirm():
    return page('<form method="post"><button>It is me</button></form>')


@auth.post("/confirm")
@login_required
def confirmed():
    confirm_login()
    return to_next()


@auth.post("/logout")
def logout():
    logout_user()
    return redirect("/")


account = Blueprint("account", __name__)


@account.get("/account")
@login_required
def show():
    return page(f'<p>{current_user.name}</p>\n<form method="post"><button name="colour" value="blue">Blue</button>'
                '<button name="colour" value="green">Green</button></form>\n<p><a href="/account/close">Close</a></p>')


@account.post("/account")
@login_required
def choose_colour():
    if request.form["colour"] not in ("blue", "green"):
        abort(422)
    session["colour"] = request.form["colour"]
    flash("Saved.")
    return redirect("/")


@account.get("/account/close")
@fresh_login_required
def close():
    return page(f"<p>Here {current_user.name} could close the account.</p>")


app.register_blueprint(auth)
app.register_blueprint(account)

if __name__ == "__main__":
    # Each page says who served it.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = make_server("127.0.0.1", 0, app, threaded=True)

    def wait_for_end():
        sys.stdin.read()
        server.shutdown()

    threading.Thread(target=wait_for_end, daemon=True).start()
    print(server.server_port, flush=True)
    server.serve_forever()
