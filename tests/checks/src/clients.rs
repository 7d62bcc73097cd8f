//! What a right request may say beside what it asks for. Browsers, scripts and their settings differ, and so do the
//! links that lead to a form; the requirements are the same for all of them.

use crate::{Answer, Browser, Miss, Trial, User};

/// One difference between two clients that send the same form.
#[derive(Clone, Copy)]
pub(crate) enum Client {
    /// Sends this header.
    Says(&'static str, &'static str),
    /// Does not say which page the form is on.
    TellsNoPage,
    /// Says it with this header alone.
    Tells(&'static str, &'static str),
    /// Sends the form to an address with this parameter.
    Adds(&'static str),
}

use Client::{Adds, Says, Tells, TellsNoPage};

/// The headers that say which page a form is on.
const PAGE: [&str; 2] = ["origin", "referer"];

/// A browser that was told to know no `SameSite=None`.
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 12_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1 Safari/604.1";

/// The differences that are tried, each alone.
pub(crate) const ALL: [Client; 19] = [
    TellsNoPage,
    Tells("origin", "http://localhost"),
    Tells("referer", "http://localhost/"),
    Says("accept", "application/json"),
    Says("accept-language", "*"),
    Says("referer", "http://localhost/from/here?page=2"),
    Says("sec-fetch-dest", "iframe"),
    Says("sec-fetch-mode", "cors"),
    Says("user-agent", SAFARI),
    Says("user-agent", "é"),
    Says("x-forwarded-for", "203.0.113.7"),
    Says("x-forwarded-proto", "http"),
    Says("x-requested-with", "XMLHttpRequest"),
    Adds("next=%2F"),
    Adds("return_to=%2F"),
    Adds("redirect=%2F"),
    Adds("lang=de"),
    Adds("quantity=3"),
    Adds("count=3"),
];

/// Why none of them matters.
const WHY: &str = "whoever uses another browser, a script or a link expects the same: what the form says decides";

/// Checks that the login of each client leads to this page.
pub(crate) async fn log_in(trial: &Trial, user: &User, inside: &str) -> Result<(), Miss> {
    let visitor = trial.browser("visitor");
    for client in ALL {
        visitor.begins_apart();
        let sent = client.posts(&visitor, "/login", &[("username", &user.name), ("password", &user.password)]).await?;
        sent.redirects_to(inside).map_err(|miss| client.explains(miss))?;
    }
    Ok(())
}

impl Client {
    /// Posts these fields to this path as this client does.
    pub(crate) async fn posts(
        self,
        browser: &Browser<'_>,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Answer, Miss> {
        match self {
            Says(name, value) => browser.says(name, value),
            TellsNoPage => browser.omits(&PAGE),
            Tells(name, value) => {
                browser.omits(&PAGE);
                browser.says(name, value);
            }
            Adds(_) => {}
        }
        let address = if let Adds(parameter) = self { format!("{path}?{parameter}") } else { path.to_owned() };
        let answer = browser.post(&address, fields).await;
        browser.says_nothing_more();
        answer
    }

    /// A miss of this client where others get the expected answer, with the conclusion.
    pub(crate) fn explains(self, miss: Miss) -> Miss {
        miss.so(self.so()).why(WHY)
    }

    /// The conclusion if only this client gets another answer.
    fn so(self) -> String {
        let (alone, why) = match self {
            Says(name, value) => (format!("without the header `{name}: {value}`"), "clients differ in their headers"),
            TellsNoPage => (
                "with the headers `Origin` and `Referer`".to_owned(),
                "not every client says which page a form is on, and `curl` does not",
            ),
            Tells(..) => (
                "with the headers `Origin` and `Referer`, or with neither".to_owned(),
                "some browsers send only one of the two, as a policy of the page or a setting of the user says",
            ),
            Adds(parameter) => {
                (format!("at the address without `{parameter}`"), "anyone can add a parameter to an address")
            }
        };
        format!("the same form is accepted {alone}, so this difference must not matter: {why}")
    }
}
