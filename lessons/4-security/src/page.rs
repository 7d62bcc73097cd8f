//! The templates of this lesson.

use std::sync::LazyLock;

use lesson_page::Pages;

macro_rules! templates {
    ($($name:literal),*) => { &[$(($name, include_str!(concat!("../templates/", $name)))),*] };
}

pub(crate) static PAGES: LazyLock<Pages> = LazyLock::new(|| {
    Pages::new(
        "Lesson 4: security",
        templates!["index.html", "attack.html", "lab.js", "all.html", "shop.html", "evil.html", "bait.html"],
    )
});

/// The source in a content security policy for the only style sheet of these pages.
pub(crate) static STYLE: LazyLock<String> = LazyLock::new(|| PAGES.style_source());
