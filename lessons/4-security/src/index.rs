//! The start page: every attack, and a button that runs it.

use axum::{
    Router,
    extract::Request,
    http::{StatusCode, Uri},
    response::Html,
    routing::{get, post},
};
use checks::Told;
use lesson_page::{Failure, Path};
use minijinja::{context, value::Serde};
use serde::Serialize;

use crate::{
    attack::{self, Attack, Run},
    defence::{Defence, Defences},
    page::PAGES,
};

pub(crate) fn routes() -> Router {
    Router::new().route("/", get(index)).route("/attacks", post(run_all)).route("/attacks/{id}", get(show).post(run))
}

/// An attack, as the templates take it.
#[derive(Serialize)]
struct Listed {
    id: &'static str,
    title: &'static str,
    why: &'static str,
    stopped_by: Vec<(&'static str, &'static str)>,
    page: Option<&'static str>,
}

/// What became of an attack on one twin, as the templates take it.
#[derive(Serialize)]
struct Outcome {
    twin: &'static str,
    succeeded: bool,
    bob_is_served: bool,
    story: Vec<Told>,
}

async fn index(request: Request) -> Result<Html<String>, Failure> {
    let attacks: Vec<_> = attack::ALL.iter().map(|attack| listed(attack)).collect();
    PAGES.render("index.html", context! { attacks => Serde(attacks), hosts => Serde(Links::from(&request)) })
}

async fn show(Path(id): Path<String>, request: Request) -> axum::response::Result<Html<String>> {
    let attack = named(&id)?;
    let values = context! { attack => Serde(listed(attack)), hosts => Serde(Links::from(&request)) };
    Ok(PAGES.render("attack.html", values)?)
}

async fn run(Path(id): Path<String>, request: Request) -> axum::response::Result<Html<String>> {
    let attack = named(&id)?;
    let values = context! {
        attack => Serde(listed(attack)),
        hosts => Serde(Links::from(&request)),
        outcomes => Serde(outcomes(attack).await?),
    };
    Ok(PAGES.render("attack.html", values)?)
}

async fn run_all() -> axum::response::Result<Html<String>> {
    let mut lines = Vec::new();
    for attack in attack::ALL {
        lines.push((listed(attack), outcomes(attack).await?));
    }
    Ok(PAGES.render("all.html", context! { lines => Serde(lines) })?)
}

async fn outcomes(attack: &Attack) -> Result<[Outcome; 2], (StatusCode, String)> {
    let outcome = |twin, Run { succeeded, bob_is_served, story }| Outcome { twin, succeeded, bob_is_served, story };
    let failed = |miss| (StatusCode::INTERNAL_SERVER_ERROR, format!("the attack could not be played: {miss:?}\n"));
    Ok([
        outcome("vulnerable", attack.run(Defences::none()).await.map_err(failed)?),
        outcome("hardened", attack.run(Defences::all()).await.map_err(failed)?),
    ])
}

fn listed(attack: &Attack) -> Listed {
    let &Attack { id, title, why, page, .. } = attack;
    let stopped_by = attack.stopped_by.iter().map(|defence: &Defence| (defence.words(), defence.rule())).collect();
    Listed { id, title, why, stopped_by, page }
}

fn named(id: &str) -> Result<&'static Attack, (StatusCode, String)> {
    Attack::named(id).ok_or_else(|| {
        let known: Vec<_> = attack::ALL.iter().map(|attack| attack.id).collect();
        (StatusCode::NOT_FOUND, format!("There is no attack {id:?}; there are: {}.\n", known.join(", ")))
    })
}

/// Where the other parts are, seen from where the visitor is.
#[derive(Serialize)]
struct Links {
    vulnerable: String,
    hardened: String,
    /// Mallory's site: another one for a browser.
    evil: String,
    /// A host of mallory's beside the shops: the same site for a browser.
    neighbour: String,
}

impl From<&Request> for Links {
    fn from(request: &Request) -> Self {
        let here = crate::host(request);
        let port = here.parse::<Uri>().ok().and_then(|here| here.port_u16());
        let port = port.map_or(String::new(), |port| format!(":{port}"));
        // `vulnerable.127.0.0.1` is no host.
        let here = if here.starts_with("127.") { format!("localhost{port}") } else { here.to_owned() };
        Self {
            vulnerable: format!("vulnerable.{here}"),
            hardened: format!("hardened.{here}"),
            evil: format!("evil.localhost{port}"),
            neighbour: format!("evil.{here}"),
        }
    }
}
