//! Checks your answer against the requirements. Run with `cargo test -p exercise-6`.

fn main() -> std::process::ExitCode {
    checks::harden::SUITE.main(exercise_6::app)
}
