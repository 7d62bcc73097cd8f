//! Serves your answer behind the session inspector. Run with `cargo run -p exercise-7`.

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = checks::port("exercise-7", 4107);
    println!("You can log in as alice (wonderland), who is an admin, or as bob (builder), who is not.");
    session_inspector::serve("exercise-7", port, |store| checks::demo(exercise_7::app(store))).await
}
