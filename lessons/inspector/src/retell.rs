//! What another inspector saw, told on this one's timeline: an app that plays something by itself, behind an inspector of
//! its own, shows it where its visitors look.

use crate::{Exchange, Inspector, Retold, What, bounds, timeline::Timeline, words};

impl Inspector {
    /// Puts an exchange that another inspector saw onto this timeline, as one of this visitor's. Cookie values go by this
    /// timeline's letters. The app here has never seen it, so the page does not offer to send it again, and its session
    /// has no life here.
    pub fn retell(&self, visitor: &str, mut exchange: Exchange, how: Retold) {
        relabel(&self.timeline, &mut exchange);
        let summary = words::summary(&exchange);
        let visitor = bounds::text(visitor);
        let retold = Exchange { visitor, retold: Some(how), from_page: None, life: None, summary, ..exchange };
        self.timeline.push(What::Exchange(Box::new(retold)));
    }

    /// Puts onto the timeline what this visitor did without a request, such as `closes the browser`; for an empty name,
    /// what happened.
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
