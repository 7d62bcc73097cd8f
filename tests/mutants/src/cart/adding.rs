//! Mistakes in adding.

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::Path,
    http::{StatusCode, Uri},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{MethodRouter, get, post},
};
use solution_2::{Cart, Failure};
use tower_sessions::{Session, SessionStore};

use super::{Parts, shown};

type Item = Path<String>;

fn adding<S: SessionStore + Clone>(add: MethodRouter, store: S) -> Router {
    Parts { add, ..Parts::default() }.on(store)
}

fn full() -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, "That does not fit.").into_response()
}

/// One more, if this says that it fits.
async fn bounded(session: Session, item: String, fits: impl FnOnce(&Cart, &str) -> bool) -> Result<Response, Failure> {
    let mut cart = Cart::of(&session).await?;
    if !fits(&cart, &item) {
        return Ok(full());
    }
    *cart.0.entry(item).or_default() += 1;
    cart.keep(&session).await?;
    Ok(shown().into_response())
}

fn has_room(cart: &Cart, item: &str) -> bool {
    cart.0.contains_key(item) || cart.0.len() < Cart::MOST_ITEMS
}

fn has_few(cart: &Cart, item: &str) -> bool {
    cart.0.get(item).is_none_or(|count| *count < Cart::MOST_OF_ONE)
}

fn is_short(item: &str) -> bool {
    item.chars().count() <= Cart::LONGEST_NAME
}

pub(super) fn forgets_to_insert<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Response, Failure> {
        let mut cart = Cart::of(&session).await?;
        Ok(if cart.add(item) { shown().into_response() } else { full() })
    }
    adding(post(add), store)
}

pub(super) fn answers_with_a_page<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<String, Failure> {
        let said = format!("Added {item} to your cart");
        solution_2::add_to_cart(session, Path(item)).await?;
        Ok(said)
    }
    adding(post(add), store)
}

pub(super) fn only_the_first_is_kept<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Redirect, Failure> {
        let mut cart = Cart::of(&session).await?;
        let is_new = cart.0.is_empty();
        cart.add(item);
        if is_new {
            cart.keep(&session).await?;
        }
        Ok(shown())
    }
    adding(post(add), store)
}

pub(super) fn only_the_last_is_kept<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Redirect, Failure> {
        Cart([(item, 1)].into()).keep(&session).await?;
        Ok(shown())
    }
    adding(post(add), store)
}

pub(super) fn once_is_enough<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Redirect, Failure> {
        let mut cart = Cart::of(&session).await?;
        cart.0.insert(item, 1);
        cart.keep(&session).await?;
        Ok(shown())
    }
    adding(post(add), store)
}

pub(super) fn does_not_decode<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, uri: Uri) -> Result<Response, Failure> {
        let item = uri.path().trim_start_matches("/add_to_cart/").to_owned();
        solution_2::add_to_cart(session, Path(item)).await
    }
    adding(post(add), store)
}

pub(super) fn no_bounds<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Response, Failure> {
        bounded(session, item, |_, _| true).await
    }
    adding(post(add), store)
}

pub(super) fn one_item_too_many<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Response, Failure> {
        bounded(session, item, |cart, item| {
            let has_room = cart.0.contains_key(item) || cart.0.len() <= Cart::MOST_ITEMS;
            has_room && has_few(cart, item) && is_short(item)
        })
        .await
    }
    adding(post(add), store)
}

pub(super) fn full_for_what_is_there<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Response, Failure> {
        bounded(session, item, |cart, item| cart.0.len() < Cart::MOST_ITEMS && has_few(cart, item) && is_short(item))
            .await
    }
    adding(post(add), store)
}

pub(super) fn one_too_many_of_it<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Response, Failure> {
        bounded(session, item, |cart, item| {
            let few = cart.0.get(item).is_none_or(|count| *count <= Cart::MOST_OF_ONE);
            has_room(cart, item) && few && is_short(item)
        })
        .await
    }
    adding(post(add), store)
}

pub(super) fn counts_bytes<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Response, Failure> {
        bounded(session, item, |cart, item| {
            has_room(cart, item) && has_few(cart, item) && item.len() <= Cart::LONGEST_NAME
        })
        .await
    }
    adding(post(add), store)
}

/// As JavaScript counts.
pub(super) fn counts_units_of_utf_16<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Response, Failure> {
        bounded(session, item, |cart, item| {
            has_room(cart, item) && has_few(cart, item) && item.encode_utf16().count() <= Cart::LONGEST_NAME
        })
        .await
    }
    adding(post(add), store)
}

pub(super) fn a_hundred_are_too_many<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Response, Failure> {
        bounded(session, item, |cart, item| {
            has_room(cart, item) && has_few(cart, item) && item.chars().count() < Cart::LONGEST_NAME
        })
        .await
    }
    adding(post(add), store)
}

