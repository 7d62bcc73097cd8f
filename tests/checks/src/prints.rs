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
/// How long to read the streams after their process has ended, because a process that it left behind may keep them
/// open.
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

    /// All of it, with a symbol in place of each NUL, which neither a page nor a terminal shows.
    pub(crate) fn taken(self) -> String {
        self.closed_within(AFTER);
        String::from_utf8_lossy(&self.kept.lock().unwrap_or_else(PoisonError::into_inner)).replace('\0', "␀")
    }
}

fn listen(mut stream: impl Read + Send + 'static, kept: &Arc<Mutex<Vec<u8>>>, closed: Sender<()>) {
    let kept = kept.clone();
    thread::spawn(move || {
        let _open_until_the_end = closed;
        let keep = |bytes: &[u8]| {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            let room = LONGEST.saturating_sub(kept.len());
            kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        };
        let (mut piece, mut told, mut is_over) = ([0; 4096], Vec::new(), false);
        while let Ok(read @ 1..) = stream.read(&mut piece) {
            if is_over {
                continue; // read on, or the program that prints would block
            }
            told.extend_from_slice(&piece[..read]);
            let end = told.windows(END_OF_PRINTS.len()).position(|bytes| bytes == END_OF_PRINTS);
            is_over = end.is_some();
            keep(&told[..end.unwrap_or_else(|| before_an_end(&told))]);
            told.drain(..end.map_or_else(|| before_an_end(&told), |_| told.len()));
        }
        keep(&told);
    });
}

/// The number of bytes before those at the end that may be the beginning of [`END_OF_PRINTS`].
fn before_an_end(bytes: &[u8]) -> usize {
    let longest = bytes.len().min(END_OF_PRINTS.len() - 1);
    let begun = (1..=longest).rev().find(|&length| bytes.ends_with(&END_OF_PRINTS[..length]));
    bytes.len() - begun.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one piece at each read.
    struct Pieces(std::vec::IntoIter<Vec<u8>>);

    impl Read for Pieces {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let Some(piece) = self.0.next() else { return Ok(0) };
            into[..piece.len()].copy_from_slice(&piece);
            Ok(piece.len())
        }
    }

    #[test]
    fn what_is_printed_goes_on_after_a_nul_and_ends_with_the_scene() {
        let all = [b"a\0b\0the scene\0" as &[u8], END_OF_PRINTS, b"later"].concat();
        for length in [1, 2, 7, all.len()] {
            let pieces: Vec<_> = all.chunks(length).map(<[u8]>::to_vec).collect();
            let ((closed, open), kept) = (mpsc::channel(), Arc::default());
            listen(Pieces(pieces.into_iter()), &kept, closed);
            let prints = Prints { kept, open };
            assert!(prints.closed_within(Duration::from_secs(60)));
            assert_eq!(prints.taken(), "a␀b␀the scene␀", "{length}");
        }
    }
}
