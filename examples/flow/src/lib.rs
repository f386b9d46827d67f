//! Tests of the example applications with a browser. They are the same for every framework;
//! each framework only implements how to start its application and send it a request.
//!
//! ```text
//! struct Application(/* … */);
//!
//! impl example_flow::Site for Application { /* … */ }
//!
//! example_flow::tests!(Application, tokio::test);
//! ```

#![allow(clippy::unwrap_used, clippy::panic, clippy::missing_panics_doc, reason = "a test that cannot continue fails")]

mod browser;
pub mod flows;
mod log;

pub use browser::{Browser, Page};
use example_accounts::{Accounts, Settings};
use http::{Request, Response};

/// An example application under test.
pub trait Site: Sized {
    /// Starts the application with these settings and accounts.
    fn start(settings: &Settings, accounts: Accounts) -> impl Future<Output = Self>;

    /// The application's response to a request. The request's extensions may have the client's
    /// address, a [`SocketAddr`](std::net::SocketAddr).
    fn answer(&self, request: Request<String>) -> impl Future<Output = Response<String>>;
}

/// Makes a test of each flow, for a [`Site`] and with the test attribute of a framework.
#[macro_export]
macro_rules! tests {
    ($site:ty, $test:meta) => {
        $crate::tests! { @each $site, $test,
            sign_up_write_a_note_log_out
            notes_of_another_user_cannot_be_read_or_deleted
            notes_that_are_empty_or_too_long_are_refused
            a_login_ends_with_the_browser_unless_it_is_remembered
            a_remembered_user_must_confirm_the_password_before_settings
            logging_out_everywhere_ends_the_logins_of_all_devices
            wrong_passwords_and_unknown_users_get_the_same_page
            an_invalid_form_is_answered_with_422_and_the_form
            after_a_wrong_password_the_password_field_has_the_focus
            signing_up_from_the_login_page_redirects_to_next
            after_a_refused_form_the_login_leads_to_the_page_of_the_form
            error_pages_contain_no_internal_details
            forms_of_another_site_are_refused
            with_https_the_cookies_are_secure
            a_failing_database_is_a_500_without_the_cause
            the_style_sheet_is_served_and_no_style_is_inline
            a_new_password_ends_the_logins_of_other_browsers_and_keeps_this_one
            a_remembered_login_stays_remembered_after_a_new_password
            a_login_that_is_not_remembered_stays_so_after_a_new_password
            a_new_password_needs_a_fresh_login
            a_new_password_of_less_than_8_characters_is_refused
            a_program_with_a_token_reads_and_adds_notes
            a_token_is_shown_once
            a_wrong_token_is_refused_even_with_the_cookies_of_a_login
            errors_of_the_api_are_json
            deleted_tokens_stop_working
            a_token_opens_no_pages
            the_list_of_sessions_names_each_browser
            a_session_can_be_ended_from_another_browser
            all_other_sessions_can_be_ended
            the_session_of_another_user_cannot_be_ended
            a_browser_whose_login_was_ended_elsewhere_is_told_so_once
            a_new_password_ends_other_logins_only_if_that_is_chosen
            only_an_administrator_sees_the_accounts
            only_an_administrator_sees_and_ends_the_sessions_of_a_user
            an_account_stays_administrator_when_its_address_changes
            the_audit_log_says_who_did_what_from_where
            the_audit_log_says_which_session_was_ended
            a_login_with_a_new_device_is_logged_once
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
