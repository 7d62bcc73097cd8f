//! The published session stores that link with tower-sessions 0.15, tested against the rules of `checks::store`: see
//! `tests/conformance.rs`. Run with
//! `cargo test --manifest-path tests/other-stores/Cargo.toml --target-dir target/other-stores`.
