//! Measures how much memory logins take. It measures the whole process, so it has a test binary of its own.

#![cfg(target_os = "linux")]

use std::fs;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header::CONTENT_TYPE},
};
use futures_util::{StreamExt, stream};
use lesson_4::{
    defence::{Defence, Defences, password::Passwords},
    shop::Shop,
    shop_with,
};
use tokio::sync::Mutex;
use tower::ServiceExt;
use tower_sessions::MemoryStore;

const MIB: usize = 1024 * 1024;
/// Only one test runs at a time, because each measures the whole process.
static LOAD: Mutex<()> = Mutex::const_new(());

/// Returns the resident memory of this process, in bytes.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kibibytes: usize = line.trim_end_matches("kB").trim().parse().unwrap();
    kibibytes * 1024
}

async fn log_in(shop: Router, username: &str) -> StatusCode {
    let form = format!("username={username}&password=a+guess");
    let request = Request::post("/login").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    shop.oneshot(request.body(Body::from(form)).unwrap()).await.unwrap().status()
}

/// Each hash takes 19 MiB, and two run at a time. When their memory was not reused, 60 logins took 320 MB.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_hash_has_used_is_used_again() {
    let _alone = LOAD.lock().await;
    let passwords = Passwords::limited(2, 100);
    let shop = shop_with(
        Defences::all().but(&[Defence::CsrfToken, Defence::Throttle]),
        Shop::new(passwords.clone()),
        MemoryStore::default(),
    );
    let before = resident();
    let mut logins = stream::iter(0..60).map(|_| tokio::spawn(log_in(shop.clone(), "alice"))).buffer_unordered(8);
    while let Some(status) = logins.next().await {
        assert_eq!(status.unwrap(), StatusCode::UNAUTHORIZED);
    }
    let grown = resident().saturating_sub(before);
    assert_eq!(passwords.buffers(), 2);
    assert!(grown < (2 * 19 + 32) * MIB, "60 logins took {} MiB", grown / MIB);
}

/// When the guesses were counted under names of any length, 300 logins with names of 1.9 MB took 870 MB, and kept them.
#[tokio::test]
async fn a_name_of_megabytes_is_not_kept() {
    let _alone = LOAD.lock().await;
    let defences = Defences::none().and(&[Defence::Throttle]);
    let shop = shop_with(defences, Shop::new(Passwords::quick()), MemoryStore::default());
    let before = resident();
    for guess in 0..300 {
        let name = format!("{guess}{}", "a".repeat(1_900_000));
        assert_eq!(log_in(shop.clone(), &name).await, StatusCode::PAYLOAD_TOO_LARGE);
    }
    // This name fits into the form, but is too long for a name.
    assert_eq!(log_in(shop, &"a".repeat(10_000)).await, StatusCode::UNPROCESSABLE_ENTITY);
    let grown = resident().saturating_sub(before);
    assert!(grown < 50 * MIB, "300 logins took {} MiB", grown / MIB);
}
