/**
 * Why a record that reached the collector is not stored. The list is closed: metrics, `/status` and manifests use these words
 * and no others; `spec/errors.md` explains each.
 */
export const dropReasons = [
  'sampled_out',
  'collection_not_enabled',
  'event_invalid',
  'body_too_large',
  'body_incomplete',
  'spool_full',
  'disk_full',
  'spool_failed',
  'shutting_down',
] as const;

export type DropReason = (typeof dropReasons)[number];

export function isDropReason(text: string): text is DropReason {
  return (dropReasons as readonly string[]).includes(text);
}
