//! Unknown words on the command line are refused.

use std::process::Command;

#[test]
fn an_unknown_word_is_named_and_no_server_starts() {
    let ended = Command::new(env!("CARGO_BIN_EXE_lesson-2")).arg("list").output().unwrap();
    assert_eq!(ended.status.code(), Some(2));
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("'list'"), "{said}");
    assert!(ended.stdout.is_empty());
}
