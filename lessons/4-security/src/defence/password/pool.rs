//! Memory for a few hashes at a time, which is reused.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use argon2::Block;
use tokio::{sync::Semaphore, task::spawn_blocking};

/// The queue of hashes is full.
#[derive(Debug, PartialEq)]
pub(super) struct Busy;

// ANCHOR: pool
/// Reusable memory for as many hashes as run at a time, and a queue of limited length for the others.
pub(super) struct Pool {
    running: Arc<Semaphore>,
    /// A permit for each hash that runs or waits.
    places: Arc<Semaphore>,
    /// The system's allocator keeps freed memory on the thread that used it, so the pool frees none.
    ///
    /// The memory is not wiped, because the next hash overwrites all of it. Anyone who can read this process's memory
    /// finds the passwords themselves in it.
    free: Mutex<Vec<Vec<Block>>>,
    made: AtomicUsize,
}

impl Pool {
    pub(super) fn new(at_once: usize, waiting: usize) -> Self {
        Self {
            running: Arc::new(Semaphore::new(at_once)),
            places: Arc::new(Semaphore::new(at_once + waiting)),
            free: Mutex::default(),
            made: AtomicUsize::new(0),
        }
    }

    /// Runs `work` on a thread where it blocks no request. `work` keeps its permits: if the caller is dropped because a
    /// visitor closed the connection, `work` still runs, and no other work may start in its place.
    ///
    /// # Errors
    /// The queue is full.
    pub(super) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| Busy)?;
        let permit = self.running.clone().acquire_owned().await.expect("nobody closes it");
        let pool = self.clone();
        let work = move || {
            let _until_done = (place, permit);
            let mut blocks = pool.take();
            let done = work(&mut blocks);
            pool.free().push(blocks);
            done
        };
        Ok(spawn_blocking(work).await.expect("argon2 does not panic"))
    }
    // ANCHOR_END: pool

    /// Returns how often memory was allocated: at most as often as hashes may run at a time.
    pub(super) fn made(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }

    fn take(&self) -> Vec<Block> {
        self.free().pop().unwrap_or_else(|| {
            self.made.fetch_add(1, Ordering::Relaxed);
            Vec::new()
        })
    }

    fn free(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Barrier, RwLock};

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_closed_connection_frees_no_memory_that_is_still_in_use() {
        let pool = Arc::new(Pool::new(2, 200));
        let gate = Arc::new(RwLock::new(()));
        let closed = gate.write().unwrap();
        for _ in 0..150 {
            let gate = gate.clone();
            // Polled once and dropped: it has started, or it leaves the queue.
            let request = pool.run(move |_| drop(gate.read().unwrap())).now_or_never();
            assert_eq!(request, None);
        }
        assert_eq!(pool.running.available_permits(), 0);
        assert_eq!(pool.places.available_permits(), 200, "two run, and nobody waits");
        drop(closed);
        for _ in 0..10 {
            assert_eq!(pool.run(|_| ()).await, Ok(()));
        }
        assert!(pool.made() <= 2, "{} hashes had memory at a time", pool.made());
    }

    #[tokio::test]
    async fn each_of_two_at_a_time_has_memory_of_its_own_and_those_after_them_use_it() {
        let pool = Arc::new(Pool::new(2, 2));
        assert_eq!(pool.made(), 0);
        let both = Arc::new(Barrier::new(2));
        let meet = || {
            let both = both.clone();
            pool.run(move |_| _ = both.wait())
        };
        for _ in 0..2 {
            assert_eq!(tokio::join!(meet(), meet()), (Ok(()), Ok(())));
            assert_eq!(pool.made(), 2);
        }
    }

    #[tokio::test]
    async fn a_full_queue_is_reported_at_once() {
        let pool = Arc::new(Pool::new(1, 2));
        let gate = Arc::new(RwLock::new(()));
        let closed = gate.write().unwrap();
        let open = gate.clone();
        let mut waiting: Vec<_> = (0..3)
            .map(|_| {
                let gate = open.clone();
                Box::pin(pool.run(move |_| drop(gate.read().unwrap())))
            })
            .collect();
        for request in &mut waiting {
            assert_eq!(request.now_or_never(), None);
        }
        assert_eq!(pool.run(|_| ()).now_or_never(), Some(Err(Busy)));
        drop(closed);
        for request in waiting {
            assert_eq!(request.await, Ok(()));
        }
        assert_eq!(pool.run(|_| ()).await, Ok(()));
    }
}
