//! Tests of applications whose sessions are in a store. They are the same for every adapter; each
//! adapter only implements the application and how to send it a request.

pub(crate) mod disconnecting;
pub(crate) mod failing;
pub(crate) mod handlers;
pub(crate) mod site;
pub(crate) mod store;
pub(crate) mod using;

/// Makes a test of each flow, for a [`Site`](site::Site) and with the test attribute of a framework.
macro_rules! kept_sessions_tests {
    ($site:ty, $test:meta) => {
        kept_sessions::kept_sessions_tests! { @each $site, $test, using
            an_application_is_the_same_with_cookies_and_with_a_store
            every_extractor_and_guard_finds_the_login
            a_request_that_looks_at_nothing_asks_the_store_for_nothing
            a_request_that_reads_asks_the_store_once
            sessions_are_listed_and_ended
            a_saved_change_is_in_the_store_before_the_response
            a_connection_asks_anew_who_is_logged_in
            an_administrator_ends_the_sessions_of_a_user
        }
        kept_sessions::kept_sessions_tests! { @each $site, $test, failing
            a_store_that_cannot_be_read_is_a_5xx_for_every_extractor_and_guard
            a_store_that_cannot_be_read_is_answered_in_the_clients_own_kind
            a_store_that_cannot_be_read_logs_no_one_in
            a_store_that_cannot_be_written_replaces_every_response
            a_logout_that_cannot_be_written_deletes_both_cookies
            a_failed_response_writes_nothing
        }
        kept_sessions::kept_sessions_tests! { @each $site, $test, disconnecting
            a_client_that_disconnects_loses_no_acknowledged_change
            a_client_that_disconnects_during_a_login_leaves_nothing_half_written
            a_client_that_disconnects_during_a_logout_is_logged_in_or_out
            a_logout_is_not_undone_by_a_request_that_was_sent_before
            a_client_that_disconnects_while_it_is_restored_is_restored_later
            a_client_that_disconnects_while_it_confirms_stays_logged_in
            a_client_that_disconnects_while_it_ends_other_sessions_keeps_its_own
        }
    };
    (@each $site:ty, $test:meta, $flows:ident $($flow:ident)*) => {
        $(
            #[$test]
            async fn $flow() {
                kept_sessions::$flows::$flow::<$site>().await;
            }
        )*
    };
}

pub(crate) use kept_sessions_tests;
