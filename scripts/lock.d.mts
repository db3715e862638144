export function withLock<T>(
  path: string,
  work: () => Promise<T>,
  options?: { onWait?: (pid: number | undefined) => void; signal?: AbortSignal | undefined },
): Promise<T>;
