/** ISO 8601, as the original writes it: `PT5S`, `PT1M40S`, `PT0.5S`. */
export function isoDuration(milliseconds: number): string {
  const whole = Math.round(Math.abs(milliseconds));
  const parts: [number, string][] = [
    [Math.floor(whole / 3_600_000) % 24, 'H'],
    [Math.floor(whole / 60_000) % 60, 'M'],
    [(whole % 60_000) / 1000, 'S'],
  ];
  const days = Math.floor(whole / 86_400_000);
  const time = parts.flatMap(([count, unit]) => (count === 0 ? [] : [`${count}${unit}`])).join('');
  const date = days === 0 ? '' : `${days}D`;
  if (time === '' && date === '') return 'P0D';
  return `${milliseconds < 0 ? '-' : ''}P${date}${time === '' ? '' : `T${time}`}`;
}

/** Milliseconds of an ISO 8601 duration of days and less; `undefined` for what is none. */
export function durationMs(text: string): number | undefined {
  const form =
    /^P(?:(?<days>\d+(?:\.\d+)?)D)?(?:T(?:(?<hours>\d+(?:\.\d+)?)H)?(?:(?<minutes>\d+(?:\.\d+)?)M)?(?:(?<seconds>\d+(?:\.\d+)?)S)?)?$/;
  const groups = form.exec(text)?.groups;
  if (groups === undefined || text === 'P') return undefined;
  const { days = '0', hours = '0', minutes = '0', seconds = '0' } = groups;
  const wholeMinutes = (Number(days) * 24 + Number(hours)) * 60 + Number(minutes);
  return Math.round((wholeMinutes * 60 + Number(seconds)) * 1000);
}
