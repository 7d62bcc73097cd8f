//! Checks your answer against the requirements. Run with `cargo test -p exercise-4`.

fn main() -> std::process::ExitCode {
    checks::timeouts::SUITE.main(exercise_4::app)
}
