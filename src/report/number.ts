/** Numbers as people read them: counts, shares, bytes and seconds enter, short text leaves. */

const grouped = new Intl.NumberFormat("en-US");

/** `46,782,550`. */
export const count = (n: number): string => grouped.format(n);

/** Three or four digits and a prefix: `161.9 G`. */
export const scaled = (n: number): string => {
  const [unit, prefix] =
    (
      [
        [1e12, "T"],
        [1e9, "G"],
        [1e6, "M"],
        [1e3, "k"],
      ] as const
    ).find(([least]) => n >= least) ?? ([1, ""] as const);
  return prefix === "" ? `${n}` : `${(n / unit).toFixed(1)} ${prefix}`;
};

/** `14.2 GiB`. */
export const bytes = (n: number): string =>
  n >= 2 ** 30 ? `${(n / 2 ** 30).toFixed(1)} GiB` : `${(n / 2 ** 20).toFixed(1)} MiB`;

/** A share between 0 and 1 as the field prints it: `41.7`; a class without pixels has none. */
export const percent = (share: number | null, digits = 1): string =>
  share === null ? "–" : (100 * share).toFixed(digits);

/** `3 s`, `2 min 05 s`, `1 h 40 min`. */
export const duration = (seconds: number): string => {
  const s = Math.round(seconds);
  const two = (n: number): string => `${n}`.padStart(2, "0");
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
  return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
};

/** Three digits that count: `0.00536`, `2.56e-7`. */
export const rateText = (rate: number): string =>
  rate > 0 && rate < 1e-4 ? rate.toExponential(2) : `${Number(rate.toPrecision(3))}`;
