//! Serves your answer behind the session inspector. Run with `cargo run -p exercise-7`.

use axum::Extension;
use checks::Users;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = checks::port("exercise-7", 4107);
    println!("You can log in as alice (wonderland), who is an admin, or as bob (builder), who is not.");
    let users = Users::demo();
    let demo = |store| exercise_7::app(store).layer(Extension(users.clone())).merge(checks::accounts(users));
    session_inspector::serve("exercise-7", port, demo).await
}
