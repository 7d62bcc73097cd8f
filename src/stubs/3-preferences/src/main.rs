//! Serves your answer behind the session inspector. Run with `cargo run -p exercise-3`.

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = checks::port("exercise-3", 4103);
    println!("Open /set_preferences. You can log in as alice (wonderland) or bob (builder).");
    session_inspector::serve("exercise-3", port, |store| checks::demo(exercise_3::app(store))).await
}
