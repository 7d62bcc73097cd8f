//! The checks of exercise 3 refuse every wrong answer at the right place, and no right one.

mod proof;

proof!(checks::preferences::SUITE, mutants::preferences);

/// No requirement of the exercise: what a second user at one browser sees is the course's own rule (lesson 4).
#[tokio::test]
async fn the_solutions_login_over_another_users_session_begins_empty() -> Result<(), checks::Miss> {
    let trial = checks::Trial::of(solution_3::app);
    let browser = trial.browser("alice");
    browser.post("/set_preferences", &[("theme", "dark"), ("notifications", "disabled")]).await?;
    for (name, password, theme) in [("alice", "wonderland", "Theme: dark"), ("bob", "builder", "Theme: light")] {
        let login = browser.post("/login", &[("username", name), ("password", password)]).await?;
        login.redirects_to("/profile")?;
        browser.get("/profile").await?.shows(theme)?;
    }
    Ok(())
}
