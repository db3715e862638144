/**
 * Why `data` of a record is not the body that was sent, in the attribute `datastatus`. The list is closed; `spec/record.md`
 * explains each.
 */
export const dataStatuses = [
  'truncated',
  'too_large',
  'redaction_failed',
  'opted_out',
  'undecodable',
  'aborted',
] as const;

export type DataStatus = (typeof dataStatuses)[number];
