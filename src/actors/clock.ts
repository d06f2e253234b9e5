/** A handle of one timer. */
export interface ClockTimer {
  /** Make sure the callback is not called any more. Doing it twice is harmless. */
  cancel(): void;
}

/** Where time comes from. Tests move a manual one; nothing else in ramure reads the time. */
export interface Clock {
  /** Milliseconds on a monotonic scale; only differences mean something. */
  now(): number;
  /** Milliseconds since 1970, for people and files. */
  wallNow(): number;
  /** Call back once, `delayMs` from now. A delay beyond what Node's timers hold does not fire early. */
  setTimer(delayMs: number, callback: () => void): ClockTimer;
  /** Resolve `delayMs` from now; reject with the signal's reason when it aborts first. */
  sleep(delayMs: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /** A clock that is moved by hand lets what is busy go first. Returns how to stop asking. */
  busyWhile?(isBusy: () => boolean): () => void;
}
