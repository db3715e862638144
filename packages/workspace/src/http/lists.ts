import { z } from 'zod';

/** How callers ask for a part of a list. */
export const listQuery = z.object({
  $top: z.coerce.number().int().min(1).optional(),
  $skip: z.coerce.number().int().min(0).optional(),
  $orderBy: z.string().optional(),
});

/** `items` come in the order of their making. */
export function pageOf<T>(items: readonly T[], { $top, $skip = 0, $orderBy }: z.infer<typeof listQuery>) {
  const ordered = $orderBy !== undefined && /\bdesc\b/i.test($orderBy) ? items.toReversed() : items;
  return { value: ordered.slice($skip, $top === undefined ? undefined : $skip + $top) };
}
