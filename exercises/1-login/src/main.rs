//! Serves your answer behind the session inspector. Run with `cargo run -p exercise-1`.

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = checks::port("exercise-1", 4101);
    println!("You can log in as alice (wonderland), bob (builder) or <i>carol</i> (singer).");
    session_inspector::serve("exercise-1", port, |store| checks::demo(exercise_1::app(store))).await
}
