//! The parts of an exercise's README that the checks and the terminal need.

/// The task of an exercise. The README is its only source.
#[derive(Clone, Debug, PartialEq)]
pub struct Brief {
    /// The first heading.
    pub title: String,
    /// The path of the first page to open, if the task names it as the path at which `cargo run -p exercise-N` serves
    /// the answer.
    pub start: Option<String>,
    /// The numbered lines under `## Requirements`, in order.
    pub requirements: Vec<String>,
    /// The `<details>` under `## Hints`, from the vaguest hint to the most detailed one.
    pub hints: Vec<Hint>,
}

/// One hint.
#[derive(Clone, Debug, PartialEq)]
pub struct Hint {
    /// The title: the `<summary>`.
    pub title: String,
    /// The text, in Markdown.
    pub text: String,
}

impl Brief {
    /// Reads a README. A missing part is empty, and a test of the curriculum reports it.
    pub fn parse(readme: &str) -> Self {
        let readme = &readme.replace("\r\n", "\n"); // git on Windows may check out CRLF
        let title = readme.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default().trim().to_owned();
        let requirements = section(readme, "Requirements").lines().filter_map(numbered).map(str::to_owned).collect();
        let hints = section(readme, "Hints").split("<details>").skip(1).map(hint).collect();
        Self { title, start: start(readme), requirements, hints }
    }
}

/// Returns the path in the task: "- `cargo run -p exercise-4` serves your answer at `/login`, …" gives `/login`.
fn start(readme: &str) -> Option<String> {
    let (_, served) = readme.lines().find_map(|line| line.split_once("`cargo run -p exercise-"))?;
    let (path, _) = served.split_once(" at `/")?.1.split_once('`')?;
    Some(format!("/{path}"))
}

/// Returns the text between a heading of the second level and the next one.
fn section<'a>(readme: &'a str, name: &str) -> &'a str {
    let heading = format!("\n## {name}\n");
    let after = readme.split_once(&heading).map_or("", |(_, after)| after);
    after.split_once("\n## ").map_or(after, |(section, _)| section)
}

/// Returns the text of a numbered line: `12. text` gives `text`.
fn numbered(line: &str) -> Option<&str> {
    let (number, text) = line.split_once(". ")?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

fn hint(details: &str) -> Hint {
    let inner = details.split_once("</details>").map_or(details, |(inner, _)| inner);
    let (title, text) = inner.split_once("</summary>").unwrap_or(("", inner));
    Hint { title: title.trim().trim_start_matches("<summary>").to_owned(), text: text.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_readme_gives_its_title_requirements_and_hints() {
        let readme = "# Exercise 9: tea\n\nBrew.\n\n- `cargo run -p exercise-9` serves it at `/pot`, hot.\n\n1. not one\n\n## Requirements\n\n1. hot\n2. green. Very.\n\n## Hints\n\n<details><summary>First</summary>\n\nUse `water`.\n\n</details>\n<details><summary>Second</summary>\n\nMore.\n\n</details>\n";
        let hint = |title: &str, text: &str| Hint { title: title.to_owned(), text: text.to_owned() };
        let brief = Brief::parse(readme);
        assert_eq!(Brief::parse(&readme.replace('\n', "\r\n")), brief);
        assert_eq!(
            brief,
            Brief {
                title: "Exercise 9: tea".to_owned(),
                start: Some("/pot".to_owned()),
                requirements: vec!["hot".to_owned(), "green. Very.".to_owned()],
                hints: vec![hint("First", "Use `water`."), hint("Second", "More.")],
            }
        );
    }
}
