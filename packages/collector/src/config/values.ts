/** How values are written in files, flags and the environment. A parser returns `undefined` for what it does not take. */
export interface ValueType<T> {
  parse(text: string): T | undefined;
  /** What it takes, for messages: "a whole number from 0 to 65535". */
  expected: string;
}

export const textValue: ValueType<string> = {
  parse: (text) => (text === '' ? undefined : text),
  expected: 'a text',
};

export function integerValue(least: number, most: number): ValueType<number> {
  return {
    parse: (text) => within(/^\d{1,15}$/.test(text) ? Number(text) : undefined, least, most),
    expected: `a whole number from ${least} to ${most}`,
  };
}

export function numberValue(least: number, most: number): ValueType<number> {
  return {
    parse: (text) => within(/^\d{1,9}(?:\.\d{1,6})?$/.test(text) ? Number(text) : undefined, least, most),
    expected: `a number from ${least} to ${most}`,
  };
}

/** Header names, in lower case. */
export const namesValue: ValueType<readonly string[]> = {
  parse(text) {
    const names = text.split(',').map((name) => name.trim().toLowerCase());
    return names.every((name) => /^[!#$%&'*+\-.^_`|~\da-z]+$/.test(name)) ? names : undefined;
  },
  expected: 'names of headers, with commas between',
};

export function choiceValue<const W extends string>(words: readonly W[]): ValueType<W> {
  return {
    parse: (text) => words.find((word) => word === text.toLowerCase()),
    expected: `one of ${words.join(', ')}`,
  };
}

const byteUnits: Record<string, number> = { '': 1, B: 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** `4194304`, `4MiB`, `4MB`, `4M`: units are powers of 1024. */
export function bytesValue(least: number, most: number): ValueType<number> {
  return {
    parse(text) {
      const match = /^(\d+(?:\.\d+)?) ?([KMGT]?)(?:i?B)?$/i.exec(text);
      const unit = byteUnits[match?.[2]?.toUpperCase() ?? ''];
      if (match === null || unit === undefined) return undefined;
      return within(Math.floor(Number(match[1]) * unit), least, most);
    },
    expected: `a size such as 64MiB, from ${least} to ${most} bytes`,
  };
}

const durationUnits: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** In milliseconds: `500ms`, `1s`, `1.5m`, `2h`, `1d`; a bare number is seconds. */
export function durationValue(leastMs: number, mostMs: number): ValueType<number> {
  return {
    parse(text) {
      const match = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)?$/i.exec(text);
      if (match === null) return undefined;
      const unit = durationUnits[match[2]?.toLowerCase() ?? 's'] ?? 1000;
      return within(Math.round(Number(match[1]) * unit), leastMs, mostMs);
    },
    expected: `a time such as 500ms, 30s or 2h, from ${leastMs} to ${mostMs} ms`,
  };
}

function within(value: number | undefined, least: number, most: number): number | undefined {
  return value !== undefined && value >= least && value <= most ? value : undefined;
}
