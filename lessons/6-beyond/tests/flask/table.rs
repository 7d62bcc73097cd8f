//! Formats a table in plain text, which the book shows.

/// Formats a table whose columns are as wide as their widest cell.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<_> = head.iter().map(|&cell| cell.to_owned()).collect();
    let all = || [&head].into_iter().chain(rows);
    let width = |column: usize| all().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(column, cell)| format!("{cell:width$}", width = width(column)));
        cells.collect::<Vec<_>>().join(" | ").trim_end().to_owned()
    };
    let rule: Vec<_> = (0..head.len()).map(|column| "-".repeat(width(column))).collect();
    [line(&head), rule.join("-|-")].into_iter().chain(rows.iter().map(line)).map(|line| line + "\n").collect()
}

/// Makes the snapshot of a comparison: each case, and its outcome in Flask and in axum. Where the two differ, axum is
/// stricter.
pub fn agreement(name: &str, tried: &str, in_all: &str, outcomes: Vec<[String; 3]>) {
    let differ = |[_, there, here]: &[String; 3]| there != here;
    let differences = outcomes.iter().filter(|outcome| differ(outcome)).count();
    let row = |outcome: [String; 3]| {
        let stricter = if differ(&outcome) { "axum is stricter" } else { "" }.to_owned();
        outcome.into_iter().chain([stricter]).collect()
    };
    let rows: Vec<Vec<_>> = outcomes.into_iter().map(row).collect();
    let told = table(&[tried, "Flask", "axum", ""], &rows);
    snapshot(name, &format!("{told}\n{} {in_all}, {differences} differences\n", rows.len()));
}

pub fn snapshot(name: &str, text: &str) {
    insta::with_settings!({
        omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "../snapshots",
    }, { insta::assert_snapshot!(name, text) });
}
