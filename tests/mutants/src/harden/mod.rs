//! Answers to exercise 6.

mod overlooked;
mod right;
mod stories;
mod unforeseen;
mod weak;

use axum::{
    Extension, Router,
    middleware::from_fn,
    routing::{MethodRouter, get, post},
};
use checks::App;
use solution_6::shop::Shop;
use tower_sessions::{SessionManagerLayer, SessionStore, cookie::SameSite};

use crate::{Mutant, RightAnswer, mutant};

/// Every wrong answer, in the order of the checks they fall to.
pub const MUTANTS: &[Mutant] = &[
    mutant("nobody_may_post", "alices_day_is_as_it_was", || App::new(weak::nobody_may_post)),
    mutant("expects_another_origin", "alices_day_is_as_it_was", || App::new(weak::expects_another_origin)),
    mutant("no_logout_any_more", "alices_day_is_as_it_was", || App::new(weak::no_logout_any_more)),
    mutant("greets_with_the_last_login", "alices_day_is_as_it_was", || App::new(weak::greets_with_the_last_login)),
    mutant("unknown_users_are_let_in", "alices_day_is_as_it_was", || App::new(weak::unknown_users_are_let_in)),
    mutant("no_password_is_let_in", "alices_day_is_as_it_was", || App::new(weak::no_password_is_let_in)),
    mutant("trims_the_password", "alices_day_is_as_it_was", || App::new(weak::trims_the_password)),
    mutant("notes_are_cut", "alices_day_is_as_it_was", || App::new(weak::notes_are_cut)),
    mutant("each_page_has_a_new_secret", "alices_day_is_as_it_was", || {
        App::new(overlooked::each_page_has_a_new_secret)
    }),
    mutant("a_purchase_spends_the_secret", "alices_day_is_as_it_was", || {
        App::new(overlooked::a_purchase_spends_the_secret)
    }),
    mutant("five_pages_buy", "alices_day_is_as_it_was", || App::new(overlooked::five_pages_buy)),
    mutant("a_refused_login_has_no_secret", "alices_day_is_as_it_was", || {
        App::new(overlooked::a_refused_login_has_no_secret)
    }),
    mutant("the_same_again_is_a_repetition", "alices_day_is_as_it_was", || {
        App::new(overlooked::the_same_again_is_a_repetition)
    }),
    mutant("what_another_wrote_is_there_already", "alices_day_is_as_it_was", || {
        App::new(unforeseen::what_another_wrote_is_there_already)
    }),
    mutant("a_login_leaves_who_is_there", "alices_day_is_as_it_was", || {
        App::new(unforeseen::a_login_leaves_who_is_there)
    }),
    mutant("an_odd_cookie_is_an_error", "alices_day_is_as_it_was", || App::new(unforeseen::an_odd_cookie_is_an_error)),
    mutant("login_keeps_the_id", "a_planted_id_is_worth_nothing", || App::new(weak::login_keeps_the_id)),
    mutant("login_flushes_and_inserts", "a_planted_id_is_worth_nothing", || App::new(weak::login_flushes_and_inserts)),
    mutant("login_renews_for_strangers_only", "a_planted_id_is_worth_nothing", || {
        App::new(weak::login_renews_for_strangers_only)
    }),
    mutant("the_form_renews_the_id", "a_planted_id_is_worth_nothing", || App::new(weak::the_form_renews_the_id)),
    mutant("the_form_ends_the_session", "a_planted_id_is_worth_nothing", || App::new(weak::the_form_ends_the_session)),
    mutant("logout_ends_the_cookie", "a_copy_ends_with_the_logout", || App::new(weak::logout_ends_the_cookie)),
    mutant("logout_changes_a_copy", "a_copy_ends_with_the_logout", || App::new(weak::logout_changes_a_copy)),
    mutant("logout_is_noted_in_memory", "a_copy_ends_with_the_logout", || {
        App::new(overlooked::logout_is_noted_in_memory)
    }),
    mutant("a_link_still_buys", "a_link_buys_nothing", || App::new(weak::a_link_still_buys)),
    mutant("a_link_still_writes", "a_link_buys_nothing", || App::new(weak::a_link_still_writes)),
    mutant("a_link_to_the_shop_buys", "a_link_buys_nothing", || App::new(weak::a_link_to_the_shop_buys)),
    mutant("a_slash_leads_past_it", "a_link_buys_nothing", || App::new(overlooked::a_slash_leads_past_it)),
    mutant("a_link_logs_out", "a_link_buys_nothing", || App::new(weak::a_link_logs_out)),
    mutant("a_link_to_the_login_logs_out", "a_link_buys_nothing", || App::new(weak::a_link_to_the_login_logs_out)),
    mutant("a_link_logs_in", "a_link_buys_nothing", || App::new(stories::a_link_logs_in)),
    mutant("a_link_opens_a_session", "a_link_buys_nothing", || App::new(overlooked::a_link_opens_a_session)),
    mutant("cookie_goes_along", "another_sites_form_buys_nothing", || App::new(weak::cookie_goes_along)),
    mutant("any_localhost_will_do", "another_sites_form_buys_nothing", || App::new(weak::any_localhost_will_do)),
    mutant("the_origin_begins_right", "another_sites_form_buys_nothing", || App::new(weak::the_origin_begins_right)),
    mutant("the_host_begins_like_the_origin", "another_sites_form_buys_nothing", || {
        App::new(overlooked::the_host_begins_like_the_origin)
    }),
    mutant("the_origin_may_be_null", "another_sites_form_buys_nothing", || App::new(weak::the_origin_may_be_null)),
    mutant("the_origin_may_be_missing", "another_sites_form_buys_nothing", || {
        App::new(weak::the_origin_may_be_missing)
    }),
    mutant("who_clicks_means_it", "another_sites_form_buys_nothing", || App::new(overlooked::who_clicks_means_it)),
    mutant("one_token_for_all", "another_sites_form_buys_nothing", || App::new(weak::one_token_for_all)),
    mutant("the_token_may_be_missing", "another_sites_form_buys_nothing", || App::new(weak::the_token_may_be_missing)),
    mutant("the_token_may_be_empty", "another_sites_form_buys_nothing", || App::new(weak::the_token_may_be_empty)),
    mutant("only_buying_is_guarded", "another_sites_form_buys_nothing", || App::new(weak::only_buying_is_guarded)),
    mutant("only_what_most_forms_send_is_guarded", "another_sites_form_buys_nothing", || {
        App::new(weak::only_what_most_forms_send_is_guarded)
    }),
    mutant("logout_takes_any_cookie_away", "another_sites_form_buys_nothing", || {
        App::new(weak::logout_takes_any_cookie_away)
    }),
    mutant("a_query_leads_past_it", "another_sites_form_buys_nothing", || App::new(overlooked::a_query_leads_past_it)),
    mutant("the_referer_names_the_host", "another_sites_form_buys_nothing", || {
        App::new(overlooked::the_referer_names_the_host)
    }),
    mutant("a_refusal_opens_a_session", "another_sites_form_buys_nothing", || {
        App::new(overlooked::a_refusal_opens_a_session)
    }),
    mutant("notes_are_safe", "what_visitors_write_is_text", || App::new(weak::notes_are_safe)),
    mutant("addresses_become_links", "what_visitors_write_is_text", || App::new(weak::addresses_become_links)),
    mutant("items_are_safe", "what_visitors_write_is_text", || App::new(weak::items_are_safe)),
    mutant("script_tags_are_taken_out", "what_visitors_write_is_text", || App::new(weak::script_tags_are_taken_out)),
    mutant("all_tags_are_taken_out", "what_visitors_write_is_text", || App::new(weak::all_tags_are_taken_out)),
    mutant("escaped_when_stored_too", "what_visitors_write_is_text", || App::new(weak::escaped_when_stored_too)),
    mutant("two_hyphens_are_a_dash", "what_visitors_write_is_text", || App::new(unforeseen::two_hyphens_are_a_dash)),
    mutant("a_note_is_a_template", "what_visitors_write_is_text", || App::new(unforeseen::a_note_is_a_template)),
    mutant("rare_characters_are_lost", "what_visitors_write_is_text", || {
        App::new(unforeseen::rare_characters_are_lost)
    }),
    mutant("every_address_becomes_a_link", "what_visitors_write_is_text", || {
        App::new(unforeseen::every_address_becomes_a_link)
    }),
    mutant("scripts_read_the_cookie", "scripts_cannot_read_the_session_cookie", || {
        App::new(weak::scripts_read_the_cookie)
    }),
    mutant("a_readable_copy", "scripts_cannot_read_the_session_cookie", || App::new(weak::a_readable_copy)),
    mutant("the_id_is_the_secret", "scripts_cannot_read_the_session_cookie", || {
        App::new(overlooked::the_id_is_the_secret)
    }),
    mutant("the_form_says_who", "nobody_buys_in_anothers_name", || App::new(weak::the_form_says_who)),
    mutant("the_form_may_say_who", "nobody_buys_in_anothers_name", || App::new(weak::the_form_may_say_who)),
    mutant("a_note_may_say_who", "nobody_buys_in_anothers_name", || App::new(unforeseen::a_note_may_say_who)),
    mutant("a_cookie_says_who", "nobody_buys_in_anothers_name", || App::new(weak::a_cookie_says_who)),
    mutant("a_cookie_says_who_in_hexadecimal", "nobody_buys_in_anothers_name", || {
        App::new(overlooked::a_cookie_says_who_in_hexadecimal)
    }),
    mutant("lax_is_enough", "a_neighbours_form_buys_nothing", || App::new(weak::lax_is_enough)),
    mutant("strict_is_enough", "a_neighbours_form_buys_nothing", || App::new(weak::strict_is_enough)),
    mutant("the_same_site_will_do", "a_neighbours_form_buys_nothing", || App::new(weak::the_same_site_will_do)),
    mutant("every_host_of_the_domain_will_do", "a_neighbours_form_buys_nothing", || {
        App::new(weak::every_host_of_the_domain_will_do)
    }),
    mutant("a_cookie_proves_each_form", "a_neighbours_form_buys_nothing", || {
        App::new(overlooked::a_cookie_proves_each_form)
    }),
    mutant("the_secret_outlives_the_login", "a_neighbours_form_buys_nothing", || {
        App::new(overlooked::the_secret_outlives_the_login)
    }),
    mutant("the_login_is_not_guarded", "another_sites_form_logs_nobody_in", || {
        App::new(weak::the_login_is_not_guarded)
    }),
    mutant("the_login_has_no_token", "another_sites_form_logs_nobody_in", || App::new(weak::the_login_has_no_token)),
    mutant("a_cookie_proves_the_login", "another_sites_form_logs_nobody_in", || {
        App::new(overlooked::a_cookie_proves_the_login)
    }),
    mutant("a_plain_name", "a_neighbours_cookie_is_worth_nothing", || App::new(weak::a_plain_name)),
    mutant("a_secure_name", "a_neighbours_cookie_is_worth_nothing", || App::new(weak::a_secure_name)),
    mutant("the_old_name_is_good_too", "a_neighbours_cookie_is_worth_nothing", || {
        App::new(weak::the_old_name_is_good_too)
    }),
];

