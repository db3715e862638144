/** How often a collection starts a new file: one folder per window of this length, in UTC (compat 5.1). */
export const rollingRates = ['minute', 'hour', 'day', 'month', 'year'] as const;
export type RollingRate = (typeof rollingRates)[number];

/** Folder of the window that holds `seconds` (epoch), below the collection's path: `2026/11/23/18` for `hour`. */
export function windowFolder(seconds: number, rate: RollingRate): string {
  const iso = new Date(seconds * 1000).toISOString();
  return iso.slice(0, isoLengths[rate]).replaceAll(/[-T:]/g, '/');
}

/** First second of the window that holds `seconds`, and the first second behind it. */
export function windowBounds(seconds: number, rate: RollingRate): { start: number; end: number } {
  const at = new Date(seconds * 1000);
  const parts = [
    at.getUTCFullYear(),
    at.getUTCMonth(),
    at.getUTCDate(),
    at.getUTCHours(),
    at.getUTCMinutes(),
  ];
  const depth = { year: 0, month: 1, day: 2, hour: 3, minute: 4 }[rate];
  const bound = (step: number): number => {
    const [year = 0, month = 0, day = 1, hour = 0, minute = 0] = parts
      .slice(0, depth + 1)
      .map((part, index) => (index === depth ? part + step : part));
    return Date.UTC(year, month, day, hour, minute) / 1000;
  };
  return { start: bound(0), end: bound(1) };
}

/** The window a folder such as `2026/11/23/18` stands for; `undefined` when it is none. */
export function parseWindowFolder(
  folder: string,
): { rate: RollingRate; start: number; end: number } | undefined {
  const parts = folder.split('/');
  const rate = ratesByDepth[parts.length - 1];
  if (rate === undefined || !/^\d{4}(\/\d\d){0,4}$/.test(folder)) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0] = parts.map(Number);
  const start = Date.UTC(year, month - 1, day, hour, minute) / 1000;
  if (windowFolder(start, rate) !== folder) return undefined;
  return { rate, ...windowBounds(start, rate) };
}

const isoLengths: Record<RollingRate, number> = { year: 4, month: 7, day: 10, hour: 13, minute: 16 };
const ratesByDepth: readonly RollingRate[] = ['year', 'month', 'day', 'hour', 'minute'];
