//! Each side writes Flask-Session's rows in SQLite, and the other reads them.

use std::{fs, path::PathBuf};

use checks::store::{Backend, rules};
use futures_util::future::join;
use lesson_6::flask::sql::FlaskSql;
use serde_json::json;
use session_guard::{Scope, version::is_conflict};
use sqlx::{
    Row, SqlitePool, query,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};
use tower_sessions::{
    ExpiredDeletion, SessionStore,
    session::{Id, Record},
    session_store::Result,
};

use crate::{
    real::ask,
    shared::{
        PATIENT, Shared, a_logout_of_one_is_a_logout_of_the_other, a_save_undoes_nothing,
        an_overlapping_request_of_flask_revives, both_read_what_the_other_writes, cookie, refusals,
    },
};

pub async fn what_flask_session_keeps_in_sqlite_is_a_session_here_and_the_other_way_round() {
    both_read_what_the_other_writes(&Shared::in_sql().await).await;
}

pub async fn a_logout_on_one_side_deletes_the_row_of_both() {
    a_logout_of_one_is_a_logout_of_the_other(&Shared::in_sql().await).await;
}

pub async fn a_save_here_does_not_undo_the_row_that_flask_has_written_meanwhile() {
    a_save_undoes_nothing(&Shared::in_sql().await).await;
}

pub async fn a_request_of_flask_that_overlaps_a_logout_inserts_the_row_again() {
    let delete = "with sqlite3.connect(at) as db: db.execute('delete from sessions')";
    an_overlapping_request_of_flask_revives(&Shared::in_sql().await, delete).await;
}

pub async fn flask_cannot_write_between_the_comparison_and_the_update() {
    let shared = Shared::in_sql().await;
    let other = open(&shared.at).await;
    // The two writes meet at another moment in each round.
    for _ in 0..20 {
        let id = shared.create(json!(1), OffsetDateTime::now_utc() + Duration::HOUR).await;
        let request = Scope::default();
        let saved = request.run(async {
            let record = shared.load(&id.to_string()).await.unwrap();
            let mut writing = other.begin_with("begin immediate").await.unwrap();
            query("update sessions set data = x'80'").execute(&mut *writing).await.unwrap();
            let changed = Record { data: [("value".to_owned(), json!(2))].into(), ..record };
            join(shared.store.save(&changed), async { writing.commit().await.unwrap() }).await.0
        });
        let error = saved.await.unwrap_err();
        assert!(is_conflict(&error), "{error}");
    }
}

pub async fn a_save_of_flask_undoes_what_was_written_here_meanwhile() {
    let shared = Shared::in_sql().await;
    let answer = shared.ask_flask("session['value'] = 1", None);
    // A request to axum writes while the view is running.
    let written_here = "with sqlite3.connect(at) as db: db.execute(\"update sessions set data = x'81a46865726501'\")";
    let deed = format!("at = {:?}\n{written_here}", shared.at);
    shared.ask_flask(&deed, Some(cookie(&answer)));
    let data = shared.load(cookie(&answer)).await.unwrap().data;
    assert_eq!((data.get("value"), data.get("here")), (Some(&json!(1)), None));
}

pub async fn an_expired_row_is_deleted_by_flask_and_left_by_a_load_here() {
    let shared = Shared::in_sql().await;
    let id = shared.create(json!(1), OffsetDateTime::now_utc() - Duration::HOUR).await.to_string();
    let sql = open(&shared.at).await;
    let rows = async || query("select 1 from sessions").fetch_all(&sql).await.unwrap().len();
    assert_eq!((shared.load(&id).await, rows().await), (None, 1));
    shared.ask_flask("", Some(&id));
    assert_eq!(rows().await, 0);
}

