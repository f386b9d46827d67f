//! `store_tests!`, which lists the rules and makes tests of them.

/// Makes a test of each rule in [`tests`](crate::tests) for one store. It needs the feature `tests`.
///
/// ```
/// # mod example {
/// # use login_store::MemoryStore;
/// login_store::store_tests! {
///     block_on = login_store::tests::block_on,
///     store = MemoryStore::new(),
/// }
/// # }
/// ```
///
/// These are all options, in this order:
///
/// | option | |
/// | --- | --- |
/// | `test` | The attribute for an async test, such as `tokio::test` or `tokio::test(flavor = "multi_thread")`. |
/// | `block_on` | Instead of `test`: a function that runs a future until it is done. |
/// | `store` | An expression that makes a fresh, empty store for each test. It may contain `.await`. |
/// | `self_expiring_store` | Instead of `store`, for a store that removes ended records by itself and whose `remove_ended` does nothing, such as one that sets expiry times in Redis. Leaves out the rules that need a record to end. |
/// | `failing` | Optional: an expression that makes a store that cannot answer, such as one whose connection is closed. Every method must return an error. |
///
/// The tests of one store run at the same time. If all are in one database, each needs tables or a
/// namespace of its own, because `remove_ended` concerns all records. No two rules have a
/// session ID or a user ID in common.
#[macro_export]
macro_rules! store_tests {
    (test = $test:meta, $kind:ident = $store:expr $(, failing = $failing:expr)? $(,)?) => {
        $crate::__store_tests!($kind [test = $test] [$store]);
        $($crate::__store_tests!($kind failing [test = $test] [$failing]);)?
    };
    (block_on = $block_on:path, $kind:ident = $store:expr $(, failing = $failing:expr)? $(,)?) => {
        $crate::__store_tests!($kind [block_on = $block_on] [$store]);
        $($crate::__store_tests!($kind failing [block_on = $block_on] [$failing]);)?
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __store_tests {
    (self_expiring_store $how:tt $store:tt) => {
        $crate::__store_tests! {
            @each $how $store
            a_body_may_be_empty
            a_body_may_contain_all_bytes
            a_body_may_have_a_mebibyte
            find_of_an_unknown_id_is_none
            ids_are_bytes
            insert_is_found_again
            insert_of_a_removed_id_is_a_new_record
            insert_of_a_taken_id_is_an_error
            insert_of_the_same_record_is_an_error
            of_user_is_in_the_order_of_created
            of_user_is_then_in_the_order_of_ids
            of_user_returns_all_of_many
            of_user_returns_only_that_users
            parallel_changes_lose_nothing
            parallel_changes_never_revive_a_removed_record
            parallel_inserts_of_one_id_insert_one
            parallel_remove_of_user_count_each_record_once
            parallel_removes_of_one_record_remove_it_once
            parallel_touches_and_changes_lose_nothing
            parallel_updates_and_removals_of_one_version_do_one
            parallel_updates_of_one_version_do_one
            remove_ended_spares_what_has_not_ended
            remove_of_user_removes_all
            remove_of_user_spares_nothing_for_an_unknown_id
            remove_of_user_spares_nothing_for_another_user
            remove_of_user_spares_the_exception
            remove_removes_one_record
            remove_says_whether_there_was_one
            remove_version_follows_updates
            remove_version_of_a_removed_record_is_gone
            remove_version_of_another_version_is_a_conflict
            remove_version_removes_one_record
            times_and_versions_may_be_zero
            times_are_compared_exactly
            times_may_be_the_greatest
            touch_changes_no_other_record
            touch_makes_no_conflict
            touch_moves_seen_and_ends_forward
            touch_never_moves_ends_back
            touch_never_moves_seen_and_ends_back
            touch_never_moves_seen_back
            touch_never_revives_a_removed_record
            update_changes_the_record
            update_keeps_the_user_and_when_it_was_created
            update_moves_seen_and_ends_forward
            update_never_moves_ends_back
            update_never_moves_seen_and_ends_back
            update_never_moves_seen_back
            update_of_a_removed_record_is_gone
            update_of_another_version_is_a_conflict
            update_twice_from_one_version_is_a_conflict
            update_without_a_change_raises_the_version
            user_ids_are_bytes
            versions_may_be_the_greatest
        }
    };
    (store $how:tt $store:tt) => {
        $crate::__store_tests!(self_expiring_store $how $store);
        $crate::__store_tests! {
            @each $how $store
            parallel_remove_ended_count_each_record_once
            remove_ended_counts_only_what_it_removes
            remove_ended_ignores_what_was_not_moved_back
            remove_ended_knows_all_times
            remove_ended_knows_what_was_moved_forward
            remove_ended_obeys_the_limit
            remove_ended_removes_what_has_ended
            remove_ended_with_a_limit_of_zero_removes_nothing
            remove_ended_with_the_greatest_limit_removes_all
            what_has_ended_is_found_until_it_is_removed
        }
    };
    (self_expiring_store failing $how:tt $store:tt) => {
        $crate::__store_tests! {
            @each $how $store
            failing_find_is_an_error
            failing_insert_is_an_error
            failing_of_user_is_an_error
            failing_remove_is_an_error
            failing_remove_of_user_is_an_error
            failing_remove_version_is_an_error
            failing_touch_is_an_error
            failing_update_is_an_error
        }
    };
    (store failing $how:tt $store:tt) => {
        $crate::__store_tests!(self_expiring_store failing $how $store);
        $crate::__store_tests! {
            @each $how $store
            failing_remove_ended_is_an_error
        }
    };
    (@each $how:tt $store:tt $($rule:ident)*) => {
        $($crate::__store_tests!(@one $how $store $rule);)*
    };
    (@one [test = $test:meta] [$store:expr] $rule:ident) => {
        #[$test]
        async fn $rule() {
            let store = $store;
            $crate::tests::$rule(&store).await;
        }
    };
    (@one [block_on = $block_on:path] [$store:expr] $rule:ident) => {
        #[::core::prelude::v1::test]
        fn $rule() {
            $block_on(async {
                let store = $store;
                $crate::tests::$rule(&store).await;
            });
        }
    };
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;
    use std::{fs, io};

    /// The names of the rules in the files of this folder, and the files' texts.
    fn rules() -> io::Result<(Vec<String>, String)> {
        let mut text = String::new();
        for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests"))? {
            text += &fs::read_to_string(file?.path())?;
        }
        let name = |line: &str| Some(line.strip_prefix("pub async fn ")?.split_once('(')?.0.to_owned());
        Ok((text.lines().filter_map(name).collect(), text))
    }

    #[test]
    fn every_rule_is_listed_once_in_the_order_of_the_alphabet() {
        let (mut rules, _) = rules().unwrap();
        let mut listed = Vec::new();
        for list in include_str!("store_tests.rs").split("@each $how $store\n").skip(1) {
            let list: Vec<_> = list.lines().map(|line| line.trim().to_owned()).take_while(|line| line != "}").collect();
            assert!(list.is_sorted(), "{list:?}");
            listed.extend(list);
        }
        rules.sort();
        listed.sort();
        assert_eq!(rules, listed);
    }

    #[test]
    fn every_rule_has_ids_of_its_own() {
        let (rules, text) = rules().unwrap();
        let named: Vec<_> = text.split("Names(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let unique: BTreeSet<_> = named.iter().collect();
        assert_eq!(named.len(), unique.len());
        for rule in rules {
            assert!(rule == "failing_remove_ended_is_an_error" || unique.contains(&&*rule), "{rule}");
        }
    }
}
