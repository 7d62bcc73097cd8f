//! What a test needs and a machine may not have.

/// Says that something was not tried, and why. Where `WORKBOOK_REQUIRE` names `what`, that is a failure.
pub fn skipped(what: &str, reason: &str) {
    let required = std::env::var("WORKBOOK_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|part| part == what), "WORKBOOK_REQUIRE asks for {what}, and {reason}");
    println!("SKIPPED: {reason}");
}
