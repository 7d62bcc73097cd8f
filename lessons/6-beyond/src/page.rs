//! The templates of all topics.

use std::sync::LazyLock;

use lesson_page::Pages;

pub(crate) static PAGES: LazyLock<Pages> = LazyLock::new(|| {
    Pages::new(
        "Lesson 6: beyond the article",
        &[
            ("index.html", include_str!("../templates/index.html")),
            ("two_at_once.html", include_str!("../templates/two_at_once.html")),
            ("list.html", include_str!("../templates/list.html")),
            ("stock.html", include_str!("../templates/stock.html")),
        ],
    )
});
