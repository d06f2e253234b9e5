/** A promise that says when it is first awaited: by `await`, `then` or what is made of it. */
export class Awaited<Value> implements Promise<Value> {
  readonly [Symbol.toStringTag] = "Promise";
  readonly #promise: Promise<Value>;
  readonly #onAwait: () => void;

  constructor(promise: Promise<Value>, onAwait: () => void) {
    this.#promise = promise;
    this.#onAwait = onAwait;
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise.
  then<Result1 = Value, Result2 = never>(
    onFulfilled?: ((value: Value) => Result1 | PromiseLike<Result1>) | null,
    onRejected?: ((reason: unknown) => Result2 | PromiseLike<Result2>) | null,
  ): Promise<Result1 | Result2> {
    this.#onAwait();
    return this.#promise.then(onFulfilled, onRejected);
  }

  /** Does not count as awaiting; awaiting its result does. */
  catch<Result = never>(
    onRejected?: ((reason: unknown) => Result | PromiseLike<Result>) | null,
  ): Promise<Value | Result> {
    return new Awaited(this.#promise.catch(onRejected), this.#onAwait);
  }

  /** Does not count as awaiting; awaiting its result does. */
  finally(onFinally?: (() => void) | null): Promise<Value> {
    return new Awaited(this.#promise.finally(onFinally), this.#onAwait);
  }
}
