//! The registration of this program at a provider: the provider in this program, or another one that environment
//! variables name.

use std::env::{VarError, var};

use openidconnect::{ClientId, ClientSecret, HttpRequest, IssuerUrl};

use super::network::{Http, HttpFuture, is_confidential, over_network};

const ISSUER: &str = "OIDC_ISSUER";
const CLIENT_ID: &str = "OIDC_CLIENT_ID";
const CLIENT_SECRET: &str = "OIDC_CLIENT_SECRET";

/// The client ID and secret of this program at a provider, and the function that sends requests to it. Clones share it.
#[derive(Clone)]
pub struct Registration {
    pub(super) issuer: IssuerUrl,
    pub(super) client: ClientId,
    pub(super) secret: ClientSecret,
    pub(super) http: Http,
}

impl Registration {
    /// Creates the registration at the provider with this issuer, written exactly as in its discovery document.
    ///
    /// # Errors
    /// The issuer is not a URL or contains a user name or a password, the secret would be sent to it unencrypted over a
    /// network, or this machine trusts no certificate authority.
    pub fn new(issuer: &str, client: &str, secret: &str) -> Result<Self, String> {
        let issuer = IssuerUrl::new(issuer.to_owned()).map_err(|error| format!("{ISSUER} is not a URL: {error}"))?;
        if !issuer.url().username().is_empty() || issuer.url().password().is_some() {
            return Err(format!("{ISSUER} contains a username or a password, and an issuer has neither"));
        }
        if !is_confidential(issuer.url()) {
            return Err(format!("{ISSUER} is {}, which is neither at https nor on this machine", issuer.as_str()));
        }
        let http = over_network(issuer.url()).map_err(|error| format!("https to {ISSUER} is impossible: {error}"))?;
        let (client, secret) = (ClientId::new(client.to_owned()), ClientSecret::new(secret.to_owned()));
        Ok(Self { issuer, client, secret, http })
    }

    /// Reads `OIDC_ISSUER`, `OIDC_CLIENT_ID` and `OIDC_CLIENT_SECRET`. Returns `None` if the first is empty or not set.
    ///
    /// # Errors
    /// One of the others is not set, or the issuer is refused.
    pub fn from_env() -> Result<Option<Self>, String> {
        Self::from_variables(|name| var(name))
    }

    fn from_variables(variable: impl Fn(&str) -> Result<String, VarError>) -> Result<Option<Self>, String> {
        match variable(ISSUER) {
            Err(VarError::NotPresent) => return Ok(None),
            Ok(issuer) if issuer.is_empty() => return Ok(None),
            _ => {}
        }
        let [issuer, client, secret] = [ISSUER, CLIENT_ID, CLIENT_SECRET].map(|name| {
            variable(name)
                .map_err(|error| format!("{name} is needed for another provider, and cannot be read: {error}"))
        });
        Self::new(&issuer?, &client?, &secret?).map(Some)
    }

    /// Returns the function in the type that `openidconnect` expects.
    pub(super) fn http(&self) -> impl Fn(HttpRequest) -> HttpFuture {
        let http = self.http.clone();
        move |request| http(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_issuer_counts_as_no_issuer() {
        let with = |issuer: &str| {
            Registration::from_variables(|name| match name {
                ISSUER => Ok(issuer.to_owned()),
                _ => Ok("any".to_owned()),
            })
        };
        assert!(with("").is_ok_and(|registration| registration.is_none()));
        assert!(with("https://login.example").is_ok_and(|registration| registration.is_some()));
        assert!(Registration::from_variables(|_| Err(VarError::NotPresent)).is_ok_and(|none| none.is_none()));
    }

    #[test]
    fn an_issuer_is_at_an_https_address_or_on_this_machine() {
        for (issuer, is_taken) in [
            ("https://login.example", true),
            ("https://login.example/realms/shop", true),
            ("http://localhost:9000/o", true),
            ("http://127.0.0.1:9000", true),
            ("http://[::1]:9000", true),
            ("http://login.example", false),
            ("http://localhost.example", false),
            ("http://evillocalhost", false),
            ("http://10.0.0.1", false),
            ("ftp://localhost", false),
            ("login.example", false),
            ("https://alice@login.example", false),
            ("https://:password@login.example", false),
            ("http://alice:password@localhost:9000", false),
        ] {
            assert_eq!(Registration::new(issuer, "shop", "secret").is_ok(), is_taken, "{issuer}");
        }
    }
}