pub(super) fn a_full_cart_fails<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, path: Item) -> Result<Response, Failure> {
        let answer = solution_2::add_to_cart(session, path).await?;
        Ok(if answer.status().is_client_error() { StatusCode::INTERNAL_SERVER_ERROR.into_response() } else { answer })
    }
    adding(post(add), store)
}

pub(super) fn drops_without_a_word<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, path: Item) -> Result<Redirect, Failure> {
        solution_2::add_to_cart(session, path).await?;
        Ok(shown())
    }
    adding(post(add), store)
}

pub(super) fn refuses_after_the_insert<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Response, Failure> {
        let mut cart = Cart::of(&session).await?;
        let fits = has_room(&cart, &item) && has_few(&cart, &item) && is_short(&item);
        *cart.0.entry(item).or_default() += 1;
        cart.keep(&session).await?;
        Ok(if fits { shown().into_response() } else { full() })
    }
    adding(post(add), store)
}

pub(super) fn renews_and_forgets<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, path: Item) -> Result<Response, Failure> {
        let cart = Cart::of(&session).await?;
        session.clear().await;
        cart.keep(&session).await?;
        solution_2::add_to_cart(session, path).await
    }
    adding(post(add), store)
}

pub(super) fn by_get<S: SessionStore + Clone>(store: S) -> Router {
    adding(get(solution_2::add_to_cart).post(solution_2::add_to_cart), store)
}

pub(super) fn in_small_letters<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Response, Failure> {
        solution_2::add_to_cart(session, Path(item.to_lowercase())).await
    }
    adding(post(add), store)
}

pub(super) fn counts_what_was_ever_there<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Response, Failure> {
        let mut seen: std::collections::BTreeSet<String> = session.get("seen").await?.unwrap_or_default();
        if !seen.contains(&item) && seen.len() == Cart::MOST_ITEMS {
            return Ok(full());
        }
        seen.insert(item.clone());
        session.insert("seen", seen).await?;
        solution_2::add_to_cart(session, Path(item)).await
    }
    adding(post(add), store)
}

pub(super) fn refusal_pastes_the_item<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Response, Failure> {
        let page = Html(format!("<p>{item} does not fit</p>"));
        let answer = solution_2::add_to_cart(session, Path(item)).await?;
        let refused = answer.status().is_client_error();
        Ok(if refused { (StatusCode::UNPROCESSABLE_ENTITY, page).into_response() } else { answer })
    }
    adding(post(add), store)
}

pub(super) fn a_full_cart_pastes_the_item<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Response, Failure> {
        let cart = Cart::of(&session).await?;
        if !has_room(&cart, &item) {
            let page = Html(format!("<p>There is no room for {item}"));
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
        solution_2::add_to_cart(session, Path(item)).await
    }
    adding(post(add), store)
}

pub(super) fn a_plus_is_a_blank<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Response, Failure> {
        solution_2::add_to_cart(session, Path(item.replace('+', " "))).await
    }
    adding(post(add), store)
}

/// An article has a number.
pub(super) fn as_a_number<S: SessionStore + Clone>(store: S) -> Router {
    fn read(item: String) -> Item {
        Path(item.parse::<u64>().map_or(item, |number| number.to_string()))
    }
    async fn add(session: Session, Path(item): Item) -> Result<Response, Failure> {
        solution_2::add_to_cart(session, read(item)).await
    }
    async fn remove(session: Session, Path(item): Item) -> Result<Redirect, Failure> {
        solution_2::remove_from_cart(session, read(item)).await
    }
    Parts { add: post(add), remove: post(remove), ..Parts::default() }.on(store)
}

pub(super) fn drops_soft_hyphens<S: SessionStore + Clone>(store: S) -> Router {
    without('\u{ad}', store)
}

pub(super) fn drops_joiners<S: SessionStore + Clone>(store: S) -> Router {
    without('\u{200d}', store)
}

pub(super) fn drops_variation_selectors<S: SessionStore + Clone>(store: S) -> Router {
    without('\u{fe0f}', store)
}

fn without<S: SessionStore + Clone>(sign: char, store: S) -> Router {
    let add = async move |session: Session, Path(item): Item| {
        solution_2::add_to_cart(session, Path(item.replace(sign, ""))).await
    };
    adding(post(add), store)
}

/// Between two items, a line of the session has a colon.
pub(super) fn splits_at_colons<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Response, Failure> {
        let item = item.trim_end_matches(':').to_owned();
        solution_2::add_to_cart(session, Path(item)).await
    }
    adding(post(add), store)
}

