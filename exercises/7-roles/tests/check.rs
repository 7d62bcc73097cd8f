//! Checks your answer against the requirements. Run with `cargo test -p exercise-7`.

fn main() -> std::process::ExitCode {
    checks::roles::SUITE.main(exercise_7::app)
}
