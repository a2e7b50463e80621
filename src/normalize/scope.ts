/** Decides the keys of a spec by their declarations, and remembers which of them rest on what could not be decoded. */

import type { Path } from "../diagnostic/diagnostic.js";
import type { AnyKey, Known } from "../language/key.js";
import { placeOf } from "../language/path.js";
import type { Chosen, Decision, Origin, Part, Row, Scope } from "../language/scope.js";
import { presets, type Semantics } from "../language/semantics.js";
import { semantics } from "../language/spec.js";
import type { Tree } from "../source/tree.js";
import { resolved } from "./extend.js";
import { writtenAt } from "./origin.js";

export interface Reading {
  /** The spec as decoded. */
  readonly spec: object;
  readonly tree: Tree;
  /** Keys whose values are stand-ins, with dots. */
  readonly poisoned: ReadonlySet<string>;
  /** Absolute; where relative names of files begin. */
  readonly cwd: string;
}

/** Whether a poisoned value was read: set by reading, and set back by who watches. */
export class Watch {
  touched = false;

  /** What `look` finds, and whether it read a value that rests on one which could not be decoded. */
  observe<A>(look: () => A): { readonly value: A; readonly touched: boolean } {
    const before = this.touched;
    this.touched = false;
    const value = look();
    const { touched } = this;
    this.touched = before;
    return { value, touched };
  }
}

export const scopeOf = (reading: Reading, watch: Watch): Scope => new At(reading, watch, [], null);

/** One value of the spec. `origin` is `null` where the author wrote it. */
class At implements Scope {
  constructor(
    private readonly reading: Reading,
    private readonly watch: Watch,
    readonly path: Path,
    private readonly origin: Origin | null,
  ) {}

  row(value: unknown, means?: string): Row {
    // The value is taken as a whole, with whatever in it could not be decoded.
    if (this.isPoisonedWithin()) this.watch.touched = true;
    const origin = this.origin ?? {
      kind: "written",
      span: writtenAt(this.reading.tree, this.path),
    };
    return { path: this.path, value, origin, ...(means !== undefined && { means }) };
  }

  from(origin: Origin): Scope {
    return new At(this.reading, this.watch, this.path, origin);
  }

  below(step: string | number): Scope {
    return new At(this.reading, this.watch, [...this.path, step], this.origin);
  }

  decide<D>(name: string, key: Known<D>, written: unknown): Part<D> {
    const at = this.below(name);
    return this.watched(this.isPoisoned(at.path), () => key.decide(written, at));
  }

  part<D>(make: () => D): Part<D> {
    return this.watched(false, () => ({ value: make(), rows: [] }));
  }

  read<D>(key: Known<D>): D {
    const place = placeOf(key);
    const at = new At(this.reading, this.watch, place, null);
    const isPoisoned = place.some((_, i) => this.isPoisoned(place.slice(0, i + 1)));
    return this.watched(isPoisoned, () => key.decide(this.written(place), at)).get();
  }

  isWritten(key: AnyKey): boolean {
    const place = placeOf(key);
    if (place.some((_, i) => this.isPoisoned(place.slice(0, i + 1)))) this.watch.touched = true;
    return this.written(place) !== undefined;
  }

  preset<F extends keyof Semantics>(field: F): Chosen<Semantics[F]> {
    const name = this.read(semantics);
    return { value: presets[name][field], origin: { kind: "preset", name } };
  }

  absolute(path: string): string {
    const { tree, cwd } = this.reading;
    return resolved(cwd, writtenAt(tree, this.path).file, path);
  }

  private isPoisoned(path: Path): boolean {
    const { poisoned } = this.reading;
    return poisoned.size > 0 && poisoned.has(path.join("."));
  }

  private isPoisonedWithin(): boolean {
    const { poisoned } = this.reading;
    const start = `${this.path.join(".")}.`;
    return poisoned.size > 0 && [...poisoned].some((name) => name.startsWith(start));
  }

  private written(place: Path): unknown {
    return place.reduce<unknown>(
      (value, step) =>
        typeof value === "object" && value !== null && Object.hasOwn(value, step)
          ? Reflect.get(value, step)
          : undefined,
      this.reading.spec,
    );
  }

  private watched<D>(isPoisoned: boolean, decide: () => Decision<D>): Part<D> {
    const { value: decision, touched } = this.watch.observe(decide);
    const { value, rows } = decision;
    if (!isPoisoned && !touched) return { get: () => value, rows, poisoned: false };
    const get = (): D => {
      this.watch.touched = true;
      return value;
    };
    return { get, rows, poisoned: true };
  }
}
