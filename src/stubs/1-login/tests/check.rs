//! Checks your answer against the requirements. Run with `cargo test -p exercise-1`.

fn main() -> std::process::ExitCode {
    checks::login::SUITE.main(exercise_1::app)
}
