/** Numbers of tensors as JSON text: nothing is lost, and a float never looks like an integer. */

/** As many digits as it takes to read the same double back; NaN and infinities are `null`. */
export function float64Text(value: number): string {
  if (!Number.isFinite(value)) return 'null';
  if (Object.is(value, -0)) return '-0.0';
  const digits = String(value);
  return Number.isInteger(value) && !digits.includes('e') ? `${digits}.0` : digits;
}

/**
 * /!\ Hot path (an image is 150,000 of them).
 * As many digits as it takes to read the same float32 back, not those of the double it is widened to: `0.1`.
 */
export function float32Text(value: number): string {
  const magnitude = Math.abs(value);
  if (!(magnitude < Infinity) || (magnitude < exactIntegers && Number.isInteger(value)))
    return float64Text(value);
  const exponent = Math.floor(Math.log10(magnitude));
  // What six digits tell, fewer tell only by leaving out zeros; not so below the normal range, where precision fades.
  for (let digits = magnitude < smallestNormal ? 1 : 6; digits < 9; digits++) {
    const rounded = toDigits(value, digits, exponent);
    if (Math.fround(rounded) === value) return float64Text(rounded);
  }
  return float64Text(toDigits(value, 9, exponent));
}

/** From its two halves, of which the low one may be read as signed or unsigned. */
export function int64Text(high: number, low: number): string {
  if (high >= -safeHigh && high < safeHigh) return String(high * 4_294_967_296 + (low >>> 0));
  return String((BigInt(high) << 32n) | BigInt(low >>> 0));
}

/** From its two halves, either of which may be read as signed or unsigned. */
export function uint64Text(high: number, low: number): string {
  return int64Text(high >>> 0, low);
}

/** Below, every integer is a float32, and each says itself in the fewest digits. */
const exactIntegers = 2 ** 24;
const smallestNormal = 2 ** -126;
const safeHigh = 2 ** 21;

/** The double nearest to `value` in so many digits; `exponent` is that of its first digit. */
function toDigits(value: number, digits: number, exponent: number): number {
  const power = powersOfTen[digits - 1 - exponent];
  // Both are exact, so that the quotient is what reading the digits gives; anything else takes the long way.
  return power === undefined ? Number(value.toPrecision(digits)) : Math.round(value * power) / power;
}

/** Those that a double holds exactly. */
const powersOfTen: readonly number[] = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
