//! The log of failures that no page shows.

use std::{fmt, io};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::MakeWriter,
    layer::{Context, Filter, Layer, SubscriberExt},
    registry,
    util::SubscriberInitExt,
};

/// The message of a store that refuses a save because another request was faster. The program handles that, so it is
/// not a failure.
pub const CONFLICT: &str = "another request has changed this session meanwhile";

/// Starts a log of failures on standard error. Pages do not show a backend's errors, and tower-sessions reports its
/// failures only here. Does nothing if there already is a log.
pub fn log_to_stderr() {
    log_to_stderr_with(&[]);
}

/// Like [`log_to_stderr`], and also logs the events of these modules from level INFO. Each module is a path, such as
/// `shop::orders`.
pub fn log_to_stderr_with(modules: &'static [&'static str]) {
    let _ = log_to(io::stderr, modules).try_init();
}

/// Returns the log of [`log_to_stderr_with`], which writes to `writer`.
pub fn log_to<W>(writer: W, modules: &'static [&'static str]) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    registry().with(tracing_subscriber::fmt::layer().with_writer(writer).with_filter(Reported { modules }))
}

/// Passes errors other than conflicts, and every event of the chosen modules from level INFO.
struct Reported {
    modules: &'static [&'static str],
}

impl Reported {
    fn is_chosen(&self, target: &str) -> bool {
        let is_in = |rest: &str| rest.is_empty() || rest.starts_with("::");
        self.modules.iter().any(|module| target.strip_prefix(module).is_some_and(is_in))
    }
}

impl<S> Filter<S> for Reported {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        *metadata.level() <= if self.is_chosen(metadata.target()) { Level::INFO } else { Level::ERROR }
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let mut found = Conflict(false);
        if event.metadata().target().starts_with("tower_sessions") {
            event.record(&mut found);
        }
        !found.0
    }
}

/// Whether a field of an event has the message of a conflict.
struct Conflict(bool);

impl Visit for Conflict {
    fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
        self.0 |= format!("{value:?}").contains(CONFLICT);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn a_conflict_is_no_failure_and_a_chosen_module_reports_more() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let log = {
            let written = written.clone();
            log_to(move || Lines(written.clone()), &["shop::orders"])
        };
        tracing::subscriber::with_default(log, || {
            tracing::error!(target: "tower_sessions::service", err = %format!("Backend error: {CONFLICT}"), "one");
            tracing::error!(target: "tower_sessions::service", err = %"the disk is full", "two");
            tracing::error!(target: "shop", err = %CONFLICT, "three");
            tracing::info!(target: "shop::orders::cups", "four");
            tracing::debug!(target: "shop::orders", "five");
            tracing::info!(target: "shop::orders_of_others", "six");
            tracing::warn!(target: "shop", "seven");
        });
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let words = ["one", "two", "three", "four", "five", "six", "seven"];
        let found: Vec<_> = words.into_iter().filter(|word| text.contains(word)).collect();
        assert_eq!(found, ["two", "three", "four"], "{text}");
    }

    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
