/** Event times are whole seconds of UTC; earlier or later ones than these are replaced by the arrival time (design rule 10). */
export const earliestEventSeconds = Date.UTC(2000, 0, 1) / 1000;
export const furthestAheadSeconds = 24 * 60 * 60;

export interface EventTime {
  /** Epoch seconds, whole. */
  seconds: number;
  /** True when the given time was missing or absurd and the arrival time stands in. */
  replaced: boolean;
}

/**
 * The time of an event from what the sender gave: epoch seconds as text (a fraction is cut) or RFC 3339. What cannot be read,
 * lies before 2000 or more than a day after `arrivalMs` becomes the arrival time.
 */
export function eventTime(given: string | undefined, arrivalMs: number): EventTime {
  const arrival = Math.floor(arrivalMs / 1000);
  const seconds = given === undefined ? Number.NaN : parseTime(given);
  if (seconds >= earliestEventSeconds && seconds <= arrival + furthestAheadSeconds) {
    return { seconds, replaced: false };
  }
  return { seconds: arrival, replaced: true };
}

/** `YYYY-MM-DDTHH:MM:SSZ` */
// /!\ Hot path: events come many to a second, so the last text is kept.
export function formatTime(seconds: number): string {
  if (seconds !== lastSeconds) {
    lastText = `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
    lastSeconds = seconds;
  }
  return lastText;
}

let lastSeconds = Number.NaN;
let lastText = '';

const epochSeconds = /^\d{1,15}(?:\.\d*)?$/;
const rfc3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

function parseTime(text: string): number {
  if (epochSeconds.test(text)) return Math.floor(Number(text));
  if (rfc3339.test(text)) return Math.floor(Date.parse(text.replace(' ', 'T').toUpperCase()) / 1000);
  return Number.NaN;
}
