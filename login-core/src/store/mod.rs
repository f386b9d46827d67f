//! Sessions on the server: what a record contains, how it is found, and how a request's changes
//! are written.

pub(crate) mod body;
pub(crate) mod commit;
pub(crate) mod erased;
pub(crate) mod limit;
pub(crate) mod load;
pub(crate) mod login_record;
pub(crate) mod new_record;
pub(crate) mod replay;
pub(crate) mod rotation;
pub(crate) mod step;
