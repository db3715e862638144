import { invalid } from '../errors.ts';

/** Milliseconds of an ISO 8601 duration in days, hours, minutes and seconds (`PT0.5S`). Errors: `request_invalid`. */
export function parseDurationMs(text: string, key: string): number {
  const number = '(\\d+(?:\\.\\d+)?)';
  const match = new RegExp(`^P(?:${number}D)?(?:T(?:${number}H)?(?:${number}M)?(?:${number}S)?)?$`).exec(
    text,
  );
  const parts = match?.slice(1) ?? [];
  if (parts.every((part) => part === undefined))
    throw invalid(`${key} is ${JSON.stringify(text)}, which is no duration.`, {
      fix: 'Write an ISO 8601 duration of at most days, such as PT5S.',
    });
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = parts.map((part) => Number(part ?? 0));
  return Math.round((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000);
}
