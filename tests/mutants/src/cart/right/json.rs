//! Loose JSON, a table, an absolute redirect.

use axum::{
    Router,
    extract::Path,
    http::{StatusCode, header::LOCATION},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Map, Value, json};
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

use super::escaped;

pub(in crate::cart) fn app<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/view_cart", get(view))
        .route("/add_to_cart/{item}", post(add))
        .route("/remove_from_cart/{item}", post(remove))
        .route("/clear_cart", post(clear))
        .layer(SessionManagerLayer::new(store))
}

async fn cart(session: &Session) -> Map<String, Value> {
    match session.get_value("shop").await {
        Ok(Some(Value::Object(mut shop))) => match shop.remove("cart") {
            Some(Value::Object(cart)) => cart,
            _ => Map::new(),
        },
        _ => Map::new(),
    }
}

async fn keep(session: &Session, cart: Map<String, Value>) -> Response {
    match session.insert_value("shop", json!({ "cart": cart })).await {
        Ok(_) => (StatusCode::SEE_OTHER, [(LOCATION, "http://localhost/view_cart")]).into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn view(session: Session) -> Html<String> {
    let cart = cart(&session).await;
    if cart.is_empty() {
        return Html("<title>Cart</title><p>Sorry! Your cart is empty".to_owned());
    }
    let row = |(item, count): (&String, &Value)| format!("<tr><td>{}</td> <td>× {count}</td></tr>", escaped(item));
    Html(format!("<table>{}</table>", cart.iter().map(row).collect::<String>()))
}

async fn add(session: Session, Path(item): Path<String>) -> Response {
    let mut cart = cart(&session).await;
    let count = cart.get(&item).and_then(Value::as_u64).unwrap_or_default();
    if item.chars().count() > 100 || count >= 99 || count == 0 && cart.len() >= 50 {
        return (StatusCode::BAD_REQUEST, "too much").into_response();
    }
    cart.insert(item, json!(count + 1));
    keep(&session, cart).await
}

async fn remove(session: Session, Path(item): Path<String>) -> Response {
    let mut cart = cart(&session).await;
    cart.remove(&item);
    keep(&session, cart).await
}

async fn clear(session: Session) -> Response {
    keep(&session, Map::new()).await
}