/// Other right answers.
pub const RIGHT_ANSWERS: &[RightAnswer] = &[
    RightAnswer {
        name: "a token in each form, SameSite=None, no form for who is logged in",
        app: || App::new(right::token::app),
    },
    RightAnswer {
        name: "Sec-Fetch-Site at the door, SameSite=None, no form for who is logged in",
        app: || App::new(right::fetch_site::app),
    },
    RightAnswer { name: "Origin and Host compared, strict cookie, a policy", app: || App::new(right::origin::app) },
    RightAnswer { name: "the field stays and must be right", app: || App::new(right::field::app) },
    RightAnswer {
        name: "a __Host- cookie proves each form, in the query of its address",
        app: || App::new(right::proof::app),
    },
    RightAnswer { name: "__Host- cookie, login by a new session, 302", app: || App::new(right::host_cookie::app) },
];

/// The solution's parts; a mutant puts its own in the place of one.
struct Parts {
    index: MethodRouter,
    login_form: MethodRouter,
    login: MethodRouter,
    buy: MethodRouter,
    note: MethodRouter,
    logout: MethodRouter,
    /// Routes that the solution has not.
    more: Router,
    /// The name of the session cookie.
    cookie: &'static str,
    same_site: SameSite,
    http_only: bool,
    /// Whether the solution's layer asks where a request comes from.
    asks_whence: bool,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            index: get(solution_6::index),
            login_form: get(solution_6::login_form),
            login: post(solution_6::login),
            buy: post(solution_6::buy),
            note: post(solution_6::note),
            logout: post(solution_6::logout),
            more: Router::new(),
            cookie: solution_6::COOKIE,
            same_site: SameSite::Lax,
            http_only: true,
            asks_whence: true,
        }
    }
}

impl Parts {
    fn on<S: SessionStore + Clone>(self, store: S) -> Router {
        let asks_whence = self.asks_whence;
        let sessions = SessionManagerLayer::new(store)
            .with_name(self.cookie)
            .with_same_site(self.same_site)
            .with_http_only(self.http_only);
        let shop = self.routes().layer(sessions);
        if asks_whence { shop.layer(from_fn(solution_6::own_pages_only)) } else { shop }
    }

    fn routes(self) -> Router {
        Router::new()
            .route("/", self.index)
            .route("/login", self.login_form.merge(self.login))
            .route("/buy", self.buy)
            .route("/note", self.note)
            .route("/logout", self.logout)
            .merge(self.more)
            .layer(Extension(Shop::default()))
    }
}
