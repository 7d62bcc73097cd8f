//! Nothing but dependencies: see `unify`.
