//! Nothing but dependencies.
//!
//! Cargo builds a dependency with the features that the chosen packages ask for together, so `cargo run` and
//! `cargo test -p exercise-1` would each build half of the tree anew. Every package depends on this one, and
//! this one asks for the union; those with sessions depend on `unify-sessions` in its place. Only the session inspector and
//! what serves it do not: they are packaged for others, who build their own tree.
//! `tests/curriculum.rs` says what to add here when they part again.
