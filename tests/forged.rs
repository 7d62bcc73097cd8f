//! Every route of every hardened app refuses the requests that another site could send to it. The routes come from the
//! sources of the apps, so a new route is tested without a change here.

use std::{collections::BTreeSet, fs, path::Path};

use axum::{
    Extension, Router,
    body::Body,
    http::{Method, Request, Response, StatusCode, header},
};
use checks::{Browser, Miss, Trial, Users};
use http_body_util::BodyExt;
use lesson_4::{
    defence::{
        Defence::{self, CsrfToken},
        Defences,
        password::Passwords,
    },
    shop::Shop,
};
use tower::ServiceExt;
use tower_sessions::MemoryStore;

/// The methods that may change something, and TRACE, which no form and no script may use.
const UNSAFE: [Method; 5] = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::TRACE];

/// Returns the paths in the calls of `Router::route` in this folder, with `1` for each parameter. It leaves out the
/// files in `other`, which serve another app.
fn routes(folder: &str, other: &[&str]) -> BTreeSet<String> {
    let mut routes = BTreeSet::new();
    for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)) {
        if other.iter().any(|name| file.ends_with(name)) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for hidden in [".nest(", ".merge(Router", ".route_service(", ".nest_service("] {
            assert!(!text.contains(hidden), "{}: a route behind {hidden} would not be tried", file.display());
        }
        for rest in text.split(".route(").skip(1) {
            let path = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"'));
            let (path, _) = path.unwrap_or_else(|| panic!("{}: a route whose path is no text", file.display()));
            routes.insert(
                path.split('/')
                    .map(|part| if part.starts_with('{') { "1" } else { part })
                    .collect::<Vec<_>>()
                    .join("/"),
            );
        }
    }
    assert!(!routes.is_empty(), "{folder} has no routes");
    routes
}

