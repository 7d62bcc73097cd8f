//! Answers to exercise 4.

mod cookies;
mod entering;
mod right;
mod rules;
mod several;
mod telling;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::{MethodRouter, get, post},
};
use checks::App;
use session_inspector::Clock;
use solution_4::{Ended, Failure, Login, UNNOTED};
use tower_sessions::{
    Expiry, Session, SessionManagerLayer, SessionStore,
    cookie::time::{Duration, OffsetDateTime},
};

use crate::{Mutant, RightAnswer, mutant};

/// Every wrong answer, in the order of the checks they fall to.
pub const MUTANTS: &[Mutant] = &[
    mutant("every_login_is_over", "the_site_goes_on_to_work", || rules::app(rules::every_login_is_over)),
    mutant("the_box_has_to_be_ticked", "the_site_goes_on_to_work", || rules::app(entering::the_box_has_to_be_ticked)),
    mutant("login_composes_accents", "the_site_goes_on_to_work", || rules::app(entering::composes_accents)),
    mutant("login_must_know_the_page", "the_site_goes_on_to_work", || rules::app(entering::must_know_the_page)),
    mutant("logout_tells_the_browser_only", "the_site_goes_on_to_work", || {
        App::new(cookies::logout_tells_the_browser_only)
    }),
    mutant("strangers_are_let_in", "the_site_goes_on_to_work", || rules::app(entering::lets_strangers_in)),
    mutant("a_remembered_logout_keeps_it", "the_site_goes_on_to_work", || {
        rules::app(entering::a_remembered_logout_keeps_it)
    }),
    mutant("a_late_logout_keeps_it", "the_site_goes_on_to_work", || rules::app(entering::a_late_logout_keeps_it)),
    mutant("idleness_does_not_matter", "an_idle_login_ends", || rules::app(rules::idleness_does_not_matter)),
    mutant("idle_for_31_minutes", "an_idle_login_ends", || rules::app(rules::idle_for_31_minutes)),
    mutant("notes_before_it_decides", "an_idle_login_ends", || rules::app(rules::notes_before_it_decides)),
    mutant("is_back_at_the_next_request", "an_idle_login_ends", || rules::app(rules::is_back_at_the_next_request)),
    mutant("help_brings_it_back", "an_idle_login_ends", || App::new(rules::help_brings_it_back)),
    mutant("nowhere_brings_it_back", "an_idle_login_ends", || App::new(rules::nowhere_brings_it_back)),
    mutant("a_form_lasts_longer", "an_idle_login_ends", || rules::app(rules::a_form_lasts_longer)),
    mutant("idle_for_20_minutes", "any_request_is_activity", || rules::app(rules::idle_for_20_minutes)),
    mutant("only_protected_counts", "any_request_is_activity", || rules::app(rules::only_protected_counts)),
    mutant("only_writing_counts", "any_request_is_activity", || rules::app(rules::only_writing_counts)),
    mutant("asking_for_headers_does_not_count", "any_request_is_activity", || {
        rules::app(rules::asking_for_headers_does_not_count)
    }),
    mutant("nowhere_does_not_count", "any_request_is_activity", || rules::app(rules::nowhere_does_not_count)),
    mutant("refused_does_not_count", "any_request_is_activity", || App::new(rules::refused_does_not_count)),
    mutant("busy_is_too_soon", "any_request_is_activity", || App::new(rules::busy_is_too_soon)),
    mutant("a_query_does_not_count", "any_request_is_activity", || rules::app(rules::a_query_does_not_count)),
    mutant("an_unusual_method_does_not_count", "any_request_is_activity", || {
        rules::app(rules::an_unusual_method_does_not_count)
    }),
    mutant("a_script_does_not_count", "any_request_is_activity", || rules::app(rules::a_script_does_not_count)),
    mutant("notes_every_eight_minutes", "any_request_is_activity", || rules::app(rules::notes_every_eight_minutes)),
    mutant("no_absolute_limit", "a_busy_login_ends_too", || rules::app(rules::no_absolute_limit)),
    mutant("a_moment_ago_is_early_enough", "a_busy_login_ends_too", || rules::app(rules::a_moment_ago_is_early_enough)),
    mutant("ends_with_the_year", "a_busy_login_ends_too", || rules::app(several::ends_with_the_year)),
    mutant("every_request_is_a_beginning", "a_busy_login_ends_too", || rules::app(rules::every_request_is_a_beginning)),
    mutant("nine_hours", "a_busy_login_ends_too", || rules::app(rules::nine_hours)),
    mutant("seven_hours", "a_busy_login_ends_too", || rules::app(rules::seven_hours)),
    mutant("three_minutes_short", "a_busy_login_ends_too", || rules::app(rules::three_minutes_short)),
    mutant("begins_with_its_minute", "a_busy_login_ends_too", || rules::app(rules::begins_with_its_minute)),
    mutant("the_login_page_is_a_beginning", "a_busy_login_ends_too", || {
        rules::app(rules::the_login_page_is_a_beginning)
    }),
    mutant("an_update_ends_it", "a_busy_login_ends_too", || App::new(rules::an_update_ends_it)),
    mutant("the_cookie_alone_ages", "the_end_is_at_the_server", || App::new(cookies::the_cookie_alone_ages)),
    mutant("one_clock_for_all", "the_end_is_at_the_server", || App::new(rules::one_clock_for_all)),
    mutant("forgets_with_its_program", "the_end_is_at_the_server", || App::new(several::forgets_with_its_program)),
    mutant("seen_is_another_cookie", "the_end_is_at_the_server", || App::new(cookies::seen_is_another_cookie)),
    mutant("a_restart_ends_it", "the_end_is_at_the_server", || App::new(several::a_restart_ends_it)),
    mutant("remember_is_ignored", "remember_me_lasts", || rules::app(entering::remember_is_ignored)),
    mutant("an_error_loses_the_age", "remember_me_lasts", || App::new(several::an_error_loses_the_age)),
    mutant("remembered_while_busy", "remember_me_lasts", || rules::app(rules::remembered_while_busy)),
    mutant("remembered_for_a_day_of_work", "remember_me_lasts", || rules::app(rules::remembered_for_a_day_of_work)),
    mutant("remembered_until_it_is_closed", "remember_me_lasts", || rules::app(rules::remembered_until_it_is_closed)),
    mutant("remembered_by_the_first_answer", "remember_me_lasts", || rules::app(rules::remembered_by_the_first_answer)),
    mutant("remembered_for_a_fortnight", "remember_me_lasts", || rules::app(rules::remembered_for_a_fortnight)),
    mutant("remembered_from_visit_to_visit", "remember_me_ends", || rules::app(rules::remembered_from_visit_to_visit)),
    mutant("remembered_for_31_days", "remember_me_ends", || rules::app(rules::remembered_for_31_days)),
    mutant("a_failure_is_a_beginning", "remember_me_ends", || rules::app(entering::a_failure_is_a_beginning)),
    mutant("an_address_ticks_the_box", "remember_me_ends", || rules::app(rules::an_address_ticks_the_box)),
    mutant("every_cookie_has_an_age", "no_cookie_outlives_the_browser_unasked", || {
        rules::app(rules::every_cookie_has_an_age)
    }),
    mutant("keeps_the_old_choice", "no_cookie_outlives_the_browser_unasked", || {
        rules::app(entering::keeps_the_old_choice)
    }),
    mutant("has_the_age_of_the_login_before", "no_cookie_outlives_the_browser_unasked", || {
        App::new(several::has_the_age_of_the_login_before)
    }),
    mutant("says_nothing", "the_visitor_is_told", || rules::app(telling::says_nothing)),
    mutant("says_it_to_everyone", "the_visitor_is_told", || rules::app(telling::says_it_to_everyone)),
    mutant("says_it_after_the_logout", "the_visitor_is_told", || rules::app(telling::says_it_after_the_logout)),
    mutant("says_it_again_after_the_next_logout", "the_visitor_is_told", || {
        rules::app(telling::says_it_again_after_the_next_logout)
    }),
    mutant("says_it_to_everyone_with_a_cookie", "the_visitor_is_told", || {
        rules::app(telling::says_it_to_everyone_with_a_cookie)
    }),
    mutant("says_it_to_the_idle_only", "the_visitor_is_told", || rules::app(telling::says_it_to_the_idle_only)),
    mutant("says_it_to_the_mistaken", "the_visitor_is_told", || App::new(telling::says_it_to_the_mistaken)),
    mutant("says_it_without_a_query_only", "the_visitor_is_told", || App::new(telling::says_it_without_a_query_only)),
    mutant("keeps_the_old_beginning", "a_new_login_begins_anew", || rules::app(entering::keeps_the_old_beginning)),
    mutant("keeps_the_id", "a_new_login_begins_anew", || rules::app(entering::keeps_the_id)),
    mutant("takes_up_the_ended_id", "a_new_login_begins_anew", || rules::app(entering::takes_up_the_ended_id)),
    mutant("keeps_the_beginning_of_another_user", "a_new_login_begins_anew", || {
        rules::app(entering::keeps_the_beginning_of_another_user)
    }),
    mutant("goes_on_after_a_break", "a_new_login_begins_anew", || App::new(several::goes_on_after_a_break)),
    mutant("begins_with_the_last_login", "visitors_do_not_mix", || App::new(several::begins_with_the_last_login)),
    mutant("one_clock_for_each_user", "visitors_do_not_mix", || App::new(rules::one_clock_for_each_user)),
    mutant("a_later_login_ends_it", "visitors_do_not_mix", || App::new(several::a_later_login_ends_it)),
    mutant("counts_failures", "reading_opens_no_session", || rules::app(entering::counts_failures)),
    mutant("an_address_logs_in", "reading_opens_no_session", || rules::app(entering::an_address_logs_in)),
    mutant("notes_everyone", "reading_opens_no_session", || rules::app(rules::notes_everyone)),
];

