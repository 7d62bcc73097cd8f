//! Tests sessions that a real Flask-Session and a store of the lesson share, for every backend.

use std::sync::Arc;

use lesson_6::flask::{files::FlaskFiles, sql::FlaskSql, stores::FlaskRedis};
use serde_json::{Value, json};
use session_guard::{
    Guarded, Scope, renew_id,
    version::{is_conflict, is_gone},
};
use tempfile::TempDir;
use time::OffsetDateTime;
use tower_sessions::{
    Session, SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use crate::{
    real::ask,
    services::Service,
    table::{snapshot, table},
};

pub const PATIENT: std::time::Duration = std::time::Duration::from_secs(60);

/// The values that a view writes to `session["value"]`.
const WRITTEN: [&str; 16] = [
    "None",
    "True",
    "2**64 - 1",
    "-2**63",
    "0.1",
    "1.0",
    "'é 😀'",
    "[1, [2, []]]",
    "{'a': {'b': 1}}",
    "b'\\x00\\xff'",
    "datetime(2026, 1, 1, 12, 0, 0, 999999, tzinfo=timezone.utc)",
    "{' b': 'AP8='}",
    "{' di': {' b__': 'AP8='}}",
    // Flask-Session itself turns these values into other ones.
    "(1, 2)",
    "UUID(int=1)",
    "datetime(2026, 1, 1)",
];

pub struct Shared<S> {
    pub store: S,
    /// The name of the backend in `real_flask.py`.
    pub backend: &'static str,
    /// The URL, file or folder of the backend.
    pub at: String,
    _ends_with_it: (Option<Service>, Option<TempDir>),
}

impl Shared<FlaskRedis> {
    pub async fn in_redis() -> Self {
        let redis = Service::redis_in_memory().expect("Redis");
        let at = format!("redis://127.0.0.1:{}", redis.port);
        let store = FlaskRedis::open(&at, "session:", PATIENT).await.unwrap();
        Self { store, backend: "redis", at, _ends_with_it: (Some(redis), None) }
    }
}

impl Shared<FlaskSql> {
    pub async fn in_sql() -> Self {
        let folder = TempDir::new().unwrap();
        let at = folder.path().join("flask.sqlite").display().to_string();
        // Flask makes the table when the app starts.
        ask(&[json!({ "ask": "store", "backend": "sql", "at": at, "deed": "" })]);
        let store = FlaskSql::open(&at, "session:", PATIENT).await.unwrap();
        Self { store, backend: "sql", at, _ends_with_it: (None, Some(folder)) }
    }
}

impl Shared<FlaskFiles> {
    pub fn in_files() -> Self {
        let folder = TempDir::new().unwrap();
        let at = folder.path().join("sessions").display().to_string();
        let store = FlaskFiles::open(&at, "session:", PATIENT).unwrap();
        Self { store, backend: "files", at, _ends_with_it: (None, Some(folder)) }
    }
}

impl<S: SessionStore> Shared<S> {
    pub fn flask(&self, deed: &str, cookie: Option<&str>) -> Value {
        json!({ "ask": "store", "backend": self.backend, "at": self.at, "deed": deed, "cookie": cookie })
    }

    pub fn ask_flask(&self, deed: &str, cookie: Option<&str>) -> Value {
        let answer = ask(&[self.flask(deed, cookie)]).remove(0);
        assert_eq!(answer["status"], 200, "{deed}");
        answer
    }

    pub async fn load(&self, cookie: &str) -> Option<Record> {
        self.store.load(&cookie.parse().unwrap()).await.unwrap()
    }

    /// Checks that Flask begins a new session for a visitor with this ID.
    fn knows_nobody(&self, id: &Id) {
        let answer = self.ask_flask("session['value'] = session.get('value', 'a new one')", Some(&id.to_string()));
        assert_eq!(answer["told"], "\"a new one\"");
        assert_ne!(cookie(&answer), id.to_string());
    }

    pub async fn create(&self, value: Value, expiry_date: OffsetDateTime) -> Id {
        let mut record = Record { id: Id::default(), data: [("value".to_owned(), value)].into(), expiry_date };
        self.store.create(&mut record).await.unwrap();
        record.id
    }
}

pub fn cookie(answer: &Value) -> &str {
    answer["cookie"].as_str().unwrap_or_else(|| panic!("no cookie: {answer}"))
}

/// Each side reads the sessions that the other writes.
pub async fn both_read_what_the_other_writes(shared: &Shared<impl SessionStore>) {
    let deeds = WRITTEN.map(|value| shared.flask(&format!("session['value'] = {value}"), None));
    let written = ask(&deeds);
    let mut here = Vec::new();
    for answer in &written {
        let mut record = shared.load(cookie(answer)).await.expect("Flask has written it");
        let left = record.expiry_date - OffsetDateTime::now_utc();
        assert!(left <= time::Duration::days(31) && left > time::Duration::days(30), "{left}");
        here.push(record.data["value"].to_string());
        record.data.insert("here".to_owned(), json!("axum"));
        shared.store.save(&record).await.unwrap();
    }
    let looks = written.iter().map(|answer| shared.flask("assert session['here'] == 'axum'", Some(cookie(answer))));
    let again = ask(&looks.collect::<Vec<_>>());
    let mut rows = Vec::new();
    for (((value, here), before), after) in WRITTEN.iter().zip(here).zip(&written).zip(again) {
        assert_eq!(after["status"], 200, "{value}: {after}");
        let back = after["told"].as_str().unwrap().to_owned();
        // Flask-Session turns these values into other ones when it writes, which it has not done yet at this request.
        let is_changed = WRITTEN[13..].contains(value);
        assert_eq!(back != before["told"].as_str().unwrap(), is_changed, "{value} has become {back}");
        rows.push(vec![(*value).to_owned(), here, back]);
    }
    snapshot("stores", &table(&["a view of Flask writes", "axum has", "Flask reads again"], &rows));

    let id = shared.create(json!(["made here", 1]), OffsetDateTime::now_utc() + time::Duration::HOUR).await;
    let answer = shared.ask_flask("", Some(&id.to_string()));
    assert_eq!(answer["told"], r#"["made here", 1]"#);
}

pub async fn a_logout_of_one_is_a_logout_of_the_other(shared: &Shared<impl SessionStore>) {
    let [alice, bob] = [(); 2].map(|()| shared.ask_flask("session['value'] = 1", None));
    shared.ask_flask("session.clear()", Some(cookie(&alice)));
    assert_eq!(shared.load(cookie(&alice)).await, None);
    shared.store.delete(&cookie(&bob).parse().unwrap()).await.unwrap();
    let answer = shared.ask_flask("session['value'] = session.get('value', 'a new session')", Some(cookie(&bob)));
    assert_eq!(answer["told"], "\"a new session\"");
    assert_ne!(cookie(&answer), cookie(&bob), "Flask makes an ID of its own");
}

/// A save undoes no change that Flask has made since the session was loaded.
pub async fn a_save_undoes_nothing(shared: &Shared<impl SessionStore>) {
    let answer = shared.ask_flask("session['value'] = 1", None);
    let change = async |meanwhile: &str| {
        let request = Scope::default();
        let saved = request.run(async {
            let mut record = shared.load(cookie(&answer)).await.unwrap();
            shared.ask_flask(meanwhile, Some(cookie(&answer)));
            record.data.insert("here".to_owned(), json!("axum"));
            shared.store.save(&record).await
        });
        saved.await
    };
    assert!(is_conflict(&change("session['value'] = 2").await.unwrap_err()));
    assert_eq!(shared.ask_flask("", Some(cookie(&answer)))["told"], "2");
    // Flask writes the record at each request, but the same data are the same record.
    change("").await.unwrap();
    a_request_knows_what_it_has_written_itself(shared).await;
    the_same_bytes_undo_nothing(shared, cookie(&answer)).await;
}

async fn the_same_bytes_undo_nothing(shared: &Shared<impl SessionStore>, id: &str) {
    let [request, other] = [(); 2].map(|()| Scope::default());
    let saved = request.run(async {
        let mut record = shared.load(id).await.unwrap();
        record.data.insert("same".to_owned(), json!(1));
        other.run(async { shared.store.save(&record).await.unwrap() }).await;
        shared.store.save(&record).await
    });
    saved.await.unwrap();
}

async fn a_request_knows_what_it_has_written_itself(shared: &Shared<impl SessionStore>) {
    for saves in [0, 2] {
        let request = Scope::default();
        let last = request.run(async {
            let expiry_date = OffsetDateTime::now_utc() + time::Duration::HOUR;
            let id = shared.create(json!(0), expiry_date).await;
            let record = |value| Record { id, data: [("value".to_owned(), json!(value))].into(), expiry_date };
            for save in 1..=saves {
                shared.store.save(&record(save)).await.unwrap();
            }
            shared.ask_flask("session['value'] = 'of Flask'", Some(&id.to_string()));
            shared.store.save(&record(3)).await
        });
        assert!(is_conflict(&last.await.unwrap_err()), "after {saves} saves");
    }
}

/// One side changes the ID, and a request on the other side still has the old one.
pub async fn a_new_id_of_one_ends_the_old_one_for_the_other(shared: &Shared<impl SessionStore + Clone>) {
    let answer = shared.ask_flask("session['value'] = 1", None);
    let old = shared.load(cookie(&answer)).await.unwrap();
    let regenerate = "current_app.session_interface.regenerate(session._get_current_object())";
    let renewed = shared.ask_flask(regenerate, Some(cookie(&answer)));
    assert!(is_gone(&shared.store.save(&old).await.unwrap_err()), "the save would revive the session");
    assert_eq!(shared.load(cookie(&answer)).await, None);
    let id = cookie(&renewed).parse().unwrap();
    let session = Session::new(Some(id), Arc::new(shared.store.clone()), None);
    session.cycle_id().await.unwrap();
    session.save().await.unwrap();
    assert_eq!(shared.load(cookie(&renewed)).await, None);
    shared.knows_nobody(&id);
    assert_eq!(shared.ask_flask("", Some(&session.id().unwrap().to_string()))["told"], "1");
}

/// `Guarded` replaces a session that has ended, or has a new ID, with a marker. Flask must not take the marker for a
/// session, because its next save would keep it for a month.
pub async fn a_marker_is_no_session_of_flask(shared: &Shared<impl SessionStore + Clone>) {
    for changes_id in [true, false] {
        let id = cookie(&shared.ask_flask("session['value'] = 1", None)).parse().unwrap();
        let session = Session::new(Some(id), Arc::new(Guarded::new(shared.store.clone())), None);
        let request = Scope::default();
        let done = request.run(async { if changes_id { renew_id(&session).await } else { session.flush().await } });
        done.await.unwrap();
        shared.knows_nobody(&id);
        assert_eq!(shared.load(&id.to_string()).await, None);
        if changes_id {
            assert_eq!(shared.ask_flask("", Some(&session.id().unwrap().to_string()))["told"], "1");
        }
    }
}

/// Flask marks its own sessions as permanent.
pub async fn a_session_is_permanent_only_if_it_says_so(shared: &Shared<impl SessionStore>) {
    let expiry_date = OffsetDateTime::now_utc() + time::Duration::HOUR;
    for is_permanent in [false, true] {
        let data = [("_permanent".to_owned(), json!(is_permanent)), ("value".to_owned(), json!(1))].into();
        let mut record = Record { id: Id::default(), data, expiry_date };
        shared.store.create(&mut record).await.unwrap();
        let answer = shared.ask_flask("session['value'] = 2", Some(&record.id.to_string()));
        assert_eq!(answer["outlives_the_browser"], is_permanent);
    }
}

/// By default Flask writes after each request. Without that, it writes if a key of the session is set.
pub async fn flask_writes_after_each_request_or_after_a_change(shared: &Shared<impl SessionStore>) {
    for (refreshes, deed, after) in [
        (true, "session['value'].append(2)", json!([1, 2])),
        (false, "session['value'].append(2)", json!([1])),
        (false, "session['value'] = [3]", json!([3])),
    ] {
        let answer = shared.ask_flask("session['value'] = [1]", None);
        let mut question = shared.flask(deed, Some(cookie(&answer)));
        question["config"] = json!({ "SESSION_REFRESH_EACH_REQUEST": refreshes });
        ask(&[question]);
        assert_eq!(shared.load(cookie(&answer)).await.unwrap().data["value"], after, "{deed}");
    }
}

/// The view deletes the record after Flask has loaded the session.
pub async fn an_overlapping_request_of_flask_revives(shared: &Shared<impl SessionStore>, delete: &str) {
    let answer = shared.ask_flask("session['value'] = 1", None);
    shared.ask_flask(&format!("cookie, at = {:?}, {:?}\n{delete}", cookie(&answer), shared.at), Some(cookie(&answer)));
    assert!(shared.load(cookie(&answer)).await.is_some());
}

/// Compares how each side reads an invalid record.
pub async fn refusals(name: &str, head: &str, shared: &Shared<impl SessionStore>, cases: Vec<(&str, Id)>) {
    let mut here = Vec::new();
    for (_, id) in &cases {
        here.push(outcome(shared.store.load(id).await));
    }
    let questions: Vec<_> = cases.iter().map(|(_, id)| shared.flask("", Some(&id.to_string()))).collect();
    let there = ask(&questions).into_iter().map(|answer| match (answer["status"].as_u64(), answer["told"].as_str()) {
        (Some(200), Some("None")) => "no session",
        (Some(200), Some("1")) => "a session",
        (Some(500), _) => "an error",
        _ => panic!("{answer}"),
    });
    let rows = cases.iter().zip(there).zip(here);
    let rows: Vec<_> = rows.map(|(((what, _), there), here)| [what, there, here].map(str::to_owned).to_vec()).collect();
    snapshot(name, &table(&[head, "for Flask", "for axum"], &rows));
}

fn outcome(loaded: Result<Option<Record>>) -> &'static str {
    match loaded {
        Ok(None) => "no session",
        Ok(Some(record)) if record.data["value"] == 1 => "a session",
        Err(Error::Decode(_)) => "an error",
        other => panic!("{other:?}"),
    }
}