/// What is taken out or cleared counts on.
pub(super) fn counts_on_after_a_clear<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Response, Failure> {
        let mut ever: BTreeMap<String, u32> = session.get("ever").await?.unwrap_or_default();
        let cleared = ever.contains_key(&item) && Cart::of(&session).await?.0.is_empty();
        let count = ever.entry(item.clone()).or_default();
        if cleared && *count >= Cart::MOST_OF_ONE {
            return Ok(full());
        }
        *count += 1;
        session.insert("ever", ever).await?;
        solution_2::add_to_cart(session, Path(item)).await
    }
    adding(post(add), store)
}

/// A removal makes room, and a clearing does not.
pub(super) fn a_clear_makes_no_room<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Response, Failure> {
        let cleared: usize = session.get("cleared").await?.unwrap_or_default();
        let cart = Cart::of(&session).await?;
        if !cart.0.contains_key(&item) && cleared + cart.0.len() >= Cart::MOST_ITEMS {
            return Ok(full());
        }
        solution_2::add_to_cart(session, Path(item)).await
    }
    async fn clear(session: Session) -> Result<Redirect, Failure> {
        let cleared: usize = session.get("cleared").await?.unwrap_or_default();
        session.insert("cleared", cleared + Cart::of(&session).await?.0.len()).await?;
        solution_2::clear_cart(session).await
    }
    Parts { add: post(add), clear: post(clear), ..Parts::default() }.on(store)
}

/// With 50 different items, ten of each.
pub(super) fn full_for_many_of_it<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Response, Failure> {
        let cart = Cart::of(&session).await?;
        if cart.0.len() == Cart::MOST_ITEMS && cart.0.get(&item).is_some_and(|count| *count >= 10) {
            return Ok(full());
        }
        solution_2::add_to_cart(session, Path(item)).await
    }
    adding(post(add), store)
}

/// What a visitor whose session has expired adds first gets lost.
pub(super) fn an_expired_session_swallows_it<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, item: Item) -> Result<Response, Failure> {
        let has_cookie = session.id().is_some();
        Cart::of(&session).await?;
        let is_stale = has_cookie && session.id().is_none();
        if is_stale { Ok(shown().into_response()) } else { solution_2::add_to_cart(session, item).await }
    }
    adding(post(add), store)
}

pub(super) fn trims_the_item<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Response, Failure> {
        solution_2::add_to_cart(session, Path(item.trim().to_owned())).await
    }
    adding(post(add), store)
}

pub(super) fn refuses_blanks<S: SessionStore + Clone>(store: S) -> Router {
    refuses(store, |_, item| item.trim().is_empty())
}

pub(super) fn refuses_backticks<S: SessionStore + Clone>(store: S) -> Router {
    refuses(store, |_, item| item.contains('`'))
}

/// As names of files may not be.
pub(super) fn refuses_dots<S: SessionStore + Clone>(store: S) -> Router {
    refuses(store, |_, item| item == "." || item == "..")
}

/// A name has to have a letter.
pub(super) fn refuses_signs<S: SessionStore + Clone>(store: S) -> Router {
    refuses(store, |_, item| !item.trim().is_empty() && !item.contains(char::is_alphanumeric))
}

pub(super) fn has_room_for_500<S: SessionStore + Clone>(store: S) -> Router {
    refuses(store, |cart, _| cart.0.values().sum::<u32>() >= 500)
}

/// As much as a cookie holds.
pub(super) fn has_room_for_4_kib<S: SessionStore + Clone>(store: S) -> Router {
    refuses(store, |cart, item| cart.0.keys().map(String::len).sum::<usize>() + item.len() > 4096)
}

fn refuses<S: SessionStore + Clone>(store: S, is_refused: fn(&Cart, &str) -> bool) -> Router {
    let add = async move |session: Session, Path(item): Item| -> Result<Response, Failure> {
        if is_refused(&Cart::of(&session).await?, &item) {
            return Ok(full());
        }
        solution_2::add_to_cart(session, Path(item)).await
    };
    adding(post(add), store)
}

pub(super) fn makes_room_for_what_is_too_long<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item) -> Result<Response, Failure> {
        let mut cart = Cart::of(&session).await?;
        if !has_room(&cart, &item) && !is_short(&item) {
            cart.0.pop_last();
            cart.keep(&session).await?;
        }
        solution_2::add_to_cart(session, Path(item)).await
    }
    adding(post(add), store)
}

/// An order of several.
pub(super) fn adds_what_the_address_says<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Item, uri: Uri) -> Result<Response, Failure> {
        let count = uri.query().and_then(|query| query.strip_prefix("quantity=")?.parse().ok()).unwrap_or(1);
        for _ in 1..count {
            solution_2::add_to_cart(session.clone(), Path(item.clone())).await?;
        }
        solution_2::add_to_cart(session, Path(item)).await
    }
    adding(post(add), store)
}
