//! Checks your answer against the requirements. Run with `cargo test -p exercise-3`.

fn main() -> std::process::ExitCode {
    checks::preferences::SUITE.main(exercise_3::app)
}
