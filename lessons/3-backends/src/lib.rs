//! Lesson 3.
pub mod address;
pub mod at_rest;
pub mod cleaning;
pub mod store;
