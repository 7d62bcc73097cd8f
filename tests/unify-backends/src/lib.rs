//! Contains only dependencies, like `unify`.
