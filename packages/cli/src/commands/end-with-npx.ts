const checkIntervalMs = 250;

/**
 * Makes the end of npx our SIGTERM. npx passes the signals it gets on to the shell it started us in; that dies of them, and
 * we would run on with another parent.
 */
export function endWithNpx(): void {
  if (process.env['npm_lifecycle_event'] !== 'npx') return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, checkIntervalMs);
  timer.unref();
}
