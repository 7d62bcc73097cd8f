//! Contains only dependencies.
//!
//! Cargo builds a dependency with all features that the selected packages need, so `cargo run` and
//! `cargo test -p exercise-1` would each rebuild many of them. To prevent that, every package depends on this one,
//! which has the union of the features. Packages with sessions depend on `unify-sessions` instead. The session
//! inspector and `loopback-serve` depend on neither, because they are packaged for other projects. If the features
//! differ again, `tests/curriculum` names the features to add here.
