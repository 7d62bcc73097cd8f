//! Draws the exchanges of an inspector as arrows of a picture.

use checks::StoryStep;
use session_inspector::{Exchange, Operation, Outcome, StoreCall};

use crate::drawing::{Arrow, Picture, Row};

/// The maximum number of characters of a session's data at a call. Longer data is left out.
const LONGEST_DATA: usize = 28;
/// The words in a story after which the next request arrives in pieces.
const SLOWLY: &str = "sends the next form slowly";

/// Draws the requests to `server`. A page that shows nothing new is left out.
pub fn story(picture: &mut Picture, story: &[StoryStep]) {
    // The rest of a slow request, until another event has been drawn.
    let mut pending = Vec::new();
    let mut is_slow = false;
    for step in story {
        match &step.exchange {
            None if step.did.starts_with(SLOWLY) => is_slow = true,
            None => picture.add(Row::Note { at: step.who.clone(), words: note(&step.did) }),
            Some(exchange) if tells_nothing(exchange, story) => {}
            Some(exchange) => {
                let mut rows = rows(&step.who, "server", exchange, &ids(story));
                if is_slow {
                    // It was loaded at once, and is saved and answered when its body has arrived.
                    pending = rows.split_off(1 + loads(exchange));
                } else {
                    rows.append(&mut pending);
                }
                rows.into_iter().for_each(|row| picture.add(row));
                is_slow = false;
            }
        }
    }
}

/// Draws one request of `who` to `server`, the calls that `server` made, and its answer.
pub fn exchange(picture: &mut Picture, who: &str, server: &str, exchange: &Exchange) {
    let ids: Vec<_> = exchange.calls.iter().map(|call| call.label.clone()).collect();
    rows(who, server, exchange, &ids).into_iter().for_each(|row| picture.add(row));
}

/// Returns the letters that are session IDs. Other cookies are not drawn.
fn ids(story: &[StoryStep]) -> Vec<String> {
    let exchanges = story.iter().filter_map(|step| step.exchange.as_ref());
    exchanges.flat_map(|exchange| &exchange.calls).map(|call| call.label.clone()).collect()
}

/// Whether an exchange only shows a page that others in the story show, too, or uses no session.
fn tells_nothing(exchange: &Exchange, story: &[StoryStep]) -> bool {
    let Exchange { request, calls, response, .. } = exchange;
    let all = story.iter().filter_map(|step| step.exchange.as_ref());
    let is_usual = || all.filter(|other| other.response.body.says == response.body.says).count() > 1;
    let only_loads = calls.iter().all(|call| call.operation == Operation::Load);
    response.status == 200 && only_loads && (request.cookies.is_empty() || is_usual())
}

fn loads(exchange: &Exchange) -> usize {
    exchange.calls.iter().take_while(|call| call.operation == Operation::Load).count()
}

fn rows(who: &str, server: &str, Exchange { request, calls, response, .. }: &Exchange, ids: &[String]) -> Vec<Row> {
    let arrow = |from: &str, to: &str, above: String, below: String| Arrow {
        from: from.to_owned(),
        to: to.to_owned(),
        above,
        below,
        is_answer: false,
    };
    let sent = request.cookies.iter().filter(|cookie| ids.contains(&cookie.label));
    let sent: Vec<_> = sent.map(|cookie| format!("cookie {}", cookie.label)).collect();
    let asks = arrow(who, server, format!("{} {}", request.method, request.target), sent.join(", "));
    let calls = calls.iter().map(|call| {
        let (asked, came) = call_words(call);
        arrow(server, "store", asked, came)
    });
    let set = response.set_cookies.iter().filter(|cookie| cookie.label.is_empty() || ids.contains(&cookie.label));
    let mut set: Vec<_> = set.map(|cookie| set_words(&cookie.label)).collect();
    set.dedup();
    let more = match (&response.location, &response.body.says) {
        (Some(location), _) => format!(" → {}", location.split('?').next().unwrap_or_default()),
        (None, Some(says)) => format!(" {says}"),
        (None, None) => String::new(),
    };
    let answers = Arrow { is_answer: true, ..arrow(server, who, format!("{}{more}", response.status), set.join(", ")) };
    std::iter::once(asks).chain(calls).chain([answers]).map(Row::Arrow).collect()
}

/// Describes a call to the store, and its result.
fn call_words(StoreCall { operation, label, outcome, .. }: &StoreCall) -> (String, String) {
    let asked = match operation {
        Operation::Create => "create",
        Operation::Save => "save",
        Operation::Load => "load",
        Operation::Delete => "delete",
    };
    let came = match outcome {
        Outcome::Missing => "nothing".to_owned(),
        Outcome::Expired => "expired".to_owned(),
        Outcome::Done => String::new(),
        Outcome::Moved => "the new ID".to_owned(),
        Outcome::Failed(error) => error.clone(),
        Outcome::Data(data) => serde_json::to_string(data).unwrap_or_default(),
    };
    let fits = came.chars().count() <= LONGEST_DATA;
    (format!("{asked} {label}").trim_end().to_owned(), if fits { came } else { String::new() })
}

fn set_words(label: &str) -> String {
    if label.is_empty() { "cookie removed".to_owned() } else { format!("set cookie {label}") }
}

/// Returns the text for a note beside the visitor.
fn note(did: &str) -> String {
    did.trim_end_matches(", and from there:").to_owned()
}
