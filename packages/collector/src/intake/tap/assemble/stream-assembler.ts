/** What the collector asks of an assembler, whatever the stream is. */
import type { EventAssemblerName } from './event-assembler.ts';

export type AssemblerName = EventAssemblerName | 'jsonlines';

export interface Assembled {
  assembler: AssemblerName;
  /** Valid by `scanJson`. */
  json: Uint8Array;
  /**
   * The stream came to the end that its API knows, without an error or an event that could not be read. Whether the HTTP message
   * did, the caller knows.
   */
  isComplete: boolean;
}

/** Never throws, whatever comes. */
export interface StreamAssembler {
  /** Takes the next decoded bytes of the body, in any cut, and copies what it keeps. */
  push(bytes: Uint8Array): void;
  /** About how much memory it takes; 0 once it has given up. */
  readonly heldBytes: number;
  /** What came so far. `undefined`: it has given up, or the stream is of no known API. To be called once. */
  end(): Assembled | undefined;
}
