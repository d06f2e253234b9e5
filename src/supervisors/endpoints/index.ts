export {
  type Api,
  type Contract,
  type ContractShape,
  contract,
  type EndpointAnswer,
  type EndpointArgs,
  type EndpointName,
  type EndpointShape,
  type Event,
  type EventData,
  type EventType,
  type FailedData,
  type MessageOf,
  type OpenShape,
  type ProcessEvents,
  type TerminalData,
} from "./contract.ts";
export {
  type Endpoint,
  type EndpointCall,
  type EndpointCallOptions,
  EndpointTable,
} from "./endpoint-table.ts";
export { ContractError, EndpointError, EndpointTimeoutError, NoEndpointError } from "./errors.ts";
export { checkEvent, checkSent } from "./event-check.ts";
