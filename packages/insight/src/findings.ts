/**
 * What a reader noticed on its way. An `error` means that something collected cannot be read or is not what was sealed; a
 * `note` is worth knowing and harms nothing. `spec/errors.md` explains each code.
 */
export const findingSeverities = {
  /** A line that is no JSON object: cut, damaged, or not ours. */
  line_broken: 'error',
  /** More than 64 MiB without a line feed. */
  line_too_long: 'error',
  /** Something stands behind the record on its line. The record is read, the rest is not. */
  line_trailing: 'error',
  /** The last line of an open file is not whole: it is being written, or a crash cut it and the collector will complete it. */
  line_cut: 'note',
  /** A JSON object without `id`, `source` or `type`. */
  record_incomplete: 'error',
  /** A sealed line whose time is outside its window, or that is of another collection. */
  record_misplaced: 'error',
  /** Its rows have their bare index as id and cannot be joined. */
  correlation_missing: 'note',
  /** A body that is no array of row objects gives no rows. */
  data_not_rows: 'note',
  /** The file that a line names for its body is not there. */
  payload_missing: 'error',
  /** The body beside the line is not as long as its `contentrange` says. */
  payload_changed: 'error',
  /** No line of its window names the body: a crash left it, or the line is gone. */
  payload_unclaimed: 'note',
  payload_too_large: 'note',
  /** The body rests outside this store. */
  payload_elsewhere: 'note',
  /** A file of another rolling rate beside the hour folders: the original reads hours only. */
  layout_skipped: 'note',
  event_duplicate: 'error',
  manifest_invalid: 'error',
  /** A manifest that names another window or instance than the place it lies in. */
  manifest_misplaced: 'error',
  /** Numbers within one manifest that contradict each other. */
  manifest_inconsistent: 'error',
  /** The manifest sealed before this one is not here. */
  manifest_previous_unknown: 'error',
  /** A file without a manifest between windows of its instance that have one, and the manifest behind it names one more. */
  manifest_missing: 'error',
  file_missing: 'error',
  file_short: 'error',
  chain_mismatch: 'error',
} as const;

export type FindingCode = keyof typeof findingSeverities;

export interface Finding {
  code: FindingCode;
  severity: 'error' | 'note';
  /** Path in the store. */
  file: string;
  /** From 1; absent where the whole file is meant. */
  line?: number;
  message: string;
}

export type OnFinding = (finding: Finding) => void;

/** Where something was found: a file, or a line of it. */
export interface Spot {
  file: string;
  line?: number;
}

export function finding(code: FindingCode, spot: Spot, message: string): Finding {
  return { code, severity: findingSeverities[code], ...spot, message };
}
