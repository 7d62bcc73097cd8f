//! Serves your answer behind the session inspector. Run with `cargo run -p exercise-2`.

#[tokio::main]
async fn main() -> std::io::Result<()> {
    println!("Open /view_cart.");
    session_inspector::serve("exercise-2", 4102, exercise_2::app).await
}