/// Other right answers.
pub const RIGHT_ANSWERS: &[RightAnswer] = &[
    RightAnswer { name: "the store counts, as in lesson 2", app: || App::new(right::store_counts::app) },
    RightAnswer {
        name: "loose keys, an extractor, a flash in the session, also for a cookie that leads to none",
        app: || App::new(right::flash::app),
    },
    RightAnswer { name: "two dates in JSON, 302 and 307", app: || App::new(right::dates::app) },
    RightAnswer { name: "told by a cookie of a minute, strings", app: || App::new(right::note_cookie::app) },
    RightAnswer { name: "each handler asks for itself", app: || App::new(right::by_hand::app) },
];

/// The solution's parts; a mutant puts its own in the place of one.
#[derive(Clone, Copy)]
struct Rules {
    is_over: fn(&Login, OffsetDateTime) -> bool,
    /// What this request changes.
    noted: fn(&Login, OffsetDateTime, &Request) -> Option<Login>,
    expiry: fn(&Login, OffsetDateTime) -> Option<Expiry>,
    /// Whether an expiry is said at the login alone.
    expiry_once: bool,
    /// Whether what is noted counts for this very request.
    notes_first: bool,
    /// Whether a login that is over is ended, and not just passed over.
    flushes: bool,
    /// Whether a login's end is handed on.
    tells: fn(&Login, OffsetDateTime) -> bool,
    login: fn() -> MethodRouter,
    form: fn() -> MethodRouter,
    logout: fn() -> MethodRouter,
    /// Whether it looks at those who are not logged in, too.
    notes_everyone: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            is_over: Login::is_over,
            noted: |login, now, _| (now - login.seen >= UNNOTED).then(|| Login { seen: now, ..login.clone() }),
            expiry: Login::expiry,
            expiry_once: false,
            notes_first: false,
            flushes: true,
            tells: |_, _| true,
            login: || post(solution_4::login),
            form: || get(solution_4::login_form),
            logout: || post(solution_4::logout),
            notes_everyone: false,
        }
    }
}

