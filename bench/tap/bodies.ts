/** JSON of exactly `bytes` bytes, as models are asked: with the blanks that Python's `json.dumps` puts behind `:` and `,`. */
export function questionOf(bytes: number): string {
  return filledTo(bytes, (rows) => JSON.stringify({ rows }, undefined, 1).replaceAll(/\n\s*/g, ' '));
}

/** JSON of exactly `bytes` bytes, as models answer: without blanks. */
export function answerOf(bytes: number): string {
  return filledTo(bytes, (rows) => JSON.stringify({ rows }));
}

/** Rows of numbers and names; a note at their end has the length that is missing. */
function filledTo(bytes: number, write: (rows: unknown[]) => string): string {
  const rows: unknown[] = [];
  for (let text = write(rows); text.length < bytes - 200; text = write(rows)) {
    rows.push({ sepal_length: 5.1 + (rows.length % 20) / 8, petal_width: 0.2, species: 'setosa' });
  }
  const missing = bytes - write([...rows, { note: '' }]).length;
  return write([...rows, { note: 'x'.repeat(missing) }]);
}
