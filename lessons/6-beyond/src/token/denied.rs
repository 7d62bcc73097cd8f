//! A deny-list: the tokens that were revoked before they expired.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use time::OffsetDateTime;

use super::claims::Claims;

// ANCHOR: denied
/// The IDs of revoked tokens, each with the time at which the token expires. In memory the list works for one instance.
/// Several instances need a shared store, which they ask at each request.
#[derive(Clone, Default)]
pub(super) struct Denied(Arc<Mutex<HashMap<String, i64>>>);

impl Denied {
    /// Revokes a token, and removes expired tokens from the list.
    pub(super) fn add(&self, claims: &Claims, now: OffsetDateTime) {
        let mut denied = self.lock();
        denied.retain(|_, exp| *exp > now.unix_timestamp());
        denied.insert(claims.jti.clone(), claims.exp);
    }

    pub(super) fn has(&self, jti: &str) -> bool {
        self.lock().contains_key(jti)
    }
    // ANCHOR_END: denied

    fn lock(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::token::claims::{LIFE, Role};

    #[test]
    fn the_list_forgets_what_has_ended_by_itself() {
        let (denied, now) = (Denied::default(), OffsetDateTime::UNIX_EPOCH);
        let claims = |now| Claims::new("alice".to_owned(), Role::User, Vec::new(), now);
        let (first, second) = (claims(now), claims(now + LIFE));
        denied.add(&first, now);
        assert!(denied.has(&first.jti) && !denied.has(&second.jti));
        denied.add(&second, now + LIFE - Duration::SECOND);
        assert!(denied.has(&first.jti) && denied.has(&second.jti));
        denied.add(&claims(now), now + LIFE);
        assert!(!denied.has(&first.jti) && denied.has(&second.jti));
    }
}
