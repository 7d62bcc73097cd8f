//! Contains only dependencies, like `unify`, for the packages that use sessions. The studio does not need these.
