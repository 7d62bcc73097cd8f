//! Serves programs at their own host names, or a page if a program is not running.

use std::time::Duration;

use axum::{
    extract::Request,
    http::{
        HeaderValue, StatusCode,
        header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, RETRY_AFTER},
    },
    response::{Html, Response},
};
use minijinja::{Value, context, value::Serde};
use tokio::{net::TcpStream, time::timeout};

use super::{own, policy, proxy, rendered};
use crate::program::{Program, State, Status};

/// The time that a request waits for a program to listen, before it gets a page about the program's state.
const PATIENCE: Duration = Duration::from_secs(1);

/// The maximum time until a program begins to answer a request. A handler with an endless loop never does.
const ANSWER: Duration = Duration::from_secs(10);

/// A request with this header only asks whether the program is running. It is not passed on, so the first request that
/// the program receives is the visitor's own.
const ASKS: &str = "x-workbook-ask";
/// The script of the page that sends it.
const SCRIPT: &str = include_str!("../templates/program.js");

/// One of a program's two ports.
#[derive(Clone, Copy)]
pub(super) enum Port {
    App,
    Inspector,
}

/// Returns the program's answer to the request, or a page with the reason why there is none.
pub(super) async fn answer(name: &str, program: &Program, port: Port, request: Request) -> Response {
    let (look, wants_a_page) = (program.look(), wants_a_page(&request));
    let stream = match reached(program, port).await {
        Ok(_) if request.headers().contains_key(ASKS) => return own(StatusCode::NO_CONTENT),
        Ok(stream) => stream,
        Err(state) => return page_of(name, &state, StatusCode::SERVICE_UNAVAILABLE, wants_a_page),
    };
    let serial = program.status().serial;
    match timeout(ANSWER, proxy::pass(stream, look, request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(words)) => {
            let words = format!("It gave no complete answer: {words}.");
            page_of(name, &State::Failed { words }, StatusCode::BAD_GATEWAY, wants_a_page)
        }
        Err(_) => {
            program.is_silent(serial);
            let said = format!(
                "{name} did not answer within {} seconds, perhaps because of an endless loop.",
                ANSWER.as_secs()
            );
            page(context! { name, said, silent => true }, StatusCode::GATEWAY_TIMEOUT, wants_a_page)
        }
    }
}

/// Returns a connection to the running program, or the program's state.
async fn reached(program: &Program, port: Port) -> Result<TcpStream, State> {
    loop {
        let status = settled(program).await;
        let Some(ports) = status.ports else { return Err(status.state) };
        let at = match port {
            Port::App => ports.app,
            Port::Inspector => ports.inspector,
        };
        match proxy::connect(at).await {
            Ok(stream) => return Ok(stream),
            // Another process has replaced it in the meantime.
            Err(_) if program.status().ports != Some(ports) => {}
            Err(error) => return Err(State::Failed { words: format!("It does not accept connections: {error}.") }),
        }
    }
}

/// Returns the status of the program as soon as it listens or has failed, or after a moment.
async fn settled(program: &Program) -> Status {
    let mut changes = program.changes();
    let answers = |status: &Status| status.ports.is_some() || matches!(status.state, State::Failed { .. });
    let _ = timeout(PATIENCE, changes.wait_for(answers)).await;
    program.status()
}

fn wants_a_page(request: &Request) -> bool {
    let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let is_page = accept.is_some_and(|accept| accept.contains("text/html")) || request.headers().contains_key(ASKS);
    request.method().is_safe() && is_page
}

fn page_of(name: &str, state: &State, status: StatusCode, wants_a_page: bool) -> Response {
    let values = context! { name, status => Serde(state), said => said(name, state), script => SCRIPT };
    page(values, status, wants_a_page)
}

fn page(values: Value, status: StatusCode, wants_a_page: bool) -> Response {
    let template = if wants_a_page { include_str!("../templates/program.html") } else { "{{ said }}\n" };
    let name_of_template = if wants_a_page { "program.html" } else { "program.txt" };
    let text = rendered(name_of_template, template, values);
    let headers = [
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (RETRY_AFTER, HeaderValue::from_static("1")),
        // The page's style is in the address of its style sheet.
        (CONTENT_SECURITY_POLICY, policy()),
    ];
    if wants_a_page { own((status, headers, Html(text))) } else { own((status, headers, text)) }
}

fn policy() -> HeaderValue {
    let script = policy::hash(SCRIPT);
    let policy =
        format!("default-src 'none'; style-src data:; img-src data:; script-src '{script}'; connect-src 'self'");
    HeaderValue::try_from(policy).expect("a hash fits into a header")
}

/// Describes the state in a sentence.
fn said(name: &str, state: &State) -> String {
    match state {
        State::Absent => format!("{name} is about to be built."),
        State::Building { waits: true, .. } => {
            format!("{name} will be built as soon as another cargo is done: both use the same build folder.")
        }
        State::Building { units: Some(units), .. } => {
            format!("{name} is being built: {} of {} parts are done.", units.done, units.of)
        }
        State::Building { .. } => format!("{name} is being built."),
        State::Starting | State::Running => format!("{name} is starting."),
        State::Failed { words } => format!("{name} is not running.\n\n{words}"),
    }
}
