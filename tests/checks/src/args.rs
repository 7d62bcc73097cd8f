//! The command line of an exercise's test binary: the part of libtest's that cargo, nextest and editors use, and four
//! options of our own.
//!
//! Read with `lexopt`: a parser with derives would be a tenth of what a learner's first build compiles.

use std::{ffi::OsString, time::Duration};

use lexopt::{
    Arg::{Long, Short, Value},
    Error, Parser, ValueExt,
};

use crate::limit::OUTER;

pub(crate) const USAGE: &str = "\
Usage: cargo test -p exercise-N [-- OPTIONS [FILTER]...]

  FILTER         run the checks that have this in their name; several: any of them
  --exact        filters are whole names
  --skip FILTER  leave out what has this in its name
  --list         print the names and run nothing
  --full         tell every failure in full, not only the first
  --json         print one JSON object for each check as it ends, and one for the report
  --seed NUMBER  make the names and tokens of an earlier run again
  --no-record    do not keep the verdict; a run of a part of the checks is never kept";

#[derive(Debug, Default)]
pub(crate) struct Args {
    pub(crate) help: bool,
    pub(crate) list: bool,
    pub(crate) full: bool,
    pub(crate) json: bool,
    pub(crate) seed: Option<u64>,
    pub(crate) no_record: bool,
    /// Do what the line on standard input says: see [`Order`](crate::order::Order).
    pub(crate) order: bool,
    /// Seal each line of `--json` with the key on standard input.
    pub(crate) sealed: bool,
    /// How long a check may take, whatever it does.
    pub(crate) outer: Duration,
    exact: bool,
    ignored: bool,
    filters: Vec<String>,
    skip: Vec<String>,
}

impl Args {
    pub(crate) fn read(words: impl IntoIterator<Item: Into<OsString>>) -> Result<Self, Error> {
        let mut parser = Parser::from_args(words);
        let mut args = Self { outer: OUTER, ..Self::default() };
        while let Some(word) = parser.next()? {
            match word {
                Long("help") | Short('h') => args.help = true,
                Long("list") => args.list = true,
                Long("full") => args.full = true,
                Long("json") => args.json = true,
                Long("seed") => args.seed = Some(parser.value()?.parse()?),
                Long("no-record") => args.no_record = true,
                Long("order") => args.order = true,
                Long("outer") => args.outer = Duration::from_secs(parser.value()?.parse()?),
                Long("sealed") => args.sealed = true,
                Long("exact") => args.exact = true,
                Long("ignored") => args.ignored = true,
                Long("skip") => args.skip.push(parser.value()?.string()?),
                // These choose how libtest reports. Here one report has every check, in the order of the requirements.
                Long("format" | "color" | "test-threads" | "logfile") | Short('Z') => drop(parser.value()?),
                Long("nocapture" | "no-capture" | "show-output" | "quiet" | "include-ignored" | "test" | "bench")
                | Short('q') => (),
                Value(filter) => args.filters.push(filter.string()?),
                _ => return Err(word.unexpected()),
            }
        }
        Ok(args)
    }

    /// Whether the check of this name is to run. No check is an ignored one.
    pub(crate) fn choose(&self, name: &str) -> bool {
        let fits = |filter: &String| if self.exact { name == filter } else { name.contains(filter.as_str()) };
        !self.ignored && (self.filters.is_empty() || self.filters.iter().any(fits)) && !self.skip.iter().any(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(line: &str) -> Vec<&'static str> {
        let args = Args::read(line.split_whitespace()).unwrap();
        ["form", "form_posts", "logout"].into_iter().filter(|name| args.choose(name)).collect()
    }

    #[test]
    fn checks_are_chosen_the_way_libtest_does() {
        assert_eq!(chosen(""), ["form", "form_posts", "logout"]);
        assert_eq!(chosen("form"), ["form", "form_posts"]);
        assert_eq!(chosen("form --exact --nocapture"), ["form"]);
        assert_eq!(chosen("posts log"), ["form_posts", "logout"]);
        assert_eq!(chosen("--skip form"), ["logout"]);
        assert_eq!(chosen("--exact --skip form"), ["form_posts", "logout"]);
        assert!(chosen("--ignored").is_empty());
        assert_eq!(chosen("--include-ignored --test-threads 1 --color=always -q").len(), 3);
    }

    #[test]
    fn a_word_nobody_knows_is_named() {
        let refused = |line: &str| Args::read(line.split_whitespace()).unwrap_err().to_string();
        assert_eq!(refused("--al"), "invalid option '--al'");
        assert_eq!(refused("--seed x"), "cannot parse argument \"x\": invalid digit found in string");
        assert_eq!(refused("--seed"), "missing argument for option '--seed'");
    }
}
