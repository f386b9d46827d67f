//! The request's user, as far as it is resolved.

use std::sync::Arc;

use crate::error::LoadError;

/// Where the request's user comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// From the session, the remember cookie, or a login in this request.
    Login,
    /// From the request loader. The user is logged in for this request only.
    Request,
}

/// The request's user, as far as it is resolved.
pub(crate) enum Resolution<U> {
    Unresolved,
    User(Arc<U>, Source),
    Anonymous,
    Failed(LoadError),
}

impl<U> Resolution<U> {
    /// The user, or the error. `None` if the user is not resolved yet.
    pub(crate) fn result(&self) -> Option<Result<Option<Arc<U>>, LoadError>> {
        match self {
            Self::Unresolved => None,
            Self::User(user, _) => Some(Ok(Some(Arc::clone(user)))),
            Self::Anonymous => Some(Ok(None)),
            Self::Failed(error) => Some(Err(error.clone())),
        }
    }
}
