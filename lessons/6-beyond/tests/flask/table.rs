//! A table in plain text, which a page shows.

/// Columns as wide as their widest cell.
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

pub fn snapshot(name: &str, text: &str) {
    insta::with_settings!({
        omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "../snapshots",
    }, { insta::assert_snapshot!(name, text) });
}
