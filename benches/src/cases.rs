//! All cases that are measured, each with its own name.

use std::future::Future;
use std::pin::Pin;

use crate::meter::Meter;

pub type Playing<'m> = Pin<Box<dyn Future<Output = ()> + 'm>>;

pub struct Case {
    pub framework: &'static str,
    pub library: &'static str,
    pub what: &'static str,
    pub play: for<'m> fn(&'m mut Meter) -> Playing<'m>,
}

impl Case {
    pub fn name(&self) -> String {
        format!("{}/{}/{}", self.framework, self.library, self.what).replace(' ', "-")
    }
}

/// `framework { library, what => async function; }`
macro_rules! cases {
    ($($framework:literal { $($library:literal, $what:literal => $play:expr;)* })*) => {
        &[$($(Case { framework: $framework, library: $library, what: $what, play: |meter| Box::pin($play(meter)) },)*)*]
    };
}

use crate::users::Wire::{Flask, Native, Store, WaitingLoader};
use crate::{actix, axum, core, rocket};

pub static ALL: &[Case] = cases! {
    "axum" {
        "bare", "bare" => axum::bare;
        "bare", "layer that does nothing" => axum::nothing;
        "ours", "mounted, not looked at" => axum::mounted;
        "ours", "anonymous, looked at" => axum::anonymous;
        "ours", "logged in" => |m| axum::logged_in(m, Native);
        "ours", "logged in, one layer" => axum::one_layer;
        "ours", "logged in, extractor only" => axum::extractor;
        "ours", "logged in, router wrapped" => axum::wrapped;
        "ours", "logged in, loader waits" => |m| axum::logged_in(m, WaitingLoader);
        "ours", "logged in, flask format" => |m| axum::logged_in(m, Flask);
        "ours", "logged in, cookie made by Flask" => axum::logged_in_at_flask;
        "ours", "logged in, session store" => |m| axum::logged_in(m, Store);
        "ours", "remembered" => |m| axum::remembered(m, Native);
        "ours", "remembered, flask format" => |m| axum::remembered(m, Flask);
        "ours", "log in" => |m| axum::log_in(m, Native);
        "ours", "log out" => |m| axum::log_out(m, Native);
        "axum-login", "mounted, not looked at" => axum::peer::mounted;
        "axum-login", "anonymous, looked at" => axum::peer::anonymous;
        "axum-login", "logged in" => axum::peer::logged_in;
        "axum-login", "log in" => axum::peer::log_in;
        "axum-login", "log in, then out" => axum::peer::log_in_and_out;
        "signed jar", "anonymous, looked at" => axum::jar::anonymous;
        "signed jar", "logged in" => axum::jar::logged_in;
        "signed jar", "log in" => axum::jar::log_in;
        "signed jar", "log out" => axum::jar::log_out;
    }
    "actix-web" {
        "bare", "bare" => actix::bare;
        "bare", "layer that does nothing" => actix::nothing;
        "ours", "mounted, not looked at" => actix::mounted;
        "ours", "anonymous, looked at" => actix::anonymous;
        "ours", "logged in" => |m| actix::logged_in(m, Native);
        "ours", "logged in, extractor only" => actix::extractor;
        "ours", "logged in, loader waits" => |m| actix::logged_in(m, WaitingLoader);
        "ours", "logged in, flask format" => |m| actix::logged_in(m, Flask);
        "ours", "logged in, cookie made by Flask" => actix::logged_in_at_flask;
        "ours", "logged in, session store" => |m| actix::logged_in(m, Store);
        "ours", "remembered" => |m| actix::remembered(m, Native);
        "ours", "remembered, flask format" => |m| actix::remembered(m, Flask);
        "ours", "log in" => |m| actix::log_in(m, Native);
        "ours", "log out" => |m| actix::log_out(m, Native);
        "actix-identity, signed", "mounted, not looked at" => |m| actix::peer::mounted(m, false);
        "actix-identity, signed", "anonymous, looked at" => |m| actix::peer::anonymous(m, false);
        "actix-identity, signed", "logged in" => |m| actix::peer::logged_in(m, false);
        "actix-identity, signed", "log in" => |m| actix::peer::log_in(m, false);
        "actix-identity, signed", "log out" => |m| actix::peer::log_out(m, false);
        "actix-identity, private", "mounted, not looked at" => |m| actix::peer::mounted(m, true);
        "actix-identity, private", "anonymous, looked at" => |m| actix::peer::anonymous(m, true);
        "actix-identity, private", "logged in" => |m| actix::peer::logged_in(m, true);
        "actix-identity, private", "log in" => |m| actix::peer::log_in(m, true);
        "actix-identity, private", "log out" => |m| actix::peer::log_out(m, true);
    }
    "Rocket" {
        "bare", "bare" => rocket::bare;
        "bare", "layer that does nothing" => rocket::nothing;
        "ours", "mounted, not looked at" => rocket::mounted;
        "ours", "anonymous, looked at" => rocket::anonymous;
        "ours", "logged in" => |m| rocket::logged_in(m, Native);
        "ours", "logged in, loader waits" => |m| rocket::logged_in(m, WaitingLoader);
        "ours", "logged in, flask format" => |m| rocket::logged_in(m, Flask);
        "ours", "logged in, cookie made by Flask" => rocket::logged_in_at_flask;
        "ours", "logged in, session store" => |m| rocket::logged_in(m, Store);
        "ours", "remembered" => |m| rocket::remembered(m, Native);
        "ours", "remembered, flask format" => |m| rocket::remembered(m, Flask);
        "ours", "log in" => |m| rocket::log_in(m, Native);
        "ours", "log out" => |m| rocket::log_out(m, Native);
        "private cookies", "anonymous, looked at" => rocket::peer::anonymous;
        "private cookies", "logged in" => rocket::peer::logged_in;
        "private cookies", "log in" => rocket::peer::log_in;
        "private cookies", "log out" => rocket::peer::log_out;
    }
    "core" {
        "floor", "nothing" => core::nothing;
        "floor", "MAC of a logged-in request" => core::floor;
        "ours", "authenticate, native" => |m| core::authenticate(m, Native);
        "ours", "authenticate, flask format" => |m| core::authenticate(m, Flask);
        "ours", "authenticate, cookie made by Flask" => core::made_by_flask;
        "ours", "authenticate, session store" => |m| core::authenticate(m, Store);
        "ours", "Cookie header of 1 KiB" => |m| core::cookie_header(m, 1024);
        "ours", "Cookie header of 4 KiB" => |m| core::cookie_header(m, 4096);
        "ours", "Cookie header of 16 KiB" => |m| core::cookie_header(m, 16384);
        "ours", "no old keys" => |m| core::old_keys(m, 0);
        "ours", "10 old keys" => |m| core::old_keys(m, 10);
        "ours", "100 old keys" => |m| core::old_keys(m, 100);
    }
};

pub fn find(name: &str) -> Option<&'static Case> {
    ALL.iter().find(|case| case.name() == name)
}
