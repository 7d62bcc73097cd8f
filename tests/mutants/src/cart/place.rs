//! Carts in the wrong place.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use axum::{
    Extension, Router,
    extract::Path,
    http::{
        HeaderMap, StatusCode,
        header::{COOKIE, SET_COOKIE},
    },
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use solution_2::{Cart, Failure};
use tower_sessions::{MemoryStore, Session, SessionStore, session::Id};

use super::{Parts, shown};

/// Carts by whatever they are kept by.
type Carts<K> = Arc<Mutex<HashMap<K, Cart>>>;

fn page(cart: &Cart) -> Html<String> {
    let lines = cart
        .0
        .iter()
        .map(|(item, count)| format!("<li>{} × {count}</li>", item.replace('&', "&amp;").replace('<', "&lt;")));
    Html(if cart.0.is_empty() { "Your cart is empty".to_owned() } else { lines.collect() })
}

fn fits(fits: bool) -> Response {
    if fits { shown().into_response() } else { StatusCode::UNPROCESSABLE_ENTITY.into_response() }
}

pub(super) fn one_cart_for_all<S: SessionStore + Clone>(store: S) -> Router {
    async fn view(Extension(cart): Extension<Carts<()>>) -> Html<String> {
        page(cart.lock().unwrap().entry(()).or_default())
    }
    async fn add(Extension(cart): Extension<Carts<()>>, Path(item): Path<String>) -> Response {
        fits(cart.lock().unwrap().entry(()).or_default().add(item))
    }
    async fn remove(Extension(cart): Extension<Carts<()>>, Path(item): Path<String>) -> Redirect {
        cart.lock().unwrap().entry(()).or_default().0.remove(&item);
        shown()
    }
    async fn clear(Extension(cart): Extension<Carts<()>>) -> Redirect {
        cart.lock().unwrap().clear();
        shown()
    }
    let parts = Parts { view: get(view), add: post(add), remove: post(remove), clear: post(clear) };
    parts.on(store).layer(Extension(Carts::<()>::default()))
}

pub(super) fn a_store_of_its_own<S: SessionStore + Clone>(_: S) -> Router {
    Parts::default().on(MemoryStore::default())
}

/// The ID of the session, which is made if there is none.
async fn id(session: &Session) -> Result<Id, Failure> {
    if session.id().is_none() {
        session.insert("visited", true).await?;
        session.save().await?;
    }
    session.id().ok_or(Failure)
}

pub(super) fn kept_in_the_program<S: SessionStore + Clone>(store: S) -> Router {
    kept_in(Carts::default(), store)
}

/// It outlives the app, and ends with the process.
pub(super) fn kept_in_a_static<S: SessionStore + Clone>(store: S) -> Router {
    static CARTS: LazyLock<Carts<Id>> = LazyLock::new(Carts::default);
    kept_in(CARTS.clone(), store)
}

fn kept_in<S: SessionStore + Clone>(carts: Carts<Id>, store: S) -> Router {
    async fn view(session: Session, Extension(carts): Extension<Carts<Id>>) -> Html<String> {
        match session.id() {
            Some(id) => page(carts.lock().unwrap().entry(id).or_default()),
            None => page(&Cart::default()),
        }
    }
    async fn add(
        session: Session,
        Extension(carts): Extension<Carts<Id>>,
        Path(item): Path<String>,
    ) -> Result<Response, Failure> {
        let id = id(&session).await?;
        let added = carts.lock().unwrap().entry(id).or_default().add(item);
        Ok(fits(added))
    }
    async fn remove(session: Session, Extension(carts): Extension<Carts<Id>>, Path(item): Path<String>) -> Redirect {
        if let Some(id) = session.id() {
            carts.lock().unwrap().entry(id).or_default().0.remove(&item);
        }
        shown()
    }
    async fn clear(session: Session, Extension(carts): Extension<Carts<Id>>) -> Redirect {
        if let Some(id) = session.id() {
            carts.lock().unwrap().remove(&id);
        }
        shown()
    }
    let parts = Parts { view: get(view), add: post(add), remove: post(remove), clear: post(clear) };
    parts.on(store).layer(Extension(carts))
}

