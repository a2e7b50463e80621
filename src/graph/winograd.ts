/**
 * Winograd's minimal filtering: the matrices that transform tiles of an image, kernels and tiles of the result. y = Aᵀ[(G·k) ⊙ (Bᵀ·x)] takes m + 2 products for m outputs of a kernel of 3, where the
 * definition takes 3·m (Winograd 1980; for convolutions Lavin and Gray 2016, section 4).
 */

/** Outputs of a tile along one axis. */
export type Tile = 2 | 4;

/** What a matrix transforms: the input's tiles, a kernel, a kernel turned about, or products into the output's tiles. */
export type Side = "input" | "kernel" | "turned kernel" | "output";

/** Where the polynomials are evaluated, infinity besides. Small points with small quotients round least. */
const points: Readonly<Record<Tile, readonly number[]>> = {
  2: [0, 1, -1],
  4: [0, 1, -1, 0.5, -2],
};

type Matrix = readonly (readonly number[])[];

const powers = (x: number, n: number): number[] => Array.from({ length: n }, (_, k) => x ** k);

/** Coefficients of Π (x − root), the constant first. */
const polynomial = (roots: readonly number[]): readonly number[] => {
  const [root, ...others] = roots;
  if (root === undefined) return [1];
  const rest = polynomial(others);
  return [...rest, 0].map((c, k) => (rest[k - 1] ?? 0) - root * c);
};

/** Bᵀ `[m+2, m+2]`: row i is the polynomial that is 0 at every point but i. */
const input = (tile: Tile): Matrix => {
  const at = points[tile];
  const rows = at.map((_, i) => [...polynomial(at.filter((__, j) => j !== i)), 0]);
  return [...rows, polynomial(at)];
};

/** G `[m+2, 3]`: the kernel's polynomial at each point, by what the input's is there. */
const kernel = (tile: Tile): Matrix => {
  const at = points[tile];
  const rows = at.map((x, i) => {
    const scale = at.reduce((of, y, j) => (j === i ? of : of * (x - y)), 1);
    return powers(x, 3).map((power) => power / scale);
  });
  return [...rows, [0, 0, 1]];
};

/** Aᵀ `[m, m+2]`. */
const output = (tile: Tile): Matrix =>
  Array.from({ length: tile }, (_, k) => [
    ...points[tile].map((x) => x ** k),
    k === tile - 1 ? 1 : 0,
  ]);

const kronecker = (a: Matrix, b: Matrix): Matrix =>
  a.flatMap((row) => b.map((other) => row.flatMap((x) => other.map((y) => x * y))));

interface Piece {
  readonly after: readonly [down: number, across: number];
  readonly planes: readonly [rows: number, columns: number];
}

/**
 * A tile overlaps the next by two. In an image cut into m×m blocks it is a whole block and the first rows and columns
 * of those that follow: `after` tells which block, `planes` how many rows and columns of it.
 */
export const pieces = (tile: Tile): readonly Piece[] =>
  [0, 1].flatMap((down) =>
    [0, 1].map(
      (across): Piece => ({
        after: [down, across],
        planes: [down === 0 ? tile : 2, across === 0 ? tile : 2],
      }),
    ),
  );

/** Rows and columns of a tile, row by row, as `pieces` bring them. */
const gathered = (tile: Tile): readonly number[] =>
  pieces(tile).flatMap(({ after: [down, across], planes: [rows, columns] }) =>
    Array.from(
      { length: rows * columns },
      (_, i) =>
        (down * tile + Math.floor(i / columns)) * (tile + 2) + across * tile + (i % columns),
    ),
  );

/** In one dimension, row by row: Bᵀ `[m+2, m+2]`, G `[m+2, 3]` or Aᵀ `[m, m+2]`. */
export const transforms: Readonly<
  Record<Exclude<Side, "turned kernel">, (tile: Tile) => readonly (readonly number[])[]>
> = { input, kernel, output };

const matrices: Readonly<Record<Side, (tile: Tile) => Matrix>> = {
  input: (tile) => {
    const order = gathered(tile);
    return kronecker(input(tile), input(tile)).map((row) => order.map((i) => row[i] ?? 0));
  },
  kernel: (tile) => kronecker(kernel(tile), kernel(tile)),
  "turned kernel": (tile) => matrices.kernel(tile).map((row) => row.toReversed()),
  output: (tile) => kronecker(output(tile), output(tile)),
};

/**
 * In two dimensions: input `[(m+2)², (m+2)²]` with columns in the order of `pieces`, kernel `[(m+2)², 9]`, output
 * `[m², (m+2)²]`.
 */
export const winogradMatrix = (tile: Tile, side: Side): readonly number[] =>
  matrices[side](tile).flat();

/** For each place of a transformed tile the input's filter, `[m+2, m+2]`: what it gives when it steps over an image by m. */
export const inputFilters = (tile: Tile): readonly (readonly number[])[] =>
  kronecker(input(tile), input(tile));
