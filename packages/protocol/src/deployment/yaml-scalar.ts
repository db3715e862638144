import type { ScalarContent } from './yaml-value.ts';

/** Longer digits are a text here and an error in Python; turning them into numbers takes more than linear time. */
const maxNumberLength = 4300;

/**
 * What a plain (unquoted) scalar means to PyYAML, the original's reader: YAML 1.1 with some rules of its own. `yes` is a
 * boolean, `1e-1` a text (a fraction needs its point), `017` is 15 and `1:30` is 90. YAML 1.2 says otherwise for all of them.
 */
export function resolvePlain(source: string): ScalarContent {
  if (source.length > maxNumberLength) return { kind: 'text', value: source };
  if (/^(?:~|null|Null|NULL|)$/.test(source)) return { kind: 'null' };
  if (boolean.test(source)) return { kind: 'boolean', value: /^(?:y|t|on)/i.test(source), source };
  const integer = integerOf(source);
  if (integer !== undefined) return { kind: 'integer', value: integer };
  const float = floatOf(source);
  if (float !== undefined) return { kind: 'float', value: float };
  if (timestamp.test(source)) return { kind: 'date', value: source };
  return { kind: 'text', value: source };
}

const boolean = /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/;
const timestamp =
  /^\d{4}-(?:\d\d-\d\d|\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)$/;

const integerForms: [RegExp, (digits: string) => bigint][] = [
  [/^0b(?=_*[01])[01_]+$/, (digits) => BigInt(digits)],
  [/^0[0-7_]+$/, (digits) => BigInt(`0o${digits}`)],
  [/^(?:0|[1-9][0-9_]*)$/, BigInt],
  [/^0x(?=_*[0-9a-fA-F])[0-9a-fA-F_]+$/, BigInt],
  [
    /^[1-9][0-9_]*(?::[0-5]?[0-9])+$/,
    (digits) => digits.split(':').reduce((sum, part) => sum * 60n + BigInt(part), 0n),
  ],
];

function integerOf(source: string): bigint | undefined {
  const { sign, digits } = splitSign(source);
  const value = integerForms.find(([form]) => form.test(digits))?.[1](digits.replaceAll('_', ''));
  return value === undefined || sign === 1 ? value : -value;
}

function floatOf(source: string): number | undefined {
  if (/^\.(?:nan|NaN|NAN)$/.test(source)) return Number.NaN;
  if (
    /^[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?$/.test(source) ||
    /^\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?$/.test(source)
  ) {
    return Number(source.replaceAll('_', ''));
  }
  const { sign, digits } = splitSign(source);
  if (/^\.(?:inf|Inf|INF)$/.test(digits)) return sign * Number.POSITIVE_INFINITY;
  if (/^[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*$/.test(digits)) {
    return (
      sign *
      digits
        .replaceAll('_', '')
        .split(':')
        .reduce((sum, part) => sum * 60 + Number(part), 0)
    );
  }
  return undefined;
}

function splitSign(source: string): { sign: 1 | -1; digits: string } {
  return { sign: source.startsWith('-') ? -1 : 1, digits: source.replace(/^[-+]/, '') };
}

/**
 * A number in a text, read as Python's `float()` does: blanks around it, `_` between digits and the words `inf` and `nan`
 * are allowed. `undefined` for other texts.
 */
export function pythonFloat(text: string): number | undefined {
  const word = text.trim().toLowerCase();
  if (/^[-+]?nan$/.test(word)) return Number.NaN;
  if (/^[-+]?inf(?:inity)?$/.test(word)) return splitSign(word).sign * Number.POSITIVE_INFINITY;
  if (/(?:^|[^0-9])_|_(?:[^0-9]|$)/.test(word)) return undefined;
  const plain = word.replaceAll('_', '');
  return /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/.test(plain) ? Number(plain) : undefined;
}
