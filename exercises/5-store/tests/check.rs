//! Checks your answer against the requirements. Run with `cargo test -p exercise-5`.

fn main() -> std::process::ExitCode {
    checks::folder::SUITE.main_with(checks::App::store(exercise_5::FileStore::open))
}
