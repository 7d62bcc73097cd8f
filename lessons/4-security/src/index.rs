//! The start page with every attack, and the lab of each attack, which runs it on one of the two shops.

use axum::{
    Extension, Router,
    extract::{Query, Request, State},
    http::{StatusCode, Uri},
    middleware::map_response,
    response::{Html, Redirect},
    routing::{get, post},
};
use checks::{Miss, StoryStep};
use lesson_page::{Failure, Path};
use minijinja::{context, value::Serde};
use serde::{Deserialize, Serialize};
use session_inspector::{Inspector, Unwatched};

use crate::{
    attack::{self, Attack, Run},
    defence::{Defence, Defences},
    lab::{Lab, Version},
    page::PAGES,
    retold,
};

pub(crate) fn routes(lab: Lab) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/attacks", post(run_all))
        .route("/attacks/{id}", get(show).post(run))
        .route("/attacks/{id}/reset", post(reset))
        .layer(map_response(Unwatched::mark))
        .with_state(lab)
}

/// An attack, as the templates need it.
#[derive(Serialize)]
struct Listed {
    id: &'static str,
    title: &'static str,
    why: &'static str,
    stopped_by: Vec<(&'static str, &'static str)>,
    page: Option<&'static str>,
}

/// The result of an attack, as the templates need it.
#[derive(Serialize)]
struct Outcome<'r> {
    succeeded: bool,
    /// The changes that the attack has left in the books.
    left: Vec<String>,
    bob_is_served: bool,
    story: &'r [StoryStep],
}

impl<'r> From<&'r Run> for Outcome<'r> {
    fn from(run: &'r Run) -> Self {
        let [before, after] = &run.books;
        Self {
            succeeded: run.succeeded,
            left: after.since(before),
            bob_is_served: run.bob_is_served,
            story: &run.story,
        }
    }
}

/// The shop to attack.
#[derive(Deserialize)]
struct Chosen {
    #[serde(default)]
    shop: Version,
}

async fn index(request: Request) -> Result<Html<String>, Failure> {
    let attacks: Vec<_> = attack::ALL.iter().map(|attack| listed(attack)).collect();
    PAGES.render("index.html", context! { attacks => Serde(attacks), hosts => Serde(Links::from(&request)) })
}

async fn show(
    State(lab): State<Lab>,
    Path(id): Path<String>,
    Query(Chosen { shop }): Query<Chosen>,
    request: Request,
) -> axum::response::Result<Html<String>> {
    let attack = named(&id)?;
    let beside = attack::ALL.iter().filter(|other| other.chapter == attack.chapter);
    let (hosts, ran) = (Links::from(&request), lab.ran(attack, shop));
    let values = context! {
        attack => Serde(listed(attack)),
        beside => Serde(beside.map(|other| listed(other)).collect::<Vec<_>>()),
        shops => Serde(Version::BOTH),
        shop => Serde(shop),
        at => hosts.shop(shop),
        hosts => Serde(hosts),
        books => Serde(lab.books(shop)),
        ran => Serde(ran.as_deref().map(Outcome::from)),
    };
    Ok(PAGES.render("attack.html", values)?)
}

/// Runs the attack, and reports it to the inspector if there is one in front of this program.
async fn run(
    State(lab): State<Lab>,
    Path(id): Path<String>,
    Query(Chosen { shop }): Query<Chosen>,
    inspector: Option<Extension<Inspector>>,
) -> axum::response::Result<Redirect> {
    let attack = named(&id)?;
    let run = lab.run(attack, shop).await.map_err(not_played)?;
    if let Some(Extension(inspector)) = inspector {
        retold::tell(&inspector, attack, shop.name(), &run);
    }
    Ok(at_lab(attack, shop))
}

async fn reset(
    State(lab): State<Lab>,
    Path(id): Path<String>,
    Query(Chosen { shop }): Query<Chosen>,
) -> axum::response::Result<Redirect> {
    let attack = named(&id)?;
    lab.reset(attack, shop);
    Ok(at_lab(attack, shop))
}

fn at_lab(attack: &Attack, shop: Version) -> Redirect {
    Redirect::to(&format!("/attacks/{}?shop={}", attack.id, shop.name()))
}

async fn run_all() -> axum::response::Result<Html<String>> {
    let mut lines = Vec::new();
    for attack in attack::ALL {
        let vulnerable = attack.run(Defences::none()).await.map_err(not_played)?;
        let hardened = attack.run(Defences::all()).await.map_err(not_played)?;
        lines.push((listed(attack), [vulnerable, hardened]));
    }
    let lines: Vec<_> = lines.iter().map(|(attack, runs)| (attack, runs.each_ref().map(Outcome::from))).collect();
    Ok(PAGES.render("all.html", context! { lines => Serde(lines) })?)
}

fn not_played(miss: Miss) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("the attack could not be run: {miss:?}\n"))
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

/// The addresses of the other parts, as the visitor reaches them.
#[derive(Serialize)]
struct Links {
    vulnerable: String,
    hardened: String,
    /// Mallory's site, which a browser treats as another site.
    evil: String,
    /// A host of mallory's beside the shops, which a browser treats as the same site.
    neighbour: String,
}

impl Links {
    fn shop(&self, version: Version) -> String {
        match version {
            Version::Vulnerable => self.vulnerable.clone(),
            Version::Hardened => self.hardened.clone(),
        }
    }
}

impl From<&Request> for Links {
    fn from(request: &Request) -> Self {
        let here = crate::host(request);
        let port = here.parse::<Uri>().ok().and_then(|here| here.port_u16());
        let port = port.map_or(String::new(), |port| format!(":{port}"));
        // `vulnerable.127.0.0.1` is not a host name.
        let here = if here.starts_with("127.") { format!("localhost{port}") } else { here.to_owned() };
        Self {
            vulnerable: format!("vulnerable.{here}"),
            hardened: format!("hardened.{here}"),
            evil: format!("evil.localhost{port}"),
            neighbour: format!("evil.{here}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attack_that_cannot_be_run_is_an_error_of_this_program_and_the_answer_says_why() {
        let (status, sentence) = not_played(Miss::new("a form with a token", "a page without a form"));
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        for reason in ["a form with a token", "a page without a form"] {
            assert!(sentence.contains(reason), "{sentence}");
        }
    }
}
