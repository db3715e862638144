import type { ProblemCode } from './halt.ts';

/** A part of a message that is read as text, and therefore as a whole. */
export interface Unit {
  readonly name: string;
  /** Ends the unit and belongs to it. */
  readonly mark: Buffer;
  readonly tooLarge: ProblemCode;
  /** The code for a line end that is not CR LF, or a NUL. */
  readonly stray: ProblemCode;
}

export const crlf = Buffer.from('\r\n');
const emptyLine = Buffer.from('\r\n\r\n');

export const headUnit: Unit = {
  name: 'head',
  mark: emptyLine,
  tooLarge: 'head_too_large',
  stray: 'framing_ambiguous',
};

export const chunkLineUnit: Unit = {
  name: 'size line of a chunk',
  mark: crlf,
  tooLarge: 'chunk_malformed',
  stray: 'chunk_malformed',
};

/** Begins with the line end of the last chunk, so that an empty line ends it even when there are no trailers. */
export const trailersUnit: Unit = {
  name: 'trailer section',
  mark: emptyLine,
  tooLarge: 'trailers_too_large',
  stray: 'framing_ambiguous',
};
