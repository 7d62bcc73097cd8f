//! Opens a file in the learner's own editor, at a line.

use std::{
    env, io,
    path::Path,
    process::{Command, Stdio},
};

/// The way to pass the line to an editor with its own window.
const GRAPHICAL: &[(&[&str], &[&str])] = &[
    (&["code", "code-insiders", "codium", "cursor", "windsurf"], &["--goto", "{file}:{line}"]),
    (&["zed", "zeditor", "subl", "sublime_text"], &["{file}:{line}"]),
    (&["rustrover", "idea", "clion"], &["--line", "{line}", "{file}"]),
    (&["kate", "kwrite"], &["--line", "{line}", "{file}"]),
    (&["gedit", "gnome-text-editor", "gvim", "mvim", "geany", "mousepad"], &["+{line}", "{file}"]),
];

/// Opens the file in `$VISUAL` or `$EDITOR`, if that editor has its own window, or otherwise in the default program for
/// such files. Returns a sentence that names the program.
///
/// # Errors
/// A sentence, if no program can open the file.
pub fn open(file: &Path, line: usize) -> Result<String, String> {
    let named = ["VISUAL", "EDITOR"].into_iter().filter_map(|name| env::var(name).ok());
    let Some((program, arguments)) = named.filter_map(|editor| command(&editor, file, line)).next() else {
        let opened =
            open::that_detached(file).map(|()| "The default program for such files was asked to open it.".into());
        return opened
            .map_err(|error| format!("no program that opens it was found ({error}); set VISUAL to your editor"));
    };
    let started = start(&program, &arguments);
    started
        .map(|()| format!("{program} was asked to open it."))
        .map_err(|error| format!("{program} cannot be started: {error}"))
}

/// Returns the program of this setting and its arguments, if it has its own window.
fn command(editor: &str, file: &Path, line: usize) -> Option<(String, Vec<String>)> {
    let program = editor.split_whitespace().next()?;
    let name = Path::new(program).file_stem()?.to_str()?;
    let (_, arguments) = GRAPHICAL.iter().find(|(names, _)| names.contains(&name))?;
    let (file, line) = (file.display().to_string(), line.to_string());
    // The line is replaced first, because a path may contain braces.
    let filled = |argument: &&str| argument.replace("{line}", &line).replace("{file}", &file);
    Some((program.to_owned(), arguments.iter().map(filled).collect()))
}

fn start(program: &str, arguments: &[String]) -> io::Result<()> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Ctrl-C in the studio's terminal must not end the editor.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn()?;
    std::thread::spawn(move || child.wait()); // reaps the process when it ends
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_editor_with_a_window_is_told_the_line_and_one_in_a_terminal_is_not_started() {
        let opened =
            |editor: &str| command(editor, Path::new("src/{line}.rs"), 7).map(|(_, arguments)| arguments.join(" "));
        assert_eq!(opened("code --wait").as_deref(), Some("--goto src/{line}.rs:7"));
        assert_eq!(opened("/usr/bin/zed").as_deref(), Some("src/{line}.rs:7"));
        assert_eq!(opened("kate").as_deref(), Some("--line 7 src/{line}.rs"));
        for editor in ["vim", "nano", "emacs -nw", ""] {
            assert_eq!(opened(editor), None, "{editor}");
        }
    }
}
