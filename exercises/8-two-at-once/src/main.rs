//! Serves three instances of your answer behind the session inspector. Run with `cargo run -p exercise-8`.

use std::time::Duration;

use axum::Extension;
use checks::{Shop, instances};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = checks::port("exercise-8", 4108);
    println!("You can log in as alice (wonderland), bob (builder) or <i>carol</i> (singer). Open /cart.");
    let shop = Shop::slow(Duration::from_millis(500));
    let app = instances(exercise_8::app);
    let demo = |store| {
        let shared = app(store).layer(Extension(shop.database.clone())).layer(Extension(shop.orders.clone()));
        checks::demo(shared).merge(checks::faults(shop))
    };
    session_inspector::serve("exercise-8", port, demo).await
}
