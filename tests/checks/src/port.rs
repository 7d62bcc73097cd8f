//! The command line of the program that serves an answer.

use std::{env, ffi::OsString, process};

use lexopt::{
    Arg::{Long, Short},
    Error, Parser, ValueExt,
};

/// The port that the command line asks for, or `preset`. Help or an unknown word ends the program.
pub fn port(name: &str, preset: u16) -> u16 {
    match read(env::args_os().skip(1), preset) {
        Ok(Some(port)) => port,
        Ok(None) => {
            println!("{}", usage(name, preset));
            process::exit(0)
        }
        Err(error) => {
            eprintln!("{error}\n\n{}", usage(name, preset));
            process::exit(2)
        }
    }
}

/// The port; `None` if help is asked for.
fn read(words: impl IntoIterator<Item: Into<OsString>>, preset: u16) -> Result<Option<u16>, Error> {
    let (mut parser, mut port) = (Parser::from_args(words), preset);
    while let Some(word) = parser.next()? {
        match word {
            Long("help") | Short('h') => return Ok(None),
            Long("port") => port = parser.value()?.parse()?,
            _ => return Err(word.unexpected()),
        }
    }
    Ok(Some(port))
}

fn usage(name: &str, preset: u16) -> String {
    format!(
        "\
Serves your answer behind the session inspector.

Usage: cargo run -p {name} [-- --port PORT]

  --port PORT  the port on loopback, {preset} by default; if it is in use, the first free one of the next hundred

Commands such as `list` and `check` belong to the workbook: cargo run -p workbook -- list"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_may_be_named_and_nothing_else() {
        let asked = |line: &str| read(line.split_whitespace(), 4101).map_err(|error| error.to_string());
        assert_eq!(asked(""), Ok(Some(4101)));
        assert_eq!(asked("--port 4999"), Ok(Some(4999)));
        assert_eq!(asked("--help"), Ok(None));
        assert_eq!(asked("list"), Err("unexpected argument \"list\"".to_owned()));
        assert_eq!(asked("--prot 1"), Err("invalid option '--prot'".to_owned()));
        assert!(asked("--port 70000").is_err());
    }
}
