//! The order of builds: verdicts come first, then programs that are in use, then programs that are built ahead.

use std::sync::Arc;

use tokio::sync::watch;

/// The number of urgent builds of each kind. Clones share the counts.
#[derive(Clone)]
pub(super) struct Gate(Arc<watch::Sender<Waiting>>);

#[derive(Clone, Copy, Default)]
struct Waiting {
    verdicts: usize,
    programs: usize,
}

/// The kind of a build, which decides the builds to which it gives way.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// A program that is in use gives way to verdicts.
    Program,
    /// A build for later gives way to all others.
    Ahead,
}

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(watch::channel(Waiting::default()).0))
    }
}

/// While this value exists, no program is built.
pub struct BuildPause(Gate, fn(&mut Waiting) -> &mut usize);

impl BuildPause {
    fn new(gate: &Gate, count: fn(&mut Waiting) -> &mut usize) -> Self {
        gate.0.send_modify(|waiting| *count(waiting) += 1);
        Self(gate.clone(), count)
    }
}

impl Drop for BuildPause {
    fn drop(&mut self) {
        self.0.0.send_modify(|waiting| *(self.1)(waiting) -= 1);
    }
}

impl Gate {
    /// Blocks all builds until the result is dropped.
    pub(super) fn for_a_verdict(&self) -> BuildPause {
        BuildPause::new(self, |waiting| &mut waiting.verdicts)
    }

    /// Runs a build, and returns its result. The build is aborted when a more urgent one arrives, and then started
    /// again.
    pub(super) async fn build<B: Future>(&self, kind: Kind, build: impl Fn() -> B) -> B::Output {
        let gives_way = move |waiting: &Waiting| waiting.verdicts > 0 || (kind == Kind::Ahead && waiting.programs > 0);
        let _here = (kind == Kind::Program).then(|| BuildPause::new(self, |waiting| &mut waiting.programs));
        let mut waiting = self.0.subscribe();
        loop {
            // The wait cannot fail, because the sender is in `self`.
            let _ = waiting.wait_for(|waiting| !gives_way(waiting)).await;
            tokio::select! {
                built = build() => return built,
                () = async { drop(waiting.wait_for(gives_way).await) } => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    /// Notifies when it is dropped.
    struct NotifyOnDrop<'n>(&'n Notify);

    impl Drop for NotifyOnDrop<'_> {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }

    #[tokio::test]
    async fn a_build_is_broken_off_by_a_verdict_and_begun_again_after_it() {
        for kind in [Kind::Program, Kind::Ahead] {
            let (gate, builds) = (Gate::default(), AtomicUsize::new(0));
            let (begun, ended, finish) = (Notify::new(), Notify::new(), Notify::new());
            let build = || async {
                let _ended = NotifyOnDrop(&ended);
                let number = builds.fetch_add(1, Ordering::SeqCst) + 1;
                begun.notify_one();
                finish.notified().await;
                number
            };
            let verdict = async {
                begun.notified().await;
                let given_way = gate.for_a_verdict();
                ended.notified().await;
                drop(given_way);
                begun.notified().await;
                finish.notify_one();
            };
            let (number, ()) = tokio::join!(gate.build(kind, build), verdict);
            assert_eq!(number, 2);
        }
    }

    #[tokio::test]
    async fn what_is_built_ahead_gives_way_to_a_program_and_that_does_not_to_it() {
        let (gate, order) = (Gate::default(), std::sync::Mutex::new(Vec::new()));
        let finish = Notify::new();
        let program = || async {
            order.lock().unwrap().push("program begins");
            finish.notified().await;
            order.lock().unwrap().push("program ends");
        };
        let ahead = || async { order.lock().unwrap().push("ahead") };
        tokio::join!(gate.build(Kind::Program, program), gate.build(Kind::Ahead, ahead), async {
            tokio::task::yield_now().await;
            finish.notify_one();
        });
        assert_eq!(*order.lock().unwrap(), ["program begins", "program ends", "ahead"]);
    }
}
