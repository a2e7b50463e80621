/** A thread of a page: a question enters, a method's name and what it takes, and its answer leaves. */

/** Methods of one argument. */
type Answering<A> = { readonly [K in keyof A]: (about: never) => unknown };

interface Question<A> {
  readonly id: number;
  readonly ask: keyof A;
  readonly about: never;
}

interface Reply {
  readonly id: number;
  readonly answer?: unknown;
  readonly failed?: string;
}

/** A worker as its page has it, or as it has itself, or an end of a channel. */
interface Port {
  readonly postMessage: (message: unknown, options: StructuredSerializeOptions) => void;
  readonly addEventListener: (type: "message", heard: (event: MessageEvent) => void) => void;
}

/** The side that asks. */
export class Thread<A extends Answering<A>> {
  readonly #port: Port;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #count = 0;
  #over: string | null = null;

  constructor(port: Port) {
    this.#port = port;
    port.addEventListener("message", ({ data }: MessageEvent<Reply>) => {
      this.#waiting.get(data.id)?.(data);
      this.#waiting.delete(data.id);
    });
  }

  /** @throws Error where the other side fails, or is no more */
  ask<K extends keyof A>(
    ask: K,
    about: Parameters<A[K]>[0],
    transfer: Transferable[] = [],
  ): Promise<Awaited<ReturnType<A[K]>>> {
    const id = this.#count++;
    return new Promise((done, fail) => {
      if (this.#over !== null) return fail(new Error(this.#over));
      this.#waiting.set(id, ({ answer, failed }) =>
        // Sound: the other side calls this method.
        failed === undefined ? done(answer as Awaited<ReturnType<A[K]>>) : fail(new Error(failed)),
      );
      this.#port.postMessage({ id, ask, about }, { transfer });
    });
  }

  /** The other side is no more: what was asked fails, and what will be. */
  end(reason: string): void {
    this.#over ??= reason;
    for (const [id, told] of this.#waiting) told({ id, failed: reason });
    this.#waiting.clear();
  }
}

/** The side that answers, by whatever `answers` are when it is asked; what `handed` finds in an answer is not copied. */
export const answering = <A extends Answering<A>>(
  port: Port,
  answers: () => A,
  handed: (answer: unknown) => Transferable[] = () => [],
): void =>
  port.addEventListener("message", async ({ data }: MessageEvent<Question<A> | object>) => {
    if (!("ask" in data)) return;
    const { id, ask, about } = data;
    try {
      const answer = await answers()[ask](about);
      port.postMessage({ id, answer }, { transfer: handed(answer) });
    } catch (error) {
      // Ours: the page says so, and goes on.
      port.postMessage({ id, failed: error instanceof Error ? error.message : String(error) }, {});
    }
  });
