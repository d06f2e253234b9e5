export { type LifeEvent, Lives, lifeChart, lifeEnds } from "./lives.ts";
export {
  type RegistryChange,
  type RegistryConnection,
  type RegistryMessage,
  type RegistryNode,
  type RegistryRef,
  type RegistrySnapshot,
  registryBehavior,
} from "./registry-actor.ts";
export { type Chart, chart, Standing } from "./standing.ts";
