//! What the example applications must do, as a browser sees it: the same tests on
//! every framework, which only says how its application is started and asked.
//!
//! ```text
//! struct Application(/* … */);
//!
//! impl example_flow::Site for Application { /* … */ }
//!
//! example_flow::tests!(Application, tokio::test);
//! ```

#![allow(clippy::unwrap_used, clippy::panic, clippy::missing_panics_doc, reason = "a test that cannot go on fails")]

mod browser;
pub mod flows;

pub use browser::{Browser, Page};
use example_accounts::{Accounts, Settings};
use http::{Request, Response};

/// An example application under test.
pub trait Site: Sized {
    /// The application with these settings and accounts.
    fn start(settings: &Settings, accounts: Accounts) -> impl Future<Output = Self>;

    /// What it answers to a request.
    fn answer(&self, request: Request<String>) -> impl Future<Output = Response<String>>;
}

/// Makes a test of each flow, for a [`Site`] and by a framework's test attribute.
#[macro_export]
macro_rules! tests {
    ($site:ty, $test:meta) => {
        $crate::tests! { @each $site, $test,
            sign_up_write_a_note_log_out
            another_user_sees_and_deletes_nothing_of_mine
            notes_that_are_empty_or_too_long_are_refused
            a_login_ends_with_the_browser_unless_it_is_to_be_remembered
            a_remembered_user_gives_the_password_before_changing_settings
            logging_out_everywhere_ends_other_devices_logins
            wrong_passwords_and_unknown_users_get_the_same_page
            a_form_that_is_not_accepted_comes_back_with_422
            after_a_wrong_password_the_password_is_in_focus
            signing_up_from_the_login_leads_to_what_was_wanted
            a_form_sent_without_a_login_leads_to_its_page
            errors_are_pages_that_tell_nothing
            another_sites_forms_are_refused
            behind_https_no_cookie_travels_over_plain_http
            a_failing_database_is_an_error_that_tells_nothing
            the_style_is_served_and_nothing_is_inline
        }
    };
    (@each $site:ty, $test:meta, $($flow:ident)*) => {
        $(
            #[$test]
            async fn $flow() {
                $crate::flows::$flow::<$site>().await;
            }
        )*
    };
}
