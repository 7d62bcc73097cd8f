//! Each side writes Flask-Session's records in Redis, and the other reads them.

use checks::store::{Backend, rules};
use lesson_6::flask::stores::FlaskRedis;
use serde_json::Value;
use tower_sessions::{
    SessionStore,
    session::Id,
    session_store::{Error, Result},
};

use crate::{
    real::ask,
    services::Service,
    shared::{
        PATIENT, Shared, a_logout_of_one_is_a_logout_of_the_other, a_save_undoes_nothing,
        an_overlapping_request_of_flask_revives, both_read_what_the_other_writes, cookie,
    },
};

pub async fn what_flask_session_keeps_in_redis_is_a_session_here_and_the_other_way_round() {
    both_read_what_the_other_writes(&Shared::in_redis().await).await;
}

pub async fn a_logout_on_one_side_is_a_logout_on_the_other() {
    a_logout_of_one_is_a_logout_of_the_other(&Shared::in_redis().await).await;
}

pub async fn a_save_here_does_not_undo_what_flask_has_written_meanwhile() {
    a_save_undoes_nothing(&Shared::in_redis().await).await;
}

pub async fn a_request_of_flask_that_overlaps_a_logout_brings_the_session_back() {
    let delete = "Redis.from_url(at).delete(f'session:{cookie}')";
    an_overlapping_request_of_flask_revives(&Shared::in_redis().await, delete).await;
}

pub async fn an_id_of_flasks_default_length_is_no_id_here() {
    let shared = Shared::in_redis().await;
    let mut question = shared.flask("session['value'] = 1", None);
    question["id_length"] = Value::Null;
    let answer = ask(&[question]).remove(0);
    assert_eq!(cookie(&answer).len(), 43, "256 bits in base64");
    assert!(cookie(&answer).parse::<Id>().is_err(), "tower-sessions has 128 bits");
    // With the setting for shorter IDs, Flask still reads a long ID, and can replace it.
    let regenerate = "current_app.session_interface.regenerate(session._get_current_object())";
    let answer = shared.ask_flask(regenerate, Some(cookie(&answer)));
    assert_eq!(shared.load(cookie(&answer)).await.unwrap().data["value"], 1);
}

pub async fn what_json_does_not_have_is_an_error_here_and_a_value_in_flask() {
    let shared = Shared::in_redis().await;
    for (value, told) in [("float('nan')", "nan"), ("{1: 2}", "{1: 2}")] {
        let answer = shared.ask_flask(&format!("session['value'] = {value}"), None);
        assert_eq!(shared.ask_flask("", Some(cookie(&answer)))["told"], told);
        let loaded = shared.store.load(&cookie(&answer).parse().unwrap()).await;
        assert!(matches!(loaded, Err(Error::Decode(_))), "{value}: {loaded:?}");
    }
}

pub async fn a_pickle_is_a_damaged_record_and_is_not_run() {
    let shared = Shared::in_redis().await;
    let id = Id::default();
    // The output of `pickle.dumps({})`, which Flask-Session 0.8 would load.
    let client = redis::Client::open(shared.at.as_str()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut set = redis::cmd("SET");
    set.arg(format!("session:{id}")).arg(b"\x80\x04}\x94.");
    let _: () = set.query_async(&mut connection).await.unwrap();
    assert!(matches!(shared.store.load(&id).await, Err(Error::Decode(_))));
}

/// The port of a server that is emptied for each rule.
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
