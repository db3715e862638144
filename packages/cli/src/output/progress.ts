/** One line on a terminal's standard error that says how far it is; nothing elsewhere. */
export interface Progress extends Disposable {
  show(text: string): void;
}

const leastIntervalMs = 100;

export function openProgress(): Progress {
  const { stderr } = process;
  if (!stderr.isTTY) return { show() {}, [Symbol.dispose]() {} };
  let shownAtMs = Date.now();
  return {
    show(text) {
      if (Date.now() - shownAtMs < leastIntervalMs) return;
      shownAtMs = Date.now();
      stderr.write(`\r\u001b[K${text.slice(0, (stderr.columns ?? 80) - 1)}`);
    },
    [Symbol.dispose]() {
      stderr.write('\r\u001b[K');
    },
  };
}