fn sources(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// An app that should refuse forged forms, and its routes.
struct Hardened {
    name: &'static str,
    app: Router,
    routes: BTreeSet<String>,
}

fn shop_with(defences: Defences) -> Hardened {
    let app = lesson_4::shop_with(defences, Shop::new(Passwords::quick()), MemoryStore::default());
    Hardened { name: "lesson 4", app, routes: lesson_4_routes() }
}

/// The index and mallory's site are other apps, on their own hosts.
fn lesson_4_routes() -> BTreeSet<String> {
    routes("lessons/4-security/src", &["index.rs", "evil.rs"])
}

fn all() -> [Hardened; 3] {
    let shop = lesson_5::shop::Shop::in_memory(Passwords::quick());
    let lesson_5 = Hardened {
        name: "lesson 5",
        app: lesson_5::app_with(shop, MemoryStore::default()),
        routes: routes("lessons/5-applications/src", &[]),
    };
    let solution_6 = Hardened {
        name: "solution 6",
        app: solution_6::app(MemoryStore::default()).layer(Extension(Users::demo())),
        routes: routes("solutions/6-harden/src", &[]),
    };
    [shop_with(Defences::all()), lesson_5, solution_6]
}

async fn ask(app: &Router, method: &Method, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, "shop.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    app.clone().oneshot(request.body(Body::from("username=mallory")).unwrap()).await.unwrap()
}

#[tokio::test]
async fn no_route_of_a_hardened_app_takes_a_request_that_another_origin_began() {
    for Hardened { name, app, routes } in all() {
        for path in routes {
            for method in UNSAFE {
                for forged in [
                    &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")][..],
                    &[("sec-fetch-site", "cross-site")],
                    &[("sec-fetch-site", "same-site"), ("origin", "https://neighbour.shop.example")],
                    &[("origin", "https://evil.example")],
                    &[("origin", "null")],
                ] {
                    let answer = ask(&app, &method, &path, forged).await;
                    assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{name}: {method} {path} with {forged:?}");
                    assert!(!answer.headers().contains_key(header::SET_COOKIE), "{name}: {method} {path}");
                }
                let own = ask(&app, &method, &path, &[("sec-fetch-site", "same-origin")]).await;
                let said = own.into_body().collect().await.unwrap().to_bytes();
                let said = String::from_utf8_lossy(&said).into_owned();
                assert!(!said.contains("did not come from a page of this site"), "{name}: {method} {path} says {said}");
            }
        }
    }
}

/// Returns the token in the forms that this visitor sees.
async fn token(who: &Browser<'_>) -> Result<String, Miss> {
    let fields = who.get("/").await?.forms().into_iter().flat_map(|form| form.fields);
    Ok(fields.into_iter().find(|field| field.name == "csrf").map(|field| field.value).unwrap_or_default())
}

#[tokio::test]
async fn no_route_of_the_shop_with_tokens_takes_a_form_without_the_token_of_its_own_session() -> Result<(), Miss> {
    for defences in [Defences::none().and(&[CsrfToken]), Defences::all().but(&[Defence::OriginCheck])] {
        let shop = shop_with(defences);
        let app = shop.app.clone();
        let trial = Trial::of(move |_| app.clone());
        let (alice, mallory) = (trial.browser("alice"), trial.browser("mallory"));
        let old = token(&alice).await?;
        let login = [("username", "alice"), ("password", "sunshine"), ("csrf", old.as_str())];
        alice.post("/login", &login).await?.redirects_to("/")?;
        let (own, foreign) = (token(&alice).await?, token(&mallory).await?);
        assert!([&own, &foreign].iter().all(|token| token.len() == 22) && own != foreign && own != old);
        for path in &shop.routes {
            for forged in [None, Some(""), Some(&old), Some(&foreign)] {
                let fields = [("item", "a yacht"), ("csrf", forged.unwrap_or_default())];
                let fields = if forged.is_some() { &fields[..] } else { &fields[..1] };
                let answer = alice.post(path, fields).await?;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "POST {path} with {forged:?}");
                assert!(answer.body.contains("out of date"), "POST {path} with {forged:?} says {}", answer.body);
            }
            alice.get("/").await?.shows("Logged in as alice")?;
            assert_eq!(token(&alice).await?, own, "POST {path}");
        }
        for method in UNSAFE {
            for path in &shop.routes {
                let answer = ask(&shop.app, &method, path, &[]).await;
                assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{method} {path} without a session");
            }
        }
        alice.post("/logout", &[("csrf", &own)]).await?.redirects_to("/")?;
        alice.get("/").await?.shows("You are not logged in")?;
    }
    Ok(())
}

/// A neighbour can send the `__Host-` name of a hardened app percent-encoded. In lessons 4 and 5 `session_guard::guard`
/// stops that.
#[tokio::test]
async fn solution_6_takes_no_session_under_a_name_that_browsers_do_not_guard() -> Result<(), Miss> {
    let trial = Trial::of(|store| solution_6::app(store).layer(Extension(Users::demo())));
    let (alice, mallory) = (trial.browser("alice"), trial.browser("mallory"));
    mallory.post("/login", &[("username", "bob"), ("password", "builder")]).await?.redirects_to("/")?;
    let id = mallory.cookie(solution_6::COOKIE).unwrap();
    alice.takes_from_neighbour(&format!("%5F%5FHost-exercise-6={id}; Domain=localhost; Path=/; Secure"));
    assert!(alice.holds(&id));
    alice.get("/").await?.redirects_to("/login")?;
    alice.post("/login", &[("username", "alice"), ("password", "wonderland")]).await?.redirects_to("/")?;
    alice.get("/").await?.shows("Hello, alice")
}

#[test]
fn the_routes_are_read_from_the_sources() {
    let shop = lesson_4_routes();
    for path in ["/", "/login", "/logout", "/clear_session", "/buy"] {
        assert!(shop.contains(path), "{path} is no route of {shop:?}");
    }
    assert!(routes("lessons/5-applications/src", &[]).contains("/accounts/1/delete"));
}
