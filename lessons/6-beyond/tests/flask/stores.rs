//! Flask-Session's records in Redis, written by one side and read by the other.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{
        Request,
        header::{COOKIE, SET_COOKIE},
    },
    middleware::from_fn_with_state,
    routing::get,
};
use checks::store::{Backend, rules};
use http_body_util::BodyExt;
use lesson_6::flask::{
    cookie::Keys,
    signed_id::{SignedId, signed_id},
    stores::FlaskRedis,
};
use serde_json::{Value, json};
use session_guard::{Scope, version::is_conflict};
use time::OffsetDateTime;
use tower::ServiceExt;
use tower_sessions::{
    Session, SessionManagerLayer, SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use crate::{
    real::ask,
    services::Service,
    table::{snapshot, table},
};

const KEY: &str = "a key of both halves";
const PATIENT: Duration = Duration::from_secs(60);

/// What a view writes to `session["value"]`.
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
    "{' di': {' e__': 1}}",
    // What Flask-Session itself turns into something else.
    "(1, 2)",
    "UUID(int=1)",
    "datetime(2026, 1, 1)",
];

struct Shared {
    _redis: Service,
    url: String,
    store: FlaskRedis,
}

impl Shared {
    async fn start() -> Self {
        let redis = Service::redis_in_memory().expect("Redis");
        let url = format!("redis://127.0.0.1:{}", redis.port);
        let store = FlaskRedis::open(&url, "session:", PATIENT).await.unwrap();
        Self { _redis: redis, url, store }
    }

    fn flask(&self, deed: &str, cookie: Option<&str>) -> Value {
        json!({ "ask": "store", "url": self.url, "deed": deed, "cookie": cookie })
    }

    fn ask_flask(&self, deed: &str, cookie: Option<&str>) -> Value {
        let answer = ask(&[self.flask(deed, cookie)]).remove(0);
        assert_eq!(answer["status"], 200, "{deed}");
        answer
    }

    async fn load(&self, cookie: &str) -> Option<Record> {
        self.store.load(&cookie.parse().unwrap()).await.unwrap()
    }
}

fn cookie(answer: &Value) -> &str {
    answer["cookie"].as_str().unwrap_or_else(|| panic!("no cookie: {answer}"))
}

pub async fn what_flask_session_keeps_in_redis_is_a_session_here_and_the_other_way_round() {
    let shared = Shared::start().await;
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
        // What Flask-Session has changed itself it changes when it writes, which this request has not done yet.
        let is_changed = WRITTEN[13..].contains(value);
        assert_eq!(back != before["told"].as_str().unwrap(), is_changed, "{value} has become {back}");
        rows.push(vec![(*value).to_owned(), here, back]);
    }
    snapshot("stores", &table(&["a view of Flask writes", "axum has", "Flask reads again"], &rows));

    let data = [("value".to_owned(), json!(["made here", 1]))].into();
    let mut record = Record { id: Id::default(), data, expiry_date: OffsetDateTime::now_utc() + time::Duration::HOUR };
    shared.store.create(&mut record).await.unwrap();
    let answer = shared.ask_flask("", Some(&record.id.to_string()));
    assert_eq!(answer["told"], r#"["made here", 1]"#);
}

pub async fn a_logout_on_one_side_is_a_logout_on_the_other() {
    let shared = Shared::start().await;
    let [alice, bob] = [(); 2].map(|()| shared.ask_flask("session['value'] = 1", None));
    shared.ask_flask("session.clear()", Some(cookie(&alice)));
    assert_eq!(shared.load(cookie(&alice)).await, None);
    shared.store.delete(&cookie(&bob).parse().unwrap()).await.unwrap();
    let answer = shared.ask_flask("session['value'] = session.get('value', 'a new session')", Some(cookie(&bob)));
    assert_eq!(answer["told"], "\"a new session\"");
    assert_ne!(cookie(&answer), cookie(&bob), "Flask makes an ID of its own");
}

pub async fn a_save_here_does_not_undo_what_flask_has_written_meanwhile() {
    let shared = Shared::start().await;
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
    // Flask writes the record with each request, and the same data are the same record.
    change("").await.unwrap();
}

pub async fn a_request_of_flask_that_overlaps_a_logout_brings_the_session_back() {
    let shared = Shared::start().await;
    let answer = shared.ask_flask("session['value'] = 1", None);
    // Flask has loaded the session, and the view is running.
    let key = format!("session:{}", cookie(&answer));
    shared.ask_flask(&format!("Redis.from_url({:?}).delete({key:?})", shared.url), Some(cookie(&answer)));
    assert!(shared.load(cookie(&answer)).await.is_some());
}

