//! Where an answer routes an address: the line of its source, and other addresses that may lead to the same.

use std::{env, fs, path::Path};

const ANSWER: &str = "src/lib.rs";

/// File and line of the route that this path takes, as far as the answer names it in quotation marks. Cargo runs a test
/// in the folder of its package.
pub(crate) fn place_of(path: &str) -> Option<String> {
    let file = env::current_dir().ok()?.join(ANSWER);
    let source = fs::read_to_string(&file).ok()?;
    let line = line_of(&source, path.split('?').next().unwrap_or_default())?;
    Some(format!("{}:{line}", from_root(&file).display()))
}

/// As a panic names it: below the folder of the workspace.
fn from_root(file: &Path) -> &Path {
    let root = file.ancestors().find(|folder| folder.join("Cargo.lock").exists());
    root.and_then(|root| file.strip_prefix(root).ok()).unwrap_or(file)
}

/// How many other addresses are tried.
pub(crate) const VARIANTS: usize = 3;

/// Other addresses under which an answer may serve the same.
pub(crate) fn variants(path: &str) -> [String; VARIANTS] {
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    [format!("{path}/{query}"), format!("/{path}{query}"), format!("{}{query}", path.to_uppercase())]
}

fn line_of(source: &str, path: &str) -> Option<usize> {
    let pattern = |(at, call): (usize, &str)| {
        let quoted = source[at + call.len()..].trim_start().strip_prefix('"')?;
        Some((source.len() - quoted.len(), quoted.split('"').next()?))
    };
    let (at, _) = source.match_indices(".route(").filter_map(pattern).find(|(_, pattern)| leads_to(pattern, path))?;
    Some(source[..at].lines().count())
}

/// Whether a path takes the route of this pattern, as axum writes it.
fn leads_to(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(rest), Some(_)) if rest.starts_with("{*") => return true,
            (Some(part), Some(text)) if part == text || part.starts_with('{') && !text.is_empty() => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_found_where_its_pattern_stands() {
        let source = "Router::new()\n    .route(\"/login\", get(form))\n    .route(\n        \"/add/{item}\",\n        post(add),\n    )\n    .route(\"/files/{*path}\", get(file))\n";
        let lines = ["/login", "/add/a%20pear", "/files/a/b", "/add/", "/elsewhere"].map(|path| line_of(source, path));
        assert_eq!(lines, [Some(2), Some(4), Some(7), None, None]);
    }
}
