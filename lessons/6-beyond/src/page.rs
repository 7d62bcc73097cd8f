//! The templates of all topics.

use std::sync::LazyLock;

use lesson_page::Pages;

macro_rules! templates {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("../templates/", $name)))),*] };
}

pub(crate) static PAGES: LazyLock<Pages> = LazyLock::new(|| {
    Pages::new(
        "Lesson 6: beyond the article",
        templates![
            "index.html",
            "flask.html",
            "flask_apart.html",
            "flask_recorded.html",
            "token.html",
            "elsewhere.html",
            "provider.html",
            "api.html",
            "connection.html",
            "release.html",
            "release-cart.html",
            "release-key.html",
            "watching.html",
            "two_at_once.html",
            "list.html",
            "stock.html",
        ],
    )
});

/// Whether browsers treat a host below this one as the same site. `localhost` itself is like a top-level domain.
pub(crate) fn is_same_site_below(host: &str) -> bool {
    host.ends_with(".localhost")
}
