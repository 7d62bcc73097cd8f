//! The process in which one check is played on the answer.

use std::{fs, io, path::Path};

use crate::{
    App, Suite,
    limit::MEMORY,
    order::Order,
    restart,
    run::{self, Scene},
    system,
    trial::Log,
};

/// Leaves a sealed report, if nothing ends this process before.
pub(crate) fn play(scene: Scene, order: &Order) -> ! {
    system::limit_memory(MEMORY);
    let place = scene.place;
    let played = run::alone(scene, Log::kept_in(&order.steps_of(place)));
    let written = || -> io::Result<()> {
        let sealed = order.key.seal(&serde_json::to_string(&played)?);
        let unfinished = order.report_of(place).with_extension("part");
        fs::write(&unfinished, sealed)?;
        fs::rename(unfinished, order.report_of(place))
    };
    end(written(), &format!("the report of check {}", place + 1))
}

/// Plays on where another process has ended its server.
pub(crate) fn resume(suite: &'static Suite, app: &App, file: &Path, order: &Order) -> ! {
    system::limit_memory(MEMORY);
    end(restart::obey(suite, app, file, order), "what came after a restart")
}

fn end(written: io::Result<()>, what: &str) -> ! {
    match written {
        // `exit`, not a return: a learner's thread may still be in a loop.
        Ok(()) => std::process::exit(0),
        Err(error) => {
            eprintln!("{what} cannot be written: {error}");
            std::process::exit(2)
        }
    }
}
