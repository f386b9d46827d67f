//! What the compiler says of plausible mistakes in an application. Each file in
//! `compile_errors` is one; beside it is the message.
//!
//! The messages depend on the version of the compiler, so `cargo test` does not compare them.
//! `.ci/run` does, with the version in `compile_errors/rustc`. After a change:
//!
//! ```text
//! TRYBUILD=overwrite cargo test -p login-axum --test compile_errors -- --ignored
//! ```

#[test]
#[ignore = "the messages depend on the version of the compiler; .ci/run compares them"]
fn a_mistake_gets_a_message_that_says_what_to_do() {
    trybuild::TestCases::new().compile_fail("tests/compile_errors/*.rs");
}
