/** What the assemblers of event streams have in common. */
import { isObject } from './exact-json.ts';
import type { JsonObject } from './exact-json.ts';

export type EventAssemblerName =
  | 'openai.chat'
  | 'openai.completion'
  | 'openai.response'
  | 'anthropic.message';

export interface StreamEvent {
  /** Of the event stream, not of the value. */
  type: string;
  data: string;
  /** `data` as it was read. */
  value: JsonObject;
}

export interface EventAssembler {
  /** About how much it keeps. */
  readonly heldBytes: number;
  /** Takes what it understands of the event, and leaves the rest. */
  add(event: StreamEvent): void;
  /** The stream has said that it is over: `[DONE]`. */
  done(): void;
  /** What came so far, as JSON, and whether the protocol came to its end. */
  end(): { json: string; isComplete: boolean };
}

/** What the server says about its failure, when the event is a report of one. */
export function errorOf({ type, value }: StreamEvent): unknown {
  const { error } = value;
  if (error !== undefined && error !== null) return error;
  const isReport = type === 'error' || value['type'] === 'error' || value['object'] === 'error';
  return isReport ? value : undefined;
}

/** A place in a list, `undefined` when the value is none. */
export function indexOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** The objects of a list; nothing when it is no list. */
export function objectsOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
