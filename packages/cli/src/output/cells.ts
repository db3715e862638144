import { objectMembers } from '@gleaner/protocol';

/** What {@link membersOf} calls a value that has no members. */
export const bareValue = '';

/** The members of a JSON object as they are written, numbers digit by digit; any other JSON is one member without a name. */
export function membersOf(json: string): Map<string, string> {
  if (!json.startsWith('{')) return new Map([[bareValue, json]]);
  const bytes = Buffer.from(json);
  return new Map(
    Array.from(objectMembers(bytes), ({ name, start, end }) => [name, bytes.toString('utf8', start, end)]),
  );
}

/** A JSON value for people: texts without their quotes, everything else as it is written. */
export function cellText(json: string | undefined): string {
  if (json === undefined) return '';
  return json.startsWith('"') ? visible(JSON.parse(json) as string) : json;
}

/** A JSON value for programs: no tab or line feed but those between cells; a backslash is written twice. */
export function tsvText(json: string | undefined): string {
  if (json === undefined || json === 'null') return '';
  return json.startsWith('"') ? visible((JSON.parse(json) as string).replaceAll('\\', '\\\\')) : json;
}

/** Collected text must not steer the terminal: control characters are shown as JSON writes them. */
export function visible(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (character) => {
    const escaped = JSON.stringify(character).slice(1, -1);
    return escaped === character ? `\\u00${character.charCodeAt(0).toString(16)}` : escaped;
  });
}

/** Cut to so many characters, the last one an ellipsis; never within a surrogate pair. */
export function shortened(text: string, width: number): string {
  if (text.length <= width) return text;
  return `${text.slice(0, width - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** `97.3 kB` */
export function bytesText(byteLength: number): string {
  let value = byteLength;
  for (const unit of ['B', 'kB', 'MB', 'GB']) {
    if (value < 1000) return `${unit === 'B' ? value : value.toFixed(1)} ${unit}`;
    value /= 1000;
  }
  return `${value.toFixed(1)} TB`;
}
