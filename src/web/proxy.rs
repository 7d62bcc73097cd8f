//! Passes one request on to a program, and its answer back, byte by byte.

use std::{io, net::Ipv4Addr};

use axum::{
    body::Body,
    extract::Request,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode, Uri,
        header::{CONNECTION, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE},
    },
    response::Response,
};
use futures_util::StreamExt;
use hyper::{
    client::conn::http1::handshake,
    upgrade::{self, OnUpgrade},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::program::Look;

/// The headers that belong to one connection and not to the message (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [HeaderName; 5] = [CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// Opens a connection to this port of this machine, for one request.
///
/// # Errors
/// No program listens there, so none has received any part of the request.
pub(super) async fn connect(port: u16) -> io::Result<TcpStream> {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await
}

/// Sends the request, and returns the answer. The program counts as in use until the answer has been read.
///
/// # Errors
/// There is no answer, or it is incomplete.
pub(super) async fn pass(stream: TcpStream, look: Look, mut request: Request) -> Result<Response, String> {
    let visitor = upgrade_of(&mut request);
    for_program(&mut request)?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    tokio::spawn(connection.with_upgrades());
    let mut answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        let program = upgrade::on(&mut answer);
        tokio::spawn(joined(visitor, program, look));
        return Ok(answer.map(|_| Body::empty()));
    }
    remove_hop_by_hop(answer.headers_mut(), None);
    Ok(answer.map(|body| {
        // The closure owns `look`, so the use lasts as long as the body.
        Body::from_stream(Body::new(body).into_data_stream().map(move |part| {
            let _ = &look;
            part
        }))
    }))
}

/// Returns the connection, if the visitor wants to continue in another protocol, such as WebSocket.
fn upgrade_of(request: &mut Request) -> Option<OnUpgrade> {
    request.headers().contains_key(UPGRADE).then(|| upgrade::on(request))
}

async fn joined(visitor: Option<OnUpgrade>, program: OnUpgrade, _look: Look) {
    let Some(visitor) = visitor else { return };
    if let (Ok(visitor), Ok(program)) = tokio::join!(visitor, program) {
        // An error only means that one of them has disconnected.
        let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(visitor), &mut TokioIo::new(program)).await;
    }
}

/// Removes the headers that belong to the visitor's connection. `Host` stays, because it names the visitor for the
/// program.
fn for_program(request: &mut Request) -> Result<(), String> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if !request.headers().contains_key(HOST) || !path.starts_with('/') {
        return Err(format!("a request here has to ask for a path, such as /, and not for {path}"));
    }
    *request.uri_mut() = path.parse::<Uri>().map_err(|error| format!("{path} is no path: {error}"))?;
    let protocol = request.headers().get(UPGRADE).cloned();
    remove_hop_by_hop(request.headers_mut(), protocol);
    Ok(())
}

fn remove_hop_by_hop(headers: &mut HeaderMap, upgrade: Option<HeaderValue>) {
    let named = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<HeaderName> =
        named.flat_map(|names| names.split(',')).filter_map(|name| name.trim().parse().ok()).collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    if let Some(protocol) = upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connections_own_headers_are_not_passed_on() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("connection", "close, x-mine"), ("x-mine", "1"), ("te", "trailers"), ("cookie", "a=b")] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        remove_hop_by_hop(&mut headers, None);
        assert_eq!(headers.keys().collect::<Vec<_>>(), ["cookie"]);
    }

    #[test]
    fn a_request_keeps_its_host_and_its_path() {
        let request = Request::get("/a%20b?c=d").header(HOST, "bob.lesson-1.workbook.localhost:4000");
        let mut request = request.body(Body::empty()).unwrap();
        for_program(&mut request).unwrap();
        assert_eq!(request.uri(), "/a%20b?c=d");
        assert_eq!(request.headers()[HOST], "bob.lesson-1.workbook.localhost:4000");
    }

    #[test]
    fn a_request_without_a_host_or_a_path_is_refused() {
        let refused =
            |request: axum::http::request::Builder| for_program(&mut request.body(Body::empty()).unwrap()).unwrap_err();
        assert!(refused(Request::get("/")).ends_with("such as /, and not for /"));
        assert!(refused(Request::options("*").header(HOST, "lesson-1.workbook.localhost")).ends_with("not for *"));
    }
}
