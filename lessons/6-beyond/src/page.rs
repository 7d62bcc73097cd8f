//! The templates of all topics.

use std::sync::LazyLock;

use lesson_page::Pages;

pub(crate) static PAGES: LazyLock<Pages> = LazyLock::new(|| {
    Pages::new(
        "Lesson 6: beyond the article",
        &[
            ("index.html", include_str!("../templates/index.html")),
            ("api.html", include_str!("../templates/api.html")),
            ("connection.html", include_str!("../templates/connection.html")),
            ("token.html", include_str!("../templates/token.html")),
        ],
    )
});
