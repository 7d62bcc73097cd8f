//! The process in which one check is played on the answer.

use std::{fs, io};

use crate::{
    limit::MEMORY,
    order::Order,
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
    match written() {
        // `exit`, not a return: a learner's thread may still be in a loop.
        Ok(()) => std::process::exit(0),
        Err(error) => {
            eprintln!("the report of check {} cannot be written: {error}", place + 1);
            std::process::exit(2)
        }
    }
}
