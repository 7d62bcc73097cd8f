//! Shows exchanges that another inspector recorded on this inspector's timeline. So an app that runs a scene by itself,
//! behind an inspector of its own, can show it to its visitors.

use crate::{Exchange, Inspector, Retold, What, bounds, timeline::Timeline, words};

impl Inspector {
    /// Puts an exchange that another inspector recorded onto this timeline, as one of this visitor's. Cookie values get
    /// this timeline's letters. The app here has not answered the request, so the page does not offer to send it again,
    /// and shows no lifetime for its session.
    pub fn retell(&self, visitor: &str, mut exchange: Exchange, how: Retold) {
        relabel(&self.timeline, &mut exchange);
        let summary = words::summary(&exchange);
        let visitor = bounds::text(visitor);
        let retold = Exchange { visitor, retold: Some(how), from_page: None, life: None, summary, ..exchange };
        self.timeline.push(What::Exchange(Box::new(retold)));
    }

    /// Puts an action of this visitor without a request onto the timeline, such as `closes the browser`. With an empty
    /// visitor it is a general event.
    pub fn note(&self, visitor: &str, words: &str) {
        self.timeline.push(What::Note { visitor: bounds::text(visitor), words: bounds::text(words) });
    }
}

fn relabel(timeline: &Timeline, exchange: &mut Exchange) {
    let relabel = |label: &mut String, value: &str| {
        if !label.is_empty() {
            *label = timeline.label(value);
        }
    };
    exchange.request.cookies.iter_mut().for_each(|cookie| relabel(&mut cookie.label, &cookie.value));
    exchange.response.set_cookies.iter_mut().for_each(|cookie| relabel(&mut cookie.label, &cookie.value));
    exchange.calls.iter_mut().for_each(|call| relabel(&mut call.label, &call.id));
}
