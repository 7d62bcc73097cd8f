//! A port on loopback, over IPv4 and IPv6.

use std::{
    io::{self, ErrorKind},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
};

use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};

/// The number of ports after the requested one that are tried.
const TRIED: u16 = 100;

/// Listens on one port of `127.0.0.1` and, if the system has IPv6, of `[::1]`. A browser may try either for
/// `localhost`, so another program on one of them would receive some of the requests.
#[derive(Debug)]
pub struct Loopback {
    v4: TcpListener,
    v6: Option<TcpListener>,
    port: u16,
}

/// Listens on loopback at `port`, or at the first free one of the hundred ports after it. Port 0 means any free port.
///
/// # Errors
/// All of these ports are in use, or the system refuses to open one.
pub async fn listen(port: u16) -> io::Result<Loopback> {
    let last = port.saturating_add(TRIED);
    for port in port..=last {
        match Loopback::bind(port).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            bound => return bound,
        }
    }
    let message = format!("every port from {port} to {last} on loopback is in use; choose another one");
    Err(io::Error::new(ErrorKind::AddrInUse, message))
}

impl Loopback {
    async fn bind(port: u16) -> io::Result<Self> {
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let port = v4.local_addr()?.port();
        let v6 = match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
            Ok(listener) => Some(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(error),
            Err(_) => None, // this system has no IPv6
        };
        Ok(Self { v4, v6, port })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// Accepts with axum's `Listener`, which waits and tries again when the process has no file descriptors left.
impl Listener for Loopback {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        let Some(v6) = &mut self.v6 else { return Listener::accept(&mut self.v4).await };
        tokio::select! {
            accepted = Listener::accept(&mut self.v4) => accepted,
            accepted = Listener::accept(v6) => accepted,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.v4.local_addr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_that_is_taken_is_passed_over_and_none_that_is_free_is_an_error() {
        let taken = listen(0).await.unwrap();
        let next = listen(taken.port()).await.unwrap().port();
        assert!(next > taken.port() && next <= taken.port().saturating_add(TRIED), "{} {next}", taken.port());
        let _last = listen(u16::MAX).await;
        let error = listen(u16::MAX).await.unwrap_err();
        assert_eq!(error.to_string(), "every port from 65535 to 65535 on loopback is in use; choose another one");
    }

    #[tokio::test]
    async fn a_port_that_somebody_has_by_ipv6_alone_is_taken_as_well() {
        let Ok(theirs) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await else {
            println!("SKIPPED: this system has no IPv6");
            return;
        };
        let port = theirs.local_addr().unwrap().port();
        assert_ne!(listen(port).await.unwrap().port(), port);
    }

    #[tokio::test]
    async fn visitors_come_by_either_address() {
        let mut here = listen(0).await.unwrap();
        let mut addresses = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, here.port()))];
        addresses.extend(here.v6.iter().map(|listener| listener.local_addr().unwrap()));
        for address in addresses {
            let (theirs, (_, from)) = tokio::join!(TcpStream::connect(address), here.accept());
            assert_eq!(theirs.unwrap().local_addr().unwrap(), from);
            assert!(from.ip().is_loopback());
        }
    }
}
