/** Where something stands in a file; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A value of a YAML file as the original's reader (PyYAML, YAML 1.1) understands it, with its position. */
export type YamlValue = YamlScalar | YamlList | YamlMap;
export type YamlScalar = Position & ScalarContent;

export type ScalarContent =
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  /** `source` tells `true` from `yes` and `on`. */
  | { readonly kind: 'boolean'; readonly value: boolean; readonly source: string }
  | { readonly kind: 'date'; readonly value: string }
  | { readonly kind: 'null' };

export interface YamlList extends Position {
  readonly kind: 'list';
  readonly items: readonly YamlValue[];
}

export interface YamlMap extends Position {
  readonly kind: 'map';
  readonly entries: readonly YamlEntry[];
}

export interface YamlEntry {
  readonly key: YamlScalar;
  /** The key as text: what paths say. */
  readonly name: string;
  readonly value: YamlValue;
}

/** A value of JSON. */
export type PlainValue = string | number | boolean | null | PlainValue[] | { [name: string]: PlainValue };

/** What a value says, without its positions; days become texts. */
export function plainValue(value: YamlValue): PlainValue {
  switch (value.kind) {
    case 'text':
    case 'float':
    case 'boolean':
    case 'date':
      return value.value;
    case 'integer':
      return Number(value.value);
    case 'null':
      return null;
    case 'list':
      return value.items.map(plainValue);
    case 'map':
      break;
  }
  return Object.fromEntries(value.entries.map(({ name, value: child }) => [name, plainValue(child)]));
}

/** A value as Python prints it; the original's messages carry values in this form. */
export function pythonRepr(value: YamlValue): string {
  switch (value.kind) {
    case 'text':
      return textRepr(value.value);
    case 'integer':
      return String(value.value);
    case 'float':
      return floatRepr(value.value);
    case 'boolean':
      return value.value ? 'True' : 'False';
    case 'date':
      return dateRepr(value.value);
    case 'null':
      return 'None';
    case 'list':
      return `[${value.items.map(pythonRepr).join(', ')}]`;
    case 'map':
      break;
  }
  return `{${value.entries.map((entry) => `${pythonRepr(entry.key)}: ${pythonRepr(entry.value)}`).join(', ')}}`;
}

/** The type of a value as Python prints it. */
export function pythonType(value: YamlValue): string {
  const names: Record<YamlValue['kind'], string> = {
    text: 'str',
    integer: 'int',
    float: 'float',
    boolean: 'bool',
    date: 'datetime.date',
    null: 'NoneType',
    list: 'list',
    map: 'dict',
  };
  return `<class '${names[value.kind]}'>`;
}

const shortEscapes: Partial<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function textRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  // Python escapes what it calls not printable: everything of the categories C and Z but the blank.
  const escaped = text.replaceAll(/[\\\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code <= 0xff) return shortEscapes[character] ?? `\\x${code.toString(16).padStart(2, '0')}`;
    return code <= 0xffff
      ? `\\u${code.toString(16).padStart(4, '0')}`
      : `\\U${code.toString(16).padStart(8, '0')}`;
  });
  return quote + (quote === "'" ? escaped.replaceAll("'", String.raw`\'`) : escaped) + quote;
}

function floatRepr(number: number): string {
  if (Number.isNaN(number)) return 'nan';
  if (!Number.isFinite(number)) return number > 0 ? 'inf' : '-inf';
  if (Object.is(number, -0)) return '-0.0';
  const size = Math.abs(number);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    const [mantissa = '', exponent = ''] = number.toExponential().split('e');
    return `${mantissa}e${exponent.slice(0, 1)}${exponent.slice(1).padStart(2, '0')}`;
  }
  return Number.isInteger(number) ? `${number}.0` : String(number);
}

/** Days as Python prints them; times of a day, which no setting takes, as they were written. */
function dateRepr(text: string): string {
  const day = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  return day === null ? textRepr(text) : `datetime.date(${day.slice(1).map(Number).join(', ')})`;
}
