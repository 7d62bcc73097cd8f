//! Tests that need what a machine may not have: where it is missing they are ignored, and the reason is printed where
//! the results are. `WORKBOOK_REQUIRE=browser,firefox,webkit,axe,services,flask,curl` makes that a failure.
//!
//! libtest decides at compile time what is ignored, so the test files that need something bring a `main` of their own
//! (`harness = false`), which names their tests. Such a file takes one filter on its command line, not several.
#![allow(dead_code, unused_imports, unused_macros, reason = "each test that includes this uses a part of it")]

use std::{env, process::ExitCode};

use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// Something that a test needs, and that is not here.
#[derive(Clone, Debug)]
pub struct Missing {
    /// How `WORKBOOK_REQUIRE` calls it.
    pub what: &'static str,
    pub reason: String,
}

/// As `lessons/3-backends/tests/services` says it, which programs use that have no tests.
impl From<(&'static str, String)> for Missing {
    fn from((what, reason): (&'static str, String)) -> Self {
        Self { what, reason }
    }
}

impl Missing {
    /// Ignored, with the reason; or failed, where it is required.
    pub fn outcome(&self) -> Result<Completion, Failed> {
        let Self { what, reason } = self;
        if self.is_required() {
            return Err(format!("WORKBOOK_REQUIRE asks for {what}, and {reason}").into());
        }
        Ok(Completion::ignored_with(reason))
    }

    fn is_required(&self) -> bool {
        env::var("WORKBOOK_REQUIRE").unwrap_or_default().split(',').any(|part| part == self.what)
    }
}

/// A test function of this file, `async` or not, and what it would need if that is missing:
/// `trial!(async a_page_is_shown, chromium::missing())`. `parallel` is for an `async` one whose tasks are to run at once.
macro_rules! trial {
    (async $name:ident $(, $missing:expr)?) => { $crate::required::trial!(@ stringify!($name), || $crate::required::block_on($name()) $(, $missing)?) };
    (parallel $name:ident $(, $missing:expr)?) => { $crate::required::trial!(@ stringify!($name), || $crate::required::block_on_all_cores($name()) $(, $missing)?) };
    ($name:ident $(, $missing:expr)?) => { $crate::required::trial!(@ stringify!($name), $name $(, $missing)?) };
    (@ $name:expr, $test:expr) => { $crate::required::named($name, None, $test) };
    (@ $name:expr, $test:expr, $missing:expr) => { $crate::required::named($name, $missing.map($crate::required::Missing::from), $test) };
}
pub(crate) use trial;

/// A test by its name.
pub fn named(name: &str, missing: Option<Missing>, test: impl FnOnce() + Send + 'static) -> Trial {
    let Some(missing) = missing else {
        return Trial::test(name, || {
            test();
            Ok(())
        });
    };
    // nextest runs each test alone and looks at its exit status, so it has to see in the list what is ignored.
    let listed = env::var_os("NEXTEST").is_some() && !missing.is_required();
    Trial::ignorable_test(name, move || missing.outcome()).with_ignored_flag(listed)
}

/// The `main` of a test file.
pub fn run(trials: Vec<Trial>) -> ExitCode {
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Runs an asynchronous test as `#[tokio::test]` does.
pub fn block_on(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(test);
}

/// Runs an asynchronous test on a thread for each core, so that its tasks really meet.
pub fn block_on_all_cores(test: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(test);
}
