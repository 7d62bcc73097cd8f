//! `cargo run`: the studio.

use std::{path::Path, process::ExitCode};

use super::{ended::until_ended, say};
use loopback_serve::{Limits, listen, serve_within};

use crate::{
    book,
    web::{
        self,
        names::{Names, PORT},
    },
};

#[derive(clap::Args)]
pub(super) struct Studio {
    /// Port of the studio; if it is in use, the studio takes the next free one
    #[arg(long, default_value_t = PORT)]
    port: u16,
    /// Open the studio in your browser
    #[arg(long)]
    open: bool,
    /// Remove `Secure` from the cookies of demos and answers, because Safari and other WebKit browsers refuse it over
    /// plain http
    #[arg(long)]
    without_secure: bool,
}

/// Serves the studio until the user ends it. All programs that it has started end with it.
pub(super) async fn serve(root: &Path, Studio { port, open, without_secure }: Studio) -> Result<ExitCode, String> {
    loopback_serve::log_to_stderr();
    let folder =
        tempfile::tempdir().map_err(|error| format!("no temporary folder can be created for the book: {error}"))?;
    book::build(root, folder.path(), Some(web::EDIT_URL))?;
    book::add_editor(folder.path())?;
    let listener = listen(port).await.map_err(|error| error.to_string())?;
    if port != 0 && port != listener.port() {
        let taken = "is in use, perhaps by another studio, so this studio uses port";
        say(format!("Port {port} {taken} {}.\n", listener.port()));
    }
    let port = listener.port();
    let address = format!("http://{}:{port}/", Names::at(port).book());
    say(format!("Session Workbook  {address}\nCtrl-C ends it.\n"));
    if open && let Err(error) = open::that_detached(&address) {
        eprintln!("no browser could be opened ({error}); open {address} yourself");
    }
    let studio = web::studio(root.to_path_buf(), folder.path().to_path_buf(), port);
    let studio = if without_secure { web::cookies::without_secure(studio) } else { studio };
    until_ended(serve_within(Limits::default(), listener, studio)).await;
    Ok(ExitCode::SUCCESS)
}
