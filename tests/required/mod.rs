//! Tests that need a program that a machine may not have. Without it they are ignored, and the results show the reason.
//! With `WORKBOOK_REQUIRE=browser,firefox,webkit,axe,services,flask,curl` they fail instead.
//!
//! libtest decides at compile time which tests are ignored. So a test file that needs a program has its own `main`
//! (`harness = false`), which lists the tests. Such a file accepts one filter on its command line, not several.
#![allow(dead_code, unused_imports, unused_macros, reason = "each test that includes this uses a part of it")]

use std::{env, process::ExitCode};

use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// A program that a test needs and that is missing.
#[derive(Clone, Debug)]
pub struct Missing {
    /// Its name in `WORKBOOK_REQUIRE`.
    pub what: &'static str,
    pub reason: String,
}

/// Converts the result of `lessons/3-backends/tests/services`, which cannot use this module because benchmarks include
/// it, too.
impl From<(&'static str, String)> for Missing {
    fn from((what, reason): (&'static str, String)) -> Self {
        Self { what, reason }
    }
}

impl Missing {
    /// Ignores the test with the reason, or fails it if the program is required.
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

/// Lists a test function of this file, `async` or not, and the program that it lacks, if any:
/// `trial!(async a_page_is_shown, chromium::missing())`. With `parallel` instead of `async`, its tasks run in parallel.
macro_rules! trial {
    (async $name:ident $(, $missing:expr)?) => { $crate::required::trial!(@ stringify!($name), || $crate::required::block_on($name()) $(, $missing)?) };
    (parallel $name:ident $(, $missing:expr)?) => { $crate::required::trial!(@ stringify!($name), || $crate::required::block_on_all_cores($name()) $(, $missing)?) };
    ($name:ident $(, $missing:expr)?) => { $crate::required::trial!(@ stringify!($name), $name $(, $missing)?) };
    (@ $name:expr, $test:expr) => { $crate::required::named($name, None, $test) };
    (@ $name:expr, $test:expr, $missing:expr) => { $crate::required::named($name, $missing.map($crate::required::Missing::from), $test) };
}
pub(crate) use trial;

/// Makes a test with this name.
pub fn named(name: &str, missing: Option<Missing>, test: impl FnOnce() + Send + 'static) -> Trial {
    let Some(missing) = missing else {
        return Trial::test(name, || {
            test();
            Ok(())
        });
    };
    // nextest runs each test alone and looks at its exit status, so the list has to say which tests are ignored.
    let listed = env::var_os("NEXTEST").is_some() && !missing.is_required();
    Trial::ignorable_test(name, move || missing.outcome()).with_ignored_flag(listed)
}

/// Runs the tests: the `main` of a test file.
pub fn run(trials: Vec<Trial>) -> ExitCode {
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Runs an asynchronous test as `#[tokio::test]` does.
pub fn block_on(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(test);
}

/// Runs an asynchronous test on a thread for each core, so that its tasks run in parallel.
pub fn block_on_all_cores(test: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(test);
}
