//! Checks your answer against the requirements. Run with `cargo test -p exercise-2`.

fn main() -> std::process::ExitCode {
    checks::cart::SUITE.main(exercise_2::app)
}