pub async fn both_sides_judge_a_row_alike_with_two_exceptions() {
    let shared = Shared::in_sql().await;
    let rows = [
        ("MessagePack", "data = x'81a576616c756501'"),
        ("MessagePack that is cut off", "data = x'81a576616c7565'"),
        ("no bytes", "data = x''"),
        ("NULL", "data = null"),
        ("a list", "data = x'9101'"),
        ("an expiry as SQLite writes it", "expiry = datetime('now', '+1 hour')"),
        ("an expiry that is past", "expiry = '2020-01-01 00:00:00.000000'"),
        ("the expiry NULL", "expiry = null"),
        ("an expiry that is no date", "expiry = 'soon'"),
        // Flask and axum differ here.
        ("JSON", "data = '{\"value\":1}'"),
        ("a pickle", "data = x'80047d948c0576616c7565944b01732e'"),
    ];
    let sql = open(&shared.at).await;
    let mut cases = Vec::new();
    for (what, change) in rows {
        let id = shared.create(json!(1), OffsetDateTime::now_utc() + Duration::HOUR).await;
        let update = format!("update sessions set {change} where session_id = 'session:{id}'");
        query(sqlx::AssertSqlSafe(update)).execute(&sql).await.unwrap();
        cases.push((what, id));
    }
    refusals("refused_rows", "the row has", &shared, cases).await;
}

pub async fn a_row_in_json_is_a_session_here_once_flask_has_written_it_again() {
    let shared = Shared::in_sql().await;
    let mut question = shared.flask("session['value'] = 1", None);
    question["config"] = json!({ "SESSION_SERIALIZATION_FORMAT": "json" });
    let answer = ask(&[question]).remove(0);
    assert!(shared.store.load(&cookie(&answer).parse().unwrap()).await.is_err());
    shared.ask_flask("", Some(cookie(&answer)));
    assert_eq!(shared.load(cookie(&answer)).await.unwrap().data["value"], 1);
}

pub async fn without_flasks_table_the_store_does_not_open() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("flask.sqlite");
    assert!(FlaskSql::open(&file, "session:", PATIENT).await.is_err());
    assert!(!file.exists(), "it makes none");
    fs::write(&file, "").unwrap();
    assert!(FlaskSql::open(&file, "session:", PATIENT).await.is_err());
}

pub async fn open(file: impl AsRef<std::path::Path>) -> SqlitePool {
    // As in the store, sqlx must not close connections by itself.
    let pool = SqlitePoolOptions::new().idle_timeout(None).max_lifetime(None);
    pool.connect_with(SqliteConnectOptions::new().filename(file)).await.unwrap()
}

/// A file with Flask's table, which is empty.
struct InSql {
    _folder: TempDir,
    file: PathBuf,
}

impl InSql {
    fn copy_of(empty: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("flask.sqlite");
        fs::copy(empty, &file).unwrap();
        Self { _folder: folder, file }
    }
}

/// An expired row with the prefix of another program.
const FOREIGN: &str = "insert into sessions (session_id, expiry) values ('another:1', '2020-01-01 00:00:00.000000')";

impl Backend for InSql {
    type Store = FlaskSql;

    async fn open(&self) -> FlaskSql {
        FlaskSql::open(&self.file, "session:", PATIENT).await.unwrap()
    }

    fn keeps(&self) -> bool {
        true
    }

    async fn damage(&self, id: &Id) -> Option<()> {
        let update = query("update sessions set data = ? where session_id = ?");
        let update = update.bind(&b"{\"data\": {\"user"[..]).bind(format!("session:{id}"));
        update.execute(&open(&self.file).await).await.unwrap();
        Some(())
    }

    async fn contents(&self) -> Option<Vec<u8>> {
        let rows = query("select session_id, data from sessions").fetch_all(&open(&self.file).await).await.unwrap();
        Some(rows.iter().flat_map(|row| [row.get::<Vec<u8>, _>(0), row.get(1)].concat()).collect())
    }

    async fn put_foreign(&self) -> Option<()> {
        query(FOREIGN).execute(&open(&self.file).await).await.unwrap();
        Some(())
    }

    async fn foreign_is_there(&self) -> bool {
        let select = query("select 1 from sessions where session_id = 'another:1'");
        select.fetch_optional(&open(&self.file).await).await.unwrap().is_some()
    }

    async fn clean(&self, store: &FlaskSql) -> Result<()> {
        store.delete_expired().await
    }
}

pub async fn the_store_in_sqlite_keeps_every_rule_but_that_flask_has_the_ids_in_its_rows() {
    let empty = Shared::in_sql().await;
    let mut broken = Vec::new();
    for rule in rules::<InSql>() {
        if let Err(miss) = (rule.run)(&InSql::copy_of(&empty.at)).await {
            println!("{}: {miss:?}", rule.id);
            broken.push(rule.id);
        }
    }
    assert_eq!(broken, ["ids_are_not_readable_in_the_backend"]);
}
