//! Who builds: a verdict before any program.

use std::sync::Arc;

use tokio::sync::watch;

/// How many verdicts are asked for. Clones are the same one.
#[derive(Clone)]
pub(super) struct Gate(Arc<watch::Sender<usize>>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(watch::channel(0).0))
    }
}

/// As long as this is kept, no program is built.
pub struct GivenWay(Gate);

impl Drop for GivenWay {
    fn drop(&mut self) {
        self.0.0.send_modify(|verdicts| *verdicts -= 1);
    }
}

impl Gate {
    pub(super) fn close(&self) -> GivenWay {
        self.0.send_modify(|verdicts| *verdicts += 1);
        GivenWay(self.clone())
    }

    /// The result of the build, which is begun again each time that a verdict has broken it off.
    pub(super) async fn unless_a_verdict_is_asked_for<B: Future>(&self, build: impl Fn() -> B) -> B::Output {
        let mut verdicts = self.0.subscribe();
        loop {
            // Its sender is in `self`.
            let _ = verdicts.wait_for(|verdicts| *verdicts == 0).await;
            tokio::select! {
                built = build() => return built,
                _ = async { drop(verdicts.wait_for(|verdicts| *verdicts > 0).await) } => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn a_build_is_broken_off_by_a_verdict_and_begun_again_after_it() {
        let (gate, begun, builds, finish) = (Gate::default(), Notify::new(), AtomicUsize::new(0), Notify::new());
        let build = || async {
            let number = builds.fetch_add(1, Ordering::SeqCst) + 1;
            begun.notify_one();
            finish.notified().await;
            number
        };
        let verdict = async {
            begun.notified().await;
            let given_way = gate.close();
            tokio::task::yield_now().await;
            drop(given_way);
            begun.notified().await;
            finish.notify_one();
        };
        let (number, ()) = tokio::join!(gate.unless_a_verdict_is_asked_for(build), verdict);
        assert_eq!(number, 2);
    }
}
