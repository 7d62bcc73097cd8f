//! The templates of all topics.

use std::sync::LazyLock;

use lesson_page::Pages;

pub(crate) static PAGES: LazyLock<Pages> = LazyLock::new(|| {
    Pages::new(
        "Lesson 6: beyond the article",
        &[
            ("index.html", include_str!("../templates/index.html")),
            ("flask.html", include_str!("../templates/flask.html")),
            ("flask_apart.html", include_str!("../templates/flask_apart.html")),
            ("flask_recorded.html", include_str!("../templates/flask_recorded.html")),
        ],
    )
});
