//! Serves your answer behind the session inspector. Run with `cargo run -p exercise-6`.

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = checks::port("exercise-6", 4106);
    println!("You can log in as alice (wonderland) or bob (builder).");
    session_inspector::serve("exercise-6", port, |store| checks::demo(exercise_6::app(store))).await
}
