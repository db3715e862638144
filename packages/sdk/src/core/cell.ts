import { maxJsonDepth } from '@gleaner/protocol';

import { CollectorError } from './errors.ts';

/** Writes one value as JSON text, or throws `data_not_serializable`. */
export type CellWriter = (value: unknown) => string;

/**
 * The value as JSON. Where JavaScript and the original (pandas `to_json`, compat 1.7) differ, the original is followed:
 * NaN, infinities and `undefined` are `null`, a Date is epoch milliseconds, bytes are the UTF-8 text they hold.
 */
export function writeCell(value: unknown): string {
  return write(value, false, 0);
}

/** The same, with every number in the form of a float: JavaScript has one kind of number, the readers of the data have two. */
export function writeFloatCell(value: unknown): string {
  return write(value, true, 0);
}

/** True when the value is a number that is no integer, or a list that holds one. */
export function holdsFraction(value: unknown, depth = 0): boolean {
  if (typeof value === 'number') return !Number.isSafeInteger(value);
  if (typeof value !== 'object' || value === null) return false;
  if (!Array.isArray(value)) return isFloatArray(value);
  if (depth > deepest) throw tooDeep();
  return value.some((item) => holdsFraction(item, depth + 1));
}

export function writeText(text: string): string {
  return quotable.test(text) ? `"${text}"` : JSON.stringify(text.toWellFormed());
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // The prototype of another realm's plain objects is not ours, but it is the root there too.
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

/** `Map`, `Float64Array`, `null`, `function`, … as a person would name it. */
export function kindOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  const named: unknown = value.constructor;
  return typeof named === 'function' && named.name !== '' ? named.name : 'object';
}

/** A cell stands inside the array of rows and its row. */
const deepest = maxJsonDepth - 2;
/** No quote, backslash, control character or half of a surrogate pair. */
const quotable = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// /!\ Hot path: once per cell of every event. Numbers and text come first, and meet no object but themselves.
function write(value: unknown, asFloat: boolean, depth: number): string {
  switch (typeof value) {
    case 'number':
      return writeNumber(value, asFloat);
    case 'string':
      return writeText(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'undefined':
      return 'null';
    case 'bigint':
      return asFloat ? `${value}.0` : `${value}`;
    case 'object':
      return value === null ? 'null' : writeObject(value, asFloat, depth);
    case 'function':
    case 'symbol':
    default:
      throw unsupported(value);
  }
}

function writeNumber(value: number, asFloat: boolean): string {
  if (Number.isSafeInteger(value)) return asFloat ? `${value}.0` : `${value}`;
  if (!Number.isFinite(value)) return 'null';
  const text = String(value);
  // 1e+21 and beyond has an exponent and so is a float already.
  return Number.isInteger(value) && !text.includes('e') ? `${text}.0` : text;
}

function writeObject(value: object, asFloat: boolean, depth: number): string {
  if (depth >= deepest) throw tooDeep();
  if (Array.isArray(value)) return writeList(value, asFloat, depth);
  if (value instanceof Date || Object.prototype.toString.call(value) === '[object Date]') {
    return writeNumber(Number(value), false);
  }
  if (ArrayBuffer.isView(value)) return writeView(value, asFloat, depth);
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return write(value.toJSON(), asFloat, depth + 1);
  if (!isPlainObject(value)) throw unsupported(value);
  const members = Object.entries(value).map(
    ([key, member]) =>
      `${writeText(key)}:${write(member, asFloat || holdsFraction(member, depth + 1), depth + 1)}`,
  );
  return `{${members.join(',')}}`;
}

function writeList(values: Iterable<unknown>, asFloat: boolean, depth: number): string {
  return `[${Array.from(values, (item) => write(item, asFloat, depth + 1)).join(',')}]`;
}

function writeView(value: ArrayBufferView, asFloat: boolean, depth: number): string {
  if (value instanceof Uint8Array) {
    try {
      return writeText(utf8.decode(value));
    } catch (cause) {
      throw new CollectorError(
        'data_not_serializable',
        `${value.byteLength} bytes are not valid UTF-8 text`,
        {
          fix: 'Encode binary data as text, for example base64, before collecting it.',
          cause,
        },
      );
    }
  }
  if (isTypedArray(value)) return writeList(value, asFloat || isFloatArray(value), depth);
  throw unsupported(value);
}

function isTypedArray(value: ArrayBufferView): value is ArrayBufferView & Iterable<unknown> {
  return Symbol.iterator in value;
}

function isFloatArray(value: object): boolean {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value).startsWith('[object Float');
}

function unsupported(value: unknown): CollectorError {
  return new CollectorError('data_not_serializable', `a value of type ${kindOf(value)} is not supported`, {
    fix: 'Use text, numbers, booleans, bigints, dates, null, lists and plain objects of these.',
  });
}

function tooDeep(): CollectorError {
  return new CollectorError(
    'data_not_serializable',
    `a value is nested more than ${deepest} levels deep, or refers to itself`,
  );
}
