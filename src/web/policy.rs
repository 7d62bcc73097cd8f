//! The content security policy of the book's pages: they may run their own scripts, send requests only to this studio,
//! and show its programs.

use std::{collections::BTreeSet, fs, path::Path};

use axum::http::HeaderValue;
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

use super::names::Names;

/// Returns the content security policy of the book that was built into this folder.
///
/// mdBook's pages have inline scripts. Each is allowed by its hash, so that no injected script runs. mdBook's editor
/// writes styles into the page, so inline styles are allowed. The 404 page needs its `base` for its links and styles.
pub(super) fn of(book: &Path, names: &Names, port: u16) -> HeaderValue {
    let mut hashes = BTreeSet::new();
    scripts_below(book, &mut hashes);
    let hashes: String = hashes.iter().map(|hash| format!(" '{hash}'")).collect();
    let policy = format!(
        "default-src 'none'; script-src 'self'{hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
        font-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'; \
        frame-src http://*.{}:{port} http://*.inspector.localhost:{port} http://evil.localhost:{port}",
        names.book()
    );
    HeaderValue::from_str(&policy).expect("hashes and names of hosts fit into a header")
}

/// Adds the hashes of the text between `<script>` and `</script>` in the pages below the folder.
fn scripts_below(folder: &Path, hashes: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            scripts_below(&path, hashes);
        } else if path.extension().is_some_and(|kind| kind == "html") {
            let page = fs::read_to_string(&path).unwrap_or_default();
            hashes.extend(scripts(&page).map(hash));
        }
    }
}

/// Returns the hash with which a policy allows an inline script of a page.
pub(super) fn hash(script: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(script)))
}

fn scripts(page: &str) -> impl Iterator<Item = &str> {
    page.split("<script>").skip(1).filter_map(|rest| Some(rest.split_once("</script>")?.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_between_the_lines_are_allowed_by_their_hashes() {
        let book = tempfile::tempdir().unwrap();
        fs::create_dir(book.path().join("below")).unwrap();
        fs::write(book.path().join("below/page.html"), "<script>let a = 1;</script><script src=\"x.js\"></script>")
            .unwrap();
        let policy = of(book.path(), &Names::at(4001), 4001);
        // The expected value is the output of `printf 'let a = 1;' | openssl dgst -sha256 -binary | base64`.
        let hash = "'sha256-xY6QKfH9PRsQnLz56nj6MBwiK5oHg+im1Jkpdp1x/Ck='";
        assert!(policy.to_str().unwrap().contains(&format!("script-src 'self' {hash};")), "{policy:?}");
        assert!(policy.to_str().unwrap().contains("frame-src http://*.workbook-4001.localhost:4001 "), "{policy:?}");
    }
}
