//! Serves lesson 3 on the store of your choice. Run with `cargo run -p lesson-3 -- --help`.

use std::{io, process::ExitCode, time::Duration};

use clap::Parser;
use lesson_3::{
    Place,
    address::{KINDS, open, without_password},
    app_at,
    front::front,
    instance::{Instances, Launch},
    proxy::Limits,
    store::LIMIT,
};
use session_inspector::local_hosts_only;
use tokio::io::{AsyncReadExt, stdin};

/// Lesson 3: the same app, with its sessions in any backend.
#[derive(Parser)]
#[command(after_help = format!("Stores:  {KINDS}"))]
struct Arguments {
    /// The store for the sessions
    #[arg(long, default_value = "sqlite:.workbook/lesson-3.sqlite")]
    store: String,
    /// A cache in front of the store: redis://… or memcached://…
    #[arg(long)]
    cache: Option<String>,
    /// The port to listen on, or the next free one after it
    #[arg(long, default_value_t = 4003)]
    port: u16,
    /// Run this many instances of the app over the store, behind a load balancer
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=16))]
    instances: Option<u8>,
    /// How many milliseconds the load balancer waits for an answer from one instance
    #[arg(long, requires = "instances")]
    answer_limit: Option<u64>,
    /// For how many milliseconds the load balancer skips an instance that did not answer
    #[arg(long, requires = "instances")]
    rest: Option<u64>,
    /// Run as one of those instances
    #[arg(long, hide = true)]
    instance: Option<usize>,
}

impl Arguments {
    fn limits(&self) -> Limits {
        let preset = Limits::default();
        Limits {
            answer: self.answer_limit.map_or(preset.answer, Duration::from_millis),
            rest: self.rest.map_or(preset.rest, Duration::from_millis),
            ..preset
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    session_inspector::log_to_stderr();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let limits = arguments.limits();
    let Arguments { store, cache, port, instances, instance, .. } = arguments;
    if let Some(count) = instances {
        return behind_a_front(Launch { store, cache, more: Vec::new() }, limits, port, usize::from(count)).await;
    }
    let opened = open(&store, cache.as_deref(), LIMIT).await.map_err(|error| error.to_string())?;
    let named = [Some(store), cache].into_iter().flatten().map(|address| without_password(&address));
    let place = Place { store: named.collect::<Vec<_>>().join(" behind "), instance };
    let served = match instance {
        Some(_) => serve_instance(app_at(place, opened), port).await,
        None => session_inspector::serve_on("lesson-3", port, opened, |store| app_at(place, store)).await,
    };
    served.map_err(|error| format!("lesson-3 cannot be served: {error}"))
}

async fn behind_a_front(launch: Launch, limits: Limits, port: u16, count: usize) -> Result<(), String> {
    let instances = Instances::launch(launch, count).await.map_err(|refusal| refusal.to_string())?;
    let not_served = |error: io::Error| format!("the front cannot be served: {error}");
    let listener = session_inspector::listen(port).await.map_err(not_served)?;
    let port = listener.port();
    println!("lesson-3    http://localhost:{port}/\ninstances   http://localhost:{port}/_front\nCtrl-C ends it.");
    match session_inspector::serve_within(
        session_inspector::Limits::default(),
        listener,
        local_hosts_only(front(instances, limits)),
    )
    .await {}
}

/// Serves one of several instances. It prints its port, and ends when the load balancer ends.
async fn serve_instance(app: axum::Router, port: u16) -> io::Result<()> {
    let listener = session_inspector::listen(port).await?;
    println!("{}", listener.port());
    let front_ended = async { drop(stdin().read_to_end(&mut Vec::new()).await) };
    axum::serve(listener, local_hosts_only(app)).with_graceful_shutdown(front_ended).await
}
