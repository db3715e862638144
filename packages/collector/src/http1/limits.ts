/** All in bytes but `maxFields`. Each holds for a single message; a value equal to its limit passes. */
export interface ReaderLimits {
  /** Start line, fields and the empty line after them. Default 64 KiB; not to be more than 1 MiB. */
  maxHeadBytes: number;
  /** Field lines of a head, and of its trailers. Default 256. */
  maxFields: number;
  /** Size line of a chunk with its extensions and line end. Default 1 KiB. */
  maxChunkLineBytes: number;
  /** Trailers, from the line end of the last chunk on. Default 16 KiB. */
  maxTrailerBytes: number;
  /** Body without the chunks' own bytes. Default 256 MiB. */
  maxBodyBytes: number;
}

export interface ReaderOptions extends Partial<ReaderLimits> {
  /**
   * Keeps fields that HTTP forbids and the Python SDK sends: blanks and odd printable characters in a name, control
   * characters in a value. A name is then all that stands before the colon, so none passes for another. What could change the
   * framing is refused all the same. Default false.
   */
  lenient?: boolean;
}

export const defaultReaderOptions: Readonly<Required<ReaderOptions>> = {
  maxHeadBytes: 64 * 1024,
  maxFields: 256,
  maxChunkLineBytes: 1024,
  maxTrailerBytes: 16 * 1024,
  maxBodyBytes: 256 * 1024 * 1024,
  lenient: false,
};
