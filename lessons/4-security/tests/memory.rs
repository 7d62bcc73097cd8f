//! What logins cost in memory. A process of its own: it measures itself.

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
use tower::ServiceExt;
use tower_sessions::MemoryStore;

const MIB: usize = 1024 * 1024;

/// The memory of this process that is not on disk, in bytes.
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

/// 60 logins, eight at a time, had 320 MB; each hash takes 19 MiB, and two run at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_hash_has_used_is_used_again() {
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
