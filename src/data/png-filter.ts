/** The rows of a PNG as they were compressed enter; the same rows as they were meant leave (PNG, section 9). */

/** Undoes the row filters in place; each row is one filter byte and `stride` bytes. */
export function unfilter(
  rows: Buffer,
  height: number,
  stride: number,
  bytesPerPixel: number,
): boolean {
  for (let y = 0; y < height; y++) {
    const start = y * (stride + 1) + 1;
    const filter = rows[start - 1]!;
    if (filter > 4) return false;
    if (filter !== 0) unfilterRow(rows, filter, start, stride, bytesPerPixel, y > 0);
  }
  return true;
}

/** `row[x] += prediction`, modulo 256, from the pixel to the left, the one above and the one above that. */
function unfilterRow(
  rows: Buffer,
  filter: number,
  start: number,
  stride: number,
  reach: number,
  hasAbove: boolean,
) {
  const up = stride + 1;
  const end = start + stride;
  if (filter === 1) {
    for (let i = start + reach; i < end; i++) rows[i] = rows[i]! + rows[i - reach]!;
    return;
  }
  if (filter === 2) {
    if (hasAbove) for (let i = start; i < end; i++) rows[i] = rows[i]! + rows[i - up]!;
    return;
  }
  for (let i = start; i < end; i++) {
    const left = i >= start + reach ? rows[i - reach]! : 0;
    const above = hasAbove ? rows[i - up]! : 0;
    const corner = hasAbove && i >= start + reach ? rows[i - up - reach]! : 0;
    rows[i] = rows[i]! + (filter === 3 ? (left + above) >> 1 : paeth(left, above, corner));
  }
}

/** The neighbour nearest to left + above − corner. */
function paeth(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
