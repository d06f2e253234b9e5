import { setMaxListeners } from "node:events";

/**
 * Make a controller whose signal bears any number of listeners, also ones that throw.
 *
 * In Node an abort listener's error is an uncaught exception, far from whoever made the mistake.
 */
export function guardedController(failed: (error: unknown) => void): AbortController {
  const controller = new AbortController();
  const { signal } = controller;
  setMaxListeners(0, signal);
  const guarded = new WeakMap<object, EventListener>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (type: string, listener: Listener, options?: ListenerOptions) => {
    if (listener === null) return;
    const guard = guarded.get(listener) ?? guardOf(listener, failed);
    guarded.set(listener, guard);
    add(type, guard, options);
  };
  signal.removeEventListener = (type: string, listener: Listener, options?: ListenerOptions) => {
    if (listener !== null) remove(type, guarded.get(listener) ?? listener, options);
  };
  return controller;
}

type Listener = Parameters<EventTarget["addEventListener"]>[1];
type ListenerOptions = Parameters<EventTarget["addEventListener"]>[2];
type EventListener = (event: Event) => void;

function guardOf(listener: NonNullable<Listener>, failed: (error: unknown) => void): EventListener {
  return (event) => {
    try {
      if (typeof listener === "function") listener(event);
      else listener.handleEvent(event);
    } catch (error) {
      failed(error);
    }
  };
}
