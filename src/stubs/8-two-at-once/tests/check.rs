//! Checks your answer against the requirements. Run with `cargo test -p exercise-8`.

fn main() -> std::process::ExitCode {
    checks::two_at_once::SUITE.main(checks::instances(exercise_8::app))
}
