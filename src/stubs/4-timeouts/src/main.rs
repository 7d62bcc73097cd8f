//! Serves your answer behind the session inspector. Run with `cargo run -p exercise-4`.

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = checks::port("exercise-4", 4104);
    println!("You can log in as alice (wonderland) or bob (builder).");
    session_inspector::serve("exercise-4", port, |store| checks::demo(exercise_4::app(store))).await
}