pub async fn a_signed_id_of_flask_is_an_id_here_and_the_other_way_round() {
    let shared = Shared::start().await;
    let flask = |deed: &str, cookie: Option<&str>| {
        let mut question = shared.flask(deed, cookie);
        question["key"] = KEY.into();
        question["signer"] = true.into();
        ask(&[question]).remove(0)
    };
    let cookie_of_both = SignedId { name: "session", keys: Keys::for_ids(KEY).unwrap() };
    let look = async |session: Session| session.get::<Value>("value").await.unwrap().unwrap_or_default().to_string();
    let write = async |session: Session| session.insert("value", "made here").await.unwrap();
    let app: Router = Router::new()
        .route("/look", get(look))
        .route("/write", get(write)) // a test's own route
        .layer(SessionManagerLayer::new(shared.store.clone()).with_name("session"))
        .layer(from_fn_with_state(cookie_of_both, signed_id));
    let ask_axum = async |path: &str, cookie: Option<&str>| {
        let request = cookie.into_iter().fold(Request::get(path), |request, cookie| {
            request.header(COOKIE, format!("theme=dark; session={cookie}"))
        });
        app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    };
    let look = async |cookie: &str| {
        let body = ask_axum("/look", Some(cookie)).await.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    };
    let answer = flask("session['value'] = 1", None);
    let signed = cookie(&answer);
    assert_eq!(look(signed).await, "1");
    let (id, signature) = signed.split_once('.').unwrap();
    assert_eq!(look(id).await, "null", "without a signature");
    assert_eq!(look(&format!("{}.{signature}", Id::default())).await, "null", "the signature of another ID");

    let response = ask_axum("/write", None).await;
    let set = response.headers()[SET_COOKIE].to_str().unwrap();
    let made_here = set.split(';').next().unwrap().strip_prefix("session=").unwrap();
    assert_eq!(flask("", Some(made_here))["told"], "\"made here\"");
}

pub async fn an_id_of_flasks_default_length_is_no_id_here() {
    let shared = Shared::start().await;
    let mut question = shared.flask("session['value'] = 1", None);
    question["id_length"] = Value::Null;
    let answer = ask(&[question]).remove(0);
    assert_eq!(cookie(&answer).len(), 43, "256 bits in base64");
    assert!(cookie(&answer).parse::<Id>().is_err(), "tower-sessions has 128 bits");
    // With the shorter length Flask still reads it, and can replace it.
    let regenerate = "current_app.session_interface.regenerate(session._get_current_object())";
    let answer = shared.ask_flask(regenerate, Some(cookie(&answer)));
    assert_eq!(shared.load(cookie(&answer)).await.unwrap().data["value"], 1);
}

pub async fn what_json_does_not_have_is_an_error_here_and_a_value_in_flask() {
    let shared = Shared::start().await;
    for (value, told) in [("float('nan')", "nan"), ("{1: 2}", "{1: 2}")] {
        let answer = shared.ask_flask(&format!("session['value'] = {value}"), None);
        assert_eq!(shared.ask_flask("", Some(cookie(&answer)))["told"], told);
        let loaded = shared.store.load(&cookie(&answer).parse().unwrap()).await;
        assert!(matches!(loaded, Err(Error::Decode(_))), "{value}: {loaded:?}");
    }
}

pub async fn a_pickle_is_a_damaged_record_and_is_not_run() {
    let shared = Shared::start().await;
    let id = Id::default();
    // What `pickle.dumps({})` gives, and Flask-Session 0.8 would load.
    let client = redis::Client::open(shared.url.as_str()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut set = redis::cmd("SET");
    set.arg(format!("session:{id}")).arg(b"\x80\x04}\x94.");
    let _: () = set.query_async(&mut connection).await.unwrap();
    assert!(matches!(shared.store.load(&id).await, Err(Error::Decode(_))));
}

/// A server, emptied for each rule.
struct InRedis(u16);

impl InRedis {
    async fn send<T: redis::FromRedisValue>(&self, command: &[&[u8]]) -> T {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}", self.0)).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut sent = redis::Cmd::new();
        for part in command {
            sent.arg(*part);
        }
        sent.query_async(&mut connection).await.unwrap()
    }
}

impl Backend for InRedis {
    type Store = FlaskRedis;

    async fn open(&self) -> FlaskRedis {
        FlaskRedis::open(&format!("redis://127.0.0.1:{}", self.0), "session:", PATIENT).await.unwrap()
    }

    fn keeps(&self) -> bool {
        true
    }

    async fn damage(&self, id: &Id) -> Option<()> {
        self.send(&[b"SET", format!("session:{id}").as_bytes(), b"{\"data\": {\"user"]).await
    }

    async fn contents(&self) -> Option<Vec<u8>> {
        let keys: Vec<Vec<u8>> = self.send(&[b"KEYS", b"*"]).await;
        Some(keys.concat())
    }

    async fn put_foreign(&self) -> Option<()> {
        self.send(&[b"SET", b"another-program", b"1"]).await
    }

    async fn foreign_is_there(&self) -> bool {
        self.send(&[b"EXISTS", b"another-program"]).await
    }

    async fn clean(&self, _: &FlaskRedis) -> Result<()> {
        Ok(())
    }
}

pub async fn the_store_keeps_every_rule_but_that_flask_has_the_ids_in_its_keys() {
    let server = Service::redis_in_memory().expect("Redis");
    let mut broken = Vec::new();
    for rule in rules::<InRedis>() {
        let backend = InRedis(server.port);
        let () = backend.send(&[b"FLUSHALL"]).await;
        if let Err(miss) = (rule.run)(&backend).await {
            println!("{}: {miss:?}", rule.id);
            broken.push(rule.id);
        }
    }
    assert_eq!(broken, ["ids_are_not_readable_in_the_backend"]);
}
