// What has changed, as the studio tells it: one stream for a window, and none while nobody looks at it.
(() => {
  const { studio } = window;
  if (!studio || studio.onPaper) return;

  const AGAIN = 2000;
  const listeners = [];
  const watchers = [];
  let source = null;
  let now = null;

  const connected = (is) => watchers.forEach((watcher) => watcher(is));

  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource(`/api/events${studio.program ? `?program=${studio.program}` : ""}`);
    source.onopen = () => connected(true);
    source.onmessage = ({ data }) => {
      now = JSON.parse(data);
      listeners.forEach((listener) => listener(now));
    };
    source.onerror = () => {
      connected(false);
      // A browser tries again by itself, except where the studio was away when it did.
      if (source?.readyState === EventSource.CLOSED) { close(); setTimeout(open, AGAIN); }
    };
  };
  const close = () => { source?.close(); source = null; };

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);

  studio.events = {
    // Calls with all that is known, at once if something is, and whenever it changes.
    listen: (listener) => { listeners.push(listener); if (now) listener(now); },
    connected: (watcher) => watchers.push(watcher),
  };
  open();
})();
