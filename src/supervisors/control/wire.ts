import { decodeValue, encodeValue, type Fields, type WireValue } from "../../actors/data/index.ts";
import { ControlError } from "./error.ts";
import {
  type Connection,
  type ControlEvent,
  type ControlMethod,
  type ControlStreams,
  type EndpointNode,
  type ParamsOf,
  type ResultOf,
  type StatusPage,
  type StreamMethod,
  statusSchema,
  type TreeNode,
} from "./types.ts";

/** How one shape becomes JSON and is read again; `read` throws ControlError `bad-request`. */
interface Wire<Shape> {
  write(shape: Shape): unknown;
  read(fields: Fields): Shape;
}

type ParamWires = { readonly [Method in ControlMethod]: Wire<ParamsOf<Method>> };
type ResultWires = { readonly [Method in ControlMethod]: Wire<ResultOf<Method>> };
type ItemWires = { readonly [Method in StreamMethod]: Wire<ControlStreams[Method]> };

/** Tell whether there is a method of this name. */
export function isMethod(name: string): name is ControlMethod {
  return Object.hasOwn(params, name);
}

export function paramsWire<Method extends ControlMethod>(method: Method): ParamWires[Method] {
  return params[method];
}

export function resultWire<Method extends ControlMethod>(method: Method): ResultWires[Method] {
  return results[method];
}

export function itemWire<Method extends StreamMethod>(method: Method): ItemWires[Method] {
  return items[method];
}

/** A shape that is JSON already. */
function plain<Shape>(read: (fields: Fields) => Shape): Wire<Shape> {
  return { write: (shape) => shape, read };
}

const nothing = plain<undefined>(() => undefined);

const params: ParamWires = {
  "run.status": plain((fields) => ({
    to: fields.optionalText("to"),
    cursor: fields.optionalText("cursor"),
    limit: fields.optionalNumber("limit"),
  })),
  "message.send": {
    write: ({ message, ...rest }) => ({ ...rest, message: encodeValue(message) }),
    read: (fields) => ({
      to: fields.text("to"),
      message: readValue(fields, "message"),
      typed: fields.flag("typed"),
    }),
  },
  "agent.attach": plain((fields) => ({
    to: fields.text("to"),
    readOnly: fields.flag("readOnly"),
  })),
  "machine.shell": plain((fields) => ({
    to: fields.optionalText("to"),
    command: fields.optionalTexts("command"),
  })),
  "endpoint.call": {
    write: ({ args, ...rest }) => ({ ...rest, args: encodeValue(args) }),
    read: (fields) => ({
      to: fields.optionalText("to"),
      endpoint: fields.text("endpoint"),
      args: readValue(fields, "args"),
      timeoutMs: fields.optionalNumber("timeoutMs"),
    }),
  },
  "events.follow": plain((fields) => ({
    to: fields.optionalText("to"),
    from: fields.optionalNumber("from"),
    types: fields.optionalTexts("types"),
    follow: fields.flag("follow"),
  })),
  "tree.watch": plain((fields) => ({ to: fields.optionalText("to") })),
  "run.stop": plain((fields) => ({ kill: fields.flag("kill") })),
};

const argv = plain((fields) => ({ path: fields.text("path"), argv: fields.texts("argv") }));

const results: ResultWires = {
  "run.status": plain(readStatus),
  "message.send": plain((fields) => ({
    path: fields.text("path"),
    id: fields.optionalText("id"),
  })),
  "agent.attach": argv,
  "machine.shell": argv,
  "endpoint.call": {
    write: ({ path, value }) => ({ path, value: encodeValue(value) }),
    read: (fields) => ({ path: fields.text("path"), value: readValue(fields, "value") }),
  },
  "events.follow": nothing,
  "tree.watch": nothing,
  "run.stop": nothing,
};

const items: ItemWires = {
  "events.follow": { write: writeEvent, read: readEvent },
  "tree.watch": plain((fields) => ({
    reset: fields.flag("reset") ? true : undefined,
    nodes: fields.list("nodes", readNode),
    removed: fields.texts("removed"),
  })),
};

function readStatus(fields: Fields): StatusPage {
  const run = fields.object("run");
  return {
    schema: statusSchema,
    at: fields.number("at"),
    run: {
      id: run.text("id"),
      program: run.text("program"),
      pid: run.number("pid"),
      startedAt: run.number("startedAt"),
      logDir: run.text("logDir"),
      problem: run.optionalText("problem"),
    },
    nodes: fields.list("nodes", readNode),
    connections: fields.list("connections", readConnection),
    endpoints: fields.list("endpoints", readEndpoint),
    next: fields.optionalText("next"),
  };
}

/** Read one node of a tree. Throws ControlError `bad-request`. */
export function readNode(fields: Fields): TreeNode {
  return {
    path: fields.text("path"),
    kind: fields.text("kind"),
    state: fields.text("state"),
    epoch: fields.number("epoch"),
    since: fields.number("since"),
    restarts: fields.number("restarts"),
    summary: fields.optionalText("summary"),
    facts: fields.record("facts"),
  };
}

function readConnection(fields: Fields): Connection {
  return { from: fields.text("from"), to: fields.text("to") };
}

function readEndpoint(fields: Fields): EndpointNode {
  return {
    path: fields.text("path"),
    name: fields.text("name"),
    description: fields.optionalText("description"),
    parameters: fields.record("parameters"),
  };
}

/** What one event carries must not end the stream of all others: unwritable data is named instead. */
function writeEvent({ data, ...event }: ControlEvent): unknown {
  try {
    return { ...event, data: encodeValue(data) };
  } catch (error) {
    return { ...event, data: { json: `[${String(error)}]` } };
  }
}

function readEvent(fields: Fields): ControlEvent {
  return {
    seq: fields.number("seq"),
    at: fields.number("at"),
    path: fields.text("path"),
    epoch: fields.number("epoch"),
    type: fields.text("type"),
    data: readValue(fields, "data"),
  };
}

function readValue(fields: Fields, name: string): unknown {
  const wire: WireValue = fields.record(name) ?? {};
  try {
    return decodeValue({ json: wire.json, meta: wire.meta });
  } catch (error) {
    throw new ControlError("bad-request", String(error), {}, { cause: error });
  }
}
