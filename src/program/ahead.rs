//! Builds packages before they are needed: one after the other, at low priority, while no other build is needed.

use std::path::PathBuf;

use tokio::sync::mpsc;

use super::{
    build::{self, Priority},
    gate::{Gate, Kind},
};

/// The queue of packages to build. Clones add to the same queue, which ends with the last clone.
#[derive(Clone)]
pub(super) struct Ahead(mpsc::UnboundedSender<String>);

impl Ahead {
    pub(super) fn begin(root: PathBuf, gate: Gate) -> Self {
        let (sender, mut queue) = mpsc::unbounded_channel::<String>();
        tokio::spawn(async move {
            let mut built = Vec::new();
            while let Some(package) = queue.recv().await {
                if built.contains(&package) {
                    continue; // a learner who changes it has it open, which builds it
                }
                for arguments in targets(&package) {
                    // The page of the program reports why it cannot be built.
                    let build = || build::build(&root, &arguments, &package, "", Priority::Low, |_| {});
                    let _ = gate.build(Kind::Ahead, build).await;
                }
                built.push(package);
            }
        });
        Self(sender)
    }

    pub(super) fn add(&self, package: &str) {
        let _ = self.0.send(package.to_owned()); // an error only means that the studio ends
    }
}

/// Returns the arguments for cargo: first for the checks of an exercise, then for the program.
fn targets(package: &str) -> Vec<Vec<&str>> {
    let program = vec!["build", "-p", package, "--bin", package];
    let checks = vec!["test", "-p", package, "--example", "check", "--no-run"];
    if package.starts_with("exercise-") { vec![checks, program] } else { vec![program] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checks_of_an_exercise_are_built_before_its_program() {
        let program = |name| vec!["build", "-p", name, "--bin", name];
        assert_eq!(targets("lesson-1"), [program("lesson-1")]);
        let checks = vec!["test", "-p", "exercise-1", "--example", "check", "--no-run"];
        assert_eq!(targets("exercise-1"), [checks, program("exercise-1")]);
    }
}
