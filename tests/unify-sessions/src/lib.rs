//! Nothing but dependencies: what `unify` is for all packages, for those with sessions. The studio does without them.
