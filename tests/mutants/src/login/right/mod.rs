//! Right answers that look nothing like the solution.

pub(super) mod buttons;
pub(super) mod by_hand;
pub(super) mod explicit;
pub(super) mod extractor;
pub(super) mod guard;
pub(super) mod strings;
