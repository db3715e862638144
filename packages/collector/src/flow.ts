/**
 * What passes between the stages, in the order of the picture:
 * EventHead → Decision → AdmittedEvent and CapturedBody → AdmittedRecord → Acceptance, SpooledFrame → (stored).
 * Stages import this file, never each other.
 */
import type { DataStatus, DropReason, EventAttributes, JsonScan, RollingRate } from '@gleaner/protocol';

/** intake → admit, first half: an event whose head was read and whose names are sound; the body is still to come. */
export interface EventHead {
  /** Lower-case name of a collection. */
  collection: string;
  attributes: EventAttributes;
  /** Epoch milliseconds. */
  arrivalMs: number;
}

/** admit → intake: whether the body is wanted at all. */
export type Decision = { kind: 'kept'; event: AdmittedEvent } | { kind: 'dropped'; reason: DropReason };

export interface AdmittedEvent {
  destination: Destination;
  /** Event time, epoch seconds: it picks the window. */
  time: number;
  arrivalMs: number;
  id: string;
  correlationId: string;
  /** Two events of one key are one event sent twice; `undefined` when the sender named no id. */
  retryKey: string | undefined;
  attributes: EventAttributes;
  /** Its id is not in the sample: it is stored only where a keep rule or the flight recorder wants it. */
  isSampledOut: boolean;
  /** The rule that wants it although it is not in the sample. */
  keptBy?: string;
}

/** What intake calls, in this order: admit twice, then the spool, then `answer`. */
export interface Door {
  /** `mayBeKept`: what the sampling leaves out is wanted all the same, because a rule may keep it in the end. */
  decide(head: EventHead, mayBeKept?: boolean): Decision;
  /** `answer` is called once, when the acknowledgement holds. */
  accept(event: AdmittedEvent, body: CapturedBody, answer: (acceptance: Acceptance) => void): void;
  /** A place for a body too large to wait in memory. `mayWait`: its bytes wait for a disk that takes none. */
  createPayload(event: AdmittedEvent, mayWait?: boolean): Promise<PayloadWriter>;
  /** The rule that wants a pair although the sampling left it out. */
  keptBy(outcome: Outcome): string | undefined;
}

/** What is known of a tapped exchange when it is over. */
export interface Outcome {
  /** HTTP status; `undefined`: there was no answer. */
  status: number | undefined;
  /** Status of a gRPC answer; 0 is fine. */
  grpcStatus: number | undefined;
  durationMs: number;
  ended: Ending;
}

/** How an exchange ended. */
export type Ending = 'complete' | 'aborted by client' | 'failed upstream' | 'unframed';

/** Takes a body piece by piece, and redacts it where that is asked for, before the first byte reaches the disk. */
export interface PayloadWriter {
  write(bytes: Uint8Array): Promise<void>;
  /** What {@link Door.accept} takes. */
  finish(): Promise<CapturedBody>;
  discard(): Promise<void>;
}

/** A file of the spool for a body, while it is written. */
export interface SpoolPayloadWriter {
  write(bytes: Uint8Array): Promise<void>;
  /** Of what was written so far, as if it ended here. */
  scan(): JsonScan;
  /** Synced; the file is there for good once a frame names it. */
  finish(): Promise<PayloadFile>;
  /** The file is taken back into memory; it was smaller than it looked. */
  takeBack(): Promise<Uint8Array>;
  discard(): Promise<void>;
}

/**
 * Small bodies stay in memory, large ones are already a file of the spool when they are admitted. The bytes of one in memory
 * are valid only while the call lasts that they are handed to.
 */
export type CapturedBody = (
  | KeptBody
  /** It was not kept: the record says why. */
  | { kind: 'absent' }
) & {
  /** Length as received, where that is not the length of what is here. */
  sentBytes?: number;
  /** Why it is not what was sent. Of a `truncated` one the first bytes are here. */
  status?: DataStatus;
  isRedacted?: true;
  /** Of what is here, where it was decoded or put together from something else. */
  contentType?: string;
  /** The stream that it was put together from. */
  stream?: KeptBody;
};

/** A body that is here. */
export type KeptBody = { kind: 'memory'; bytes: Uint8Array } | ({ kind: 'file' } & PayloadFile);

/** A body in a file of the spool, scanned while it was written. */
export interface PayloadFile {
  /** Name within the spool's payload folder. */
  file: string;
  byteLength: number;
  scan: JsonScan;
  /** It will be offered again: a refusal does not remove it. */
  staysWhenRefused?: true;
}

/** Where the records of a collection go; every frame carries it, so that the spool alone says what the store must hold. */
export interface Destination {
  collection: string;
  /** Name of the datastore. */
  datastore: string;
  /** The collection's folder in it, without a slash at the end. */
  path: string;
  rollingRate: RollingRate;
}

/** admit → spool */
export interface AdmittedRecord extends Pick<
  AdmittedEvent,
  'destination' | 'time' | 'arrivalMs' | 'retryKey'
> {
  line: RecordLine;
  /** The body, when it rests beside the line. */
  payload: AdmittedPayload | undefined;
}

/** The text of a line: whole, or around a body that is copied (`verbatim`) or embedded by the rules of the record. */
export type RecordLine =
  | { kind: 'whole'; text: string }
  | { kind: 'around'; head: string; tail: string; body: Uint8Array; scan: JsonScan };

export interface AdmittedPayload {
  /** File name beside the line in the store. */
  name: string;
  body: KeptBody;
}

/** What became of a record at the door: the answer to its sender follows from it. */
export type Acceptance =
  | { kind: 'accepted' }
  /** It was accepted before: the sender had no answer and sent it again. */
  | { kind: 'repeated' }
  | { kind: 'refused'; reason: DropReason };

/** spool → ship */
export type SpooledFrame = SpooledRecord | SpooledTally;

interface SpooledCommon {
  /** Grows by one per frame of an instance; gaps only where the spool gave up a segment. */
  sequence: number;
  destination: Destination;
  time: number;
  arrivalMs: number;
}

export interface SpooledRecord extends SpooledCommon {
  kind: 'record';
  /** Line feed included. */
  line: Uint8Array;
  payload: SpooledPayload | undefined;
}

/** How many records of a window were dropped since the last tally, so that a crash does not forget them. */
export interface SpooledTally extends SpooledCommon {
  kind: 'tally';
  dropped: Partial<Record<DropReason, number>>;
}

export interface SpooledPayload {
  file: string;
  name: string;
  byteLength: number;
}

/** What ship sees of the spool. Only frames that a power cut cannot take are readable (decisions/0004). */
export interface SpoolSource {
  /**
   * Frames behind `sequence`, in order, at most about `maxBytes` of them and at least one when there is one. Valid until the
   * next call: their lines lie in memory that is used again.
   */
  read(afterSequence: number, maxBytes: number): Promise<SpooledFrame[]>;
  /** Another reader of the same frames, with a position and memory of its own. */
  openReader(): Pick<SpoolSource, 'read'>;
  /** Bytes of a payload; can be opened again for a retry. */
  payload(file: string): AsyncIterable<Uint8Array>;
  /** How many bytes of a payload are there; `undefined`: the file is gone. */
  payloadBytes(file: string): Promise<number | undefined>;
  /** Everything up to and including `sequence` rests in the store, and that is written down. */
  release(sequence: number): Promise<void>;
  /** Share of the spool's limit that is used, 0 to 1. */
  readonly fill: number;
  /** Last sequence that {@link read} can reach. */
  readonly readableSequence: number;
  /** Makes all that was appended so far readable. */
  sync(): Promise<void>;
}
