//! The Lua scripts. Redis runs each as a whole, so that each method is atomic.

use std::sync::LazyLock;

use redis::Script;

macro_rules! script {
    ($file:literal) => {
        LazyLock::new(|| Script::new(concat!(include_str!("scripts/common.lua"), include_str!($file))))
    };
}

pub(crate) static INSERT: LazyLock<Script> = script!("scripts/insert.lua");
pub(crate) static UPDATE: LazyLock<Script> = script!("scripts/update.lua");
pub(crate) static REMOVE: LazyLock<Script> = script!("scripts/remove.lua");
pub(crate) static OF_USER: LazyLock<Script> = script!("scripts/of_user.lua");
pub(crate) static REMOVE_OF_USER: LazyLock<Script> = script!("scripts/remove_of_user.lua");