/// The cart as text with a comma after each item, of which no name may have one.
pub(super) fn commas_between_items<S: SessionStore + Clone>(store: S) -> Router {
    async fn cart(session: &Session) -> Result<Cart, Failure> {
        let text: String = session.get(Cart::KEY).await?.unwrap_or_default();
        let item = |part: &str| Some((part.split_once('=')?.0.to_owned(), part.split_once('=')?.1.parse().ok()?));
        Ok(Cart(text.split(',').filter_map(item).collect()))
    }
    async fn keep(session: &Session, Cart(items): Cart) -> Result<(), Failure> {
        let text: Vec<_> = items.iter().map(|(item, count)| format!("{item}={count}")).collect();
        Ok(session.insert(Cart::KEY, text.join(",")).await?)
    }
    async fn view(session: Session) -> Result<Html<String>, Failure> {
        Ok(page(&cart(&session).await?))
    }
    async fn add(session: Session, Path(item): Path<String>) -> Result<Response, Failure> {
        let mut cart = cart(&session).await?;
        let added = cart.add(item);
        keep(&session, cart).await?;
        Ok(fits(added))
    }
    async fn remove(session: Session, Path(item): Path<String>) -> Result<Redirect, Failure> {
        let mut cart = cart(&session).await?;
        cart.0.remove(&item);
        keep(&session, cart).await?;
        Ok(shown())
    }
    async fn clear(session: Session) -> Result<Redirect, Failure> {
        session.remove::<String>(Cart::KEY).await?;
        Ok(shown())
    }
    Parts { view: get(view), add: post(add), remove: post(remove), clear: post(clear) }.on(store)
}

/// In a cookie that nobody signs: its visitor writes what they like into it.
pub(super) fn kept_in_a_cookie<S: SessionStore + Clone>(store: S) -> Router {
    fn cart(headers: &HeaderMap) -> Cart {
        let cookies = headers.get(COOKIE).and_then(|cookies| cookies.to_str().ok()).unwrap_or_default();
        let value = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("cart=")).unwrap_or_default();
        Cart(
            form_urlencoded::parse(value.as_bytes())
                .map(|(item, count)| (item.into_owned(), count.parse().unwrap_or(1)))
                .collect(),
        )
    }
    fn keep(Cart(items): &Cart, answer: Response) -> Response {
        let pairs = items.iter().map(|(item, count)| (item, count.to_string()));
        let value = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        ([(SET_COOKIE, format!("cart={value}; Path=/; HttpOnly; SameSite=Lax"))], answer).into_response()
    }
    async fn view(headers: HeaderMap) -> Html<String> {
        page(&cart(&headers))
    }
    async fn add(headers: HeaderMap, Path(item): Path<String>) -> Response {
        let mut cart = cart(&headers);
        let added = cart.add(item);
        keep(&cart, fits(added))
    }
    async fn remove(headers: HeaderMap, Path(item): Path<String>) -> Response {
        let mut cart = cart(&headers);
        cart.0.remove(&item);
        keep(&cart, shown().into_response())
    }
    async fn clear() -> Response {
        keep(&Cart::default(), shown().into_response())
    }
    Parts { view: get(view), add: post(add), remove: post(remove), clear: post(clear) }.on(store)
}

/// The handler reads the item from a variable of the program, which a second request may have set meanwhile.
pub(super) fn the_item_is_in_a_variable<S: SessionStore + Clone>(store: S) -> Router {
    type Asked = Arc<Mutex<String>>;
    async fn add(
        session: Session,
        Extension(asked): Extension<Asked>,
        Path(item): Path<String>,
    ) -> Result<Response, Failure> {
        asked.lock().unwrap().clone_from(&item);
        tokio::task::yield_now().await; // as at any call that takes time
        let item = asked.lock().unwrap().clone();
        solution_2::add_to_cart(session, Path(item)).await
    }
    Parts { add: post(add), ..Parts::default() }.on(store).layer(Extension(Asked::default()))
}

/// Each count is under a key of its own, the name of the item, and the names are in a list.
pub(super) fn a_key_for_each_item<S: SessionStore + Clone>(store: S) -> Router {
    async fn add(session: Session, Path(item): Path<String>) -> Result<Response, Failure> {
        let answer = solution_2::add_to_cart(session.clone(), Path(item.clone())).await?;
        if let Some(count) = Cart::of(&session).await?.0.get(&item).filter(|_| item != Cart::KEY) {
            session.insert(&item, count).await?;
        }
        Ok(answer)
    }
    async fn remove(session: Session, Path(item): Path<String>) -> Result<Redirect, Failure> {
        if item != Cart::KEY && Cart::of(&session).await?.0.contains_key(&item) {
            session.remove_value(&item).await?;
        }
        solution_2::remove_from_cart(session, Path(item)).await
    }
    async fn clear(session: Session) -> Result<Redirect, Failure> {
        for item in Cart::of(&session).await?.0.keys().filter(|item| *item != Cart::KEY) {
            session.remove_value(item).await?;
        }
        solution_2::clear_cart(session).await
    }
    Parts { add: post(add), remove: post(remove), clear: post(clear), ..Parts::default() }.on(store)
}
