//! What a session contains and how it changes: a session and what happens to it go in, the
//! changed session comes out.

pub(crate) mod content;
pub(crate) mod json;
pub(crate) mod json_text;
pub(crate) mod kept;
pub(crate) mod transitions;
