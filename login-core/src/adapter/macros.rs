//! The code that every adapter would otherwise repeat. Frameworks have traits of their own,
//! which an adapter can implement only for its own types. So these macros define the types
//! in the adapter's crate.

/// Implements what an adapter's `LoginManager` has in common with the others. It has a method
/// `with_handler(self, Refusal, handler)`, and is a struct with one field, an [`AdapterManager`](crate::adapter::AdapterManager).
#[doc(hidden)]
#[macro_export]
macro_rules! __adapter_manager {
    ($manager:ident, $response:ty) => {
        impl<U: $crate::User> Clone for $manager<U> {
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        impl<U: $crate::User> std::fmt::Debug for $manager<U> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($manager), "(..)"))
            }
        }

        impl<U: $crate::User> std::ops::Deref for $manager<U> {
            type Target = $crate::LoginManager<U>;

            fn deref(&self) -> &Self::Target {
                &self.0.core
            }
        }

        impl<U: $crate::User> $crate::adapter::BuiltManager<U> for $manager<U> {
            type Response = $response;

            fn from_parts(
                core: $crate::LoginManager<U>,
                handlers: $crate::adapter::RefusalHandlers<$response>,
            ) -> Self {
                Self($crate::adapter::AdapterManager { core, handlers })
            }
        }

        impl<U: $crate::User> $crate::adapter::TakesHandlers<U> for $manager<U> {}

        $crate::adapter::handlers!({ impl<U: $crate::User> $manager<U> } $response, cross_site);

        /// Configures a [`LoginManager`]. [`build`](LoginManagerBuilder::build) checks all
        /// settings.
        pub type LoginManagerBuilder<U> = $crate::LoginManagerBuilder<U, $manager<U>>;
    };
}

/// Defines the types that a handler uses: `Login`, `CurrentUser`, `MaybeUser`, `FreshUser`,
/// `Allowed`, `Refused` and `Error`. `response` is the framework's response type.
#[doc(hidden)]
#[macro_export]
macro_rules! __adapter_types {
    (response: $response:ty, $(#[$maybe_user:meta])*) => {
        /// The login and the session of the current request. It has all methods of
        /// [`login_core::Login`], and those here that make responses.
        ///
        /// Everything that accesses the login of one request shares it: the user is loaded
        /// at most once, and each sees the changes of the others.
        pub struct Login<U: $crate::User> {
            core: $crate::Login<U>,
            handlers: $crate::adapter::RefusalHandlers<$response>,
        }

        impl<U: $crate::User> Clone for Login<U> {
            fn clone(&self) -> Self {
                Self { core: self.core.clone(), handlers: self.handlers.clone() }
            }
        }

        impl<U: $crate::User> std::fmt::Debug for Login<U> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("Login(..)")
            }
        }

        impl<U: $crate::User> std::ops::Deref for Login<U> {
            type Target = $crate::Login<U>;

            fn deref(&self) -> &Self::Target {
                &self.core
            }
        }

        /// The logged-in user. A request without one is refused.
        ///
        /// It dereferences to the user, which is shared and not copied.
        pub struct CurrentUser<U>(
            /// The user.
            pub std::sync::Arc<U>,
        );

        /// The logged-in user, or none. It accepts every request.
        ///
        /// The user is one that guards accept: see
        /// [`User::is_authenticated`](crate::User::is_authenticated). A loader that fails is
        /// still a 5xx.
        $(#[$maybe_user])*
        pub struct MaybeUser<U>(
            /// The user, if one is logged in.
            pub Option<std::sync::Arc<U>>,
        );

        /// The user of a fresh login. A request without one is refused.
        ///
        /// `FreshUser<Account>` accepts a fresh login of any age. `FreshUser<Account, 600>`
        /// requires that the user entered credentials within the last 600 seconds, and
        /// `FreshUser<Account, 0>` within the current second. In the
        /// flask format the age is unknown, and the request refused, unless
        /// [`fresh_login_max_age`](crate::LoginManagerBuilder::fresh_login_max_age) is set.
        pub struct FreshUser<U, const SECONDS: u64 = { u64::MAX }>(
            /// The user.
            pub std::sync::Arc<U>,
        );

        /// The logged-in user, if they have the permission `P`. A request without a login is
        /// refused like one for [`CurrentUser`], and a user without the permission with 403.
        ///
        /// See [`Permission`](crate::Permission).
        pub struct Allowed<U, P>(
            /// The user.
            pub std::sync::Arc<U>,
            std::marker::PhantomData<fn() -> P>,
        );

        impl<U, P> std::ops::Deref for Allowed<U, P> {
            type Target = U;

            fn deref(&self) -> &U {
                &self.0
            }
        }

        impl<U, P> Clone for Allowed<U, P> {
            fn clone(&self) -> Self {
                Self(std::sync::Arc::clone(&self.0), std::marker::PhantomData)
            }
        }

        impl<U, P> std::fmt::Debug for Allowed<U, P> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("Allowed(..)")
            }
        }

        impl<U: $crate::User, P: $crate::Permission<U>> Allowed<U, P> {
            /// The user of a login, if they have the permission.
            pub(crate) fn of(user: std::sync::Arc<U>) -> std::result::Result<Self, $crate::Refusal> {
                if P::allows(&user) {
                    Ok(Self(user, std::marker::PhantomData))
                } else {
                    Err($crate::Refusal::Forbidden)
                }
            }
        }

        /// A refused request, as a handler of the application gets it.
        pub type Refused<'r> = $crate::adapter::Refused<'r, $response>;

        impl<U> std::ops::Deref for CurrentUser<U> {
            type Target = U;

            fn deref(&self) -> &U {
                &self.0
            }
        }

        impl<U, const SECONDS: u64> std::ops::Deref for FreshUser<U, SECONDS> {
            type Target = U;

            fn deref(&self) -> &U {
                &self.0
            }
        }

        impl<U> Clone for CurrentUser<U> {
            fn clone(&self) -> Self {
                Self(std::sync::Arc::clone(&self.0))
            }
        }

        impl<U> Clone for MaybeUser<U> {
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        impl<U, const SECONDS: u64> Clone for FreshUser<U, SECONDS> {
            fn clone(&self) -> Self {
                Self(std::sync::Arc::clone(&self.0))
            }
        }

        // Without the user, whose own `Debug` may contain secrets.
        impl<U> std::fmt::Debug for CurrentUser<U> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("CurrentUser(..)")
            }
        }

        impl<U> std::fmt::Debug for MaybeUser<U> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(if self.0.is_some() { "MaybeUser(Some(..))" } else { "MaybeUser(None)" })
            }
        }

        impl<U, const SECONDS: u64> std::fmt::Debug for FreshUser<U, SECONDS> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("FreshUser(..)")
            }
        }

        /// The error that a handler returns if a method of the library fails. The response is
        /// 403 for an inactive user, 401 or 403 for a login that cannot be confirmed, and 500
        /// otherwise. The cause is in the log only.
        #[derive(Debug)]
        pub struct Error($crate::LoginError);

        impl Error {
            /// What went wrong.
            #[must_use]
            pub fn into_inner(self) -> $crate::LoginError {
                self.0
            }
        }

        impl<E: Into<$crate::LoginError>> From<E> for Error {
            fn from(error: E) -> Self {
                Self(error.into())
            }
        }

        impl std::fmt::Display for Error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::error::Error for Error {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                self.0.source()
            }
        }
    };
}
