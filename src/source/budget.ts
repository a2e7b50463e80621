/** Bounds the work of reading foreign bytes: a reader may spend what follows from the size of what it reads. */

/** `entries` are things that a file names (tensors, members, keys); `steps` are small pieces of work on one of them. */
type Resource = "bytes" | "entries" | "steps";

/** What is left out is not bounded. */
type Allowance = Readonly<Partial<Record<Resource, number>>>;

export interface Budget {
  /** @returns false once more was asked for than is allowed; it stays so. */
  readonly spend: (resource: Resource, amount?: number) => boolean;
  /** Why reading stopped, as the reason of a message; `null` while the budget holds. */
  readonly overrun: () => string | null;
}

/** @param size of what is read, in bytes; the reason names it beside the limit. */
export const budgetFor = (size: number, allowance: Allowance): Budget => {
  const spent: Record<Resource, number> = { bytes: 0, entries: 0, steps: 0 };
  let over: Resource | null = null;
  return {
    spend: (resource, amount = 1) => {
      spent[resource] += amount;
      // NaN and negative amounts come from damaged fields, and are beyond every limit.
      if (!(amount >= 0 && spent[resource] <= (allowance[resource] ?? Infinity))) over ??= resource;
      return over === null;
    },
    overrun: () => (over === null ? null : overrunReason(over, allowance[over] ?? 0, size)),
  };
};

const overrunReason = (resource: Resource, allowed: number, size: number): string =>
  `it asks for more than ${whole(allowed)} ${resource}, the most allowed for ${whole(size)} bytes`;

const whole = (n: number): string => Math.floor(n).toLocaleString("en-US");
