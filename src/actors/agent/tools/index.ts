export type { Call, CallRequest, ToolResult } from "./call.ts";
export { type InputSchema, issueLine, jsonSchema, parametersOf, validateInput } from "./schema.ts";
export { createToolTable, type ToolTable } from "./table.ts";
export {
  defineTool,
  type Tool,
  type ToolCall,
  type ToolHandler,
  type ToolOptions,
} from "./tool.ts";
