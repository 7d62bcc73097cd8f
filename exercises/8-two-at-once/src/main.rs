//! Serves three instances of your answer behind the session inspector. Run with `cargo run -p exercise-8`.

use std::time::Duration;

use axum::Extension;
use checks::{Shop, Users, instances};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = checks::port("exercise-8", 4108);
    println!("You can log in as alice (wonderland), bob (builder) or <i>carol</i> (singer). Open /cart.");
    let shop = Shop::slow(Duration::from_millis(500));
    let (app, users) = (instances(exercise_8::app), Users::demo());
    let demo = |store| {
        let shared = app(store).layer(Extension(shop.database.clone())).layer(Extension(shop.orders.clone()));
        shared.layer(Extension(users.clone())).merge(checks::faults(shop)).merge(checks::accounts(users))
    };
    session_inspector::serve("exercise-8", port, demo).await
}
