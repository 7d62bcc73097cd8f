//! Mistakes in the page.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    extract::{Path, Query},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use solution_2::{Cart, Failure};
use tower_sessions::{Session, SessionStore};

use super::Parts;

fn viewing<S: SessionStore + Clone>(view: axum::routing::MethodRouter, store: S) -> Router {
    Parts { view, ..Parts::default() }.on(store)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn lines(Cart(items): &Cart, show: fn(&str) -> String) -> String {
    items.iter().fold(String::new(), |mut page, (item, count)| {
        let _ = write!(page, "<li>{} × {count}</li>", show(item));
        page
    })
}

pub(super) fn empty_is_not_found<S: SessionStore + Clone>(store: S) -> Router {
    async fn view(session: Session) -> Result<Response, Failure> {
        match session.get::<Cart>(Cart::KEY).await? {
            Some(_) => solution_2::view_cart(session).await.map(IntoResponse::into_response),
            None => Ok((StatusCode::NOT_FOUND, "Your cart is empty").into_response()),
        }
    }
    viewing(get(view), store)
}

pub(super) fn empty_is_silent<S: SessionStore + Clone>(store: S) -> Router {
    async fn view(session: Session) -> Result<Html<String>, Failure> {
        Ok(Html(format!("<h1>Your cart</h1>{}", lines(&Cart::of(&session).await?, escaped))))
    }
    viewing(get(view), store)
}

pub(super) fn empty_panics<S: SessionStore + Clone>(store: S) -> Router {
    async fn view(session: Session) -> Html<String> {
        Html(lines(&session.get(Cart::KEY).await.unwrap().unwrap(), escaped))
    }
    viewing(get(view), store)
}

pub(super) fn shows_no_count<S: SessionStore + Clone>(store: S) -> Router {
    async fn view(session: Session) -> Result<Html<String>, Failure> {
        let Cart(items) = Cart::of(&session).await?;
        let lines = items.iter().map(|(item, count)| format!("<li>{}: {count}</li>", escaped(item)));
        Ok(Html(if items.is_empty() { "Your cart is empty".to_owned() } else { lines.collect() }))
    }
    viewing(get(view), store)
}

/// As shops do that have little room for a number.
pub(super) fn shows_ninety_nine_and_more<S: SessionStore + Clone>(store: S) -> Router {
    numbered(store, |count| if count > 98 { "99+".to_owned() } else { count.to_string() })
}

pub(super) fn shows_a_number_with_a_zero<S: SessionStore + Clone>(store: S) -> Router {
    numbered(store, |count| format!("{count}.0"))
}

pub(super) fn shows_ten_for_one<S: SessionStore + Clone>(store: S) -> Router {
    numbered(store, |count| format!("{count}0"))
}

fn numbered<S: SessionStore + Clone>(store: S, number: fn(u32) -> String) -> Router {
    let view = async move |session: Session| -> Result<Html<String>, Failure> {
        let Cart(items) = Cart::of(&session).await?;
        let lines = items.iter().map(|(item, count)| format!("<li>{} × {}</li>", escaped(item), number(*count)));
        Ok(Html(if items.is_empty() { "Your cart is empty".to_owned() } else { lines.collect() }))
    };
    viewing(get(view), store)
}

pub(super) fn always_empty_too<S: SessionStore + Clone>(store: S) -> Router {
    async fn view(session: Session) -> Result<Html<String>, Failure> {
        Ok(Html(format!("Your cart is empty{}", lines(&Cart::of(&session).await?, escaped))))
    }
    viewing(get(view), store)
}

pub(super) fn a_line_for_each<S: SessionStore + Clone>(store: S) -> Router {
    async fn view(session: Session) -> Result<Html<String>, Failure> {
        let Cart(items) = Cart::of(&session).await?;
        if items.is_empty() {
            return Ok(Html("Your cart is empty".to_owned()));
        }
        let each = items.iter().flat_map(|(item, count)| (1..=*count).map(move |nth| (item, nth)));
        Ok(Html(each.map(|(item, nth)| format!("<li>{} × {nth}</li>", escaped(item))).collect()))
    }
    viewing(get(view), store)
}

pub(super) fn empty_is_no_cart<S: SessionStore + Clone>(store: S) -> Router {
    async fn view(session: Session) -> Result<Html<String>, Failure> {
        Ok(Html(match session.get(Cart::KEY).await? {
            Some(cart) => lines(&cart, escaped),
            None => "Your cart is empty".to_owned(),
        }))
    }
    viewing(get(view), store)
}

fn or_empty(cart: &Cart, show: fn(&str) -> String) -> Html<String> {
    Html(if cart.0.is_empty() { "Your cart is empty".to_owned() } else { lines(cart, show) })
}

pub(super) fn pastes_the_item<S: SessionStore + Clone>(store: S) -> Router {
    async fn view(session: Session) -> Result<Html<String>, Failure> {
        Ok(or_empty(&Cart::of(&session).await?, str::to_owned))
    }
    viewing(get(view), store)
}

pub(super) fn escapes_twice<S: SessionStore + Clone>(store: S) -> Router {
    async fn view(session: Session) -> Result<Html<String>, Failure> {
        Ok(or_empty(&Cart::of(&session).await?, |item| escaped(&escaped(item))))
    }
    viewing(get(view), store)
}

pub(super) fn makes_a_cart_to_look<S: SessionStore + Clone>(store: S) -> Router {
    async fn view(session: Session) -> Result<Html<String>, Failure> {
        let cart = Cart::of(&session).await?;
        cart.keep(&session).await?;
        Ok(or_empty(&cart, escaped))
    }
    viewing(get(view), store)
}

pub(super) fn pastes_into_an_attribute<S: SessionStore + Clone>(store: S) -> Router {
    async fn view(session: Session) -> Result<Html<String>, Failure> {
        Ok(or_empty(&Cart::of(&session).await?, |item| {
            let item = escaped(item); // which leaves quotation marks as they are
            format!("<span title=\"{item}\">{item}</span>")
        }))
    }
    viewing(get(view), store)
}

pub(super) fn nowhere_pastes_the_address<S: SessionStore + Clone>(store: S) -> Router {
    async fn nowhere(Path((item, rest)): Path<(String, String)>) -> (StatusCode, Html<String>) {
        (StatusCode::NOT_FOUND, Html(format!("<p>There is no {item}/{rest}.")))
    }
    Parts::default().on(store).route("/add_to_cart/{item}/{*rest}", post(nowhere))
}

/// A link for each item takes it out.
pub(super) fn removes_by_link<S: SessionStore + Clone>(store: S) -> Router {
    async fn view(session: Session, Query(sent): Query<BTreeMap<String, String>>) -> Result<Html<String>, Failure> {
        let mut cart = Cart::of(&session).await?;
        if sent.get("remove").is_some_and(|item| cart.0.remove(item).is_some()) {
            cart.keep(&session).await?;
        }
        let link = |item: &str| {
            let remove: String = form_urlencoded::byte_serialize(item.as_bytes()).collect();
            format!("<a href='?remove={remove}'>remove</a> {}", minijinja::HtmlEscape(item))
        };
        Ok(or_empty(&cart, link))
    }
    viewing(get(view), store)
}

/// A cookie that leads to no session is an error here.
pub(super) fn a_lost_session_is_told<S: SessionStore + Clone>(store: S) -> Router {
    async fn view(session: Session) -> Result<Html<String>, Failure> {
        let has_cookie = session.id().is_some();
        let cart = session.get::<Cart>(Cart::KEY).await?;
        if has_cookie && cart.is_none() {
            return Ok(Html("Your session has expired".to_owned()));
        }
        solution_2::view_cart(session).await
    }
    viewing(get(view), store)
}

pub(super) fn in_another_encoding<S: SessionStore + Clone>(store: S) -> Router {
    async fn view(session: Session) -> Result<Response, Failure> {
        let page = solution_2::view_cart(session).await?;
        Ok(([(CONTENT_TYPE, "text/html; charset=iso-8859-1")], page).into_response())
    }
    viewing(get(view), store)
}

pub(super) fn adds_by_parameter<S: SessionStore + Clone>(store: S) -> Router {
    async fn view(session: Session, Query(sent): Query<BTreeMap<String, String>>) -> Result<Html<String>, Failure> {
        if let Some(item) = sent.get("add") {
            solution_2::add_to_cart(session.clone(), Path(item.clone())).await?;
        }
        solution_2::view_cart(session).await
    }
    viewing(get(view), store)
}

/// The cart of the page that is being made is kept where all requests share it.
pub(super) fn makes_one_page_at_a_time<S: SessionStore + Clone>(store: S) -> Router {
    let shared = Arc::<Mutex<BTreeMap<String, u32>>>::default();
    let view = async move |session: Session| -> Result<Html<String>, Failure> {
        let cart = || shared.lock().unwrap_or_else(PoisonError::into_inner);
        *cart() = Cart::of(&session).await?.0;
        tokio::task::yield_now().await; // such as for a page from a file
        let now = Cart(cart().clone());
        Ok(Html(if now.0.is_empty() { "Your cart is empty".to_owned() } else { lines(&now, escaped) }))
    };
    viewing(get(view), store)
}

/// Each item is a string of the script; the page knows nothing of scripts.
pub(super) fn tells_a_script_the_items<S: SessionStore + Clone>(store: S) -> Router {
    async fn view(session: Session) -> Result<Html<String>, Failure> {
        let items: Vec<_> = Cart::of(&session).await?.0.into_keys().collect();
        let Html(page) = solution_2::view_cart(session).await?;
        Ok(Html(format!("{page}<script>const items = {};</script>", serde_json::json!(items))))
    }
    viewing(get(view), store)
}
