//! The methods by which builders, managers, layers and guards take the application's own handlers. They
//! are the same on every framework, except for its response type.

/// Adds the methods that take the application's own handlers, in an `impl` with this header. The
/// type has a method `with_handler(self, Refusal, handler)`. With `cross_site` it can answer for cross-site
/// requests too.
#[doc(hidden)]
#[macro_export]
macro_rules! __adapter_handlers {
    ({ $($header:tt)* } $response:ty, cross_site) => {
        $crate::__adapter_handlers!({ $($header)* } $response);

        $($header)* {
            /// Answers a request that is refused because another site's page sent it. See
            /// [`unauthorized_handler`](Self::unauthorized_handler). The check comes first, so
            /// only the handlers of the outermost layer and of the manager are asked.
            #[must_use = "the handler is in what this returns"]
            pub fn cross_site_handler<F>(self, handler: F) -> Self
            where
                F: Fn(&$crate::Request, $crate::adapter::Refused<'_, $response>) -> Option<$response> + Send + Sync + 'static,
            {
                self.with_handler($crate::Refusal::CrossSite, handler)
            }
        }
    };
    ({ $($header:tt)* } $response:ty) => {
        $($header)* {
            /// Answers a request that is refused because no user is logged in (Flask-Login's
            /// `unauthorized_handler`).
            ///
            /// The nearest handler is asked first: that of a guard, then those of the layers
            /// around it, then that of the manager. One that returns `None` declines, and the
            /// next is asked; the last answer is the library's. A handler can change that one:
            /// see `Refused::into_response`. Unless it asks for it, no message is flashed and
            /// `next` is not stored. Clones that were made before do not have the handler.
            #[must_use = "the handler is in what this returns"]
            pub fn unauthorized_handler<F>(self, handler: F) -> Self
            where
                F: Fn(&$crate::Request, $crate::adapter::Refused<'_, $response>) -> Option<$response> + Send + Sync + 'static,
            {
                self.with_handler($crate::Refusal::Unauthorized, handler)
            }

            /// Answers a request that is refused because the login is not fresh (Flask-Login's
            /// `needs_refresh_handler`). See
            /// [`unauthorized_handler`](Self::unauthorized_handler).
            #[must_use = "the handler is in what this returns"]
            pub fn needs_refresh_handler<F>(self, handler: F) -> Self
            where
                F: Fn(&$crate::Request, $crate::adapter::Refused<'_, $response>) -> Option<$response> + Send + Sync + 'static,
            {
                self.with_handler($crate::Refusal::NeedsRefresh, handler)
            }

            /// Answers a request that is refused because the user lacks a permission. See
            /// [`unauthorized_handler`](Self::unauthorized_handler).
            #[must_use = "the handler is in what this returns"]
            pub fn forbidden_handler<F>(self, handler: F) -> Self
            where
                F: Fn(&$crate::Request, $crate::adapter::Refused<'_, $response>) -> Option<$response> + Send + Sync + 'static,
            {
                self.with_handler($crate::Refusal::Forbidden, handler)
            }
        }
    };
}