impl Rules {
    fn on<S: SessionStore + Clone>(self, store: S) -> Router {
        self.routes().layer(from_fn_with_state(self, keep)).layer(SessionManagerLayer::new(store))
    }

    fn routes(self) -> Router {
        Router::new()
            .route("/login", (self.form)().merge((self.login)()))
            .route("/protected", get(solution_4::protected))
            .route("/help", get(solution_4::help))
            .route("/logout", (self.logout)())
    }
}

/// The solution's `keep` by other rules.
async fn keep(
    State(rules): State<Rules>,
    session: Session,
    clock: Clock,
    mut request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let now = clock.now();
    if rules.notes_everyone {
        session.insert("seen", now.unix_timestamp()).await?;
    }
    let is_login = request.uri().path() == "/login" && request.method() == axum::http::Method::POST;
    if let Some(login) = Login::of(&session).await? {
        let noted = (rules.noted)(&login, now, &request);
        let judged = noted.as_ref().filter(|_| rules.notes_first).unwrap_or(&login);
        let is_over = (rules.is_over)(judged, now);
        if is_over && (rules.tells)(&login, now) {
            request.extensions_mut().insert(Ended);
        }
        if is_over && rules.flushes {
            session.flush().await?;
        } else if let Some(noted) = noted {
            session.insert(Login::KEY, noted).await?;
        }
        if is_over && !rules.flushes {
            return Ok(axum::response::IntoResponse::into_response(axum::response::Redirect::to("/login?ended")));
        }
    }
    let response = next.run(request).await;
    if session.is_modified()
        && (is_login || !rules.expiry_once)
        && let Some(login) = Login::of(&session).await?
    {
        session.set_expiry((rules.expiry)(&login, now));
    }
    Ok(response)
}

/// The shorter of the two limits.
fn left(login: &Login, now: OffsetDateTime) -> Duration {
    solution_4::IDLE.min(login.began + solution_4::ABSOLUTE - now)
}
