//! What the learner's code prints.

use std::{
    io::Read,
    process::Child,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

use crate::trial::END_OF_PRINTS;

/// How many bytes of it are kept.
const LONGEST: usize = 64 * 1024;
/// How long to read the streams after their process has ended: a process that it left behind may hold them open.
const AFTER: Duration = Duration::from_millis(200);

/// What a process prints, both streams together, while it runs.
pub(crate) struct Prints {
    kept: Arc<Mutex<Vec<u8>>>,
    open: Receiver<()>,
}

impl Prints {
    pub(crate) fn of(process: &mut Child) -> Self {
        let (closed, open) = mpsc::channel();
        let kept = Arc::default();
        if let Some(stream) = process.stdout.take() {
            listen(stream, &kept, closed.clone());
        }
        if let Some(stream) = process.stderr.take() {
            listen(stream, &kept, closed);
        }
        Self { kept, open }
    }

    /// Waits until both streams are closed, as they are at the end of a process, or for so long.
    pub(crate) fn closed_within(&self, time: Duration) -> bool {
        !matches!(self.open.recv_timeout(time), Err(RecvTimeoutError::Timeout))
    }

    /// All of it.
    pub(crate) fn taken(self) -> String {
        self.closed_within(AFTER);
        String::from_utf8_lossy(&self.kept.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

fn listen(mut stream: impl Read + Send + 'static, kept: &Arc<Mutex<Vec<u8>>>, closed: Sender<()>) {
    let kept = kept.clone();
    thread::spawn(move || {
        let _open_until_the_end = closed;
        let (mut piece, mut is_over) = ([0; 4096], false);
        while let Ok(read @ 1..) = stream.read(&mut piece) {
            let told = piece[..read].iter().take_while(|byte| **byte != END_OF_PRINTS).count();
            if !is_over {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let room = LONGEST.saturating_sub(kept.len());
                kept.extend_from_slice(&piece[..told.min(room)]);
            }
            is_over |= told < read;
        }
    });
}
