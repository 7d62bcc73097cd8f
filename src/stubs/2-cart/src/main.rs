//! Serves your answer behind the session inspector. Run with `cargo run -p exercise-2`.

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = checks::port("exercise-2", 4102);
    println!("Open /view_cart.");
    session_inspector::serve("exercise-2", port, exercise_2::app).await
}
