//! One instance of the shop: a process of its own, which `lesson_3::instance` starts.

use std::{
    io::Error,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use axum::{Extension, Router};
use lesson_3::{address::open, store::LIMIT};
use lesson_4::defence::password::Passwords;
use lesson_5::{app_with, shop::Shop};
use session_inspector::Clock;
use tokio::{
    io::{AsyncReadExt, stdin},
    net::TcpListener,
};

/// The speed of the shop's clock. IDs are renewed every thirty seconds.
const QUICKER: u32 = 30;

/// The arguments that `lesson_3::instance` passes to the program that it starts.
#[derive(clap::Args)]
pub struct Instance {
    #[arg(long, hide = true)]
    store: Option<String>,
    #[arg(long, hide = true)]
    cache: Option<String>,
    #[arg(long, hide = true, default_value_t = 0)]
    port: u16,
    #[arg(long, hide = true)]
    instance: Option<usize>,
    /// The file of the shop's database.
    #[arg(long, hide = true)]
    shop: Option<PathBuf>,
    /// The time when the soak test began, in milliseconds since 1970.
    #[arg(long, hide = true, default_value_t = 0)]
    begun: u64,
}

/// Returns the further arguments for all instances: the file of the shop's database, and the time when the soak test
/// began.
pub fn more(shop: &Path) -> Vec<String> {
    let begun = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    vec!["--shop".to_owned(), shop.display().to_string(), "--begun".to_owned(), begun.to_string()]
}

impl Instance {
    /// Whether this process must run as an instance.
    pub fn is_one(&self) -> bool {
        self.instance.is_some()
    }
}

/// Serves the shop until standard input is closed.
pub async fn serve(arguments: &Instance) -> Result<(), Error> {
    let store = arguments.store.as_deref().unwrap_or("memory:");
    let store =
        open(store, arguments.cache.as_deref(), LIMIT).await.map_err(|error| Error::other(error.to_string()))?;
    let file = arguments.shop.as_deref().ok_or_else(|| Error::other("--shop names no file"))?;
    let shop = Shop::in_file(file, Passwords::quick());
    let begun = SystemTime::UNIX_EPOCH + Duration::from_millis(arguments.begun);
    let app = app_with(shop, store).layer(Extension(quick_clock(begun)));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, arguments.port)).await?;
    println!("{}", listener.local_addr()?.port());
    let ended = async { drop(stdin().read_to_end(&mut Vec::new()).await) };
    axum::serve(listener, Router::into_make_service_with_connect_info::<SocketAddr>(app))
        .with_graceful_shutdown(ended)
        .await
}

/// Creates a clock that is faster than real time, and shows the same time in every instance.
fn quick_clock(begun: SystemTime) -> Clock {
    let clock = Clock::default();
    let ticking = clock.clone();
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_millis(50));
        loop {
            tick.tick().await;
            let passed = SystemTime::now().duration_since(begun).unwrap_or_default() * (QUICKER - 1);
            ticking.skip(passed.saturating_sub(ticking.skipped()));
        }
    });
    clock
}
